"""The tools that log-aggregator offers to a model: what they take, what they do, and the shape of their answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from msgspec.structs import asdict
from pydantic import BaseModel, Field

from sandbox.log_aggregator.logs import LIMIT, Count, Entry, Level, Logs, as_json
from sandbox.log_aggregator.query import Grouping, iso, moment
from sandbox.scenario.wording import choice, quoted

_READS: Final = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_DESTROYS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)

_Tool = TypeVar("_Tool", bound=Callable[..., Any])

_Service = Annotated[
    str | None,
    Field(description="Only this service, by its exact name; list_services has the names.", examples=["voice-gateway"]),
]
_Since = Annotated[
    str | None,
    Field(
        description="Only entries from then on: how long ago (`15m`, `2h`, `1d`), a date (`2026-01-05T09:00:00Z`),"
        " or seconds since the epoch.",
        max_length=40,
        examples=["2h"],
    ),
]
_Limit = Annotated[int, Field(description="How many entries to give at most.", ge=1, le=LIMIT)]


class LogEntry(BaseModel):
    """An entry of a log."""

    id: int
    time: str
    at: float
    service: str
    level: Level
    message: str
    fields: dict[str, Any]


class Entries(BaseModel):
    """Entries that were found, and how many there are in all."""

    total: int
    logs: list[LogEntry]


class Group(BaseModel):
    """How many entries a group has, and how many of them are warnings and errors."""

    key: str
    entries: int
    warnings: int
    errors: int


class Groups(BaseModel):
    """The groups that were counted."""

    by: Grouping
    groups: list[Group]


class ServiceLine(BaseModel):
    """A service that has logged, how much, and when first and last."""

    name: str
    entries: int
    first: str
    last: str


class Services(BaseModel):
    """The services that have logged."""

    services: list[ServiceLine]


class Deleted(BaseModel):
    """What was deleted."""

    service: str
    deleted: int


def _tool(server: MCPServer, title: str, hints: ToolAnnotations) -> Callable[[_Tool], _Tool]:
    """Add a function as a tool; its docstring is the description."""

    def add(function: _Tool) -> _Tool:
        annotations = hints.model_copy(update={"title": title})
        server.add_tool(function, title=title, description=inspect.getdoc(function), annotations=annotations)
        return function

    return add


def add_tools(server: MCPServer, logs: Logs, explain: Callable[[Mapping[str, Any]], str]) -> None:
    """Add every tool to the server; `explain` tells a caller how it connected, from the claims of its token."""
    _add_reading_tools(server, logs)
    _add_other_tools(server, logs, explain)


def _add_reading_tools(server: MCPServer, logs: Logs) -> None:
    # Tools are coroutines, although they wait for nothing, so that they run on the loop and not in a thread.

    @_tool(server, "Search logs", _READS)
    async def search_logs(
        query: Annotated[
            str,
            Field(
                description='Words that an entry must hold, all of them and in any order; "several words" in a row;'
                " begin* for words that begin so. Messages, services and fields are searched, trace ids too."
                " Empty finds everything.",
                max_length=1000,
                examples=["timeout pool", '"circuit breaker"', "certif*"],
            ),
        ],
        service: _Service = None,
        level: Annotated[
            Level | None, Field(description="Only this level and more severe ones: debug, info, warning, error.")
        ] = None,
        since: _Since = None,
        limit: _Limit = 20,
    ) -> Annotated[CallToolResult, Entries]:
        """Find log entries by words, newest first.

        Use it to look for an error's words, and then for the trace id found in its fields, to see what the other
        services did for the same call.
        """
        _known(logs, service)
        start = _moment(since, logs.now())
        total = logs.count(query, service, level, start)
        return _entries(logs.search(query, service, level, start, limit), total)

    @_tool(server, "Latest logs", _READS)
    async def tail_logs(service: _Service = None, limit: _Limit = 20) -> Annotated[CallToolResult, Entries]:
        """Give the latest log entries, the newest last, of one service or of all."""
        _known(logs, service)
        return _entries(logs.tail(service, limit), logs.count("", service))

    @_tool(server, "Log statistics", _READS)
    async def log_stats(
        by: Annotated[Grouping, Field(description="What to count by; hours are in UTC.")] = "service",
        service: _Service = None,
        since: _Since = None,
    ) -> Annotated[CallToolResult, Groups]:
        """Count entries, warnings and errors by service, level or hour.

        By hour it shows when trouble began; by service, where.
        """
        _known(logs, service)
        counts = logs.stats(by, service, _moment(since, logs.now()))
        return _result(_table(by, counts), {"by": by, "groups": [asdict(count) for count in counts]})

    @_tool(server, "List services", _READS)
    async def list_services() -> Annotated[CallToolResult, Services]:
        """List the services that have logged, how much, and when first and last."""
        services = [asdict(one) | {"first": iso(one.first), "last": iso(one.last)} for one in logs.services()]
        lines = ["{name}: {entries} entries, {first} to {last}".format(**one) for one in services]
        return _result("\n".join(lines) or "No service has logged.", {"services": services})


def _add_other_tools(server: MCPServer, logs: Logs, explain: Callable[[Mapping[str, Any]], str]) -> None:
    @_tool(server, "Explain this connection", _READS)
    async def explain_connection(ctx: Context[Any, Any]) -> CallToolResult:
        """Tell how you came to be connected: the steps of discovery, registration, sign-in and token, as they happened.

        Use it when somebody asks why signing in works, how it works, or what was odd about it.
        """
        return CallToolResult(content=[TextContent(type="text", text=explain(_claims_of(ctx)))])

    @_tool(server, "Delete logs", _DESTROYS)
    async def delete_logs(
        service: Annotated[str, Field(description="The service whose entries go, by its exact name.")],
        before: Annotated[
            str | None,
            Field(
                description="Only entries older than this: how long ago (`1d`), a date, or seconds since the epoch."
                " Without it, all entries of the service.",
                max_length=40,
                examples=["1d"],
            ),
        ] = None,
    ) -> Annotated[CallToolResult, Deleted]:
        """Delete the entries of a service for good, or only its older ones.

        It needs the scope logs:delete; a client that lacks it is asked to sign in again for more.
        """
        _known(logs, service)
        deleted = logs.delete(service, _moment(before, logs.now()))
        return _result(f"Deleted {deleted} entries of {service}.", {"service": service, "deleted": deleted})


def _known(logs: Logs, service: str | None) -> None:
    """Refuse a service that never logged, with the names of those that did."""
    names = [] if service is None else [one.name for one in logs.services()]
    if service is not None and service not in names:
        raise ToolError(f"No service is named {quoted(service)}.{choice(service, names, 'Services')}")


def _moment(text: str | None, now: float) -> float | None:
    try:
        return None if text is None else moment(text, now)
    except ValueError as error:
        raise ToolError(str(error)) from error


def _entries(entries: list[Entry], total: int) -> CallToolResult:
    lines = [_line(entry) for entry in entries]
    head = f"{len(entries)} of {total} entries" if entries else "No entry matches."
    return _result("\n".join([head, *lines]), {"total": total, "logs": [as_json(entry) for entry in entries]})


def _line(entry: Entry) -> str:
    fields = " ".join(f"{key}={value}" for key, value in entry.fields.items())
    return f"{iso(entry.at)} {entry.level:<7} {entry.service}: {entry.message}" + (f" [{fields}]" if fields else "")


def _table(by: Grouping, counts: list[Count]) -> str:
    width = max([len(count.key) for count in counts], default=0)
    lines = [f"{c.key:<{width}} {c.entries:>6} entries {c.warnings:>5} warnings {c.errors:>5} errors" for c in counts]
    return "\n".join([f"Entries by {by}:", *lines]) if lines else "No entry matches."


def _result(text: str, structured: Mapping[str, Any]) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=dict(structured))


def _claims_of(context: Context[Any, Any]) -> dict[str, Any]:
    """Give the verified claims of the token with which a tool was called; none when there was no token."""
    request = context.request_context.request  # a Starlette request over HTTP, in every protocol version
    claims = getattr(request, "scope", {}).get("claims")
    return dict(claims) if isinstance(claims, Mapping) else {}
