"""What the wire reads of a request."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.wire.identity import Identities
from sandbox.wire.message import Request, Response, json_response
from tests.wire.samples import FORM, call, form, get, post_json

MODERN_INFO = {"io.modelcontextprotocol/clientInfo": {"name": "Modern", "version": "1"}}
JWT = "eyJhbGciOiJub25lIn0." + base64.urlsafe_b64encode(b'{"client_id": "client_2"}').decode().rstrip("=") + "."


@pytest.mark.parametrize(
    ("authorization", "bearer"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER  abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
    ],
)
def test_the_bearer_token(authorization: str, bearer: str | None) -> None:
    """The scheme's case does not matter, and a scheme without a token is none (RFC 9110, section 11.1)."""
    assert get("/", authorization=authorization).bearer == bearer


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", FORM.upper()])
def test_a_form_is_read(content_type: str) -> None:
    """Query and form body are read together, whatever the case of the content type; the first of a name wins."""
    request = Request("POST", "/", "a=1&b=%20&a=9", (("Content-Type", content_type),), b"a=2&c=+&d")
    assert request.form == {"a": "1", "b": " ", "c": " ", "d": ""}


def test_a_body_of_another_type_is_no_form() -> None:
    """Only what says that it is a form is one."""
    assert Request("POST", "/", "", (("content-type", "text/plain"),), b"a=2").form == {}


@pytest.mark.parametrize(
    "body", [b"", b"x", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 10_000, b"\xef\xbb\xbf{", b"nul"]
)
def test_what_is_no_json_is_none(body: bytes) -> None:
    """Broken, binary and endlessly nested bodies are no JSON, and no failure either."""
    assert Request("POST", "/", "", (), body).json is None
    assert Response(200, (), body).json is None


@pytest.mark.parametrize(
    "body", [b' {"a": 1}', b'\r\n{"a": 1}\n', b'\xef\xbb\xbf{"a": 1}', '{"a": 1}'.encode("utf-16")]
)
def test_json_may_begin_with_space(body: bytes) -> None:
    """JSON is read past white space and a byte order mark, as lenient servers do."""
    assert Request("POST", "/", "", (), body).json == {"a": 1}


@pytest.mark.parametrize(
    ("value", "methods"),
    [
        ({"jsonrpc": "2.0", "method": "ping"}, {"ping"}),
        ([{"jsonrpc": "2.0", "method": "a"}, {"jsonrpc": "2.0", "method": "b"}, {"method": "c"}, 1], {"a", "b"}),
        ({"jsonrpc": "2.0", "result": {}}, set()),
        ({"method": "ping"}, set()),
        ({"jsonrpc": "2.0", "method": ["a"]}, {"['a']"}),
        ("jsonrpc", set()),
        (None, set()),
    ],
)
def test_mcp_methods(value: Any, methods: set[str]) -> None:
    """The JSON-RPC methods of one message or of a batch; answers have none."""
    assert post_json("/mcp", value).mcp_methods == methods


def test_the_plain_path() -> None:
    """A step is named by what a path says, and the record keeps how it was written."""
    request = get("/oauth2/%74oken%2f%C3%A9%ff")
    assert request.plain_path == "/oauth2/token/é\ufffd"
    assert request.path == "/oauth2/%74oken%2f%C3%A9%ff"


def test_json_answers_are_short_and_true() -> None:
    """A JSON answer is compact UTF-8 with its true length."""
    answer = json_response(201, {"a": "é"}, {"x-a": "1"})
    assert answer.body == '{"a":"é"}'.encode()
    assert (answer.status, answer.header("Content-Length"), answer.header("X-A")) == (201, "10", "1")


# --- who a client is ---------------------------------------------------------------------------------------------


def registered(identities: Identities, client_id: Any, name: Any) -> None:
    """Let a client register."""
    request = post_json("/oauth2/register", {"client_name": name})
    identities.learn("registration", request, json_response(201, {"client_id": client_id}))


def test_names_of_a_client() -> None:
    """A client is known by its User-Agent, by what it registers as, and by its clientInfo, old and new."""
    identities = Identities()
    registered(identities, "client_1", "Claude Code")
    registered(identities, "client_2", None)
    registered(identities, ["client_3"], "Broken")
    assert list(identities.names(form("/oauth2/token", {"user-agent": "node"}, client_id="client_1"))) == [
        "node",
        "Claude Code",
    ]
    assert list(identities.names(form("/oauth2/token", client_id="client_2"))) == [""]
    assert list(identities.names(post_json("/oauth2/register", {"client_name": "New"}))) == ["", "New"]
    assert list(identities.names(call("initialize", clientInfo={"name": "Old"}))) == ["", "Old"]
    assert list(identities.names(call("server/discover", _meta=MODERN_INFO))) == ["", "Modern"]


@pytest.mark.parametrize("params", [None, [], 3, {"clientInfo": 3}, {"clientInfo": {"name": 3}}, {"_meta": []}])
def test_broken_client_info_is_no_name(params: Any) -> None:
    """What is no client info is passed over."""
    request = post_json("/mcp", {"jsonrpc": "2.0", "method": "initialize", "params": params})
    assert list(Identities().names(request)) == [""]


def test_only_so_many_names_are_remembered() -> None:
    """The names of ten thousand clients are kept; the first to go is the oldest."""
    identities = Identities()
    for number in range(10_001):
        registered(identities, f"client_{number}", f"name {number}")
    assert list(identities.names(form("/", client_id="client_0"))) == [""]
    assert list(identities.names(form("/", client_id="client_10000"))) == ["", "name 10000"]


@pytest.mark.parametrize(
    ("request_", "response", "client_id"),
    [
        (form("/oauth2/token", client_id="client_1"), None, "client_1"),
        (get("/oauth2/authorize?client_id=client_1"), None, "client_1"),
        (get("/mcp", authorization=f"Bearer {JWT}"), None, "client_2"),
        (get("/", authorization="Basic " + base64.b64encode(b"client_3:x").decode()), None, "client_3"),
        (post_json("/x", {"client_id": "client_4"}), None, "client_4"),
        (post_json("/oauth2/register", {}), json_response(201, {"client_id": "client_5"}), "client_5"),
        (post_json("/x", {"client_id": ["client_6"]}), json_response(200, ["client_7"]), None),
        (get("/mcp", authorization="Bearer opaque"), None, None),
        (get("/mcp", authorization="Bearer a.b.c"), None, None),
        (get("/mcp", authorization="Basic é"), None, None),
        (get("/mcp", authorization="Basic ////"), None, None),
        (get("/mcp", authorization="Bearer " + "x." + base64.b64encode(b"[" * 90_000).decode() + ".x"), None, None),
    ],
)
def test_the_client_id_of_an_exchange(request_: Request, response: Response | None, client_id: str | None) -> None:
    """The client id is in the form, the query, the token, the credentials or the registration; garbage holds none."""
    assert Identities().client_id(request_, response) == client_id


def test_names_are_learned_from_registrations_alone() -> None:
    """Another answer that holds a client id and a name teaches nothing."""
    identities = Identities()
    request = post_json("/x", {"client_name": "x"})
    identities.learn("token", request, json_response(200, {"client_id": "client_1"}))
    identities.learn("registration", request, None)
    identities.learn("registration", request, Response(201, (), json.dumps(["client_1"]).encode()))
    assert list(identities.names(form("/", client_id="client_1"))) == [""]
