"""Where programs look for Katib's DB manager; light to load."""

from __future__ import annotations

VARIABLE = "MUNSHI_DB_MANAGER_ADDRESS"
"""The environment variable that tells a program `HOST:PORT`, for the SDK's `db_manager_address`."""
HOST, PORT = "katib-db-manager.kubeflow", 6789
"""What the kubeflow-katib SDK calls when it is told nothing."""
