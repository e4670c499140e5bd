"""The fixtures that answer at once: every kind of content, resources, prompts, completions."""

from __future__ import annotations

import io
import json
import struct
import wave
import zlib
from collections.abc import Callable
from typing import Annotated, Any, Final

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Audio, Context, Image, MCPServer, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    EmbeddedResource,
    EmptyResult,
    PromptReference,
    RequestParams,
    ResourceTemplateReference,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import Field

_Function = Callable[..., Any]

_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
"""A schema with the keywords of JSON Schema 2020-12 that a server is to hand on unaltered."""


def _png() -> bytes:
    """Draw one red pixel (PNG, third edition, section 5)."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0\xff\0\0")), (b"IEND", b""))
    written = (struct.pack(">I", len(data)) + kind + data + _checksum(kind + data) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def _checksum(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def _wav() -> bytes:
    """Record a moment of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(b"\0\0")
    return file.getvalue()


def _embedded(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


def simple_text() -> str:
    """Answer with a text."""
    return "This is a simple text response for testing."


def image_content() -> Image:
    """Answer with a picture."""
    return Image(data=_png(), format="png")


def audio_content() -> Audio:
    """Answer with a sound."""
    return Audio(data=_wav(), format="wav")


def embedded_resource() -> EmbeddedResource:
    """Answer with a resource in the answer itself."""
    return _embedded("test://embedded-resource", "This is an embedded resource content.")


def multiple_content_types() -> list[Any]:
    """Answer with a text, a picture and a resource."""
    data = _embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
    return ["Multiple content types test:", Image(data=_png(), format="png"), data]


def error_handling() -> str:
    """Fail, always."""
    raise ToolError("This tool intentionally returns an error for testing")


def x_mcp_header(
    region: Annotated[
        str, Field(description="What the header Mcp-Param-Region says.", json_schema_extra={"x-mcp-header": "Region"})
    ] = "",
) -> str:
    """Answer with an argument that a header repeats (MCP 2026-07-28, Streamable HTTP, custom headers)."""
    return f"region: {region}"


async def trigger_tool_change(context: Context[Any, Any]) -> str:
    """Tell those who listen that the list of tools has changed, as if it had."""
    await context.notify_tools_changed()
    return "Said that the tools have changed."


async def trigger_prompt_change(context: Context[Any, Any]) -> str:
    """Tell those who listen that the list of prompts has changed, as if it had."""
    await context.notify_prompts_changed()
    return "Said that the prompts have changed."


def simple_prompt() -> str:
    """Ask without arguments."""
    return "This is a simple prompt for testing."


def prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Ask with two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's spelling
    """Ask about a resource that comes along."""
    resource = _embedded(resourceUri, "Embedded resource content for testing.")
    return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]


def prompt_with_image() -> list[UserMessage]:
    """Ask about a picture that comes along."""
    return [UserMessage(Image(data=_png(), format="png")), UserMessage("Please analyze the image above.")]


def static_text() -> str:
    """Give a text that never changes."""
    return "This is the content of the static text resource."


def static_binary() -> bytes:
    """Give a picture that never changes."""
    return _png()


def watched_resource() -> str:
    """Give a text that can be subscribed to; it never changes either."""
    return "This is the content of the watched resource."


def template(id: str) -> str:  # noqa: A002 - the suite's spelling
    """Give data made for an id."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


async def _completion(
    _ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
) -> Completion:
    """Suggest the words that begin as the argument does."""
    found = [word for word in ("paris", "park", "party") if word.startswith(argument.value)]
    return Completion(values=found, total=len(found), has_more=False)


async def _accepted(_context: ServerRequestContext[Any, Any], _params: RequestParams) -> EmptyResult:
    """Accept; nothing that can be subscribed to ever changes, and the fixtures log at one level only."""
    return EmptyResult()


_TOOLS: Final[tuple[_Function, ...]] = (
    *(simple_text, image_content, audio_content, embedded_resource, multiple_content_types),
    *(error_handling, x_mcp_header, trigger_tool_change, trigger_prompt_change),
)
_PROMPTS: Final[tuple[_Function, ...]] = (
    *(simple_prompt, prompt_with_arguments, prompt_with_embedded_resource, prompt_with_image),
)
_RESOURCES: Final[dict[str, tuple[_Function, str]]] = {
    "test://static-text": (static_text, "text/plain"),
    "test://static-binary": (static_binary, "image/png"),
    "test://watched-resource": (watched_resource, "text/plain"),
    "test://template/{id}/data": (template, "application/json"),
}
_ACCEPTED: Final[dict[str, type[RequestParams]]] = {
    "logging/setLevel": SetLevelRequestParams,
    "resources/subscribe": SubscribeRequestParams,
    "resources/unsubscribe": UnsubscribeRequestParams,
}


def json_schema_tool() -> Tool:
    """Make the tool whose schema no Python function has."""
    tool = Tool.from_function(lambda: "Done.", name="json_schema_2020_12_tool", description="Has a rich schema.")
    tool.parameters = _SCHEMA
    return tool


def add_to(server: MCPServer) -> None:
    """Register all of it."""
    for function in _TOOLS:
        server.add_tool(function, name=f"test_{function.__name__}", structured_output=False)
    for function in _PROMPTS:
        server.prompt(name=f"test_{function.__name__}")(function)
    for uri, (function, mime_type) in _RESOURCES.items():
        server.resource(uri, mime_type=mime_type)(function)
    server.completion()(_completion)  # type: ignore[no-untyped-call]
    for method, params in _ACCEPTED.items():
        # MCPServer 2.3 has no public way to serve these; its own completion() does the same.
        server._lowlevel_server.add_request_handler(method, params, _accepted)  # noqa: SLF001
