"""A setting as a control of a form, and what a form says as a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import inspect

from sandbox.errors import SandboxError
from sandbox.scenario.allowed import said
from sandbox.scenario.settings import Setting

_KIND_OF: Final[Mapping[type, str]] = {
    inspect.BoolType: "switch",
    inspect.LiteralType: "choice",
    inspect.VarTupleType: "lines",
    inspect.StrType: "text",
    inspect.IntType: "number",
}
_LITERALS: Final = inspect.LiteralType


def control(setting: Setting) -> str:
    """Name the control of a setting: switch, choice, choices, lines, text, number, or json for what holds more."""
    kinds = {_KIND_OF.get(type(kind.type), "json"): kind.type for kind in setting.kinds if not _is_null(kind.type)}
    if "json" in kinds or isinstance(getattr(kinds.get("lines"), "item_type", None), inspect.StructType):
        return "json"
    if "lines" in kinds:
        return "choices" if isinstance(kinds["lines"].item_type, _LITERALS) else "lines"
    return next(iter(kinds))


def options(setting: Setting) -> Sequence[str]:
    """Give what a choice offers: the healthy values first, in their order."""
    (kind,) = setting.kinds
    offered = getattr(kind.type, "item_type", kind.type).values
    healthy = setting.healthy if isinstance(setting.healthy, (list, tuple)) else [setting.healthy]
    return [*healthy, *(value for value in offered if value not in healthy)]


def hint(setting: Setting) -> str:
    """Say how a value is written, where the control does not show it."""
    how = {"lines": "One on each line.", "json": "JSON."}.get(control(setting), "")
    if any(isinstance(kind.type, inspect.DictType) for kind in setting.kinds):
        return "JSON. What you leave out stays as it is."
    if any(isinstance(kind.type, _LITERALS) for kind in setting.kinds) and control(setting) == "lines":
        return f"{said(setting.kinds[:1])}, or one on each line."
    return "Empty is null." if any(_is_null(kind.type) for kind in setting.kinds) else how


def shown(setting: Setting, value: Any) -> str:
    """Give a value as its control holds it."""
    match control(setting):
        case "lines":
            return value if isinstance(value, str) else "\n".join(value)
        case "json":
            return json.dumps(value, indent=2, ensure_ascii=False) if value is not None else ""
        case "switch":
            return "on" if value else "off"
    return "" if value is None else str(value)


def value_of(setting: Setting, sent: Sequence[str]) -> Any:
    """Read what a form sent for a setting; raise SandboxError for what cannot be read at all."""
    text = (sent[0] if sent else "").replace("\r\n", "\n")
    if not text and any(_is_null(kind.type) for kind in setting.kinds):
        return None
    return _READ[control(setting)](setting, text, sent)


def _lines(setting: Setting, text: str, _: Sequence[str]) -> Any:
    words = {value for kind in setting.kinds if isinstance(kind.type, _LITERALS) for value in kind.type.values}
    written = [line.strip() for line in text.split("\n") if line.strip()]
    return written[0] if len(written) == 1 and written[0] in words else written


def _number(setting: Setting, text: str, _: Sequence[str]) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(2**31)):
        raise SandboxError(f"`{setting.name}` cannot be `{text[:20]}`. Allowed: {said(setting.kinds)}.")
    return int(text)


def _json(setting: Setting, text: str, _: Sequence[str]) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise SandboxError(f"`{setting.name}` is no JSON: {error}.") from error


def _is_null(kind: Any) -> bool:
    return isinstance(kind, inspect.NoneType)


_READ: Final[Mapping[str, Callable[[Setting, str, Sequence[str]], Any]]] = {
    "switch": lambda _setting, text, _sent: text == "on",
    "choice": lambda _setting, text, _sent: text,
    "choices": lambda _setting, _text, sent: list(sent),
    "lines": _lines,
    "text": lambda _setting, text, _sent: text,
    "number": _number,
    "json": _json,
}
