"""`sandbox doctor`: walk a live MCP server as a careful client would, and say what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.doctor.callback import listening
from sandbox.doctor.client import USUAL_HABITS, Habits, client_of, connected
from sandbox.doctor.discovery import walk
from sandbox.doctor.http import Http
from sandbox.doctor.limits import USUAL_LIMITS, Limits
from sandbox.doctor.reach import Reach
from sandbox.doctor.report import Report, findings_of, ordered
from sandbox.doctor.survey import survey
from sandbox.doctor.transport import transported
from sandbox.doctor.walk import Walk
from sandbox.errors import SandboxError
from sandbox.outside.addresses import RefusedError, Resolve, checked, shown

__all__ = ["Habits", "Limits", "Report", "examine", "register", "sign_in"]


async def examine(url: str, habits: Habits = USUAL_HABITS, **options: Any) -> Report:
    """Examine an MCP server, without registering or signing in.

    `options` are `allowed`, hosts that may be asked although their addresses are private; `limits`; and `resolve`,
    which finds the addresses of a name. Raise SandboxError when the URL is none, or when nobody listens there.
    """
    async with _opened(url, **options) as http:
        walked = await walk(http, http.given, habits.client_id)
        refuse_unreachable(walked)
        await survey(walked)
        return reported(walked)


async def register(url: str, habits: Habits = USUAL_HABITS, **options: Any) -> Report:
    """Examine an MCP server, and register a client; `options` are those of `examine`."""
    async with _opened(url, **options) as http:
        walked = await walk(http, http.given, habits.client_id)
        refuse_unreachable(walked)
        await survey(walked)
        if not walked.stopped and not walked.is_public:
            async with listening(habits.callback_port) as callback:
                await client_of(walked, habits, callback.redirect_uri)
        return reported(walked)


async def sign_in(url: str, habits: Habits = USUAL_HABITS, **options: Any) -> Report:
    """Connect to an MCP server as a client does, asking nothing that a client would not."""
    async with _opened(url, **options) as http:
        walked, worked = await connected(http, http.given, habits)
        refuse_unreachable(walked)
        return reported(walked, signed_in=worked, is_complete=True)


def _opened(
    url: str, *, allowed: Iterable[str] = (), limits: Limits = USUAL_LIMITS, resolve: Resolve | None = None
) -> Http:
    given = address(url)
    return Http(given, Reach(given, allowed, resolve), limits)


def reported(walked: Walk, *, signed_in: bool | None = None, is_complete: bool = False) -> Report:
    """Give the report of a walk."""
    http = walked.http
    complete = is_complete or bool(walked.stopped) or walked.is_public
    return Report(
        url=walked.url,
        checks=ordered([*walked.checks, *transported(http)]),
        findings=findings_of(http.path, is_complete=complete),
        exchanges=tuple(http.exchanges),
        surveyed=tuple(sorted(http.surveyed)),
        stopped=walked.stopped,
        signed_in=signed_in,
    )


def address(url: str) -> str:
    """Give a URL that can be examined. Raise SandboxError for what is none, and say what was meant."""
    text = url.strip()
    _, separator, _ = text.partition("://")
    if not separator:
        host = text.partition("/")[0].partition(":")[0].strip("[]").lower()
        near = "http" if host in {"localhost", "127.0.0.1", "::1"} else "https"
        raise SandboxError(
            f"{text!r} has no scheme, and Claude Code would fail on it against any server. Did you mean"
            f" {near}://{text} ? (docs/the-connection-log.md began with this mistake.)"
        )
    try:
        checked(text)
    except RefusedError as refusal:
        raise SandboxError(f"{shown(text)!r}: {refusal}.") from None
    return text.partition("#")[0]


def refuse_unreachable(walked: Walk) -> None:
    """Raise SandboxError when the first request never found anybody."""
    first = next(iter(walked.first), None)
    if first is not None and first.failure in {"unreachable", "unresolved"}:
        raise SandboxError(f"{walked.url}: could not look: {first.said}.")
