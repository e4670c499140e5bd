"""JWT templates: the claims that an environment adds to its access tokens (WorkOS, JWT templates).

A template is a JSON object in which `{{ user.first_name || 'Someone' }}` stands for a value: within a text a part of
it, elsewhere a JSON value. The first operand that is there counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

RESERVED: Final = frozenset(
    {"iss", "aud", "sub", "exp", "iat", "nbf", "jti", "sid", "client_id", "org_id", "scope", "auth_time", "act"}
    | {"role", "roles", "permissions", "entitlements", "feature_flags"}
)
"""Claims that WorkOS sets itself; that no template may is CONFIRMED for `sub`, for the others UNCERTAIN."""

LONGEST: Final = 10_000
"""Characters that a template may have (UNCERTAIN)."""

_ROOTS: Final = frozenset({"user", "organization", "organization_membership"})
_OBJECTS: Final = _ROOTS | {
    f"{root}.{name}" for root in _ROOTS for name in ("metadata", "domains", "custom_attributes")
}
"""What is no text, and so cannot stand within one (CONFIRMED: WorkOS, JWT templates)."""

_PIECE: Final = re.compile(r'(?P<quote>")|\{\{(?P<expression>.*?)\}\}|\\.|.', re.DOTALL)
_OPERAND: Final = re.compile(
    r"\s*(?:'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\"|(?P<path>\w+(?:\.\w+)*))\s*(?:(?P<more>\|\|)|\Z)"
)


class TemplateError(Exception):
    """A template that is none; its text says why."""


class _Operand(NamedTuple):
    path: tuple[str, ...]
    """Empty for a literal."""
    literal: str


class _Hole(NamedTuple):
    """A place in the template that is filled in."""

    operands: tuple[_Operand, ...]
    within_text: bool


def check(content: str) -> None:
    """Raise TemplateError for a template that cannot be rendered, is no JSON object, or sets a reserved claim."""
    if len(content) > LONGEST:
        raise TemplateError(f"The template has over {LONGEST} characters.")
    for name in rendered(content, {}):
        if name in RESERVED:
            raise TemplateError(f'Claim "{name}" is reserved and cannot be used.')


def rendered(content: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Give the claims for `user`, `organization` and `organization_membership`; raise TemplateError."""
    text = "".join(part if isinstance(part, str) else _filled(part, context) for part in _parsed(content))
    try:
        claims = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise TemplateError("The template is no JSON once its variables are filled in.") from error
    if not isinstance(claims, dict):
        raise TemplateError("The template must be a JSON object.")
    return claims


@lru_cache(maxsize=16)
def _parsed(content: str) -> tuple[str | _Hole, ...]:
    return tuple(_parts(content))


def _parts(content: str) -> Iterator[str | _Hole]:
    within_text = False
    for piece in _PIECE.finditer(content):
        expression = piece["expression"]
        if expression is not None:
            yield _Hole(tuple(_operands(expression, within_text=within_text)), within_text)
            continue
        if piece["quote"] is not None:
            within_text = not within_text
        yield piece[0]


def _operands(expression: str, *, within_text: bool) -> Iterator[_Operand]:
    """Read the operands of an expression; raise TemplateError for one that is none."""
    place, more = 0, True
    while more:
        found = _OPERAND.match(expression, place)
        if found is None:
            raise TemplateError(f"'{expression.strip()[:100]}' is no variable, and no text in quotes.")
        place, more = found.end(), found["more"] is not None
        path = found["path"]
        if path is None:
            yield _Operand((), found["one"] or found["two"] or "")
            continue
        root = path.partition(".")[0]
        if root not in _ROOTS:
            raise TemplateError(f"There is no '{root[:100]}'; there are: {', '.join(sorted(_ROOTS))}.")
        if within_text and path in _OBJECTS:
            raise TemplateError(f"'{path}' is no text, and cannot stand within one.")
        yield _Operand(tuple(path.split(".")), "")


def _filled(hole: _Hole, context: Mapping[str, Any]) -> str:
    values = (_at(operand.path, context) if operand.path else operand.literal for operand in hole.operands)
    value = next((value for value in values if value is not None), None)
    if not hole.within_text:
        return json.dumps(value)
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]


def _at(path: tuple[str, ...], value: Any) -> Any:
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and step.isdecimal() and int(step[:6]) < len(value):
            value = value[int(step[:6])]
        else:
            return None
    return value
