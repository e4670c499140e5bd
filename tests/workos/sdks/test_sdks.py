"""WorkOS's own SDKs, unchanged, do what they do at WorkOS: every call of an operation that is emulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from sandbox.sandbox import Sandbox
from tests.conftest import missing
from tests.workos.api.calls import KEY
from tests.workos.sdks import play
from tests.workos.sdks.play import Call, filled, has_reference, wrong_error
from tests.workos.sdks.sdk import CLIENTS, Python, Sdk, node

AREAS = {
    "connect",
    "mfa",
    "multiFactorAuth",
    "multi_factor_auth",
    "organizationDomains",
    "organization_domains",
    "organization_membership",
    "organizations",
    "sso",
    "userManagement",
    "user_management",
}
SAID_OTHERWISE = {"userManagement.getJWKS", "connect.create_application", "user_management.create_authenticate"}
"""What asks nobody, and what asks for the same as other methods, with the body as one argument."""


class Judge(NamedTuple):
    """An SDK, and a table of what it is asked."""

    calls: list[Call]
    with_key: Callable[[str], AbstractContextManager[Sdk]]
    not_found: str
    unauthorized: str
    kept: dict[str, Any]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """Run a world on real sockets."""
    with Sandbox(world=play.WORLD) as sandbox:
        yield sandbox


@pytest.fixture(params=["node-7", "node-11", "python"])
def judge(request: pytest.FixtureRequest, running: Sandbox) -> Judge:
    """Give an SDK that knows nothing but the sandbox's address."""
    running.reset()
    address = running.addresses.workos
    if request.param == "python":
        kept = play.known(Fernet.generate_key().decode())
        made = lambda key: closing(Python(key, play.CLIENT_ID, address))  # noqa: E731
        return Judge(play.table("python"), made, "NotFoundError", "AuthenticationError", kept)
    version, port = int(request.param.removeprefix("node-")), urlsplit(address).port or 0
    if not (CLIENTS / f"workos-node-{version}").is_dir() or not (CLIENTS / "node-22").is_dir():
        missing(f"Node with @workos-inc/node {version}")
    return Judge(
        play.table("node", version),
        lambda key: node(version, key, play.CLIENT_ID, port),
        "NotFoundException",
        "UnauthorizedException",
        play.known("a-cookie-password-of-32-characters"),
    )


def test_every_call_does_what_it_does_at_workos(judge: Judge) -> None:
    """The calls of the table, one after the other, give what they should; ids of nothing and wrong keys raise."""
    with judge.with_key(KEY) as sdk:
        assert list(play.played(sdk, judge.calls, judge.kept)) == []
        assert list(_unknown(sdk, judge)) == []
    with judge.with_key("sk_test_wrong") as stranger:
        assert list(_refused(stranger, judge)) == []


def _unknown(sdk: Sdk, judge: Judge) -> Iterator[str]:
    """Ask every call that names something for something that is not there."""
    for call in judge.calls:
        raises = call.get("unknown", judge.not_found)
        if raises is not None and "call" in call and "raises" not in call and has_reference(call.get("with")):
            given = filled(call["with"], judge.kept, unknown="none")
            yield from wrong_error(call["call"], sdk.ask(call["call"], given, call.get("then", [])), raises)


def _refused(sdk: Sdk, judge: Judge) -> Iterator[str]:
    """Ask every call with a key of nobody's."""
    for call in judge.calls:
        raises = call.get("wrong_key", judge.unauthorized)
        if raises is not None and "call" in call:
            given = filled(call.get("with"), judge.kept)
            yield from wrong_error(call["call"], sdk.ask(call["call"], given, call.get("then", [])), raises)


def test_what_is_not_in_the_table_is_not_emulated(judge: Judge, running: Sandbox) -> None:
    """Every method of the areas that are emulated is in the table, or known to ask for what the sandbox lacks."""
    asked = {call["call"] for call in judge.calls if "call" in call}
    lacking = set(play.lacking())
    with judge.with_key(KEY) as sdk:
        methods = {one for one in sdk.methods() if one.partition(".")[0] in AREAS} - SAID_OTHERWISE
        assert len(methods) > 70
        assert methods - asked - lacking == set()
        for method in sorted(methods & lacking):
            running.trace.clear()
            error = sdk.ask(method, sdk.anything(method), []).error
            assert error is not None, method
            answered = {exchange.status for exchange in running.trace}
            assert answered == {501}, (method, error)
