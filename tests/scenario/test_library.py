"""The library of scenarios: every file of it, and how one is found."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Final

import pytest

from sandbox.flow import STEPS
from sandbox.scenario import Scenario, ScenarioError, find, library, names, search
from sandbox.scenario.model import Symptom
from sandbox.scenario.reading import read

from .samples import CONNECTS, HEAD

# The package's function of the same name hides the module.
module = importlib.import_module("sandbox.scenario.library")
FIRST_LINE = "# yaml-language-server: $schema=schema.json"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a small library of invented scenarios, in the place of the real one."""
    texts = {
        "healthy": CONNECTS,
        "quiet-harm": CONNECTS.replace("Fine", "Connects, with harm"),
        "slow-token": HEAD + "also_known_as: [sluggish]\nreferences: [RFC 6749]\n",
        "expired-code": HEAD.replace("exchange of the code", "code").replace("stays outside", "meets an Issuer"),
        "wrong-issuer": HEAD.replace("step: token", "step: server-metadata")
        .replace("reaches: authorization", "reaches: challenge")
        .replace("Somebody broke it", "The issuer does not match"),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "schema.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", names())
def test_every_scenario_of_the_library_is_sound(name: str) -> None:
    """Each file of the library is read without complaint, and its fix leaves a world."""
    scenario = find(name)
    assert scenario.name == name
    assert scenario.healed().faults == ()


@pytest.mark.parametrize("name", names())
def test_every_file_names_its_schema(name: str) -> None:
    """The first line of each file tells editors where the schema is."""
    assert (module.folder() / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0] == FIRST_LINE


def test_no_two_scenarios_share_a_name() -> None:
    """A name, or another name, means a single scenario."""
    known = [name for scenario in library() for name in (scenario.name, *scenario.also_known_as)]
    assert sorted(known) == sorted(set(known))


def test_the_library_begins_with_healthy_and_follows_the_steps() -> None:
    """The real library is in the order of the flow."""
    scenarios = library()
    assert scenarios[0].name == "healthy"
    steps = [STEPS.index(scenario.step) for scenario in scenarios if scenario.step is not None]
    assert steps == sorted(steps)


def test_the_order_of_a_library(shelf: Path) -> None:
    """First `healthy`, then by step, then by name; what breaks nowhere comes last."""
    assert shelf.is_dir()
    expected = ["healthy", "wrong-issuer", "expired-code", "slow-token", "quiet-harm"]
    assert [scenario.name for scenario in library()] == expected
    assert names() == sorted(expected)


def test_a_scenario_is_found_by_another_name(shelf: Path) -> None:
    """A name under `also_known_as` finds the scenario."""
    assert shelf.is_dir()
    assert find("sluggish").name == "slow-token"


@pytest.mark.parametrize("given", ["./mine.yaml", "mine.yaml", "mine.yml", "sub/mine"])
def test_a_path_is_no_name(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever holds a slash, or ends in .yaml or .yml, is a path."""
    (tmp_path / "sub").mkdir()
    (tmp_path / given).write_text(CONNECTS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert find(given).name == "mine"
    assert find(Path(given).absolute()).name == "mine"


def test_a_path_object_is_a_path(tmp_path: Path) -> None:
    """A Path is a path, even when it reads like a name."""
    with pytest.raises(ScenarioError, match="there is no such file"):
        find(Path("healthy"))
    with pytest.raises(ScenarioError, match="this is a directory"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("helthy", "Did you mean `healthy`?"),
        ("Healthy", "Did you mean `healthy`?"),
        ("slugish", "Did you mean `sluggish`?"),
        ("wrong_issuer", "Did you mean `wrong-issuer`?"),
        ("mine", "Did you mean `./mine.yaml`?"),
        ("", "`` is no scenario. `sandbox scenarios` lists them"),
        ("qqqq", "`qqqq` is no scenario. `sandbox scenarios` lists them"),
    ],
)
def test_an_unknown_name_is_refused(given: str, says: str, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names what was probably meant, and the command that lists all."""
    monkeypatch.chdir(shelf)
    (shelf / "mine.yaml").write_text("", encoding="utf-8")
    monkeypatch.setattr(module, "names", lambda: ["healthy", "slow-token", "wrong-issuer"])
    with pytest.raises(ScenarioError) as caught:
        find(given)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("healthy", ["healthy"]),
        ("SLUGGISH", ["slow-token"]),
        ("issuer", ["wrong-issuer", "expired-code"]),
        ("isuer", ["wrong-issuer", "expired-code"]),
        ("rfc 6749", ["slow-token"]),
        ("code person", ["expired-code", "wrong-issuer", "slow-token"]),
        ("code zebra", []),
        ("the zebra does not match", ["wrong-issuer"]),
        ("(issuer)", ["wrong-issuer", "expired-code"]),
        ("xylophone", []),
    ],
)
def test_a_search_finds_the_best_first(word: str, found: list[str], shelf: Path) -> None:
    """A name counts more than a title, a title more than a cause, and a typo is forgiven."""
    assert shelf.is_dir()
    assert [scenario.name for scenario in search(word)] == found


def test_a_search_for_nothing_gives_the_library(shelf: Path) -> None:
    """Without a word there is nothing to leave out."""
    assert shelf.is_dir()
    assert search(" ") == library()


def test_an_installed_package_carries_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside an installed package the scenarios are in it; beside it in a checkout; and else it says so."""
    package = tmp_path / "site" / "sandbox"
    package.mkdir(parents=True)
    monkeypatch.setattr(module.sandbox, "__file__", str(package / "__init__.py"))
    with pytest.raises(ScenarioError, match="Install the sandbox again"):
        module.folder()
    for place in (tmp_path / "site" / "scenarios", package / "_scenarios"):
        place.mkdir()
        (place / "healthy.yaml").write_text(CONNECTS, encoding="utf-8")
        assert module.folder() == place
        assert find("healthy").title == "Fine"


def test_the_library_is_read_once_and_again_after_a_change(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read when it is new or changed; a list or another name costs no reading otherwise."""
    reading: list[str] = []

    def counted(path: str) -> Scenario:
        reading.append(Path(path).stem)
        return read(path)

    monkeypatch.setattr(module, "read", counted)
    assert library() == library()
    assert find("sluggish").name == "slow-token"
    assert sorted(reading) == names()
    changed = shelf / "slow-token.yaml"
    changed.write_text(changed.read_text(encoding="utf-8").replace("sluggish", "sleepy"), encoding="utf-8")
    assert find("sleepy").name == "slow-token"
    assert reading[5:] == ["slow-token"]
    changed.unlink()
    assert "slow-token" not in [scenario.name for scenario in library()]


CATALOGUE: Final = """
transport-slash-redirect transport-host-421 transport-sse-get-404 transport-403-before-401 challenge-header-missing
challenge-metadata-url-wrong challenge-malformed challenge-inside-200 challenge-expired-wrong-status
challenge-only-on-tool-call auth-advertised-not-required prm-resource-path-mismatch prm-resource-trailing-slash
prm-resource-http-scheme prm-resource-loopback-alias prm-requires-auth prm-absent prm-custom-location
asmeta-issuer-trailing-slash asmeta-issuer-other-path asmeta-oidc-only asmeta-path-issuer asmeta-not-metadata
asmeta-required-field-missing-or-null asmeta-no-pkce asmeta-redirected asmeta-internal-host dcr-absent
dcr-client-not-allowlisted dcr-null-or-empty-fields dcr-omits-grant-types dcr-status-200 dcr-metadata-rejected
dcr-custom-scheme-rejected dcr-rate-limited cimd-fetch-blocked cimd-redirect-port redirect-uri-mismatch
redirect-loopback-form callback-unreachable authorize-error-redirect authorize-resource-refused token-form-encoded
token-expires-in-string token-error-in-200 token-client-auth-mismatch token-type-lowercase token-expiry-missing-or-zero
token-invalid-target rs-audience-mismatch rs-issuer-mismatch rs-unknown-kid rs-opaque-token rs-clock-skew
rs-rejects-fresh-token refresh-not-attempted refresh-rotation-race refresh-omits-token refresh-not-issued
refresh-wrong-error refresh-5xx client-forgotten as-swapped transient-auth-failure-cached scope-over-request
scope-offline-access-rejected stepup-ignored session-404 session-protocol-version net-waf-html-challenge
net-bot-block-after-auth net-cors net-private-ca net-hang attack-hostile-authorization-endpoint attack-mix-up
attack-metadata-ssrf attack-callback-state-tampered attack-wrong-audience-token attack-consent-confused-deputy
"""
"""The failures that reports tell of, by the names under which they were collected."""


def test_every_known_failure_is_there() -> None:
    """Each collected failure is a scenario, or another name of one."""
    wanted = CATALOGUE.split()
    assert len(wanted) == 80
    assert len({find(name).name for name in wanted}) == 80


CONFORMANCE: Final = """
metadata-default metadata-var1 metadata-var2 metadata-var3 basic-cimd scope-from-www-authenticate
scope-from-scopes-supported scope-omitted-when-undefined scope-step-up scope-retry-limit token-endpoint-auth-basic
token-endpoint-auth-post token-endpoint-auth-none pre-registration 2025-03-26-oauth-metadata-backcompat
2025-03-26-oauth-endpoint-fallback resource-mismatch offline-access-scope offline-access-not-supported
authorization-server-migration iss-supported iss-not-advertised iss-supported-missing iss-wrong-issuer iss-unexpected
iss-normalized metadata-issuer-mismatch
"""
"""The `auth/` scenarios of @modelcontextprotocol/conformance 0.2.0-alpha.12, but for its extensions."""


@pytest.mark.parametrize("name", CONFORMANCE.split())
def test_every_breakage_of_the_conformance_suite_is_there(name: str) -> None:
    """Each server that the suite shows to clients is a scenario that names it."""
    assert [scenario for scenario in library() if f"conformance: auth/{name}" in scenario.references]


SYMPTOMS: Final = [(symptom, scenario) for scenario in library() for symptom in scenario.symptoms]


@pytest.mark.parametrize(("symptom", "scenario"), SYMPTOMS, ids=lambda value: getattr(value, "name", ""))
def test_whoever_pastes_what_is_on_the_screen_finds_it(symptom: Symptom, scenario: Scenario) -> None:
    """The words that a client prints, whatever they name, lead to the scenario, on the first page of what is found.

    Some clients say the same of many failures; then it is among those.
    """
    screen = f"| {symptom.prints.replace('…', 'http://localhost:4101/mcp')} |"
    found = search(screen)
    assert scenario.name in [one.name for one in found if symptom.prints in [other.prints for other in one.symptoms]]
    words = symptom.prints.strip("… ")
    same = [one for one in library() if words in [other.prints.strip("… ") for other in one.symptoms]]
    assert found.index(scenario) < len(same) + 10


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("does not support dynamic client registration", "missing-registration"),
        ("Incompatible auth server: does not suport dynamc client registration", "missing-registration"),
        ("anthropics/claude-code#76939", "refresh-not-attempted"),
        ("claude-code#76939", "refresh-not-attempted"),
        ("self signed certificate in certificate chain", "net-private-ca"),
        ("prm-absent", "resource-metadata-missing"),
        ("invalid_target", "invalid-target"),
        ("auth/iss-supported-missing", "attack-mix-up-missing"),
    ],
)
def test_what_people_look_for_comes_first(asked: str, first: str) -> None:
    """The scenario that is meant is the first of those found."""
    assert search(asked)[0].name == first


@pytest.mark.parametrize(
    "screen",
    [
        "failed to connect",
        "✗ Failed to connect",
        "✘ Failed to connect",
        "log-aggregator: https://logs.example/ (HTTP) - ✗ Failed to connect",
    ],
)
def test_what_a_story_quotes_comes_before_what_many_clients_print(screen: str) -> None:
    """Of the many scenarios in which a client says so, those that are about it come first, the connection log's too."""
    assert "authorize-url-as-issuer" in [scenario.name for scenario in search(screen)[:2]]


def test_a_pasted_log_is_searched_in_no_time() -> None:
    """Whoever pastes a whole log gets an answer at once, and what a client printed in it comes first."""
    line = "12:04:55 [DEBUG] MCP server logs: SDK auth failed: retrying request 4711-ab in a while, attempt nr. 3\n"
    log = line * 3000 + "│ SDK auth failed: self signed certificate in certificate chain │\n" + line * 3000
    began = time.process_time()
    assert search(log)[0].name == "net-private-ca"
    assert time.process_time() - began < 5
