"""The fixtures that ask in rounds: the answer says what is wanted, and the client calls again (MCP 2026-07-28).

What a server wants to remember goes along as `requestState`; the SDK seals it, and refuses one that was changed.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import (
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    InputResponse,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

Answers = Mapping[str, InputResponse]

_ANSWERED_BY: Final = {
    "elicitation/create": ElicitResult,
    "sampling/createMessage": CreateMessageResult,
    "roots/list": ListRootsResult,
}


def _ask(message: str, field: str, kind: str = "string") -> ElicitRequest:
    """Ask the person for one value."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(text: str, tokens: int) -> CreateMessageRequest:
    """Ask the client's model."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


def _are_answered(requests: Mapping[str, InputRequest], answers: Answers) -> bool:
    """Say whether there is an answer to everything, of the kind that was asked for."""
    return all(isinstance(answers.get(name), _ANSWERED_BY[request.method]) for name, request in requests.items())


def _said(answer: InputResponse, field: str) -> str:
    """Give what a person or a model answered."""
    if isinstance(answer, ElicitResult):
        return str((answer.content or {}).get(field, answer.action))
    return str(getattr(getattr(answer, "content", None), "text", ""))


class Asked(NamedTuple):
    """What is asked in one round, what is remembered, and what is made of the answers."""

    requests: dict[str, InputRequest]
    reply: Callable[[Answers], str]
    state: str | None = None


_NAME: Final = _ask("What is your name?", "name")
_CONFIRM: Final = _ask("Please confirm", "ok", "boolean")
_ONE_ROUND: Final[dict[str, Asked]] = {
    "test_input_required_result_elicitation": Asked(
        {"user_name": _NAME}, lambda answers: f"Hello, {_said(answers['user_name'], 'name')}!"
    ),
    "test_streaming_elicitation": Asked(
        {"user_name": _NAME}, lambda answers: f"Hello, {_said(answers['user_name'], 'name')}!"
    ),
    "test_input_required_result_sampling": Asked(
        {"capital_question": _sample("What is the capital of France?", 100)},
        lambda answers: _said(answers["capital_question"], "text"),
    ),
    "test_input_required_result_list_roots": Asked(
        {"client_roots": ListRootsRequest()},
        lambda answers: ", ".join(str(root.uri) for root in getattr(answers["client_roots"], "roots", ())),
    ),
    "test_input_required_result_request_state": Asked({"confirm": _CONFIRM}, lambda _: "state-ok", "asked"),
    "test_input_required_result_tampered_state": Asked({"confirm": _CONFIRM}, lambda _: "state-ok", "asked"),
    "test_input_required_result_multiple_inputs": Asked(
        {"user_name": _NAME, "greeting": _sample("Generate a greeting", 50), "client_roots": ListRootsRequest()},
        lambda answers: f"{_said(answers['greeting'], 'text')} {_said(answers['user_name'], 'name')}",
        "asked",
    ),
}
_CONTEXT: Final = Asked(
    {"user_context": _ask("What context should the prompt use?", "context")},
    lambda answers: f"Think of {_said(answers['user_context'], 'context')}.",
)


def _in_one_round(asked: Asked) -> Callable[[Context[Any, Any]], Awaitable[str | InputRequiredResult]]:
    async def ask(context: Context[Any, Any]) -> str | InputRequiredResult:
        answers = context.input_responses or {}
        if context.request_state == asked.state and _are_answered(asked.requests, answers):
            return asked.reply(answers)
        return InputRequiredResult(input_requests=asked.requests, request_state=asked.state)

    return ask


async def multi_round(context: Context[Any, Any]) -> str | InputRequiredResult:
    """Ask for a name, then for a colour, and remember the name meanwhile; begin anew when an answer is missing."""
    steps: list[dict[str, InputRequest]] = [
        {"step1": _ask("Step 1: What is your name?", "name")},
        {"step2": _ask("Step 2: What is your favorite color?", "color")},
    ]
    remembered: list[str] = json.loads(context.request_state or "[]")
    answers = context.input_responses or {}
    if context.request_state is not None and _are_answered(steps[len(remembered)], answers):
        (answer,) = (answers[name] for name in steps[len(remembered)])
        remembered.append(_said(answer, "color" if remembered else "name"))
    else:
        remembered = []
    if len(remembered) == len(steps):
        return f"{remembered[0]} likes {remembered[1]}."
    return InputRequiredResult(input_requests=steps[len(remembered)], request_state=json.dumps(remembered))


async def capabilities(context: Context[Any, Any]) -> str | InputRequiredResult:
    """Ask only what the client has said that it can answer."""
    declared = context.client_capabilities or ClientCapabilities()
    possible: dict[str, tuple[Any, InputRequest]] = {
        "sample": (declared.sampling, _sample("Say hello", 50)),
        "ask": (declared.elicitation, _NAME),
    }
    requests = {name: request for name, (can, request) in possible.items() if can is not None}
    if not requests or _are_answered(requests, context.input_responses or {}):
        return f"Asked the client for {len(requests)} things."
    return InputRequiredResult(input_requests=requests)


def add_to(server: MCPServer) -> None:
    """Register all of it."""
    for name, asked in _ONE_ROUND.items():
        wanted = ", ".join(asked.requests)
        server.add_tool(_in_one_round(asked), name=name, description=f"Asks for {wanted}.", structured_output=False)
    for function in (multi_round, capabilities):
        server.add_tool(function, name=f"test_input_required_result_{function.__name__}", structured_output=False)
    prompt = server.prompt(name="test_input_required_result_prompt", description="Asks for a context first.")
    prompt(_in_one_round(_CONTEXT))
