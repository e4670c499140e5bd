"""The plain HTTP side of log-aggregator: its health, its logs, and the metadata of the resource (RFC 9728)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

import msgspec
from flask import Flask, Response, request
from msgspec import Meta, Struct, field
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from sandbox.log_aggregator.logs import LEVELS, SANDBOX, Entry, Level, Logs, as_json
from sandbox.log_aggregator.query import END_OF_TIME, moment
from sandbox.scenario.wording import choice, quoted

BODY_LIMIT: Final = 1024 * 1024
"""The most bytes of logs that are taken at once."""

_DEPTH: Final = 20
_READING: Final = ("GET", "HEAD", "OPTIONS")

Name = Annotated[str, Meta(min_length=1, max_length=100)]


class Posted(Struct, forbid_unknown_fields=True):
    """An entry as it is sent in; its time is now unless it says otherwise."""

    service: Name
    message: Annotated[str, Meta(min_length=1, max_length=10_000)]
    level: Level = "info"
    fields: dict[str, Any] = field(default_factory=dict)
    at: float | str | None = None


class _BadFieldError(BadRequest):
    """A field of the request that cannot be used."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.field = name


def create_app(
    logs: Logs, resource_metadata: Callable[[], dict[str, Any]], metadata_paths: Callable[[], set[str]]
) -> Flask:
    """Make the application.

    `resource_metadata` gives the RFC 9728 document, and `metadata_paths` the paths where it is served; both are asked
    anew for each request. Who may ask is decided before this application is.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.url_map.merge_slashes = False  # a redirect would hide that the path is wrong

    def served() -> list[str]:
        metadata = [f"GET {path}" for path in sorted(metadata_paths())]
        return [f"MCP at {resource_metadata().get('resource')}", "GET /health", "GET /logs", "POST /logs", *metadata]

    @app.before_request
    def metadata() -> Response | None:
        if request.path not in metadata_paths():
            return None
        if request.method not in _READING:
            raise MethodNotAllowed(_READING)
        return _json(resource_metadata())

    @app.get("/health")
    def health() -> Response:
        return _json({"status": "ok", "service": "log-aggregator"})

    @app.get("/logs")
    def read() -> Response:
        return _json({"logs": [as_json(entry) for entry in _asked_for(logs)]})

    @app.post("/logs")
    def write() -> Response:
        entries = list(_sent(logs.now()))
        for entry in entries:
            logs.add(entry)
        return _json({"count": len(entries)}, 201)

    app.register_error_handler(HTTPException, lambda error: _refusal(error, served))
    return app


def _refusal(error: HTTPException, served: Callable[[], list[str]]) -> Response:
    """Say in JSON why a request is refused."""
    said: dict[str, Any] = {"error": error.description}
    if isinstance(error, _BadFieldError):
        said["field"] = error.field
    if isinstance(error, NotFound):
        said = {"error": f"log-aggregator serves nothing at {request.path}.", "served": served()}
    answer = _json(said, error.code or 500)
    answer.headers.extend((name, value) for name, value in error.get_headers() if name.lower() == "allow")
    return answer


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, mimetype="application/json")


def _asked_for(logs: Logs) -> list[Entry]:
    """Find the entries that the query asks for."""
    asked = request.args
    level = asked.get("level")
    if level is not None and level not in LEVELS:
        raise _BadFieldError("level", f"{quoted(level)} is no level.{choice(level, LEVELS)}")
    limit = asked.get("limit", "20")
    if not limit.removeprefix("-").isdecimal():
        raise _BadFieldError("limit", f"{quoted(limit)} is no whole number.")
    since = asked.get("since")
    return logs.search(
        asked.get("q", ""),
        asked.get("service"),
        level,
        None if since is None else _moment("since", since, logs.now()),
        int(limit[:10]),
    )


def _moment(name: str, text: str, now: float) -> float:
    try:
        return moment(text, now)
    except ValueError as error:
        raise _BadFieldError(name, f"{error}.") from error


def _sent(now: float) -> Iterable[Entry]:
    """Read the entries that the body holds: one, or a list."""
    if not request.is_json:
        sent = f"not {quoted(request.mimetype)}" if request.mimetype else "and say so in Content-Type"
        raise UnsupportedMediaType(f"Send application/json, {sent}.")
    try:
        document = msgspec.json.decode(request.get_data())
    except RequestEntityTooLarge:
        raise RequestEntityTooLarge(f"Send at most {BODY_LIMIT} bytes at once.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON: {error}.") from error
    several = isinstance(document, list)
    for number, item in enumerate(document if several else [document], 1):
        try:
            yield _entry(item, now)
        except _BadFieldError as error:
            if several:
                error.description = f"entry {number}: {error.description}"
            raise


def _entry(item: Any, now: float) -> Entry:
    """Make an entry of what was sent, or say which field is wrong."""
    try:
        posted = msgspec.convert(item, Posted)
    except msgspec.ValidationError as error:
        raise _refused(str(error)) from error
    if posted.service == SANDBOX:
        raise _BadFieldError("service", f"{quoted(SANDBOX)} is what the sandbox logs itself; choose another name.")
    if _deep(posted.fields, _DEPTH):
        raise _BadFieldError("fields", f"Nested more than {_DEPTH} deep.")
    at = _moment("at", posted.at, now) if isinstance(posted.at, str) else now if posted.at is None else posted.at
    if not 0 <= at <= END_OF_TIME:
        raise _BadFieldError("at", f"Seconds since the epoch lie between 0 and {END_OF_TIME:.0f}.")
    return Entry(at=at, service=posted.service, level=posted.level, message=posted.message, fields=posted.fields)


def _deep(value: Any, left: int) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left == 0 or any(_deep(item, left - 1) for item in items)


def _refused(said: str) -> _BadFieldError:
    """Say msgspec's refusal in terms of the field that it is about."""
    problem, _, place = said.partition(" - at ")
    name = place.strip("`").removeprefix("$").removeprefix(".").partition(".")[0].partition("[")[0]
    if problem.startswith(("Object missing", "Object contains unknown")) and not name:
        name = problem.split("`")[1]
        if "unknown" in problem:
            return _BadFieldError(name, f"No such field.{choice(name, Posted.__struct_fields__)}")
        return _BadFieldError(name, "This field is required.")
    if name == "level":
        problem = f"{problem}.{choice(problem.split(chr(39))[1], LEVELS)}" if chr(39) in problem else problem
    return _BadFieldError(name or "body", f"{problem.rstrip('.')}.")
