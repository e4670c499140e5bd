"""The finding is right for every client: real ones are driven, and all that was observed is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from sandbox.clients import CLIENTS, named
from sandbox.clients.driving import drive
from sandbox.clients.observed import FOLDER, Row, read
from sandbox.clients.process import Limits
from sandbox.diagnosis.finding import RULES
from sandbox.scenario import Scenario, find, library
from sandbox.scenario.library import folder
from tests.clients.differing import DIFFERENCES
from tests.conftest import missing

STATE: Final = Path(__file__).parents[2] / ".cache"
OBSERVED: Final = sorted((folder() / FOLDER).glob("*.yaml"))
DIFFERING: Final = {(one.client, one.scenario): one.finding for one in DIFFERENCES}
SCENARIOS: Final = {scenario.name: scenario for scenario in library()}

DRIVEN: Final = [
    ("claude-code-2.0.44", "challenge-metadata-url-wrong-internal"),
    ("fastmcp", "client-secret-expired"),
    ("inspector", "session-lost-503"),
    ("inspector", "transient-auth-failure-cached"),
    ("mcp-remote", "attack-metadata-ssrf"),
    ("mcp-remote", "challenge-malformed"),
    ("mcp-remote", "challenge-metadata-url-wrong-internal"),
    ("mcp-remote", "expired-token"),
    ("mcp-remote", "resource-metadata-without-resource"),
    ("mcp-remote", "transport-403-before-401"),
    ("python-sdk", "client-forgotten-at-token"),
    ("python-sdk", "dcr-null-or-empty-fields-empty"),
    ("typescript-sdk-1", "as-swapped"),
    ("typescript-sdk-1", "challenge-metadata-url-wrong-internal"),
    ("typescript-sdk-2", "client-forgotten-at-token"),
]
"""Clients that meet a failure in a way of their own."""

FAILING: Final = Limits(seconds=240, silence=10)
"""Some of them fall silent once they have failed, and each is waited for."""

_WAITS: Final = {"claude-code-2.0.44": "Needs authentication"}
"""How a client says that it waits for its person to sign in, which has not failed."""


def expected(client: str, scenario: Scenario) -> str | None:
    """Give what is found first of a client that does not connect."""
    return DIFFERING.get((client, scenario.name), scenario.expect.finding)


@pytest.mark.parametrize(("client", "scenario"), DRIVEN)
async def test_the_finding_is_right_for_a_client_of_its_own_kind(client: str, scenario: str) -> None:
    """A real client is driven through the scenario, does not connect, and the wire tells why."""
    adapter = named(client)
    if not adapter.is_installed(STATE):
        missing(adapter.title)
    outcome = await drive(adapter, find(scenario), STATE, limits=FAILING)
    assert not outcome.connected
    assert outcome.finding == expected(client, SCENARIOS[scenario])


@pytest.mark.parametrize("file", OBSERVED, ids=lambda file: file.stem)
def test_what_was_observed_of_a_client_is_explained(file: Path) -> None:
    """Where it did not connect the finding is the declared one or a known difference; where it did, nothing is broken.

    A known difference that was not observed is stale, and fails too.
    """
    observed = read(file)
    wrong = {
        name: (row.finding, row.said)
        for name, row in observed.scenarios.items()
        if name in SCENARIOS and not _is_explained(observed.client, SCENARIOS[name], row)
    }
    assert wrong == {}


def _is_explained(client: str, scenario: Scenario, row: Row) -> bool:
    if row.connected:
        return row.finding is None and (client, scenario.name) not in DIFFERING
    if row.finding is None and client in _WAITS and any(_WAITS[client] in line for line in row.said):
        return True
    return row.finding == expected(client, scenario)


def test_every_difference_is_one() -> None:
    """Each is of a client and a scenario that there are, once, and names another finding than the declared one."""
    assert len(DIFFERING) == len(DIFFERENCES)
    ids = {rule.id for rule in RULES}
    for one in DIFFERENCES:
        assert one.client in CLIENTS
        assert one.finding != SCENARIOS[one.scenario].expect.finding
        assert one.finding is None or one.finding in ids
        assert one.reason.endswith(".")
