"""What each action does to an answer, on values alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.flow import STEPS, Step
from sandbox.scenario.model import ACTIONS, EFFECTS, ErrorAnswer, Redirect
from sandbox.wire.error_answers import error_answer
from sandbox.wire.faults import EDIT_ORDER, HEAD_EDITS, edited, front, stands_in_front, without
from sandbox.wire.message import Response, json_response
from sandbox.workos.authkit import AuthKit
from tests.wire.samples import METADATA_URL, document, event_stream, fault, place


def test_every_action_has_its_place() -> None:
    """Each action changes state, breaks the connection, stands in front, or is in the order of edits."""
    connection = {"delay", "hang", "close"}
    assert set(ACTIONS) == set(EFFECTS) | connection | {"redirect"} | set(EDIT_ORDER)
    assert set(EDIT_ORDER) >= HEAD_EDITS


# --- errors in the shape of the endpoint -------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["token", "refresh", "device", "introspection"])
def test_an_oauth_error(step: Step, tokens: AuthKit) -> None:
    """OAuth endpoints answer 400 with error and description, and forbid caching (RFC 6749, section 5.2)."""
    answer = error_answer(ErrorAnswer(code="invalid_grant", description="Too late."), place(step, tokens))
    assert (answer.status, answer.json) == (400, {"error": "invalid_grant", "error_description": "Too late."})
    assert answer.header("cache-control") == "no-store"
    assert answer.header("www-authenticate") is None


def test_an_oauth_error_without_description(tokens: AuthKit) -> None:
    """A description that was not given is left out, and not null."""
    assert error_answer(ErrorAnswer(code="invalid_scope"), place("token", tokens)).json == {"error": "invalid_scope"}


@pytest.mark.parametrize("step", ["token", "refresh", "device", "introspection"])
def test_invalid_client(step: Step, tokens: AuthKit) -> None:
    """A refused client gets 401 and is told the scheme (RFC 6749, section 5.2; OBSERVED for WorkOS)."""
    answer = error_answer(ErrorAnswer(code="invalid_client"), place(step, tokens))
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Basic realm="AuthKit"'


@pytest.mark.parametrize("code", ["invalid_redirect_uri", "invalid_client_metadata", "invalid_client"])
def test_a_registration_error(code: str, tokens: AuthKit) -> None:
    """Registration answers 400 whatever the code (RFC 7591, section 3.2.2)."""
    answer = error_answer(ErrorAnswer(code=code, description="No."), place("registration", tokens))
    assert (answer.status, answer.json) == (400, {"error": code, "error_description": "No."})


def test_a_userinfo_error(tokens: AuthKit) -> None:
    """Userinfo answers 401 with the code alone (OBSERVED)."""
    answer = error_answer(ErrorAnswer(code="unauthorized", description="No."), place("userinfo", tokens))
    assert (answer.status, answer.json) == (401, {"error": "unauthorized"})


@pytest.mark.parametrize(
    ("code", "status"),
    [("invalid_token", 401), ("unauthorized", 401), ("invalid_request", 400), ("insufficient_scope", 403)],
)
@pytest.mark.parametrize("step", ["challenge", "session", "messages"])
def test_an_error_of_the_protected_resource(step: Step, code: str, status: int, tokens: AuthKit) -> None:
    """The resource server answers with a challenge that names the error and the metadata (RFC 6750, section 3.1)."""
    answer = error_answer(ErrorAnswer(code=code, description='Say "please"\\.'), place(step, tokens))
    assert (answer.status, answer.json) == (status, {"error": 'Say "please"\\.'})
    challenge = f'Bearer error="{code}", error_description="Say \\"please\\"\\\\."'
    assert answer.header("www-authenticate") == f'{challenge}, resource_metadata="{METADATA_URL}"'


def test_a_challenge_names_no_metadata_where_there_is_none(tokens: AuthKit) -> None:
    """A service whose challenge names no metadata URL gets none from a fault either."""
    here = place("session", tokens)
    answer = error_answer(ErrorAnswer(code="invalid_token"), type(here)(here.step, here.request, here.tokens, ""))
    assert answer.header("www-authenticate") == 'Bearer error="invalid_token", error_description="invalid_token"'


@pytest.mark.parametrize("step", ["api", "logout", "jwks", "server-metadata"])
def test_an_error_of_the_rest_of_workos(step: Step, tokens: AuthKit) -> None:
    """What is no OAuth endpoint answers with WorkOS's own message and code."""
    answer = error_answer(ErrorAnswer(code="entity_not_found", status=404), place(step, tokens))
    assert (answer.status, answer.json) == (404, {"message": "entity_not_found", "code": "entity_not_found"})


def test_an_error_of_the_resource_metadata(tokens: AuthKit) -> None:
    """The metadata of log-aggregator fails in its own shape."""
    answer = error_answer(ErrorAnswer(code="gone", description="Moved."), place("resource-metadata", tokens))
    assert (answer.status, answer.json) == (400, {"error": "Moved."})


@pytest.mark.parametrize("step", [step for step in STEPS if step != "authorization"])
def test_the_status_of_an_error_can_be_chosen(step: Step, tokens: AuthKit) -> None:
    """A status in the scenario wins over the endpoint's usual one, at every step."""
    assert error_answer(ErrorAnswer(code="invalid_client", status=418), place(step, tokens)).status == 418
    assert stands_in_front(fault(step, error="invalid_client"), step)


# --- fields ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ({"set": {"a": 2}}, {"a": 1, "b": 1}, {"a": 2, "b": 1}),
        ({"set": {"c": None}}, {"a": 1}, {"a": 1, "c": None}),
        ({"set": {"a": {"x": {"y": 1}}}}, {"a": {"x": {"z": 2}, "w": 3}}, {"a": {"x": {"z": 2, "y": 1}, "w": 3}}),
        ({"set": {"a": [1]}}, {"a": [2, 3]}, {"a": [1]}),
        ({"set": {"a": {"x": 1}}}, {"a": "text"}, {"a": {"x": 1}}),
        ({"remove": ["a", "c"]}, {"a": 1, "b": 1}, {"b": 1}),
        ({"remove": {"a": ["x"]}}, {"a": {"x": 1, "y": 2}, "x": 3}, {"a": {"y": 2}, "x": 3}),
        ({"remove": {"a": {"x": ["y"]}, "b": True}}, {"a": {"x": {"y": 1, "z": 2}}, "b": 1}, {"a": {"x": {"z": 2}}}),
        ({"remove": {"a": None}}, {"a": {"x": 1}, "b": 2}, {"b": 2}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_fields_are_set_and_removed(
    action: dict[str, Any], before: dict[str, Any], after: dict[str, Any], tokens: AuthKit, *, stream: bool
) -> None:
    """`set` and `remove` reach into nested objects, of a JSON answer and of each event of a stream."""
    response = event_stream(before) if stream else document(**before)
    answer = edited(fault("messages", **action), response, place("messages", tokens))
    assert answer is not None
    data = answer.body.split(b"data: ")[1].split(b"\r\n")[0] if stream else answer.body
    assert json.loads(data) == after
    assert answer.header("content-length") == str(len(answer.body))


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_events_keep_their_lines(end: str, tokens: AuthKit) -> None:
    """Every event with a JSON object is edited, whatever its text holds; other lines stay byte for byte."""
    response = event_stream({"a": 1, "text": "1\u2028 \x85 2"}, [1], {"a": 2}, end=end)
    body = response.body.replace(b"\\u2028", "\u2028".encode()).replace(b"\\u0085", "\x85".encode())
    start = f": hello{end}{end}id: 1{end}data: none{end}{end}".encode()
    answer = edited(fault("messages", set={"a": 9}), response.with_body(start + body), place("messages", tokens))
    assert answer is not None
    assert answer.body.startswith(start)
    lines = answer.body.decode().split(end)
    values = [json.loads(line[6:]) for line in lines if line.startswith("data: ") and line != "data: none"]
    assert values == [{"a": 9, "text": "1\u2028 \x85 2"}, [1], {"a": 9}]


def test_removing_names_what_is_there_only() -> None:
    """A name within something that is no object removes nothing."""
    assert without({"a": 1, "b": [1]}, {"a": ["x"], "b": {"c": ["d"]}, "e": ["f"]}) == {"a": 1, "b": [1]}


# --- head, body, encoding ----------------------------------------------------------------------------------------


def test_a_status_below_400_edits_the_answer(tokens: AuthKit) -> None:
    """A success status only replaces the status line; from 400 on a gateway answers in the application's place."""
    answer = edited(fault(status=201), document(a=1), place("token", tokens))
    assert answer is not None
    assert (answer.status, answer.json) == (201, {"a": 1})
    assert not stands_in_front(fault(status=399), "token")
    assert stands_in_front(fault(status=400), "token")


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_leaves_none(status: int, tokens: AuthKit) -> None:
    """Where HTTP allows no body there is none, nor a length of one (RFC 9110, section 6.4.1)."""
    answer = edited(fault(status=status), document(a=1), place("token", tokens))
    assert answer is not None
    assert (answer.status, answer.body, answer.header("content-length")) == (status, b"", None)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"404 Not Found\n"), (503, b"503 Service Unavailable\n"), (599, b"599 Error\n")]
)
def test_a_gateway_answers(status: int, body: bytes, tokens: AuthKit) -> None:
    """A status from 400 on is answered in plain text, as a gateway would."""
    answer = front(fault(status=status), place("token", tokens))
    assert (answer.status, answer.header("content-type"), answer.body) == (status, "text/plain", body)


@pytest.mark.parametrize(
    ("action", "status"), [("https://x/?{y}", 302), (Redirect(to="https://x/?{y}", status=308), 308)]
)
def test_a_redirect_goes_out_as_it_is(action: Any, status: int, tokens: AuthKit) -> None:
    """A redirect stands in front of the application, with its URL unaltered."""
    assert stands_in_front(fault(redirect=action), "token")
    answer = front(fault(redirect=action), place("token", tokens))
    assert (answer.status, answer.header("location"), answer.body) == (status, "https://x/?{y}", b"")


def test_headers_are_replaced_and_removed(tokens: AuthKit) -> None:
    """Headers are replaced whatever their case, removed by null, and added; the others stay."""
    response = json_response(200, {}, {"x-a": "1", "x-b": "2", "x-c": "3"})
    answer = edited(fault(headers={"X-A": "9", "X-B": None, "x-d": "é"}), response, place("token", tokens))
    assert answer is not None
    assert [answer.header(name) for name in ("x-a", "x-b", "x-c", "x-d")] == ["9", None, "3", "é"]
    assert [name for name, _ in answer.headers].count("x-a") == 1


@pytest.mark.parametrize(
    ("action", "body", "content_type"),
    [
        ({"body": "<h1>é</h1>"}, "<h1>é</h1>".encode(), "text/html; charset=utf-8"),
        ({"body": "x", "content_type": "text/plain"}, b"x", "text/plain"),
        ({"body": ""}, b"", "text/html; charset=utf-8"),
        ({"body": {"a": [1]}}, b'{"a": [1]}', "application/json"),
        ({"body": [1, 2]}, b"[1, 2]", "application/json"),
        ({"body": {}, "content_type": "text/html"}, b"{}", "text/html"),
    ],
)
def test_a_body_is_replaced(action: dict[str, Any], body: bytes, content_type: str, tokens: AuthKit) -> None:
    """Text is HTML and the rest JSON unless the fault says otherwise, and the length is true."""
    answer = edited(fault(**action), document(a=1), place("token", tokens))
    assert answer is not None
    assert (answer.status, answer.body, answer.header("content-type")) == (200, body, content_type)
    assert answer.header("content-length") == str(len(body))


def test_a_header_can_come_several_times(tokens: AuthKit) -> None:
    """A list of values makes as many headers of the name, in the place of those that were there."""
    response = json_response(401, {}, {"www-authenticate": "Bearer"})
    answer = edited(fault(headers={"WWW-Authenticate": ["Basic", "Bearer"]}), response, place("token", tokens))
    assert answer is not None
    assert [value for name, value in answer.headers if name == "www-authenticate"] == ["Basic", "Bearer"]


def test_text_is_replaced_wherever_it_stands(tokens: AuthKit) -> None:
    """`replace` puts text for text in headers and body, whatever bytes are around it, and keeps the length true."""
    response = Response(
        200, (("x-a", "http://localhost:1/x"), ("content-length", "23")), b"\xff http://localhost:1/y \xfe"
    )
    answer = edited(fault(replace={"http://localhost:1": "https://é"}), response, place("token", tokens))
    assert answer is not None
    assert answer.header("x-a") == "https://é/x"
    assert answer.body == b"\xff https://\xc3\xa9/y \xfe"
    assert answer.header("content-length") == str(len(answer.body))


def test_an_answer_is_form_encoded(tokens: AuthKit) -> None:
    """A token response can come as a form, as some providers send it."""
    answer = edited(fault(encode="form"), document(access_token="a b", expires_in=300), place("token", tokens))
    assert answer is not None
    assert answer.header("content-type") == "application/x-www-form-urlencoded"
    assert answer.body == b"access_token=a+b&expires_in=300"


# --- nothing to edit --------------------------------------------------------------------------------------------


ERROR = json_response(400, {"error": "invalid_grant"})
PAGE = Response(200, (("content-type", "text/html"),), b"<h1>hello</h1>")


@pytest.mark.parametrize(
    ("action", "response"),
    [
        ({"set": {"a": 1}}, ERROR),
        ({"set": {"a": 1}}, PAGE),
        ({"set": {"a": 1}}, document(a=1, b=2)),
        ({"set": {"a": 1}}, json_response(200, [{"a": 2}])),
        ({"set": {"a": 1}}, event_stream([1], {"a": 1})),
        ({"remove": ["a"]}, document(b=1)),
        ({"remove": {"b": ["a"]}}, document(b=1)),
        ({"encode": "form"}, PAGE),
        ({"encode": "form"}, json_response(200, ["a"])),
        ({"claims": {"aud": "x"}}, ERROR),
        ({"claims": {"aud": "x"}}, document(access_token="opaque")),
        ({"claims": {"aud": "x"}}, document(access_token=7)),
        ({"sign": "none"}, document(id_token="x")),
        ({"token_format": "opaque"}, document(access_token="opaque")),
        ({"replace": {"absent": "x"}}, document(a=1)),
        ({"status": 200}, document()),
        ({"headers": {"x-absent": None}}, document()),
    ],
)
def test_where_there_is_nothing_to_edit(action: dict[str, Any], response: Response, tokens: AuthKit) -> None:
    """A fault that would leave the answer as it is says that there is nothing for it to edit."""
    assert edited(fault("messages", **action), response, place("messages", tokens)) is None


def test_the_challenge_can_be_edited(tokens: AuthKit) -> None:
    """The 401 is the healthy answer of the challenge, so its body can be edited."""
    answer = edited(fault("challenge", set={"a": 1}), json_response(401, {"error": "x"}), place("challenge", tokens))
    assert answer is not None
    assert answer.json == {"error": "x", "a": 1}
