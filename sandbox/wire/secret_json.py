"""Where secrets stand in JSON, also in JSON that is a text of JSON, and in a dict as Python writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from sandbox.wire.secret_names import ERROR_WORD, STATUS, Place, folded, is_secret_name

_SCHEMA: Final = (
    "type|title|description|default|enum|const|format|examples|anyOf|oneOf|allOf|[$]ref|minLength|maxLength"
)
"""With one of these begins an object that describes a field, in a schema, and holds none."""
_BEGIN: Final = rf'(?:\[|\{{(?!\s*+\\?"(?:{_SCHEMA})\\?"))'
_NUMBER: Final = r"(?P<number>-?\d[\d.eE+-]*)"
_TEXT: Final = r'"(?P<text>[^"\\]*(?:\\.[^"\\]*)*)'
_TEXT_IN_JSON: Final = r'\\"(?P<text>[^"\\]*)'
_REST: Final = rf"{_NUMBER}|true|false|null|(?P<begin>[\[{{])|(?P<end>[\]}}])"
_FIELD: Final = re.compile(
    rf'"(?P<name>[\w-]*+(?:\\u[0-9a-fA-F]{{4}}[\w-]*+)*+)"\s*:\s*(?:{_TEXT}|{_NUMBER}|{_BEGIN})', re.DOTALL
)
_ITEM: Final = re.compile(rf'[\s,]*+(?:{_TEXT}"?(?P<named>\s*+:)?|{_REST})', re.DOTALL)
_FIELD_IN_JSON: Final = re.compile(
    rf'\\"(?P<name>[\w-]*+(?:\\\\?u[0-9a-fA-F]{{4}}[\w-]*+)*+)\\"\s*:\s*(?:{_TEXT_IN_JSON}|{_NUMBER}|{_BEGIN})'
)
_ITEM_IN_JSON: Final = re.compile(rf'[\s,]*+(?:{_TEXT_IN_JSON}(?:\\")?(?P<named>\s*+:)?|{_REST})')
_IN_DICT: Final = re.compile(
    r"""'([\w-]+)'\s*:\s*(?:b?'([^'\\]*(?:\\.[^'\\]*)*)|b?"([^"\\]*(?:\\.[^"\\]*)*)|(\d+))""", re.DOTALL
)
_NAMES_ERRORS: Final = re.compile(r'"(?:message|error)\\?"', re.IGNORECASE)


def in_json(text: str) -> Iterator[Place]:
    """Find fields that hold a text, a number, or a list or an object of these."""
    names_errors = _NAMES_ERRORS.search(text) is not None
    yield from _in_fields(text, _FIELD, _ITEM, names_errors=names_errors)
    if '\\"' in text:
        yield from _in_fields(text, _FIELD_IN_JSON, _ITEM_IN_JSON, names_errors=names_errors)


def in_dict(text: str) -> Iterator[Place]:
    """Find what a dict holds, as Python writes it: `{'password': 'abc'}`."""
    for found in _IN_DICT.finditer(text):
        if is_secret_name(found[1]):
            group = found.lastindex or 0
            yield Place(*found.span(group), found[1], found[group])


def _in_fields(text: str, field: re.Pattern[str], item: re.Pattern[str], *, names_errors: bool) -> Iterator[Place]:
    end = 0
    for found in field.finditer(text):
        name = found["name"]
        if "\\" in name:
            name = _json_text(_json_text(name))
        if found.start() < end or not is_secret_name(name):
            continue
        is_code = folded(name) == "code"
        if is_code and found[0].endswith("{"):  # what that is about, nobody knows: codes are of many kinds
            continue
        values = [found]
        if found.lastgroup == "name":
            values, end = _within(text, found.end(), item)
        for value in values:
            group = "text" if value["text"] is not None else "number"
            if not (is_code and _names_error(value[group], is_number=group == "number", names_errors=names_errors)):
                yield Place(*value.span(group), name, _json_text(value[group]))


def _within(text: str, start: int, item: re.Pattern[str]) -> tuple[list[re.Match[str]], int]:
    """Give the texts and numbers of a list or an object and of those within it, names left out; and where it ends."""
    values: list[re.Match[str]] = []
    depth = 1
    while depth and (found := item.match(text, start)) is not None:
        start = found.end()
        depth += (found["begin"] is not None) - (found["end"] is not None)
        if found["number"] is not None or (found["text"] is not None and found["named"] is None):
            values.append(found)
    return values, start


def _names_error(value: str, *, is_number: bool, names_errors: bool) -> bool:
    """Say whether a `code` names an error: `{"code": "invalid_credentials", "message": …}`, `{"code": -32600}`."""
    if is_number:
        return names_errors or STATUS.fullmatch(value) is not None
    return names_errors and ERROR_WORD.fullmatch(value) is not None


def _json_text(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw
