"""Who may ask: every way in but the right one is refused, with a sentence."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from munshi.web.guard import HEADERS
from support.real_home import RealHome
from support.web_world import Client, served

ONE = "/api/experiments/default/random"
Headers = Callable[[Client], Mapping[str, str]]

LET_IN: dict[str, tuple[str, str, Headers]] = {
    "a program with the token": ("GET", "/api/session", lambda c: c.program),
    "our page with its cookie": ("GET", "/api/session", lambda c: c.page),
    "our page, as a browser says it": (
        "GET",
        "/api/session",
        lambda c: {
            **c.page,
            "sec-fetch-site": "same-origin",
            "origin": f"http://127.0.0.1:{c.port}",
        },
    ),
    "by the name localhost": (
        "GET",
        "/api/session",
        lambda c: {**c.page, "host": f"localhost:{c.port}", "origin": f"http://localhost:{c.port}"},
    ),
    "a bookmark": (
        "GET",
        "/",
        lambda c: {**c.page, "sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
    ),
}
REFUSED: dict[str, tuple[str, str, Headers]] = {
    "nobody we know": ("GET", "/api/session", lambda _: {}),
    "nobody we know, at the first page": ("GET", "/", lambda _: {}),
    "a wrong token": ("GET", "/?token=guessed", lambda _: {}),
    "a wrong bearer token": ("GET", "/api/session", lambda _: {"authorization": "Bearer guessed"}),
    "a bearer token of a megabyte": (
        "GET",
        "/api/session",
        lambda _: {"authorization": "Bearer " + "x" * 50_000},
    ),
    "a wrong cookie": ("GET", "/api/session", lambda c: {"cookie": f"munshi_{c.port}=guessed"}),
    "the token as cookie": (
        "GET",
        "/api/session",
        lambda c: {"cookie": f"munshi_{c.port}={c.secrets.token}"},
    ),
    "the cookie of another port": (
        "GET",
        "/api/session",
        lambda c: {"cookie": f"munshi_1={c.secrets.cookie}"},
    ),
    "another name that means us (DNS rebinding)": (
        "GET",
        "/api/session",
        lambda c: {**c.page, "host": f"evil.example:{c.port}"},
    ),
    "another port in Host": ("GET", "/api/session", lambda c: {**c.program, "host": "127.0.0.1:1"}),
    "another page": ("GET", "/api/session", lambda c: {**c.page, "origin": "http://evil.example"}),
    "a page of another port": (
        "GET",
        "/api/session",
        lambda c: {**c.page, "origin": "http://127.0.0.1:1"},
    ),
    "a page without origin (sandboxed)": (
        "GET",
        "/api/session",
        lambda c: {**c.page, "origin": "null"},
    ),
    "an image of another page": (
        "GET",
        "/api/session",
        lambda c: {**c.page, "sec-fetch-site": "cross-site"},
    ),
    "a page of another port, as a browser says it": (
        "GET",
        "/api/session",
        lambda c: {**c.page, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ),
    "a frame of another page": (
        "GET",
        "/",
        lambda c: {
            **c.page,
            "sec-fetch-site": "cross-site",
            "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "iframe",
        },
    ),
    "a change without the page's own token": ("POST", f"{ONE}/suspend", lambda c: c.page),
    "a change with a wrong token": (
        "POST",
        f"{ONE}/suspend",
        lambda c: {**c.page, "x-munshi-csrf": "guessed"},
    ),
    "a change with the cookie as token": (
        "POST",
        f"{ONE}/suspend",
        lambda c: {**c.page, "x-munshi-csrf": c.secrets.cookie},
    ),
    "a change with the link's token in the address": (
        "POST",
        f"{ONE}/suspend",
        lambda _: {},
    ),
    "a deletion by another page": (
        "DELETE",
        ONE,
        lambda c: {**c.page, "x-munshi-csrf": c.secrets.csrf, "origin": "http://evil.example"},
    ),
}


@pytest.mark.parametrize("who", LET_IN)
def test_who_may_ask(who: str, looked_at: Client) -> None:
    """Is let in."""
    method, path, headers = LET_IN[who]
    assert looked_at.ask(method, path, headers(looked_at)).status in (200, 503)


@pytest.mark.parametrize("who", REFUSED)
def test_who_may_not_ask(who: str, looked_at: Client) -> None:
    """Is refused with 403 and a sentence, and nothing has happened."""
    method, path, headers = REFUSED[who]
    answer = looked_at.ask(method, path, headers(looked_at))
    assert answer.status in (400, 403)
    assert answer.status == 400 or answer.json["error"]["message"]
    assert "munshi/suspend" not in looked_at.get(ONE).json["yaml"]


def test_our_page_may_change_things(client: Client, home: RealHome) -> None:
    """With the cookie and the page's own token, a change is carried out."""
    csrf = client.ask("GET", "/api/session", client.page).json["csrf"]
    asked = {**client.page, "x-munshi-csrf": csrf, "origin": f"http://127.0.0.1:{client.port}"}
    assert client.ask("POST", f"{ONE}/suspend", asked).status == 200
    assert "munshi/suspend" in client.get(ONE).json["yaml"]


@pytest.mark.parametrize("site", ["none", "cross-site"])
def test_the_link_gives_a_cookie_and_leaves_the_address(site: str, looked_at: Client) -> None:
    """It leads to the page without the token, with a cookie no script reads and no other page sends."""
    visit = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    answer = looked_at.ask("GET", f"/?token={looked_at.secrets.token}&a=b", visit)
    where = answer.headers.get("location") or answer.text.partition("url=")[2].partition('"')[0]
    assert where == "/?a=b"
    cookie = answer.headers["set-cookie"]
    assert looked_at.secrets.token not in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert looked_at.ask("GET", "/api/session", {"cookie": cookie.partition(";")[0]}).status == 200


def test_the_link_leads_to_no_other_host(looked_at: Client) -> None:
    """An address that begins with two slashes stays here."""
    answer = looked_at.ask("GET", f"//evil.example/x?token={looked_at.secrets.token}")
    assert answer.headers["location"] == "/evil.example/x"


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/nothing", f"{ONE}/trials"])
def test_every_answer_says_what_a_page_may_load(path: str, looked_at: Client) -> None:
    """The policy stands on every answer, refusals included, and allows nothing inline."""
    for headers in (looked_at.program, {}):
        answer = looked_at.ask("GET", path, headers)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it, and a file beside it that is nobody's business."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>munshi</title>")
    (folder / "assets" / "index-1a2b.js").write_text("export {}")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    return folder


def test_pages_are_served_and_nothing_beside_them(built: Path, home: RealHome) -> None:
    """Files are served with their kind, all else is the first page, and nothing leaves the folder."""
    with served(home, built) as client:
        first = client.get("/")
        assert first.headers["content-type"].startswith("text/html")
        assert first.headers["cache-control"] == "no-cache"
        script = client.get("/assets/index-1a2b.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        assert client.get("/experiment/default/random").body == first.body
        assert client.get("/assets/gone.js").status == 404
        for path in ("/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret", "/link", "/%00"):
            assert b"secret" not in client.get(path).body


def test_without_pages_it_is_said_what_to_do(home: RealHome, tmp_path: Path) -> None:
    """Run from its source before they were built, munshi says how to build them."""
    with served(home, tmp_path / "nothing") as client:
        answer = client.get("/")
    assert answer.status == 503
    assert "make web" in answer.text


def test_nobody_else_can_connect(looked_at: Client) -> None:
    """The server listens on the loopback address only."""
    other = http.client.HTTPConnection("127.0.0.2", looked_at.port, timeout=5)
    with pytest.raises(OSError, match="refused"):
        other.request("GET", "/")
    other.close()
