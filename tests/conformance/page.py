"""The page on who judges the sandbox, made from what they are expected to say: `python -m tests.conformance.page`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.conformance.suite import RUNS, Run

PAGE: Final = Path(__file__).parents[2] / "docs" / "judges.md"
_MARK: Final = "<!-- Made from tests/conformance/judged.yaml by `python -m tests.conformance.page`. -->\n"


def written() -> str:
    """Give the page: what was written by hand, up to the mark, and then the lists."""
    by_hand = PAGE.read_text(encoding="utf-8").partition(_MARK)[0]
    return by_hand + _MARK + "\n" + "\n".join([_table(), *map(_lists, RUNS, RUNS.values())])


def _table() -> str:
    rows = [
        f"| `{name}` | {run.judged} | {len(run.content.split())} | {len(run.expected) - len(run.content.split())} |"
        for name, run in RUNS.items()
    ]
    return "\n".join(["| run | what is judged | content with | known to fail |", "|---|---|---|---|", *rows, ""])


def _lists(name: str, run: Run) -> str:
    """Tell a run: all of it that is known to fail, entries of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for entry, reason in run.known.items():
        by_reason.setdefault(reason, []).append(f"`{entry}`")
    told = [f"- {', '.join(entries)}: {reason}" for reason, entries in by_reason.items()]
    scenarios = ", ".join(f"`{scenario}`" for scenario in run.content.split()) or "nothing"
    parts = [f"### `{name}`\n", f"Content with: {scenarios}.\n", *(["Known to fail:\n", *told, ""] if told else [])]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
