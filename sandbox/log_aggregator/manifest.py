"""Reading a raindrop.manifest, the HCL file in which Raindrop configures an MCP service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from sandbox.errors import SandboxError
from sandbox.scenario.wording import choice, listed, meant, quoted

if TYPE_CHECKING:
    from hcl2.query._base import NodeView
    from hcl2.query.attributes import AttributeView
    from hcl2.query.blocks import BlockView
    from hcl2.query.body import DocumentView

_ATTRIBUTES: Final = ("visibility", "authorization_server")
_VISIBILITIES: Final = ("protected", "public")


def read_manifest(path: Path, service: str = "log-aggregator") -> dict[str, Any]:
    """Give what a raindrop.manifest says of the MCP service, as settings of the world.

    The `mcp_service` block may stand alone or within `application` blocks; of several, the one named `service` counts,
    and of the rest of the file nothing does. Raindrop serves MCP at `/`. Raise SandboxError, in one line that begins
    with the file and, where there is one, the line of the mistake.
    """
    document = _parsed(path)
    block = _chosen(path, document, service)
    values = _values(path, block)
    visibility = values.get("visibility")
    if visibility not in _VISIBILITIES:
        said = "has no visibility." if visibility is None else f"has the visibility {quoted(visibility)}."
        allowed = choice(visibility or "", _VISIBILITIES)
        raise SandboxError(f"{_place(path, block)}: {_called(block)} {said}{allowed}")
    settings: dict[str, Any] = {"visibility": visibility, "path": "/"}
    if values.get("authorization_server"):
        settings["authorization_server"] = values["authorization_server"]
    elif visibility == "protected":
        raise SandboxError(
            f"{_place(path, block)}: {_called(block)} is protected and names no authorization_server."
            ' Add authorization_server = "https://…", the issuer whose tokens it accepts.'
        )
    return {"service": settings}


def _parsed(path: Path) -> DocumentView:
    from hcl2.query.body import DocumentView  # `hcl2.query()` stops being a function once this package is imported
    from lark.exceptions import LarkError, UnexpectedInput

    try:
        return DocumentView.parse(_text(path))
    except UnexpectedInput as error:
        found = str(getattr(error, "token", "") or getattr(error, "char", "")).partition("\n")[0].strip()
        reason = f"{quoted(found)} does not belong here" if found else "something is missing here"
        raise SandboxError(f"{path}:{error.line}:{error.column}: This is no HCL: {reason}.") from error
    except (LarkError, RuntimeError, ValueError) as error:  # a RecursionError is a RuntimeError
        raise SandboxError(f"{path}: This is no HCL that can be read.") from error


def _text(path: Path) -> str:
    if path.is_dir():
        raise SandboxError(f"{path}: This is a directory; name the file, {quoted(str(path / 'raindrop.manifest'))}.")
    if path.exists() and not path.is_file():
        raise SandboxError(f"{path}: This is no file.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise SandboxError(f"{path}: There is no such file.") from None
    except OSError as error:
        raise SandboxError(f"{path}: This file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        raise SandboxError(f"{path}: This is no text; a manifest is HCL in UTF-8.")
    return text


def _chosen(path: Path, document: DocumentView, service: str) -> BlockView:
    """Give the block of the service: the only one, or the one of that name."""
    blocks = list(_services(document))
    if not blocks:
        kinds = sorted({block.block_type for block in _blocks(document)})
        raise SandboxError(
            f"{path}: There is no mcp_service block."
            + meant("mcp_service", kinds)
            + (f" There are: {listed(kinds)}." if kinds else "")
        )
    named = [block for block in blocks if _name(block) == service] if len(blocks) > 1 else blocks
    if not named:
        names = [_name(block) for block in blocks]
        raise SandboxError(
            f"{path}: There are {len(blocks)} mcp_service blocks, and none is named {quoted(service)}."
            f"{choice(service, names, 'They are')}"
        )
    if len(named) > 1:
        raise SandboxError(f"{_place(path, named[1])}: There is a second mcp_service {quoted(service)}; keep one.")
    return named[0]


def _services(document: DocumentView) -> Iterator[BlockView]:
    yield from (block for block in _blocks(document) if block.block_type == "mcp_service")


def _blocks(document: DocumentView) -> Iterator[BlockView]:
    """Give the blocks at the top and those right within an `application`."""
    for block in cast("list[BlockView]", document.blocks()):
        yield block
        if block.block_type == "application":
            yield from cast("list[BlockView]", block.blocks())


def _values(path: Path, block: BlockView) -> dict[str, str]:
    """Give the texts of the block's attributes."""
    values: dict[str, str] = {}
    for attribute in cast("list[AttributeView]", block.attributes()):
        name = attribute.name
        place = _place(path, attribute)
        if name not in _ATTRIBUTES:
            raise SandboxError(f"{place}: {quoted(name)} is no attribute of an mcp_service.{choice(name, _ATTRIBUTES)}")
        if name in values:
            raise SandboxError(f"{place}: {quoted(name)} is set twice.")
        values[name] = _plain_text(attribute, place)
    return values


def _plain_text(attribute: AttributeView, place: str) -> str:
    from hcl2 import SerializationOptions

    raw = attribute.value
    if not isinstance(raw, str) or not re.fullmatch(r'"(?!<<)(?:[^$%]|[$%](?!\{))*"', raw):
        raise SandboxError(
            f'{place}: {quoted(attribute.name)} must be a plain text in double quotes, such as "public".'
        )
    text: str = attribute.to_dict(SerializationOptions(strip_string_quotes=True, with_comments=False))[attribute.name]
    return text


def _name(block: BlockView) -> str:
    return next(iter(block.name_labels), "")


def _called(block: BlockView) -> str:
    return f"mcp_service {quoted(_name(block))}"


def _place(path: Path, view: NodeView) -> str:
    return f"{path}:{view.raw.to_lark().meta.line}"
