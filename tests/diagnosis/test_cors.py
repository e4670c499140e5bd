"""What the diagnosis says of clients that are pages in a browser."""

from __future__ import annotations

import pytest

from sandbox.flow import Asker, Step
from tests.diagnosis.exchanges import ISSUER, MCP, METADATA, SOUND, exchange
from tests.diagnosis.tokens import proofs

PAGE = "https://inspector.example"
ALLOWED = {"access-control-allow-origin": "*"}


@pytest.mark.parametrize(
    ("step", "url", "page", "headers", "fires"),
    [
        ("challenge", MCP, PAGE, {}, True),
        ("server-metadata", METADATA, PAGE, {}, True),
        ("challenge", MCP, PAGE, {"access-control-allow-origin": "https://other.example"}, True),
        ("challenge", MCP, PAGE, ALLOWED, False),
        ("challenge", MCP, PAGE, {"access-control-allow-origin": PAGE}, False),
        ("challenge", MCP, "https://mcp.example", {}, False),
        ("challenge", MCP, "", {}, False),
        ("challenge", MCP, "app://client", {}, False),
        ("authorization", f"{ISSUER}/authorize", PAGE, {}, False),
    ],
)
def test_shared_with_pages(step: Step, url: str, page: str, headers: dict[str, str], fires: bool) -> None:  # noqa: FBT001
    """A page of another origin must be allowed to read what it asks for."""
    found = proofs(exchange(step, url, asked={"origin": page} if page else {}, headers=headers))
    assert set(found) == ({"cors-missing"} if fires else set())
    assert [proof.step for proof in found.values()] == [step] * len(found)


@pytest.mark.parametrize("asker", ["browser", "log-aggregator"])
def test_who_asks(asker: Asker) -> None:
    """A form that a browser sends, or a server, needs no permission."""
    assert proofs(exchange("registration", f"{ISSUER}/register", asked={"origin": PAGE}, asker=asker)) == {}


@pytest.mark.parametrize(
    ("status", "headers", "fires"),
    [
        (401, {"www-authenticate": SOUND}, True),
        (200, {"mcp-session-id": "s1"}, True),
        (401, {"www-authenticate": SOUND, "access-control-expose-headers": "Mcp-Session-Id"}, True),
        (401, {"www-authenticate": SOUND, "access-control-expose-headers": "Mcp-Session-Id, WWW-Authenticate"}, False),
        (401, {"www-authenticate": SOUND, "access-control-expose-headers": "*"}, False),
        (401, {}, False),
    ],
)
def test_exposed_to_pages(status: int, headers: dict[str, str], fires: bool) -> None:  # noqa: FBT001
    """A page must be allowed to see the headers that it needs."""
    one = exchange("challenge", MCP, status, asked={"origin": PAGE}, headers={**ALLOWED, **headers})
    assert set(proofs(one)) == ({"cors-not-exposed"} if fires else set())
