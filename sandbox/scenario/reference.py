"""The tables of the language's reference, made from the model.

`python -m sandbox.scenario.reference` brings docs/scenario-language.md, docs/scenarios/ and scenarios/schema.json up to
date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.flow import STEP_MEANING, STEPS
from sandbox.scenario.allowed import fields_of, kinds_at, said
from sandbox.scenario.library import library
from sandbox.scenario.model import ACTIONS, Scenario
from sandbox.scenario.pages import pages
from sandbox.scenario.schema import write_schema
from sandbox.scenario.settings import every_setting
from sandbox.world import PLACEHOLDERS, Addresses, World, placeholder_values

PLACEHOLDER_MEANING: Final = {
    "workos": "WorkOS: the AuthKit domain and api.workos.com",
    "mcp": "log-aggregator, without a path",
    "mcp_url": "the URL that is given to the client",
    "resource": "the identifier that log-aggregator publishes (RFC 9728)",
    "issuer": "the issuer that WorkOS publishes (RFC 8414)",
    "other": "a second authorization server, which knows nothing of the first",
}

# Values that the page describes in a section of their own.
_VALUES: Final = {
    **dict.fromkeys(("step", "reaches"), "a step"),
    **dict.fromkeys(("world", "fixed", "change"), "settings"),
    "at": "a step, or a list of steps",
    "when": "conditions",
    "faults": "a list of faults",
    "expect": "expectations",
}
_USUAL: Final = Addresses(
    "http://localhost:4100", "http://localhost:4101", "http://localhost:4102", "http://localhost:4103"
)
_TABLE: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """Give a page with its tables made anew, each between `<!-- table: NAME -->` and `<!-- end of table -->`."""
    made = tables()
    return _TABLE.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", text)


def tables() -> dict[str, str]:
    """Give the tables of the reference, in Markdown, by name."""
    values = placeholder_values(World(), _USUAL)
    return {
        "keys": _table(("key", "value", "meaning"), _rows(())),
        "steps": _table(("step", "meaning"), [(f"`{step}`", STEP_MEANING[step]) for step in STEPS]),
        "fault": _table(("key", "value", "meaning"), _rows(("faults", 0), leave_out=ACTIONS)),
        "actions": _table(("action", "value", "meaning"), _rows(("faults", 0), only=ACTIONS)),
        "when": _table(("key", "value", "meaning"), _rows(("faults", 0, "when"))),
        "expect": _table(("key", "value", "meaning"), _rows(("expect",))),
        "symptoms": _table(("key", "value", "meaning"), _rows(("symptoms", 0))),
        "must": _table(("key", "value", "meaning"), _rows(("expect", "must"))),
        "sees": _table(("key", "value", "meaning"), _rows(("expect", "sees", 0))),
        "placeholders": _table(
            ("placeholder", "usual value", "meaning"),
            [(f"`{{{name}}}`", f"`{values[name]}`", PLACEHOLDER_MEANING[name]) for name in PLACEHOLDERS],
        ),
        "settings": _table(("setting", "healthy value", "allowed", "meaning"), _settings()),
    }


def _rows(
    path: tuple[str | int, ...], only: Sequence[str] = (), leave_out: Sequence[str] = ()
) -> Iterator[Sequence[str]]:
    for name, meaning in fields_of(kinds_at(Scenario, path)).items():
        if name not in leave_out and (not only or name in only):
            value = _VALUES.get(name) or said(kinds_at(Scenario, (*path, name)))
            yield f"`{name}`", value, meaning


def _settings() -> Iterator[Sequence[str]]:
    for setting in every_setting():
        yield f"`{setting.name}`", _shown(setting.healthy), said(setting.kinds), setting.meaning


def _shown(healthy: Any) -> str:
    if isinstance(healthy, (list, tuple)) and any(isinstance(item, dict) for item in healthy):
        return ", ".join(str(item.get("name") or item.get("email")) for item in healthy)
    return f"`{json.dumps(healthy, ensure_ascii=False)}`"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def main() -> None:
    """Bring the reference and the schema of a checkout up to date."""
    checkout = Path(__file__).parents[2]
    page = checkout / "docs" / "scenario-language.md"
    page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
    write_schema(checkout / "scenarios" / "schema.json")
    library_pages = checkout / "docs" / "scenarios"
    library_pages.mkdir(exist_ok=True)
    made = pages(library())
    for stale in {path.name for path in library_pages.glob("*.md")} - made.keys():
        (library_pages / stale).unlink()
    for name, text in made.items():
        (library_pages / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
