"""The fixtures that say or ask something while they work: logs, progress, the client's model, the person."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.types import MISSING_REQUIRED_CLIENT_CAPABILITY, ElicitResult, SamplingMessage, TextContent

_PAUSE: Final = 0.05
"""Seconds between two messages, so that they come one by one."""
_AWAY: Final = 0.2
"""Seconds in which a client whose stream was closed is to come back."""

_Given = TypeVar("_Given")

_CONTACT: Final = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    },
    "required": ["username", "email"],
}
_DEFAULTS: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}
_NAMES: Final = ["option1", "option2", "option3"]
_TITLED: Final = [{"const": f"value{number}", "title": f"Option {number}"} for number in (1, 2, 3)]
_ENUMS: Final = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": _NAMES},
        "titledSingle": {"type": "string", "oneOf": _TITLED},
        "legacyEnum": {"type": "string", "enum": _NAMES, "enumNames": ["Option 1", "Option 2", "Option 3"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _NAMES}},
        "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
    },
}


def _deprecated(call: Callable[..., Awaitable[_Given]], *args: Any, **options: Any) -> Awaitable[_Given]:
    """Call what the SDK warns of: older clients still have it, and the suite asks for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        return call(*args, **options)


async def _log(context: Context[Any, Any], text: str) -> None:
    log = context.session.send_log_message
    await _deprecated(log, level="info", data=text, related_request_id=context.request_id)


async def tool_with_logging(context: Context[Any, Any]) -> str:
    """Log three times while working."""
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(context, text)
        await asyncio.sleep(_PAUSE)
    return "Logged three times."


async def logging_tool(context: Context[Any, Any]) -> str:
    """Log once; a client of MCP 2026-07-28 hears it only when it asked to."""
    await _log(context, "Tool execution started")
    return "Logged once."


async def tool_with_progress(context: Context[Any, Any]) -> str:
    """Tell how far it is."""
    for done in (0, 50, 100):
        await context.report_progress(done, 100)
        await asyncio.sleep(_PAUSE)
    return "Told of progress three times."


async def sampling(prompt: str, context: Context[Any, Any]) -> str:
    """Have the client's model answer."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    ask = context.session.create_message
    answer = await _deprecated(ask, [message], max_tokens=100, related_request_id=context.request_id)
    return f"LLM response: {getattr(answer.content, 'text', '')}"


async def elicitation(message: str, context: Context[Any, Any]) -> str:
    """Ask the person for a name and an address."""
    return f"User response: {_told(await _elicited(context, message, _CONTACT))}"


async def elicitation_sep1034_defaults(context: Context[Any, Any]) -> str:
    """Ask the person for values that have a default (SEP-1034)."""
    return f"Elicitation completed: {_told(await _elicited(context, 'Who are you?', _DEFAULTS))}"


async def elicitation_sep1330_enums(context: Context[Any, Any]) -> str:
    """Ask the person to choose, in every form that a choice has (SEP-1330)."""
    return f"Elicitation completed: {_told(await _elicited(context, 'What do you choose?', _ENUMS))}"


async def _elicited(context: Context[Any, Any], message: str, schema: dict[str, Any]) -> ElicitResult:
    # Said to belong to the request, else it waits for a stream that a client may never open.
    answer: ElicitResult = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
    return answer


def _told(answer: ElicitResult) -> str:
    return f"action={answer.action}, content={json.dumps(answer.content or {})}"


async def reconnection(context: Context[Any, Any]) -> str:
    """Close the stream on the way; the answer is for who comes back (SEP-1699)."""
    await context.close_sse_stream()
    await asyncio.sleep(_AWAY)
    return "Welcome back."


async def missing_capability(context: Context[Any, Any]) -> str:
    """Refuse a client that cannot sample, before anything is asked."""
    capabilities = context.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs the capability `sampling`", needed)
    return "The client can sample."


_TOOLS: Final = (
    *(tool_with_logging, logging_tool, tool_with_progress, sampling, elicitation, elicitation_sep1034_defaults),
    *(elicitation_sep1330_enums, reconnection, missing_capability),
)


def add_to(server: MCPServer) -> None:
    """Register all of it."""
    for function in _TOOLS:
        server.add_tool(function, name=f"test_{function.__name__}", structured_output=False)
