"""The house: who may know of whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sandbox

PACKAGE = Path(sandbox.__file__).parent
ALLOWED = {
    # What reads the wire knows the steps and the exchanges, and neither system, nor scenarios, nor settings.
    "diagnosis": {"diagnosis", "durations", "errors", "export", "flow", "plain", "timeline", "wire"},
    "wire": {"durations", "errors", "flow", "plain", "real_keys", "scenario", "settings", "sources", "wire", "world"},
    "scenario": {"durations", "errors", "flow", "plain", "real_keys", "scenario", "settings", "world"},
    "browser": {"browser", "errors", "leaving", "plain"},
    # What drives clients starts worlds and reads the wire; it knows neither system, nor the console.
    "clients": {
        "browser",
        "clients",
        "diagnosis",
        "durations",
        "errors",
        "flow",
        "leaving",
        "plain",
        "sandbox",
        "scenario",
        "threads",
        "timeline",
        "wire",
    },
}
ELSEWHERE = {
    PACKAGE / "diagnosis" / "reference.py": "the documentation names scenarios to try",
}


def imported(file: Path) -> set[str]:
    """Give the parts of the package that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sandbox."):
            names.add(str(node.module).split(".")[1])
    return names


@pytest.mark.parametrize(
    "file", [file for part in ALLOWED for file in sorted((PACKAGE / part).rglob("*.py"))], ids=lambda file: file.stem
)
def test_imports_point_one_way(file: Path) -> None:
    """A part imports only what it may know of."""
    part = file.relative_to(PACKAGE).parts[0]
    assert file in ELSEWHERE or imported(file) <= ALLOWED[part]


@pytest.mark.parametrize("file", sorted((PACKAGE / "diagnosis").rglob("*.py")), ids=lambda file: file.stem)
def test_the_diagnosis_reads_what_went_out(file: Path) -> None:
    """No rule looks at what an exchange holds for people: the faults that acted, and the answer before them."""
    read = {
        node.attr for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)
    }
    assert read.isdisjoint({"faults", "healthy"})
