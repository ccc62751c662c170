"""The built pages: files of `static/` beside this one, which the package brings along.

Whatever else is asked for gets the first page, for addresses within the pages are the browser's affair.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from munshi.web import answers

FOLDER = Path(__file__).with_name("static")
_FIRST = "index.html"
_FOR_EVER = "public, max-age=31536000, immutable"
"""Files of `assets/` bear a checksum in their names."""
_KINDS = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
"""What the machine's own table of kinds may have wrong."""
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>munshi</title>
<h1>The pages are not built</h1>
<p>This munshi runs from its source. Build the pages once, then load this again: <code>make web</code></p>
<p>The same facts as JSON: <a href="api/experiments">api/experiments</a></p>
</html>
"""


class Pages:
    """Serves a folder.

    Args:
        folder: Where the built pages are.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    async def __call__(self, request: Request) -> Response:
        """A file, or the first page."""
        asked = PurePosixPath(request.path_params.get("path", ""))
        if asked.parts[:1] == ("api",):
            mend = "api/openapi.json lists what there is"
            return answers.refusal(request, 404, "there is nothing at this address", mend)
        found = self._file(asked)
        if found is None and asked.suffix and asked.parts[:1] == ("assets",):
            return answers.refusal(request, 404, "there is no such file")
        if found is None:
            found = self._folder / _FIRST
            if not found.is_file():
                return HTMLResponse(_NOT_BUILT, 503, {"cache-control": "no-store"})
        kind = _KINDS.get(found.suffix) or mimetypes.guess_type(found.name)[0]
        for_ever = found.parent != self._folder
        headers = {"cache-control": _FOR_EVER if for_ever else "no-cache"}
        return FileResponse(found, 200, headers, kind or "application/octet-stream")

    def _file(self, asked: PurePosixPath) -> Path | None:
        """The file at a path inside of the folder, links followed; None for none."""
        if not asked.parts or "\0" in str(asked):
            return None
        folder = self._folder.resolve()
        found = (folder / asked).resolve()
        return found if found.is_relative_to(folder) and found.is_file() else None
