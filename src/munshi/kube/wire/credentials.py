"""Tokens from a kubeconfig's `exec` plugin: how one logs in to most clouds' clusters.

lightkube runs such plugins too, but knows only the older two of the three versions of their protocol, and
starts one for every request that is under way. A plugin is the user's own program, named in the user's own
kubeconfig; it runs without a shell.
"""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx2

from munshi.errors import Forbidden, printable

_VERSIONS = tuple(f"client.authentication.k8s.io/{each}" for each in ("v1", "v1beta1", "v1alpha1"))
_PATIENCE_S = 60.0
_QUOTED = 300


class Plugin(httpx2.Auth):
    """A bearer token from a program, asked again when the server no longer takes it.

    Args:
        plugin: `users[].user.exec` of the kubeconfig.
    """

    def __init__(self, plugin: Mapping[str, Any]) -> None:
        self._plugin = plugin
        self._token = ""
        self._one = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sign the request; when it is refused, sign it once more with a new token.

        Raises:
            Forbidden: The plugin gives no token; the message is its own.
        """
        token = self._token or await self._renewed("")
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {await self._renewed(token)}"
            yield request

    async def _renewed(self, refused: str) -> str:
        async with self._one:
            if self._token == refused:  # or else another request has asked meanwhile
                self._token = await self._ask()
            return self._token

    async def _ask(self) -> str:
        command = [str(self._plugin.get("command") or ""), *(self._plugin.get("args") or ())]
        version = self._plugin.get("apiVersion")
        if version not in _VERSIONS:
            raise Forbidden(
                f'the login plugin "{command[0]}" speaks {version}; known: {", ".join(_VERSIONS)}'
            )
        given = {str(each["name"]): str(each["value"]) for each in self._plugin.get("env") or ()}
        question = {
            "apiVersion": version,
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        environment = {**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(question)}
        try:
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
            )
        except OSError as broken:
            hint = str(self._plugin.get("installHint") or "install it, or log in another way")
            raise Forbidden(
                f'the login plugin "{command[0]}" does not start ({broken}); {hint}'
            ) from broken
        try:
            async with asyncio.timeout(_PATIENCE_S):
                said, complaint = await process.communicate()
        except TimeoutError:
            raise Forbidden(
                f'the login plugin "{command[0]}" took over {_PATIENCE_S:.0f} s'
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            why = printable(complaint.decode("utf-8", "replace").strip()[-_QUOTED:])
            raise Forbidden(
                f'the login plugin "{command[0]}" ended with {process.returncode}: {why}'
            )
        return _token(command[0], said)


def _token(command: str, said: bytes) -> str:
    try:
        token = json.loads(said)["status"]["token"]
    except (ValueError, LookupError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        raise Forbidden(
            f'the login plugin "{command}" gave no token; '
            "client certificates from a plugin are not known to munshi"
        )
    return token
