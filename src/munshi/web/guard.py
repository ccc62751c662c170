"""Who may ask, on a laptop: the holder of the link, from the page that we served, and nobody else.

Loopback is not enough. Any page of the internet can send a browser to 127.0.0.1, and a name that it
controls can be made to mean 127.0.0.1 (DNS rebinding); other users of the machine reach the port, too. So:

- `Host` must be an address we were told of, and `Origin`, where it is sent, the same;
- the token of the link sets a cookie (HttpOnly, SameSite=Strict) that all else needs; programs may send
  `Authorization: Bearer TOKEN` instead;
- with the cookie, what changes something needs the header `X-Munshi-CSRF` as well, which no other page can
  send or know.

Every answer says what a page may load: scripts, styles and data from here, nothing inline, no frames.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from munshi.web import answers

CSRF = "x-munshi-csrf"
SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_LONGEST = 200
"""Of a secret that somebody sends; ours are shorter."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the link, the cookie and the page hold; each is made from the token, and none tells it.

    Attributes:
        token: Stands in the link.
    """

    token: str

    @property
    def cookie(self) -> str:
        """The cookie's value."""
        return self._of("cookie")

    @property
    def csrf(self) -> str:
        """What a page sends back with everything that changes something."""
        return self._of("csrf")

    def _of(self, what: str) -> str:
        return hmac.new(self.token.encode(), what.encode(), hashlib.sha256).hexdigest()


class Guard:
    """ASGI middleware; see above.

    Args:
        app: What is guarded.
        secrets: Of this server.
        hosts: `HOST:PORT` by which it may be called.
        cookie: The cookie's name; cookies know no ports, so it holds ours.
    """

    def __init__(self, app: ASGIApp, secrets: Secrets, hosts: frozenset[str], cookie: str) -> None:
        self._app, self._secrets, self._hosts, self._cookie = app, secrets, hosts, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._judge(Request(scope))
        await (answer or self._app)(scope, receive, sending)

    def _judge(self, request: Request) -> Response | None:
        """The answer to whoever may not ask, or is let in; None for who is in."""
        if request.headers.get("host", "").lower() not in self._hosts:
            known = ", ".join(sorted(self._hosts))
            return _forbidden(request, "this server does not answer to that name", known)
        if not self._is_ours(request):
            return _forbidden(request, "another page asks, and only munshi's own may")
        bearer = request.headers.get("authorization", "").partition("Bearer ")[2]
        if bearer and _same(bearer, self._secrets.token):
            return None  # a program: no browser sends this by itself
        if request.method in SAFE and (said := request.query_params.get("token")):
            if _same(said, self._secrets.token):
                return self._let_in(request)
            mend = "munshi ui prints a new one each time it is started"
            return _forbidden(request, "the token of this link is not valid", mend)
        if not _same(_cookies(request).get(self._cookie, ""), self._secrets.cookie):
            mend = "open the link that munshi ui has printed"
            return _forbidden(request, "who asks is not known here", mend)
        if request.method not in SAFE and not _same(
            request.headers.get(CSRF, ""), self._secrets.csrf
        ):
            mend = f"send the header {CSRF} that api/session tells"
            return _forbidden(request, "the page's own token is missing", mend)
        return None

    def _is_ours(self, request: Request) -> bool:
        """Whether a browser says nothing against the asker being our page, or its user."""
        origin = request.headers.get("origin")
        if origin is not None:
            # A page that says nothing of itself (`null`) is none of ours.
            return urlsplit(origin).netloc.lower() == request.headers["host"].lower()
        site = request.headers.get("sec-fetch-site", "none")
        # A link from elsewhere may be followed; whether it holds the token is asked next.
        return site in ("none", "same-origin") or _is_visit(request)

    def _let_in(self, request: Request) -> Response:
        """Give the cookie, and lead to the same address without the token."""
        query = [pair for pair in parse_qsl(request.url.query) if pair[0] != "token"]
        # Leading slashes of a path would make a host of it.
        where = "/" + request.url.path.lstrip("/\\") + (f"?{urlencode(query)}" if query else "")
        response: Response
        if request.headers.get("sec-fetch-site") == "cross-site":
            # A browser that came from elsewhere would not show a strict cookie after a redirect.
            page = f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(where)}">'
            response = HTMLResponse(page)
        else:
            response = RedirectResponse(where, 303)
        response.headers["cache-control"] = "no-store"
        response.set_cookie(
            self._cookie, self._secrets.cookie, path="/", httponly=True, samesite="strict"
        )
        return response


def _is_visit(request: Request) -> bool:
    navigates = request.headers.get("sec-fetch-mode") == "navigate"
    return navigates and request.headers.get("sec-fetch-dest") == "document"


def _same(got: str, wanted: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing."""
    return len(got) <= _LONGEST and hmac.compare_digest(got.encode(), wanted.encode())


def _cookies(request: Request) -> dict[str, str]:
    try:
        jar = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _forbidden(request: Request, message: str, mend: str = "") -> Response:
    return answers.refusal(request, 403, message, mend)
