"""Layers into images, under names. What no name leads to any more is removed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.images.layers import Layer, blob

OCI = "application/vnd.oci.image"


@dataclass(frozen=True, slots=True)
class Image:
    """What a container of an image begins with."""

    names: tuple[str, ...]
    """With registry and tag."""
    layers: tuple[Layer, ...]
    environment: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    """Empty for root."""


def write(store: Path, images: tuple[Image, ...]) -> None:
    """Put images into the store, in place of all that were there under names."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for image in images:
        config = _put(store, _config(image))
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {"mediaType": f"{OCI}.config.v1+json", **config},
            "layers": [
                {"mediaType": f"{OCI}.layer.v1.tar", "digest": one.digest, "size": one.size}
                for one in image.layers
            ],
        }
        digest = str(_put(store, manifest)["digest"])
        names |= dict.fromkeys(image.names, digest)
        used |= {digest, str(config["digest"]), *(one.digest for one in image.layers)}
    fresh = store / "names.json.new"
    fresh.write_text(json.dumps(names, indent=2))
    fresh.replace(store / "names.json")
    kept = {blob(store, digest) for digest in used}
    for file in (store / "blobs").iterdir():
        if file not in kept:
            file.unlink()
    for note in (store / "layers").iterdir():
        if json.loads(note.read_text())["digest"] not in used:
            note.unlink()


def _config(image: Image) -> dict[str, Any]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": list(image.environment),
            "Entrypoint": list(image.entrypoint) or None,
            "Cmd": list(image.command) or None,
            "User": image.user,
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [one.digest for one in image.layers]},
    }


def _put(store: Path, value: dict[str, Any]) -> dict[str, str | int]:
    data = json.dumps(value).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    blob(store, digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}
