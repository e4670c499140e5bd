"""`--save`: a report becomes a scenario that shows the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.doctor import examine, sign_in
from sandbox.doctor.hosts import Hosts
from sandbox.doctor.saving import saved
from sandbox.scenario import read
from tests.conftest import Start
from tests.doctor.visiting import APPROVING

EXAMINED = (
    "healthy",
    "authorize-url-as-issuer",
    "asmeta-issuer-trailing-slash",
    "missing-registration",
    "no-pkce",
    "prm-requires-auth",
    "prm-without-authorization-servers",
    "resource-metadata-missing",
    "resource-mismatch",
    "server-metadata-html",
    "transport-403-before-401",
)
SIGNED_IN = ("invalid-target", "iss-trailing-slash", "registration-rejected", "wrong-audience")


@pytest.mark.parametrize("name", EXAMINED)
async def test_a_saved_examination_shows_the_same(start: Start, tmp_path: Path, name: str) -> None:
    """Running the saved scenario gives the findings of the live server."""
    file = tmp_path / "mine.yaml"
    live = await examine((await start(name)).mcp_url)

    said = await saved(live, file)

    again = await examine((await start(read(file))).mcp_url)
    assert [one.id for one in again.findings] == [one.id for one in live.findings]
    assert again.is_sound == live.is_sound
    assert "shows the same" in said


@pytest.mark.parametrize("name", SIGNED_IN)
async def test_a_saved_sign_in_shows_the_same(start: Start, tmp_path: Path, name: str) -> None:
    """The same holds for what breaks later."""
    file = tmp_path / "mine.yaml"
    live = await sign_in((await start(name)).mcp_url, APPROVING)

    assert "shows the same" in await saved(live, file), file.read_text()


async def test_a_saved_scenario_names_only_what_differs(start: Start, tmp_path: Path) -> None:
    """A healthy server has no faults and no settings."""
    file = tmp_path / "mine.yaml"
    await saved(await examine((await start()).mcp_url), file)

    scenario = read(file)

    assert (scenario.world, scenario.faults, scenario.expect.connects) == ({}, (), True)


def test_host_names_are_replaced() -> None:
    """Systems become placeholders, strangers .example names, and the same name always the same."""
    hosts = Hosts("https://mcp.acme.com/mcp", ["https://auth.acme.com/tenant", "https://other.acme.com"])

    assert hosts(
        {
            "resource": "https://mcp.acme.com:443/mcp",
            "authorization_servers": ["https://AUTH.acme.com/tenant", "https://other.acme.com", "https://x.corp/y"],
            "text": "ask auth.acme.com or x.corp, not http://mcp.acme.com, https://a:b@x.corp/z",
        }
    ) == {
        "resource": "{mcp}/mcp",
        "authorization_servers": ["{workos}/tenant", "{other}", "https://host-1.example/y"],
        "text": "ask workos.example or host-1.example, not http://host-2.example, https://host-1.example/z",
    }
