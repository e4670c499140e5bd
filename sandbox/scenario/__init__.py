"""Reading, checking and finding scenario files."""

from sandbox.scenario.errors import ScenarioError
from sandbox.scenario.library import find, library, names
from sandbox.scenario.model import Expect, Fault, Scenario, When
from sandbox.scenario.reading import check_change, read, read_text, read_value
from sandbox.scenario.schema import json_schema
from sandbox.scenario.search import search

__all__ = [
    "Expect",
    "Fault",
    "Scenario",
    "ScenarioError",
    "When",
    "check_change",
    "find",
    "json_schema",
    "library",
    "names",
    "read",
    "read_text",
    "read_value",
    "search",
]
