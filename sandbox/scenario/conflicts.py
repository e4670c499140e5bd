"""Faults that would edit the same thing of the same exchange, so that only their order could tell what happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

from sandbox.scenario.model import Fault
from sandbox.scenario.overlap import can_both_hold, coincide

Thing = tuple[str, ...]
"""What an action edits, from the whole to the part: `("answer", "body", "issuer")`. A whole includes its parts."""

_ANSWER: Final[Thing] = ("answer",)
_STATUS: Final[Thing] = ("answer", "status")
_BODY: Final[Thing] = ("answer", "body")
_HEADER: Final[Thing] = ("answer", "header")
# A token is a part of the token response, so that its claims conflict with whatever replaces it whole.
_TOKEN: Final[Thing] = ("answer", "body", "access_token")


class Conflict(NamedTuple):
    """Two faults, by index, and the thing that both would edit."""

    first: int
    second: int
    thing: Thing

    def __str__(self) -> str:
        """Name the thing: `body.issuer`, or the whole answer."""
        parts = self.thing[1:] if self.thing[0] == "answer" else self.thing
        return f"`{'.'.join(parts)}`" if parts else "the whole answer"


def conflict(faults: Sequence[Fault]) -> Conflict | None:
    """Give the first two faults that would edit the same thing of a common exchange; None when there are none."""
    edits = [edited(fault) for fault in faults]
    for (first, one), (second, other) in combinations(enumerate(faults), 2):
        thing = _shared(edits[first], edits[second])
        if thing is not None and _meet(one, other):
            return Conflict(first, second, thing)
    return None


def edited(fault: Fault) -> frozenset[Thing]:
    """Give the things that a fault edits."""
    return frozenset(_EDITED[fault.action](fault))


def _shared(one: Iterable[Thing], other: Iterable[Thing]) -> Thing | None:
    """Give the smaller of two things of which one includes the other; None when none does."""
    pairs = ((a, b) if len(a) <= len(b) else (b, a) for a in one for b in other)
    return min((part for whole, part in pairs if part[: len(whole)] == whole), default=None)


def _meet(one: Fault, other: Fault) -> bool:
    """Say whether some exchange could be taken by both."""
    if not set(one.steps) & set(other.steps):
        return False
    same = one.when == other.when and set(one.steps) == set(other.steps)  # then both count the same exchanges
    return coincide(one.on, other.on) if same else can_both_hold(one.when, other.when)


def _set(fields: Mapping[str, Any], start: Thing = _BODY) -> Iterator[Thing]:
    for name, value in fields.items():
        nested = isinstance(value, Mapping) and value
        yield from _set(value, (*start, name)) if nested else ((*start, name),)


def _remove(names: Mapping[str, Any] | Sequence[str], start: Thing = _BODY) -> Iterator[Thing]:
    nested = names if isinstance(names, Mapping) else {}
    for name in names:
        inner = nested.get(name)
        yield from _remove(inner, (*start, name)) if isinstance(inner, (Mapping, list)) else ((*start, name),)


def _body(fault: Fault) -> Iterable[Thing]:
    return (_BODY, (*_HEADER, "content-type")) if fault.content_type is not None else (_BODY,)


def _close(fault: Fault) -> Iterable[Thing]:
    return (_ANSWER,) if fault.close == "before" else (("answer", "length"),)


def _state(fault: Fault) -> Iterable[Thing]:
    return (("state", str(getattr(fault, fault.action))),)


_EDITED: Final[dict[str, Callable[[Fault], Iterable[Thing]]]] = {
    "set": lambda fault: _set(fault.set or {}),
    "remove": lambda fault: _remove(fault.remove or ()),
    "error": lambda _: (_STATUS, _BODY),
    "status": lambda _: (_STATUS,),
    "headers": lambda fault: [(*_HEADER, name.lower()) for name in fault.headers or {}],
    "body": _body,
    "redirect": lambda _: (_STATUS, _BODY, (*_HEADER, "location")),
    "delay": lambda _: (("delay",),),
    "hang": lambda _: (_ANSWER,),
    "close": _close,
    "claims": lambda fault: [(*_TOKEN, "claims", name) for name in fault.claims or {}],
    "sign": lambda _: ((*_TOKEN, "signature"),),
    "token_format": lambda _: (_TOKEN,),
    "replace": lambda _: (("answer", "text"),),
    "encode": lambda _: (("answer", "encoding"),),
    "forget": _state,
    "rotate": _state,
    "revoke": _state,
    "expire": _state,
    "advance": lambda _: (("state", "clock"),),
    "change": lambda fault: _set(fault.change or {}, ("world",)),
}
