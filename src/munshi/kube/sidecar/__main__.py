"""`python -m munshi.kube.sidecar --plan=…`, as the operator writes it into a pod."""

from __future__ import annotations

import sys

from munshi.kube.sidecar.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
