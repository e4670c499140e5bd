"""What the diagnosis says of the keys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.tokens import before, fired, issued, keys, proofs, used


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ({"status": 404}, {"jwks-missing"}),
        ({"status": 403}, {"jwks-missing"}),
        ({"body": {"error": "not here"}}, {"jwks-missing"}),
        ({"body": "<html>"}, {"jwks-missing"}),
        ({"status": 500}, {"jwks-unavailable"}),
        ({"status": 503}, {"jwks-unavailable"}),
        ({"status": None}, {"jwks-unavailable"}),
        ({"status": 302}, set()),
    ],
    ids=str,
)
def test_keys_that_cannot_be_read(reading: dict[str, Any], expected: set[str]) -> None:
    """A list that is not there is told from one that cannot be had, and no rule blames the token."""
    assert fired(*before(), issued(), used(401), keys(**reading)) == expected


def test_keys_that_can_be_read() -> None:
    """A sound connection gives nothing."""
    assert fired(*before(), issued(), used(), keys("key-1"), used(method="tools/list")) == set()


@pytest.mark.parametrize("status", [404, 503])
def test_request_that_waited_for_the_keys(status: int) -> None:
    """The proof names the request in whose course the keys were read, and what became of it."""
    found = proofs(*before(), issued(), used(401), keys(status=status))
    proof = found["jwks-missing" if status == 404 else "jwks-unavailable"]
    assert [one.status for one in proof.exchanges] == [401, status]
    assert "got 401" in proof.happened


def test_a_url_beside_the_metadata() -> None:
    """The proof names the `jwks_uri` of the metadata where the keys were looked for elsewhere."""
    found = proofs(*before(), issued(), used(401), keys(status=404, url="https://auth.example/old"))
    assert "names https://auth.example/jwks" in found["jwks-missing"].happened
    found = proofs(*before(), issued(), used(401), keys(status=404))
    assert "names" not in found["jwks-missing"].happened
