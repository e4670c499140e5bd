"""The doctor as a client."""

from __future__ import annotations

import re

import msgspec
import pytest

from sandbox.doctor import Habits, sign_in
from sandbox.doctor.http import USER_AGENT
from sandbox.doctor.limits import Limits
from sandbox.doctor.signing_in import issuer_verdict
from sandbox.scenario import find, read_value
from tests.conftest import Start
from tests.doctor.visiting import APPROVING, DENYING

BROKEN_AFTER = (
    "expired-token",
    "invalid-target",
    "iss-trailing-slash",
    "registration-rejected",
    "rs-rejects-fresh-token",
    "token-error-in-200",
    "unknown-signing-key",
    "wrong-audience",
)
CONNECTING = ("healthy", "iss-supported", "dcr-status-200", "token-client-auth-basic-only", "cimd-supported")


async def test_it_connects_to_a_healthy_server(start: Start) -> None:
    """From the URL to the tools, with nothing wrong."""
    report = await sign_in((await start()).mcp_url, APPROVING)

    assert report.signed_in is True
    assert report.findings == ()
    assert report.is_sound, report.checks
    assert next(one.evidence for one in report.checks if one.id == "tools") == "6 tools"


@pytest.mark.parametrize(
    "service", [{"visibility": "public"}, {"authorization": "here"}, {"path": "/"}, {"protocol": "legacy"}]
)
async def test_it_connects_to_servers_of_other_kinds(start: Start, service: dict[str, str]) -> None:
    """A public one, one that signs people in itself, one at the root, one of sessions only."""
    report = await sign_in((await start("healthy", world={"service": service})).mcp_url, APPROVING)

    assert report.signed_in is True, report.stopped


async def test_it_asks_nothing_that_a_client_would_not(start: Start) -> None:
    """The MCP conformance suite counts a request too many as a failure."""
    sandbox = await start()

    report = await sign_in(sandbox.mcp_url, APPROVING)

    asked = [one for one in sandbox.trace if one.request_header("user-agent") == USER_AGENT]
    assert report.surveyed == ()
    assert [one.step for one in asked] == [
        *("challenge", "challenge", "resource-metadata", "server-metadata", "registration", "token"),
        *("session", "messages", "messages", "messages"),
    ]


async def test_no_secret_is_in_the_report(start: Start) -> None:
    """Tokens, codes and verifiers are fingerprints everywhere."""
    sandbox = await start("healthy", reveal=True)

    report = await sign_in(sandbox.mcp_url, APPROVING)

    text = msgspec.json.encode(report).decode()
    whole = msgspec.json.encode(list(sandbox.trace)).decode()
    secrets = set(re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", whole)) | set(
        re.findall(r"code_verifier=([\w-]+)", whole)
    )
    assert len(secrets) > 1
    assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("name", CONNECTING)
async def test_it_connects_where_a_careful_client_does(start: Start, name: str) -> None:
    """Scenarios that break nobody break it neither."""
    report = await sign_in((await start(name)).mcp_url, APPROVING)

    assert report.signed_in is True, report.stopped


@pytest.mark.parametrize("name", BROKEN_AFTER)
async def test_what_breaks_during_a_sign_in_is_found(start: Start, name: str) -> None:
    """The first finding is the scenario's."""
    report = await sign_in((await start(name)).mcp_url, APPROVING)

    assert report.signed_in is False
    assert not report.is_sound
    assert report.findings[0].id == find(name).expect.finding


async def test_a_person_may_say_no(start: Start) -> None:
    """The refusal comes back as an error, and is told."""
    report = await sign_in((await start()).mcp_url, DENYING)

    assert report.signed_in is False
    assert "access_denied" in report.stopped


async def test_a_given_client_is_used(start: Start) -> None:
    """With --client-id nobody is registered."""
    applications = [{"client_id": "client_01GIVEN", "name": "Doctor", "redirect_uris": ["http://localhost:1/callback"]}]
    sandbox = await start(
        "healthy", world={"workos": {"dynamic_client_registration": False, "applications": applications}}
    )

    report = await sign_in(sandbox.mcp_url, APPROVING._replace(client_id="client_01GIVEN"))

    assert report.signed_in is True, report.stopped
    assert not [one for one in sandbox.trace if one.step == "registration"]


async def test_it_steps_up_and_stops_at_some_time(start: Start) -> None:
    """A server that always wants more scopes is not asked for ever."""
    fault = {"at": "messages", "when": {"mcp_method": "tools/list"}, "error": "insufficient_scope"}
    headers = {"www-authenticate": 'Bearer error="insufficient_scope", scope="logs:delete"'}
    scenario = {
        "title": "x",
        "story": "x",
        "expect": {"connects": True},
        "faults": [fault, {**{k: fault[k] for k in ("at", "when")}, "headers": headers}],
    }
    sandbox = await start(read_value(scenario))

    report = await sign_in(sandbox.mcp_url, APPROVING)

    assert report.signed_in is False
    assert [one.id for one in report.checks].count("step-up") == 2
    scopes = [one.url for one in report.exchanges if one.step == "authorization"]
    assert "logs%3Adelete" in scopes[-1]
    assert "openid" in scopes[-1]


@pytest.mark.parametrize("name", ["client-forgotten", "redirect-uri-mismatch", "authorize-error-redirect-page"])
async def test_the_page_that_the_browser_stays_at_is_read(start: Start, name: str) -> None:
    """A page that refuses sends nobody back; the doctor opens it as well, and the diagnosis reads it."""
    report = await sign_in((await start(name)).mcp_url, APPROVING, limits=Limits(failed_browser_seconds=0.3))

    assert report.findings[0].id == find(name).expect.finding


async def test_nobody_comes_back(start: Start) -> None:
    """Who never signs in is not waited for without an end."""

    async def nothing(_url: str) -> bool:
        return False

    said: list[str] = []
    habits = Habits(open_url=nothing, tell=said.append)
    report = await sign_in((await start()).mcp_url, habits, limits=Limits(person_seconds=0.3))

    assert report.stopped == "the browser never came back"
    assert "Open this yourself, within 0.3 s: http" in said[-1]


@pytest.mark.parametrize(
    ("advertised", "said", "result"),
    [
        (True, "https://a", "passed"),
        (True, "https://a/", "failed"),
        (True, None, "failed"),
        (False, "https://b", "failed"),
        (False, "https://a", "passed"),
        (False, None, "not applicable"),
    ],
)
def test_the_issuer_of_the_answer_is_compared(advertised: bool, said: str | None, result: str) -> None:  # noqa: FBT001
    """The four rows of MCP 2026-07-28, without any normalisation."""
    server = {"authorization_response_iss_parameter_supported": advertised}

    assert issuer_verdict(server, "https://a", said).result == result
