"""The sandbox in somebody else's tests: each test here writes a test file and lets pytest run it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Final

import pytest

pytest_plugins = ("pytester",)

HELPERS: Final = """\
import urllib.error
import urllib.request

import pytest
from sandbox import Scenario


def status(url, data=None):
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def keys(sandbox):
    return status(f"{sandbox.addresses.workos}/oauth2/jwks")


def register(sandbox):
    return status(f"{sandbox.addresses.workos}/oauth2/register", b'{"redirect_uris": ["http://localhost/"]}')
"""
MINE: Final = """\
title: The keys are gone twice
story: They are.
step: jwks
faults:
  - at: jwks
    on: first 2
    status: 503
expect: {reaches: token}
cause: A gateway.
fix: None.
"""


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pytest cut its summary's lines, as it does where no CI is."""
    monkeypatch.delenv("CI", raising=False)


def run(pytester: pytest.Pytester, text: str, *arguments: str) -> pytest.RunResult:
    """Run a test file in a fresh process, warnings being errors."""
    pytester.makepyfile(helpers=HELPERS)
    pytester.makepyfile("from helpers import *\n\n" + textwrap.dedent(text))
    of_others = ("-o", "asyncio_default_fixture_loop_scope=function")
    return pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", *of_others, *arguments)


def test_the_marker_says_what_is_broken(pytester: pytest.Pytester) -> None:
    """A name, a path beside the test file, a Scenario and settings each make the world; without one it is healthy."""
    pytester.makefile(".yaml", mine=MINE)
    result = run(
        pytester,
        """
        import msgspec
        from sandbox.scenario import find

        CHANGED = msgspec.structs.replace(find("healthy"), world={"workos": {"dynamic_client_registration": False}})

        def test_healthy(sandbox):
            assert sandbox.scenario.name == "healthy"
            assert sandbox.world.workos.sign_in == "page"
            assert register(sandbox) == 201

        @pytest.mark.sandbox("missing-registration")
        def test_name(sandbox):
            assert register(sandbox) == 403

        @pytest.mark.sandbox("./mine.yaml")
        def test_path(sandbox):
            assert [keys(sandbox) for _ in range(3)] == [503, 503, 200]

        @pytest.mark.sandbox(CHANGED)
        def test_scenario(sandbox):
            assert register(sandbox) == 403

        @pytest.mark.sandbox(world={"workos": {"dynamic_client_registration": False}})
        def test_settings(sandbox):
            assert register(sandbox) == 403
        """,
    )
    result.assert_outcomes(passed=5)


def test_every_test_begins_anew_in_one_world(pytester: pytest.Pytester) -> None:
    """All tests of a process have one world, and no client, exchange, setting or turn of a fault outlives its test."""
    pytester.makefile(".yaml", mine=MINE)
    result = run(
        pytester,
        """
        import json
        from sandbox.workos.records import Client

        worlds = set()

        def look(sandbox):
            worlds.add((id(sandbox), sandbox.addresses.workos))
            assert len(worlds) == 1
            assert len(sandbox.trace) == 0
            assert list(sandbox.store.all(Client)) == []
            assert sandbox.world.workos.dynamic_client_registration

        @pytest.mark.sandbox("mine.yaml", world={"workos": {"mode": "production"}})
        def test_one(sandbox):
            look(sandbox)
            assert register(sandbox) == 201
            assert [keys(sandbox) for _ in range(3)] == [503, 503, 200]
            sandbox.change({"workos": {"dynamic_client_registration": False}})
            sandbox.effect("advance", "1h")

        @pytest.mark.sandbox("mine.yaml")
        def test_two(sandbox):
            look(sandbox)
            assert sandbox.world.workos.mode == "test"
            assert [keys(sandbox) for _ in range(3)] == [503, 503, 200]
            sandbox.use("missing-registration")

        def test_three(sandbox):
            look(sandbox)
            assert sandbox.scenario.name == "healthy"
            assert keys(sandbox) == 200
        """,
    )
    result.assert_outcomes(passed=3)


def test_a_secure_world_and_a_plain_one_take_turns(pytester: pytest.Pytester) -> None:
    """After a test whose ports spoke HTTPS they speak HTTP again, and the other way round, from the first request."""
    result = run(
        pytester,
        """
        import os
        import subprocess
        import sys

        ASK = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"

        def ask(sandbox):
            url = f"{sandbox.addresses.workos}/oauth2/jwks"
            subprocess.run([sys.executable, "-c", ASK, url], env=os.environ | sandbox.environment, check=True)

        SECURE = pytest.mark.sandbox(world={"tls": {"workos": "on"}})

        @pytest.mark.parametrize(
            "scheme", ["http", pytest.param("https", marks=SECURE), "http", pytest.param("https", marks=SECURE)]
        )
        def test_world(sandbox, scheme):
            assert sandbox.addresses.workos.startswith(f"{scheme}:")
            ask(sandbox)
            assert [exchange.status for exchange in sandbox.trace] == [200]
        """,
    )
    result.assert_outcomes(passed=4)


def test_asynchronous_tests_have_the_same_world(pytester: pytest.Pytester) -> None:
    """Tests of pytest-asyncio and of anyio connect with an asynchronous client, sync ones with another."""
    result = run(
        pytester,
        """
        import anyio
        import asyncio
        import httpx2

        async def ask(sandbox):
            async with httpx2.AsyncClient(trust_env=False) as client:
                assert (await client.get(f"{sandbox.addresses.workos}/oauth2/jwks")).status_code == 200
            assert [exchange.step for exchange in sandbox.trace] == ["jwks"]

        @pytest.mark.asyncio
        async def test_asyncio(sandbox):
            asyncio.get_running_loop()
            await ask(sandbox)

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_anyio(sandbox, anyio_backend):
            await ask(sandbox)

        def test_sync(sandbox):
            assert keys(sandbox) == 200
            assert [exchange.step for exchange in sandbox.trace] == ["jwks"]
        """,
        "-o",
        "asyncio_mode=strict",
    )
    result.assert_outcomes(passed=3)


def test_a_fault_that_never_fired_fails_the_test(pytester: pytest.Pytester) -> None:
    """A test that did not meet its scenario is FAILED, with the reason, unless it says that it may not."""
    pytester.makefile(".yaml", mine=MINE)
    result = run(
        pytester,
        """
        @pytest.mark.sandbox("mine.yaml")
        def test_missed(sandbox):
            assert register(sandbox) == 201

        @pytest.mark.sandbox("mine.yaml", may_not_fire=True)
        def test_allowed(sandbox):
            assert register(sandbox) == 201

        @pytest.mark.sandbox("mine.yaml")
        def test_failed_otherwise(sandbox):
            assert register(sandbox) == 403, "of its own"

        @pytest.mark.sandbox("mine.yaml")
        def test_skipped(sandbox):
            pytest.skip("not today")
        """,
    )
    result.assert_outcomes(passed=1, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_missed _*",
            "Expected the scenario `mine` to happen, and a fault of the scenario never fired. *may_not_fire=True.",
            "*registration *201*POST /oauth2/register*",
            "Never fired:",
            "  at jwks: status 503 (first 2) never fired: no exchanges at jwks",
            "*_ test_failed_otherwise _*",
            "*of its own*",
        ]
    )
    assert result.stdout.str().count("to happen") == 1


def test_a_failing_test_shows_what_the_sandbox_saw(pytester: pytest.Pytester) -> None:
    """The report of a test that failed has the timeline and the findings, once; a test without the world has none."""
    result = run(
        pytester,
        """
        @pytest.mark.sandbox("missing-registration")
        def test_own_assertion(sandbox):
            assert register(sandbox) == 201

        def test_assertion_of_the_sandbox(sandbox):
            keys(sandbox)
            sandbox.assert_connected()

        @pytest.fixture
        def broken(sandbox):
            keys(sandbox)
            raise ValueError

        def test_fixture(broken):
            pass

        def test_without():
            assert False
        """,
    )
    result.assert_outcomes(failed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*_ ERROR at setup of test_fixture _*",
            "*- sandbox -*",
            "*jwks *200*",
            "*_ test_own_assertion _*",
            "*- sandbox -*",
            "What the sandbox saw (scenario: missing-registration):",
            "*registration *403*POST /oauth2/register*",
            "*_ test_assertion_of_the_sandbox _*",
            "*AssertionError: Expected a connected client, and none got an MCP answer with a token.",
            "*What the sandbox saw (scenario: healthy):",
            "*_ test_without _*",
        ]
    )
    text = result.stdout.str()
    assert text.count("What the sandbox saw") == 3
    assert "concurrent/futures" not in text
    assert "reports.py" not in text.replace("sandbox/reports.py:", "", 1)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("'slow-tokn'", "@pytest.mark.sandbox: `slow-tokn` is no scenario. Did you mean `slow-token`?*"),
        ("'./there-is-none.yaml'", "@pytest.mark.sandbox: */there-is-none.yaml: there is no such file."),
        ("world={'workos': {'sign_in': 'never'}}", "@pytest.mark.sandbox: Invalid enum value 'never' - at *sign_in*"),
        ("'healthy', unfird=True", "@pytest.mark.sandbox: cannot be read. Write it as sandbox(scenario='healthy', *"),
    ],
)
def test_a_mistake_in_the_marker_is_said_in_a_line(marker: str, said: str, pytester: pytest.Pytester) -> None:
    """A marker that cannot be understood is an error of the test, in one line, and the next test goes on."""
    result = run(
        pytester,
        f"""
        @pytest.mark.sandbox({marker})
        def test_typo(sandbox):
            pass

        def test_next(sandbox):
            assert keys(sandbox) == 200
        """,
    )
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*_ ERROR at setup of test_typo _*", said])
    assert "Traceback" not in result.stdout.str()


def test_each_worker_of_xdist_has_its_own_world(pytester: pytest.Pytester) -> None:
    """Two processes run at once, each in its world, and what a failure saw comes back to the terminal."""
    result = run(
        pytester,
        """
        import os

        @pytest.mark.parametrize("number", range(6))
        def test_world(sandbox, number):
            assert keys(sandbox) == 200
            assert len(sandbox.trace) == 1
            with open(os.environ["PYTEST_XDIST_WORKER"], "a") as file:
                print(sandbox.addresses.workos, file=file)

        def test_fails(sandbox):
            keys(sandbox)
            assert False
        """,
        *("-n", "2", "--dist", "load"),
    )
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*- sandbox -*", "What the sandbox saw (scenario: healthy):", "*jwks *200*"])
    worlds = [{*file.read_text().split()} for file in pytester.path.glob("gw*")]
    assert [len(addresses) for addresses in worlds] == [1, 1]
    assert worlds[0] != worlds[1]


def test_somebody_else_may_have_a_fixture_of_that_name(pytester: pytest.Pytester) -> None:
    """A `sandbox` of a conftest takes the place of the plugin's, which then does nothing at all."""
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef sandbox():\n    return 'mine'\n")
    result = run(
        pytester,
        """
        import threading

        @pytest.mark.sandbox("slow-token")
        def test_own(sandbox):
            assert sandbox == "mine"
            assert "sandbox" not in [thread.name for thread in threading.enumerate()]
        """,
        "--strict-markers",
    )
    result.assert_outcomes(passed=1)


def test_who_does_not_use_it_does_not_pay_for_it(pytester: pytest.Pytester) -> None:
    """Where no test asks for the fixture, pytest loads the plugin and nothing that it would need."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_imported(request):
            assert request.config.pluginmanager.has_plugin("sandbox")
            loaded = {name for name in sys.modules if name == "sandbox" or name.startswith("sandbox.")}
            assert loaded == {"sandbox", "sandbox.pytest_plugin"}
            assert not {"mcp", "flask", "msgspec", "uvicorn"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_package_is_light() -> None:
    """`import sandbox` loads nothing of its own, until one of its names is asked for."""
    asked = "import sys, sandbox; print(sorted(name for name in sys.modules if name.startswith('sandbox')))"
    loaded = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "['sandbox']"
