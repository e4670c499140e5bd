"""The plain HTTP endpoints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.log_aggregator.http import BODY_LIMIT, create_app
from sandbox.log_aggregator.logs import Entry, Logs
from sandbox.sources import Sources

NOW = 1_767_603_600.0
ROOT = "/.well-known/oauth-protected-resource"
DOCUMENT = {
    "resource": "http://localhost:4101/mcp",
    "authorization_servers": ["http://localhost:4100"],
    "bearer_methods_supported": ["header"],
}
GOOD = {"service": "web", "level": "error", "message": "it broke", "fields": {"trace": "4fa2"}}


@pytest.fixture
def logs() -> Logs:
    """Give logs of three entries, in a world whose clock stands at NOW, or nearly."""
    return Logs(
        Sources(1),
        lambda: [
            Entry(at=NOW - 7200, service="web", level="info", message="apple pie"),
            Entry(at=NOW - 60, service="kitchen", level="warning", message="apple juice"),
            Entry(at=NOW - 30, service="kitchen", level="error", message="pear"),
        ],
    )


@pytest.fixture
def paths() -> set[str]:
    """Give the paths of the metadata; a test may change them."""
    return {ROOT, f"{ROOT}/mcp"}


@pytest.fixture
def client(logs: Logs, paths: set[str]) -> FlaskClient:
    """Give a client of the application."""
    return create_app(logs, lambda: DOCUMENT, lambda: paths).test_client()


def messages(client: FlaskClient, query: dict[str, str]) -> list[str]:
    """Ask for logs and give their messages."""
    answer = client.get("/logs", query_string=query)
    assert answer.status_code == 200
    return [entry["message"] for entry in answer.json["logs"]]  # type: ignore[index]


def test_health(client: FlaskClient) -> None:
    """The service says that it is well."""
    answer = client.get("/health")
    assert answer.json == {"status": "ok", "service": "log-aggregator"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["pear", "apple juice", "apple pie"]),
        ({"q": "app*"}, ["apple juice", "apple pie"]),
        ({"q": '"apple pie'}, ["apple pie"]),
        ({"service": "kitchen", "limit": "1"}, ["pear"]),
        ({"level": "warning"}, ["pear", "apple juice"]),
        ({"since": "5m"}, ["pear", "apple juice"]),
        ({"since": "2026-01-05T08:59:30Z"}, ["pear"]),
        ({"limit": "0"}, ["pear"]),
        ({"limit": "9" * 5000}, ["pear", "apple juice", "apple pie"]),
        ({"service": "nobody"}, []),
    ],
)
def test_reading_logs(client: FlaskClient, query: dict[str, str], expected: list[str]) -> None:
    """Logs are filtered by words, service, level and age, newest first; limits out of range are clamped."""
    assert messages(client, query) == expected


def test_an_entry_in_json(client: FlaskClient) -> None:
    """An entry is told whole."""
    entry = client.get("/logs?q=pear").json["logs"][0]  # type: ignore[index]
    assert entry == {
        "id": 3,
        "time": "2026-01-05T08:59:30.000Z",
        "at": NOW - 30,
        "service": "kitchen",
        "level": "error",
        "message": "pear",
        "fields": {},
    }


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"level": "eror"}, "level", "Did you mean `error`?"),
        ({"limit": "many"}, "limit", "`many` is no whole number"),
        ({"limit": ""}, "limit", "no whole number"),
        ({"since": "yesterday"}, "since", "15m"),
    ],
)
def test_bad_queries_name_the_field(client: FlaskClient, query: dict[str, str], field: str, said: str) -> None:
    """A value that cannot be read is refused by the name of its field."""
    answer = client.get("/logs", query_string=query)
    assert answer.status_code == 400
    assert answer.json["field"] == field  # type: ignore[index]
    assert answer.json["error"].startswith(f"{field}: ")  # type: ignore[index]
    assert said in answer.json["error"]  # type: ignore[index]


@pytest.mark.parametrize(("sent", "count"), [(GOOD, 1), ([GOOD, GOOD], 2), ([], 0)])
def test_writing_logs(client: FlaskClient, logs: Logs, sent: Any, count: int) -> None:
    """One entry or a list of them is stored, and counted."""
    answer = client.post("/logs", json=sent)
    assert (answer.status_code, answer.json) == (201, {"count": count})
    assert logs.count("broke 4fa2") == count


def test_what_was_left_out_is_filled_in(client: FlaskClient, logs: Logs) -> None:
    """Without a level and a time an entry is info, and now."""
    client.post("/logs", json={"service": "web", "message": "hello"})
    entry = logs.search("hello")[0]
    assert entry.level == "info"
    assert NOW <= entry.at < NOW + 1


@pytest.mark.parametrize("at", [NOW - 5, "2026-01-05T08:59:55Z", int(NOW - 5)])
def test_times_are_numbers_or_dates(client: FlaskClient, logs: Logs, at: float | str) -> None:
    """An entry's time may be written in seconds or as a date."""
    client.post("/logs", json=GOOD | {"at": at})
    assert logs.search("broke")[0].at == NOW - 5


def test_an_old_time_is_taken_as_it_is(client: FlaskClient, logs: Logs) -> None:
    """A number is seconds since the epoch even when it is small."""
    client.post("/logs", json=GOOD | {"at": 15})
    assert logs.search("broke")[0].at == 15


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"service": "web"}, "message", "required"),
        (GOOD | {"mesage": "x"}, "mesage", "Did you mean `message`?"),
        (GOOD | {"level": "warn"}, "level", "Did you mean `warning`?"),
        (GOOD | {"level": 3}, "level", "`int`"),
        (GOOD | {"message": 3}, "message", "`int`"),
        (GOOD | {"message": ""}, "message", "length"),
        (GOOD | {"service": "s" * 101}, "service", "length"),
        (GOOD | {"service": "sandbox"}, "service", "choose another"),
        (GOOD | {"fields": ["x"]}, "fields", "`object`"),
        (GOOD | {"at": "soon"}, "at", "15m"),
        (GOOD | {"at": -1}, "at", "epoch"),
        (GOOD | {"at": 1e300}, "at", "epoch"),
        (GOOD | {"at": True}, "at", "`bool`"),
        ("text", "body", "`object`"),
        (None, "body", "`object`"),
    ],
)
def test_bad_entries_name_the_field(client: FlaskClient, logs: Logs, sent: Any, field: str, said: str) -> None:
    """An entry that cannot be stored is refused by the name of the field that is wrong, and nothing is stored."""
    answer = client.post("/logs", data=json.dumps(sent), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["field"] == field  # type: ignore[index]
    assert said in answer.json["error"]  # type: ignore[index]
    assert logs.count("") == 3


def test_a_list_with_one_bad_entry_is_refused_whole(client: FlaskClient, logs: Logs) -> None:
    """Of a list either everything is stored or nothing; the refusal says which entry is wrong."""
    answer = client.post("/logs", json=[GOOD, {"service": "web"}])
    assert answer.json == {"error": "entry 2: message: This field is required.", "field": "message"}
    assert logs.count("broke") == 0


@pytest.mark.parametrize("depth", [22, 500, 100_000])
def test_deep_nesting_is_refused(client: FlaskClient, logs: Logs, depth: int) -> None:
    """Fields nested without end are refused before they can do harm."""
    deep = '{"a":' * depth + "1" + "}" * depth
    body = f'{{"service": "web", "message": "x", "fields": {deep}}}'
    answer = client.post("/logs", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert logs.count("") == 3


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}'])
def test_what_is_no_json_is_refused(client: FlaskClient, body: bytes) -> None:
    """A body that is no JSON is the sender's mistake."""
    answer = client.post("/logs", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "no JSON" in answer.json["error"]  # type: ignore[index]


def test_half_surrogates_do_not_stop_anything(client: FlaskClient) -> None:
    """Text that is no Unicode is refused or stored, and the logs can still be read."""
    body = json.dumps(GOOD | {"message": "half \ud800"})
    assert client.post("/logs", data=body, content_type="application/json").status_code in {201, 400}
    assert client.get("/logs").status_code == 200


def test_a_large_body_is_refused(client: FlaskClient) -> None:
    """More than a mebibyte is too much at once."""
    answer = client.post("/logs", json=[GOOD | {"message": "x" * 1000}] * (BODY_LIMIT // 1000))
    assert answer.status_code == 413
    assert str(BODY_LIMIT) in answer.json["error"]  # type: ignore[index]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_refused(client: FlaskClient, content_type: str | None) -> None:
    """Only JSON is taken, and the refusal says so."""
    answer = client.post("/logs", data=json.dumps(GOOD), content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in answer.json["error"]  # type: ignore[index]


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/mcp"])
def test_metadata_of_the_resource(client: FlaskClient, path: str) -> None:
    """The RFC 9728 document is served, as it is, where the resource has it."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert json.loads(answer.data) == DOCUMENT
    assert list(json.loads(answer.data)) == list(DOCUMENT)


@pytest.mark.parametrize("path", [f"{ROOT}/", f"{ROOT}/other", f"{ROOT}/mcp/", f"{ROOT}/mcp/deeper", f"{ROOT}//mcp"])
def test_metadata_of_another_resource_is_not_there(client: FlaskClient, path: str) -> None:
    """A path that is not the resource's has no metadata, and is not redirected to it."""
    assert client.get(path).status_code == 404


def test_metadata_moves_with_the_resource(client: FlaskClient, paths: set[str]) -> None:
    """When the resource moves to the root, its metadata is at the root only."""
    paths.remove(f"{ROOT}/mcp")
    assert client.get(ROOT).status_code == 200
    assert client.get(f"{ROOT}/mcp").status_code == 404


@pytest.mark.parametrize("path", ["/", "/sse", "/health/", "/logs//", "/logs/1", f"{ROOT}/x"])
def test_an_unknown_path_names_what_is_served(client: FlaskClient, path: str) -> None:
    """A path that is not served is answered with those that are."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.content_type == "application/json"
    assert answer.json["error"] == f"log-aggregator serves nothing at {path}."  # type: ignore[index]
    assert answer.json["served"] == [  # type: ignore[index]
        "MCP at http://localhost:4101/mcp",
        "GET /health",
        "GET /logs",
        "POST /logs",
        f"GET {ROOT}",
        f"GET {ROOT}/mcp",
    ]


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    """A method that a path does not take is answered with those that it takes."""
    answer = client.delete("/logs")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["allow"].split(",")}
    assert answer.content_type == "application/json"
