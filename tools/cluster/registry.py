"""Serves the images of tools/images to containerd, as a registry would (OCI distribution, pull only).

It answers for any registry's name: a manifest that says `ghcr.io/kubeflow/x:v1` gets the image that we
made under that name, by the very pull that `imagePullPolicy: Always` demands, or 404. It runs on the
node, where only the cluster can reach it.

Usage: registry.py ADDRESS PORT STORE
"""

from __future__ import annotations

import json
import shutil
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Pull(BaseHTTPRequestHandler):
    """One request of a client that pulls."""

    protocol_version = "HTTP/1.1"

    def __init__(self, store: Path, *given: object) -> None:
        self.store = store
        super().__init__(*given)  # type: ignore[arg-type]  # handed through as they came

    def do_GET(self) -> None:
        """Send a manifest or a blob."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Say how large it is."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/v2/":
            self._headers(200, 0, "text/plain")
            return
        name, kind, reference = _parts(asked.path)
        digest = reference
        if kind == "manifests" and not reference.startswith("sha256:"):
            registry = parse_qs(asked.query).get("ns", ["docker.io"])[0]
            names = json.loads((self.store / "names.json").read_text())
            digest = names.get(f"{registry}/{name}:{reference}", "")
        file = self.store / "blobs" / Path(digest.replace("sha256:", "", 1)).name
        if not digest or not file.is_file():
            self._headers(404, 0, "text/plain")
            return
        kind_of_file = MANIFEST if kind == "manifests" else "application/octet-stream"
        self._headers(200, file.stat().st_size, kind_of_file, digest)
        if with_body:
            with file.open("rb") as blob:
                shutil.copyfileobj(blob, self.wfile, 1 << 20)

    def _headers(self, status: int, size: int, kind: str, digest: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()


def _parts(path: str) -> tuple[str, str, str]:
    """`/v2/<name>/manifests/<reference>`, taken apart; empty words if it is something else."""
    words = path.removeprefix("/v2/").split("/")
    return ("/".join(words[:-2]), words[-2], words[-1]) if len(words) > 2 else ("", "", "")


if __name__ == "__main__":
    address, port, store = sys.argv[1:]
    with ThreadingHTTPServer((address, int(port)), partial(Pull, Path(store))) as server:
        server.serve_forever()
