"""The findings as a page, made from the rules.

`python -m sandbox.diagnosis.reference` brings docs/findings.md up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sandbox import diagnosis
from sandbox.diagnosis.failing import UNNAMED
from sandbox.diagnosis.finding import RULES, Rule
from sandbox.flow import STEP_MEANING, STEPS, Step
from sandbox.scenario import Scenario, library

NOTE: Final = "<!-- Made from sandbox/diagnosis/ by `python -m sandbox.diagnosis.reference`. -->\n\n"
_INTRODUCTION: Final = """\
# Findings

What the diagnosis can say, by the step at which it looks. It reads only the wire: `sandbox up` says it while a client
connects, `sandbox explain FILE` of a recording, `sandbox doctor URL` of a live server.

A finding is **broken** when the client did not get past it, **risky** when it works and should not, and **harmless**
when the client went on all the same. The first broken one comes first; what follows from it is not said again.
"""


def page(rules: Iterable[Rule], scenarios: Sequence[Scenario]) -> str:
    """Give the page: a table for each step, and every finding with what to change."""
    ordered = sorted(rules, key=lambda rule: (STEPS.index(rule.step), rule.id))
    shown = {rule.id: [one.name for one in scenarios if one.expect.finding == rule.id] for rule in ordered}
    parts = [NOTE + _INTRODUCTION]
    for step in STEPS:
        here = [rule for rule in ordered if rule.step == step]
        if here:
            parts += [
                f"## `{step}`: {STEP_MEANING[step]}\n",
                _table(here),
                *(_section(one, shown[one.id]) for one in here),
            ]
    return "\n".join(parts)


def _table(rules: Iterable[Rule]) -> str:
    lines = ["| finding | what is wrong | where to change it |", "|---|---|---|"]
    lines += [f"| [`{rule.id}`](#{_anchor(rule.id, rule.step)}) | {rule.title} | {rule.side} |" for rule in rules]
    return "\n".join(lines) + "\n"


def _section(rule: Rule, scenarios: Iterable[str]) -> str:
    tried = ", ".join(f"[`{name}`](scenarios/{name}.md)" for name in scenarios)
    parts = [
        f'<a id="{_anchor(rule.id, rule.step)}"></a>\n\n### {rule.title}',
        f"`{rule.id}`, at `{rule.step}`",
        f"**Why.** {rule.why}",
        f"**Change.** {rule.change}",
        f"**See** {', '.join(rule.references)}.",
        f"**Try it:** {tried}." if tried else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _anchor(finding: str, step: Step) -> str:
    return f"{step}-{finding}"


def main() -> None:
    """Bring the page of a checkout up to date."""
    path = Path(diagnosis.__file__).parents[2] / "docs" / "findings.md"
    path.write_text(page([*RULES, UNNAMED], library()), encoding="utf-8")


if __name__ == "__main__":
    main()
