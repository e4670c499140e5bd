"""The MCP server with a token: initialize, tools/list, perhaps a tool, and another token where it asks for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from sandbox.diagnosis.challenges import Challenge, challenges
from sandbox.doctor import mcp
from sandbox.doctor.checks import Verdict, failed, passed
from sandbox.doctor.http import Answer
from sandbox.doctor.walk import Walk, post
from sandbox.flow import Step

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_SUCCESS: Final = range(200, 300)

Renew = Callable[[str | None], Awaitable[str | None]]
"""Signs in again for these scopes, and gives the token; for None it begins anew, with discovery. None: that failed."""


class Session:
    """Speaks with the MCP server; `renew` is asked for a token with more scopes, or for one that is good."""

    def __init__(self, walked: Walk, token: str, renew: Renew, tool: str | None = None) -> None:
        self._walked = walked
        self._token = token
        self._scopes = (walked.scope or "").split()
        self._renew = renew
        self._tool = tool
        self._step_ups = 0
        self._was_good = False

    async def used(self) -> bool:
        """Begin, list the tools, and end; say whether that worked."""
        begun = await self._asked(mcp.initialize(), "session")
        result = mcp.result_of(begun.response)
        if result is None:
            return await self._used_without_session(begun)
        self._said("initialize", "session", "initialize with the token", passed(_named(result)))
        session, version = begun.header("mcp-session-id"), str(result.get("protocolVersion", mcp.LEGACY))
        session = session if session and session.isascii() and session.isprintable() else None
        version = version if version.isascii() and version.isprintable() else mcp.LEGACY
        await self._asked(mcp.legacy("notifications/initialized", session, version), "messages")
        listed = await self._asked(mcp.legacy("tools/list", session, version), "messages")
        worked = self._listed(listed)
        if worked and self._tool:
            worked = self._called(await self._asked(mcp.legacy("tools/call", session, version, self._tool), "messages"))
        if session:
            headers = mcp.legacy("ping", session, version).headers | {"authorization": f"Bearer {self._token}"}
            await self._walked.http.ask("DELETE", self._walked.endpoint, "messages", headers=headers, follow="none")
        return worked

    async def _used_without_session(self, begun: Answer) -> bool:
        """Try it as MCP 2026-07-28, where the server did not refuse the token itself."""
        what = "initialize with the token"
        if begun.response is None or begun.status in {401, _FORBIDDEN}:
            self._said("initialize", "session", what, _refused(begun))
            return False
        found = await self._asked(mcp.modern("server/discover"), "session")
        result = mcp.result_of(found.response)
        if result is None:
            self._said("initialize", "session", what, _refused(begun))
            return False
        self._said("initialize", "session", "server/discover with the token", passed(_named(result)))
        worked = self._listed(await self._asked(mcp.modern("tools/list"), "messages"))
        if worked and self._tool:
            worked = self._called(await self._asked(mcp.modern("tools/call", self._tool), "messages"))
        return worked

    def _listed(self, answer: Answer) -> bool:
        result = mcp.result_of(answer.response)
        tools = result.get("tools") if result else None
        verdict = passed(f"{len(tools)} tools") if isinstance(tools, list) else _refused(answer)
        self._said("tools", "messages", "tools/list with the token", verdict)
        return verdict.result == "passed"

    def _called(self, answer: Answer) -> bool:
        result = mcp.result_of(answer.response)
        verdict = _refused(answer) if result is None else passed("an answer")
        self._said("call", "messages", f"tools/call {self._tool} with the token", verdict)
        return verdict.result == "passed"

    def _said(self, id_: str, step: Step, what: str, verdict: Verdict) -> None:
        self._walked.add(id_, step, what, verdict)
        if verdict.result == "failed":
            self._walked.stop(f"{what}: {verdict.evidence}")

    async def _asked(self, message: mcp.Message, step: Step) -> Answer:
        """Post with the token, and once more with another where the answer asks for one."""
        while True:
            answer = await post(self._walked, message, step, self._token)
            token = await self._another(answer, step)
            if token is None:
                self._was_good = self._was_good or answer.status in _SUCCESS
                return answer
            self._token = token

    async def _another(self, answer: Answer, step: Step) -> str | None:
        """Get the token that an answer asks for, or None.

        With more scopes, a few times (MCP, scope challenge handling); or anew, where one that was good is refused.
        """
        if answer.status == _UNAUTHORIZED and self._was_good:
            self._was_good = False
            self._walked.add("anew", step, "a token that was good is refused: begun anew", passed(answer.said))
            return await self._renew(None)
        wanted = _lacking(answer)
        if wanted is None or self._step_ups >= self._walked.http.limits.step_ups:
            return None
        self._step_ups += 1
        self._scopes = list(dict.fromkeys([*self._scopes, *wanted.split()]))
        self._walked.add("step-up", step, "more scopes are asked for", passed(wanted))
        return await self._renew(" ".join(self._scopes))


def _lacking(answer: Answer) -> str | None:
    """Give the scopes that a 403 asks for; None for any other answer (RFC 6750, section 3.1)."""
    if answer.status != _FORBIDDEN:
        return None
    found = next((one for one in challenges(answer.header("www-authenticate") or "") if _asks(one)), None)
    return found.get("scope") if found else None


def _asks(one: Challenge) -> bool:
    return one.is_bearer and one.get("error") == "insufficient_scope"


def _refused(answer: Answer) -> Verdict:
    error = mcp.error_of(answer.response)
    challenge = answer.header("www-authenticate") if answer.status not in _SUCCESS else None
    return failed(", ".join(filter(None, (answer.said, error, challenge))))


def _named(result: dict[str, Any]) -> str:
    info = result.get("serverInfo")
    return f"{info.get('name')} {info.get('version', '')}".strip() if isinstance(info, dict) else "answered"
