"""The WSGI bridge: what Flask sees of a request, and what becomes of its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from flask import Flask, Response, request

from sandbox.wire import wsgi
from sandbox.wire.message import Request
from tests.wire.samples import FORM, form, get

BASE = "http://localhost:4100"


@pytest.fixture(scope="module")
def flask() -> Flask:
    """Give an application that answers with what it sees."""
    app = Flask(__name__, static_folder=None)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def see(path: str) -> Any:
        return {
            "path": path,
            "args": request.args,
            "form": request.form,
            "cookies": request.cookies,
            "url": request.url,
            "data": request.get_data(as_text=True),
            "x": request.headers.get("x-a"),
            "length": request.content_length,
        }

    return app


def seen(flask: Flask, asked: Request, base: str = BASE) -> Any:
    """Give what the application sees."""
    return wsgi.call(flask, asked, base).json


def test_a_request_arrives_as_it_was_sent(flask: Flask) -> None:
    """Path, query, form and cookies come through decoded, whatever their encoding."""
    asked = form("/a%2Fb/%C3%A9%20%3F", {"cookie": "a=1; b=2"}, code="é&=")
    told = seen(flask, Request(asked.method, asked.path, "q=%20x", asked.headers, asked.body))
    assert (told["path"], told["args"], told["form"]) == ("a/b/é ?", {"q": " x"}, {"code": "é&="})
    assert told["cookies"] == {"a": "1", "b": "2"}


def test_headers_that_come_twice_are_joined(flask: Flask) -> None:
    """Headers of one name are joined by a comma, cookies by a semicolon (RFC 9110, 5.3; RFC 9113, 8.2.3)."""
    headers = (("x-a", "1"), ("X-A", "2"), ("cookie", "a=1"), ("cookie", "b=2"))
    told = seen(flask, Request("GET", "/x", "", headers))
    assert (told["x"], told["cookies"]) == ("1,2", {"a": "1", "b": "2"})


def test_a_wish_to_speak_a_websocket_is_passed_over(flask: Flask) -> None:
    """A server may ignore `Upgrade` and answer in HTTP, as if it were not there (RFC 9110, section 7.8)."""
    asked = get("/x", connection="Upgrade", upgrade="websocket", x_a="1")
    assert seen(flask, asked) == seen(flask, get("/x", x_a="1"))


def test_a_header_with_an_underscore_is_not_taken_for_another(flask: Flask) -> None:
    """`x_a` is not `x-a`, although WSGI spells both alike."""
    assert seen(flask, Request("GET", "/x", "", (("x_a", "forged"), ("content_length", "1"))))["x"] is None


@pytest.mark.parametrize("about_the_body", [("transfer-encoding", "chunked"), ("content-length", "1"), ("x-b", "")])
def test_the_body_is_there_however_it_came(flask: Flask, about_the_body: tuple[str, str]) -> None:
    """A body that came in chunks is read like any other; its true length counts."""
    told = seen(flask, Request("POST", "/x", "", (("content-type", FORM), about_the_body), b"a=1&b=2"))
    assert told["form"] == {"a": "1", "b": "2"}
    assert told["length"] == 7


@pytest.mark.parametrize("base", [BASE, "http://[::1]:4100", "http://127.0.0.1:4100", "http://localhost"])
def test_urls_begin_with_the_base(flask: Flask, base: str) -> None:
    """The address that the server was asked by is what its URLs begin with; the Host header decides nothing."""
    assert seen(flask, get("/x", host="evil.example"), base)["url"] == f"{base}/x"


def test_head_is_answered_without_a_body(flask: Flask) -> None:
    """HEAD gives the headers of GET, with its length, and no body."""
    answer = wsgi.call(flask, Request("HEAD", "/x"), BASE)
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.header("content-length") or "0") > 100


def test_an_answer_keeps_all_its_headers() -> None:
    """Several headers of one name stay several."""

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("201 Made", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [b"a", b"", b"b"]

    answer = wsgi.call(application, get("/x"), BASE)
    assert (answer.status, answer.body) == (201, b"ab")
    assert answer.headers == (("set-cookie", "a=1"), ("set-cookie", "b=2"))


class Body:
    """A body that knows whether it was closed."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"a"
        if self.fails:
            raise RuntimeError("on purpose")

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("fails", [False, True])
def test_the_body_is_closed(*, fails: bool) -> None:
    """An answer's body is closed when it has been read, and when reading it fails (PEP 3333)."""
    body = Body(fails=fails)

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return body

    try:
        assert wsgi.call(application, get("/x"), BASE).body == b"a"
    except RuntimeError:
        assert fails
    assert body.closed


def test_the_start_may_come_late() -> None:
    """An application may start its response when it is first read, or start it anew for an error."""

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        start_response("500 Oh", [("x-a", "1")], None)
        yield b"late"

    answer = wsgi.call(application, get("/x"), BASE)
    assert (answer.status, answer.body, answer.header("x-a")) == (500, b"late", "1")


def test_a_streamed_answer_of_flask_is_whole() -> None:
    """An answer that Flask produces piece by piece is put together."""
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/", "x", lambda: Response(iter([b"a", b"b"])))
    assert wsgi.call(app, get("/"), BASE).body == b"ab"
