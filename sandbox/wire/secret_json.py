"""Where secrets stand in JSON, also in JSON that is a text of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from sandbox.wire.secret_names import ERROR_WORD, STATUS, Place, folded, is_secret_name

_NUMBER: Final = r"(-?\d[\d.eE+-]*)"
_TEXT: Final = r'"([^"\\]*(?:\\.[^"\\]*)*)'
_TEXT_IN_JSON: Final = r'\\"([^"\\]*)'
_JSON_FIELD: Final = re.compile(rf'"([\w-]+)"\s*:\s*(?:{_TEXT}|{_NUMBER}|\[)', re.DOTALL)
_JSON_ITEM: Final = re.compile(rf'[\s,\[]*+(?:{_TEXT}"?|{_NUMBER}|true|false|null|(\]))', re.DOTALL)
_JSON_IN_JSON: Final = re.compile(rf'\\"([\w-]+)\\"\s*:\s*(?:{_TEXT_IN_JSON}|{_NUMBER}|\[)')
_ITEM_IN_JSON: Final = re.compile(rf'[\s,\[]*+(?:{_TEXT_IN_JSON}(?:\\")?|{_NUMBER}|true|false|null|(\]))')
_NAMES_ERRORS: Final = re.compile(r'"(?:message|error)\\?"', re.IGNORECASE)


def in_json(text: str) -> Iterator[Place]:
    """Find fields that hold a text, a number, or a list of these."""
    names_errors = _NAMES_ERRORS.search(text) is not None
    yield from _in_fields(text, _JSON_FIELD, _JSON_ITEM, names_errors=names_errors)
    if '\\"' in text:
        yield from _in_fields(text, _JSON_IN_JSON, _ITEM_IN_JSON, names_errors=names_errors)


def _in_fields(text: str, field: re.Pattern[str], item: re.Pattern[str], *, names_errors: bool) -> Iterator[Place]:
    for found in field.finditer(text):
        name = found[1]
        if not is_secret_name(name):
            continue
        is_code = folded(name) == "code"
        for value in (found,) if found.lastindex != 1 else _items(text, found.end(), item):
            group = value.lastindex or 0
            is_number = group == value.re.groups - (value.re is item)
            if not (is_code and _names_error(value[group], is_number=is_number, names_errors=names_errors)):
                yield Place(*value.span(group), name, _json_text(value[group]))


def _items(text: str, start: int, item: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Give the texts and numbers of a list, and of the lists within it."""
    depth = 1
    found = item.match(text, start)
    while found is not None:
        depth += text.count("[", found.start(), _begin(found))
        if found[3] is not None:
            depth -= 1
        elif found.lastindex is not None:
            yield found
        found = item.match(text, found.end()) if depth else None


def _begin(found: re.Match[str]) -> int:
    """Give where an item begins, behind the brackets before it."""
    return found.start(found.lastindex) if found.lastindex is not None else found.end()


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
