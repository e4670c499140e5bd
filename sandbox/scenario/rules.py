"""What a scenario must obey beyond its types. Each rule gives what is wrong, in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from sandbox.durations import seconds
from sandbox.flow import STEPS
from sandbox.scenario.conflicts import conflict
from sandbox.scenario.document import Document
from sandbox.scenario.errors import ScenarioError
from sandbox.scenario.model import ACTIONS, Fault, Scenario
from sandbox.scenario.shapes import allowed_at, at
from sandbox.scenario.wording import Path, closest, listed, quoted, spelled, written
from sandbox.world import PLACEHOLDERS

Rule = Callable[[Document, Scenario], Iterator[ScenarioError]]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_TEXT: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_TIME_CLAIMS: Final = ("exp", "iat", "nbf", "auth_time")
_BRACES: Final = re.compile(r"\$\{(?P<shell>[\w.-]+)\}|\{\{\s*(?P<twice>[\w.-]+)\s*\}\}|\{\s*(?P<once>[\w.-]+)\s*\}")
_NEAR: Final = 0.8
_LONGEST_TURN: Final = 20


def check(document: Document, scenario: Scenario) -> None:
    """Raise ScenarioError for the first rule that a scenario of the right shape breaks."""
    for rule in _RULES:
        for error in rule(document, scenario):
            raise error


def _nothing_is_empty(document: Document, scenario: Scenario) -> Iterator[ScenarioError]:
    places: list[Path] = [(), ("expect",)]
    for index in range(len(scenario.faults)):
        places += [("faults", index), *(("faults", index, name) for name in ("when", "error", "redirect"))]
    for place in places:
        fields = _get(document.value, place)
        for name, value in fields.items() if isinstance(fields, dict) else ():
            path = (*place, name)
            if value is None:
                text = f"`{spelled(path)}` is empty. Say what it is, or leave it out."
                yield document.wrong(path, text + allowed_at(Scenario, path, value), key=True)
            if place == () and isinstance(value, str) and not value.strip():
                yield document.wrong(path, f"`{name}` is an empty text. Say what it is, or leave it out.")


def _one_action(document: Document, scenario: Scenario) -> Iterator[ScenarioError]:
    for index in range(len(scenario.faults)):
        path: Path = ("faults", index)
        fields = document.value["faults"][index]
        actions = [name for name in fields if name in ACTIONS]
        if not actions:
            yield document.wrong(path, f"`{spelled(path)}` has no action. It needs one of: {listed(ACTIONS)}.")
        if len(actions) > 1:
            text = f"`{spelled(path)}` has {len(actions)} actions: {listed(actions)}. Write a fault for each."
            yield document.wrong((*path, actions[1]), text, key=True)
        if "content_type" in fields and actions != ["body"]:
            text = f"`{spelled(path)}.content_type` goes with `body`, and there is none."
            yield document.wrong((*path, "content_type"), text, key=True)


def _arguments(document: Document, scenario: Scenario) -> Iterator[ScenarioError]:
    for index, fault in enumerate(scenario.faults):
        start: Path = ("faults", index)
        for path, text in (
            *_twice(fault),
            *_hollow(fault),
            *_times(fault),
            *_no_names(fault.remove),
            *_header_texts(fault),
        ):
            full = (*start, *path)
            yield document.wrong(full, f"`{spelled(full)}` {text}")


Wrong = Iterator[tuple[Path, str]]


def _twice(fault: Fault) -> Wrong:
    if len(set(fault.steps)) < len(fault.steps):
        yield ("at",), "names a step twice."


def _hollow(fault: Fault) -> Wrong:
    name = fault.action
    if name in {"set", "remove", "headers", "claims", "error", "redirect", "replace", "change"} and not getattr(
        fault, name
    ):
        yield (name,), "is empty, so there is nothing to do. Say what to change, or take the fault away."


def _times(fault: Fault) -> Wrong:
    if fault.on is not None and len(fault.on) > _LONGEST_TURN:
        yield ("on",), "counts further than anybody will. Write a smaller number."
    if fault.delay is not None and seconds(fault.delay) <= 0:
        yield (
            ("delay",),
            f"cannot be {quoted(fault.delay)}. Allowed: a duration longer than nothing, such as 250ms or 3s.",
        )
    if fault.advance is not None and seconds(fault.advance) <= 0:
        yield ("advance",), f"cannot be {quoted(fault.advance)}. Allowed: a duration longer than nothing, such as 10m."
    for name in _TIME_CLAIMS:
        value = (fault.claims or {}).get(name)
        if isinstance(value, str) and not _is_duration(value):
            allowed = "a duration from now, such as 30s or -1h, a number of seconds since 1970, or `null`"
            yield ("claims", name), f"cannot be {written(value)}. Allowed: {allowed}."


def _is_duration(text: str) -> bool:
    try:
        seconds(text)
    except ValueError:
        return False
    return True


def _no_names(names: Any, path: Path = ("remove",)) -> Wrong:
    """Refuse what stands for a name of a field and is none."""
    for name, inner in names.items() if isinstance(names, dict) else ():
        here = (*path, name)
        if isinstance(inner, (dict, list)) and inner:
            yield from _no_names(inner, here)
        elif inner is not None and inner is not True:
            allowed = "a list of the names inside it, a mapping, or `true` to remove the whole field"
            yield here, f"cannot be {written(inner)}. Allowed: {allowed}."
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if not isinstance(name, str):
            yield (*path, index), f"cannot be {written(name)}. Allowed: the name of a field."


def _header_texts(fault: Fault) -> Wrong:
    """Refuse what cannot be sent in a header (RFC 9110, section 5)."""
    headers = fault.headers or {}
    seen: dict[str, str] = {}
    for name in headers:
        if not _TOKEN.fullmatch(name):
            yield ("headers", name), "is no name of a header. Allowed: letters, digits and `-`, without spaces."
        if name.lower() in seen:
            yield ("headers", name), f"is the same header as {quoted(seen[name.lower()])}, as case does not matter."
        seen[name.lower()] = name
    error = fault.error if not isinstance(fault.error, str) else None
    redirect = fault.redirect if not isinstance(fault.redirect, str) else None
    listed = {
        ("headers", name, index): text
        for name, value in headers.items()
        for index, text in enumerate(value if isinstance(value, list) else [])
    }
    texts: dict[Path, Any] = (
        {("headers", name): value for name, value in headers.items()}
        | listed
        | {
            ("content_type",): fault.content_type,
            ("redirect",): fault.redirect,
            ("redirect", "to"): redirect and redirect.to,
            ("error",): fault.error,
            ("error", "code"): error and error.code,
            ("error", "description"): error and error.description,
        }
    )
    for path, text in texts.items():
        if isinstance(text, str) and not _FIELD_TEXT.fullmatch(text):
            yield path, "cannot be sent in a header. Allowed: one line of Latin-1 text."


def _placeholders(document: Document, _scenario: Scenario) -> Iterator[ScenarioError]:
    for part in ("world", "faults", "fixed"):
        for path, text in _texts(document.value.get(part), (part,)):
            for found in _BRACES.finditer(text):
                name = found["shell"] or found["twice"] or found["once"]
                near = closest(name.replace("-", "_"), PLACEHOLDERS, _NEAR)
                if near is not None and found[0] != f"{{{near}}}":
                    allowed = ", ".join(f"`{{{name}}}`" for name in PLACEHOLDERS)
                    message = f"{quoted(found[0])} is no placeholder. Did you mean `{{{near}}}`? Allowed: {allowed}."
                    yield document.wrong(path, message)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, (dict, list)):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in inner:
        yield from _texts(part, (*path, step))


def _expectations(document: Document, scenario: Scenario) -> Iterator[ScenarioError]:
    if scenario.expect.connects:
        return
    needed = {"step": "where it breaks", "cause": "why it breaks", "fix": "what a person changes, and where"}
    for name, said in needed.items():
        if getattr(scenario, name) is None:
            text = f"a scenario lacks `{name}`, {said}. Only one with `expect: {{connects: true}}` needs none."
            yield document.wrong((), text)
    step, reaches = scenario.step, scenario.expect.reaches
    if step is None:
        return
    earlier = STEPS[: STEPS.index(step)]
    if reaches is None and earlier:
        yield document.wrong(
            ("expect",), f"`expect` lacks `reaches`, the last step that still works.{_one_of(earlier)}"
        )
    if reaches is not None and reaches not in earlier:
        text = f"`expect.reaches` is {quoted(reaches)}, which does not come before {quoted(step)}, where it breaks."
        yield document.wrong(("expect", "reaches"), text + _one_of(earlier))


def _one_of(earlier: tuple[str, ...]) -> str:
    return f" Allowed: {listed(earlier)}." if earlier else " Nothing does: leave it out."


def _conflicts(document: Document, scenario: Scenario) -> Iterator[ScenarioError]:
    found = conflict(scenario.faults)
    if found is not None:
        first, second = scenario.faults[found.first], scenario.faults[found.second]
        path: Path = ("faults", found.second)
        shared = next(step for step in first.steps if step in second.steps)
        yield document.wrong(
            path,
            f"this fault ({quoted(str(second))}) and the one {document.nearby(('faults', found.first))}"
            f" ({quoted(str(first))}) would both edit {found} of the same {quoted(shared)} exchange."
            " Tell them apart by `when` or `on`, or make them one.",
        )


def _get(value: Any, path: Path) -> Any:
    try:
        return at(value, path)
    except (KeyError, TypeError):
        return None


_RULES: Final[tuple[Rule, ...]] = (
    _nothing_is_empty,
    _one_action,
    _arguments,
    _placeholders,
    _expectations,
    _conflicts,
)
