"""The dashboard: every setting of both systems, changed while they run, and what that changes on the wire."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest

from sandbox.console import controls
from sandbox.console.dashboard import manifest
from sandbox.console.groups import AHEAD, EFFECTS, PARTS, SEEN
from sandbox.console.published import Difference, Place, differences, published
from sandbox.durations import seconds
from sandbox.effects import _effects
from sandbox.log_aggregator.manifest import read_manifest
from sandbox.sandbox import Sandbox
from sandbox.scenario import library
from sandbox.scenario.settings import Setting, every_setting
from sandbox.workos.records import Client, Grant, RefreshToken
from sandbox.world import World, merged
from tests.conftest import missing
from tests.console.test_pages import AXE, HOSTILE, connect, page, until, world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["page", "world"]

REGISTRATION = "workos.dynamic_client_registration"


def change(world: Sandbox, setting: str, *values: str, **others: str) -> httpx2.Response:
    """Send the form of a setting, as a browser without scripts does."""
    form: dict[str, Any] = {"setting": setting, "value": list(values), **others}
    return httpx2.post(f"{world.addresses.console}/dashboard/settings", data=form, follow_redirects=True)


def shown(world: Sandbox) -> str:
    """Give the dashboard as it is written."""
    return httpx2.get(f"{world.addresses.console}/dashboard").text


def row(page_: Page, setting: str) -> Any:
    """Find the row of a setting."""
    return page_.locator(f'[id="{setting}"]')


# --- the settings ------------------------------------------------------------------------------------------------


def test_every_setting_has_its_place() -> None:
    """Each setting of the world stands in exactly one group."""
    grouped = [name for part in PARTS for group in part.groups for name in group.settings]
    assert sorted(grouped) == sorted(setting.name for setting in every_setting())


def test_every_setting_is_on_the_page(world: Sandbox) -> None:
    """Each has a form of its own, a control with its value, and what it means."""
    text = shown(world)
    forms = re.findall(r'<input type="hidden" name="setting" value="([^"]+)">', text)
    assert sorted(forms) == sorted(setting.name for setting in every_setting())
    assert "goes out as <code>" + world.addresses.workos in text


@pytest.mark.parametrize("setting", every_setting(), ids=lambda setting: setting.name)
def test_a_form_gives_back_what_it_shows(setting: Setting) -> None:
    """Whatever a control shows of the healthy value is read as that value."""
    if controls.control(setting) == "choices":
        sent = tuple(setting.healthy)
    else:
        sent = (controls.shown(setting, setting.healthy),)
    read = controls.value_of(setting, sent)
    assert merged(World(), setting.change(read)) == World()


# A value of each setting that a client reads of before it has a token.
OTHERS: dict[str, Any] = {
    REGISTRATION: False,
    "workos.client_id_metadata_document": True,
    "workos.token_endpoint_auth_methods": ["none"],
    "workos.scopes": ["openid"],
    "workos.issuer": "client",
    "workos.issuer_path": "/tenant1",
    "workos.metadata_at": ["openid"],
    "service.visibility": "public",
    "service.authorization_server": "https://elsewhere.example",
    "service.path": "/",
    "service.url": "http://localhost:9/mcp",
    "service.challenge.status": 403,
    "service.challenge.scheme": None,
    "service.challenge.error": "invalid_token",
    "service.challenge.error_description": "No",
    "service.challenge.resource_metadata": "root",
    "service.challenge.scope": "openid",
    "service.challenge.body": {"error": "No"},
    "service.metadata_at": ["root"],
    "service.scopes": ["openid"],
    "service.authorization": "here",
    "tls.workos": "on",
    "tls.mcp": "on",
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_setting_that_shows_in_documents_is_said_to(name: str, world: Sandbox) -> None:
    """What a setting changes of the published documents is at the steps that the page names for it, and the others."""
    setting = next(each for each in every_setting() if each.name == name)
    other = merged(world.written, setting.change(OTHERS[name]))
    changed = differences(published(world, world.written), published(world, other))
    assert changed
    assert {difference.step for difference in changed} & {*SEEN[name]}


@pytest.mark.parametrize("setting", [each for each in every_setting() if each.name not in OTHERS], ids=lambda s: s.name)
def test_the_others_show_in_no_document(setting: Setting, world: Sandbox) -> None:
    """What the scenarios set of the other settings changes no document."""
    for scenario in library():
        try:
            value = setting.of(scenario.world)
        except (KeyError, TypeError):
            continue
        other = merged(World(), setting.change(value))
        assert differences(published(world, World()), published(world, other)) == ()


async def test_what_is_said_to_be_published_is(sandbox: Sandbox) -> None:
    """Every document of the page is what a client really reads there, in every scenario's world."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        for scenario in library():
            if scenario.built().tls != World().tls:
                continue
            sandbox.use(msgspec.structs.replace(scenario, faults=()))
            for place, lines in published(sandbox, sandbox.written).items():
                answer = await http.get(place.url) if place.step != "challenge" else await http.post(place.url)
                if place.step == "challenge":
                    challenged = answer.headers.get("www-authenticate")
                    if sandbox.world.service.visibility == "protected":
                        assert lines[0] == f"HTTP {answer.status_code}"
                        assert challenged is None or f"WWW-Authenticate: {challenged}" in lines
                else:
                    assert answer.status_code == 200, place
                    assert [line.partition(":")[0] for line in lines] == list(answer.json())


def test_a_switch_is_thrown_without_scripts(world: Sandbox) -> None:
    """A plain form turns registration off; the page says what that takes from the metadata, and how to go back."""
    answer = change(world, REGISTRATION)
    assert world.world.workos.dynamic_client_registration is False
    assert "1 setting differs from the healthy world" in answer.text
    assert f"- registration_endpoint: &#34;{world.addresses.workos}/oauth2/register&#34;" in answer.text
    change(world, REGISTRATION, healthy="yes")
    assert world.world.workos.dynamic_client_registration is True
    assert "Every setting is as in the healthy world." in shown(world)


def test_no_button_promises_what_it_cannot_do(world: Sandbox) -> None:
    """A mapping with a key more cannot go back by a change, which lays mappings over; then no button says so."""
    change(world, "service.challenge.body", '{"error": "No."}')
    assert 'As healthy<span class="unseen"> for service.challenge.body' in shown(world)
    text = change(world, "service.challenge.body", '{"more": 1}').text
    assert "1 setting differs" in text
    assert "As healthy" not in text


REFUSED = [
    ("workos.access_token.lifetime", "soon", "Allowed: a duration such as 30s or 5m"),
    ("workos.disabled_registration.status", "4o3", "Allowed: a whole number from 400 to 599"),
    ("workos.disabled_registration.status", "200", "Allowed: a whole number from 400 to 599"),
    ("workos.users", "[{", "is no JSON"),
    ("workos.users", '[{"id": "user_1"}]', "lacks <code>email</code>"),
    ("service.path", "mcp", "Allowed: a text that begins with <code>/</code>"),
    ("workos.sign_in", "perhaps", "Allowed: <code>"),
    ("workos.nonsense", "1", "There is no setting"),
]


@pytest.mark.parametrize(("setting", "value", "told"), REFUSED)
def test_what_is_no_value_is_refused_in_its_row(setting: str, value: str, told: str, world: Sandbox) -> None:
    """A mistake is told beside the control that keeps it, with what is allowed, and nothing changes."""
    before = world.world
    answer = change(world, setting, value)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert told in answer.text
    assert world.world == before


def test_a_placeholder_stays_one(world: Sandbox) -> None:
    """A setting that names another by a placeholder is shown as it is written, beside what goes out."""
    change(world, "service.authorization_server", "{workos}/sso/authorize")
    text = shown(world)
    assert 'value="{workos}/sso/authorize"' in text
    assert f"goes out as <code>{world.addresses.workos}/sso/authorize</code>" in text


def test_a_secret_is_shown_by_fingerprint_and_kept(world: Sandbox) -> None:
    """A client secret is not on the page, and a form that brings back its fingerprint leaves it as it is."""
    application = {
        "client_id": "client_01SECRET",
        "name": "Mine",
        "token_endpoint_auth_method": "client_secret_post",
        "client_secret": "a-secret-of-mine",
    }
    world.change({"workos": {"applications": [application]}})
    text = shown(world)
    assert "a-secret-of-mine" not in text
    setting = next(each for each in every_setting() if each.name == "workos.applications")
    fingerprint = re.search(r"‹client_secret [0-9a-f]{8}›", text)
    assert fingerprint is not None
    sent = controls.shown(setting, [{**application, "client_secret": fingerprint[0], "name": "Yours"}])
    assert change(world, "workos.applications", sent).status_code == 200
    (kept,) = world.world.workos.applications
    assert (kept.name, kept.client_secret) == ("Yours", "a-secret-of-mine")


def test_the_manifest_can_be_read(world: Sandbox, tmp_path: Path) -> None:
    """The raindrop.manifest of the page says, read as one, what the service runs with."""
    world.change({"service": {"authorization_server": 'https://"odd"\\.example'}})
    file = tmp_path / "raindrop.manifest"
    file.write_text(manifest(world), encoding="utf-8")
    read = read_manifest(file)["service"]
    assert read["visibility"] == "protected"
    assert read["authorization_server"] == 'https://"odd"\\.example'


# --- the state ---------------------------------------------------------------------------------------------------


def test_every_effect_has_a_button(world: Sandbox) -> None:
    """What can be done to the state can be done here, and every button does it."""
    assert {(each.action, each.thing) for each in EFFECTS} == set(_effects(world))
    buttons = [f"{each.action} {each.thing}" for each in EFFECTS] + [f"advance {far}" for far in AHEAD]
    text = shown(world)
    for button in buttons:
        assert f'value="{button}"' in text
        answer = httpx2.post(f"{world.addresses.console}/dashboard/effects", data={"effect": button})
        assert answer.status_code == 303


@pytest.mark.chromium
def test_the_state_is_shown_and_acted_on(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A client, its session and its tokens appear while it connects, and a button ends them."""
    page.goto(f"{world.addresses.console}/dashboard")
    state = page.locator("#remembered")
    assert "Nobody has signed in yet." in state.inner_text()
    connect(world, tmp_path)
    expected = (
        "Ada Park",
        r"‹access_token [0-9a-f]{8}›\s+MCP Python SDK\s+good for \d+ s more",
        r"‹refresh_token [0-9a-f]{8}›\s+MCP Python SDK\s+good",
    )
    until(page, lambda: all(re.search(each, state.inner_text()) for each in expected))
    assert "eyJ" not in page.content()
    page.get_by_role("button", name="Expire access tokens").click()
    until(page, lambda: "ended before its time" in state.inner_text())
    page.get_by_role("button", name="Forget clients").click()
    until(page, lambda: "MCP Python SDK" not in page.locator("table").first.inner_text())
    assert list(world.store.all(Client)) == []


@pytest.mark.chromium
def test_one_is_ended_and_the_others_stay(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Beside a client, a session and a refresh token stands a button that ends it alone, and says what that does."""
    connect(world, tmp_path)
    connect(world, tmp_path)
    page.goto(f"{world.addresses.console}/dashboard")
    state = page.locator("#remembered")
    for name, then in (
        ("Expire", "answered invalid_grant"),
        ("Revoke", "Its refresh tokens are dead"),
        ("Forget", "unknown from now on"),
    ):
        buttons = state.get_by_role("button", name=name)
        assert buttons.count() == 2
        buttons.first.click()
        until(page, lambda then=then: then in page.locator("#said").inner_text())  # type: ignore[misc]
        until(page, lambda buttons=buttons: buttons.count() == 1)  # type: ignore[misc]
    assert len(list(world.store.all(RefreshToken))) == 1
    assert sorted(grant.revoked for _, grant in world.store.all(Grant)) == [False, True]
    assert len(list(world.store.all(Client))) == 1


def test_what_is_gone_already_is_said(world: Sandbox) -> None:
    """A button of an old page gets the page as it is now, and why nothing was done."""
    address = f"{world.addresses.console}/dashboard/effects"
    answer = httpx2.post(address, data={"effect": "forget client client_gone"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "There is no client" in answer.text


def test_the_clock_is_advanced(world: Sandbox) -> None:
    """The clock moves ahead by what was chosen, and the page says so."""
    before = world.sources.now()
    address = f"{world.addresses.console}/dashboard/effects"
    answer = httpx2.post(address, data={"effect": "advance 1h"}, follow_redirects=True)
    assert world.sources.now() - before >= seconds("1h")
    assert "the clock is 1h ahead of where it was" in answer.text


# --- in a browser ------------------------------------------------------------------------------------------------


@pytest.mark.chromium
def test_a_switch_acts_at_once(world: Sandbox, page: Page) -> None:
    """A switch is saved as it is thrown, by keyboard too, and keeps the keyboard; its row says what changed."""
    page.goto(f"{world.addresses.console}/dashboard")
    control = page.get_by_role("switch", name="dynamic_client_registration")
    control.focus()
    page.keyboard.press("Space")
    until(page, lambda: world.world.workos.dynamic_client_registration is False)
    until(page, lambda: "registration_endpoint" in row(page, REGISTRATION).locator(".shows").inner_text())
    assert page.evaluate("document.activeElement.id") == f"control-{REGISTRATION}"
    assert "changes what goes out at server-metadata" in page.locator("#said").inner_text()
    assert httpx2.post(f"{world.addresses.workos}/oauth2/register", json={}).status_code == 403
    page.get_by_role("button", name=f"As healthy for {REGISTRATION}").click()
    until(page, lambda: world.world.workos.dynamic_client_registration is True)


@pytest.mark.chromium
def test_what_was_done_stays_said(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """What a button did is still said after the page has shown what happened since."""
    page.goto(f"{world.addresses.console}/dashboard")
    page.get_by_role("button", name="Expire access tokens").click()
    until(page, lambda: "Done: Expire access tokens." in page.locator("#said").inner_text())
    connect(world, tmp_path)
    until(page, lambda: "MCP Python SDK" in page.locator("#remembered").inner_text())
    assert "Done: Expire access tokens." in page.locator("#said").inner_text()


@pytest.mark.chromium
def test_what_is_typed_is_saved_by_enter_and_not_lost(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A text that is being typed outlives whatever else happens, and Enter saves it."""
    page.goto(f"{world.addresses.console}/dashboard")
    field = page.get_by_label("access_token.lifetime", exact=True)
    field.fill("1h")
    connect(world, tmp_path)
    until(page, lambda: "MCP Python SDK" in page.locator("#remembered").inner_text())
    assert field.input_value() == "1h"
    field.press("Enter")
    until(page, lambda: world.world.workos.access_token.lifetime == "1h")


@pytest.mark.chromium
def test_a_mistake_is_told_where_it_was_made(world: Sandbox, chromium: Browser) -> None:
    """A text that is no value stays in its control, with what is allowed beside it, until it is mended."""
    page = chromium.new_page()
    page.goto(f"{world.addresses.console}/dashboard")
    field = page.get_by_label("access_token.lifetime", exact=True)
    field.fill("soon")
    field.press("Enter")
    told = row(page, "workos.access_token.lifetime").get_by_role("alert")
    told.wait_for()
    assert "Allowed: a duration such as 30s or 5m" in told.inner_text()
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("soon", "true")
    field.fill("1h")
    field.press("Enter")
    told.wait_for(state="detached")
    assert world.world.workos.access_token.lifetime == "1h"
    page.close()


@pytest.mark.chromium
def test_hostile_words_stay_words(world: Sandbox, page: Page) -> None:
    """What a client registers and what a setting holds is text."""
    registration = {"client_name": HOSTILE, "redirect_uris": ["http://localhost:9/cb"], "scope": "openid"}
    assert httpx2.post(f"{world.addresses.workos}/oauth2/register", json=registration).status_code == 201
    world.change({"service": {"authorization_server": HOSTILE}, "workos": {"scopes": [HOSTILE]}})
    page.goto(f"{world.addresses.console}/dashboard")
    page.get_by_role("switch", name="require_pkce").click()
    until(page, lambda: world.world.workos.require_pkce is False)
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "Dashboard · Sandbox console"
    assert HOSTILE in page.locator("#remembered").inner_text()
    assert HOSTILE in page.locator("#manifest").inner_text().replace("\\", "")


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme: Any, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Names, contrast and structure are sound, with settings that differ, a refusal, and a client."""
    if not AXE.exists():
        missing("axe-core")
    connect(world, tmp_path)
    world.change({"workos": {"dynamic_client_registration": False}, "service": {"path": "/"}})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{world.addresses.console}/dashboard")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    serious = [each for each in found["violations"] if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious] == []


@pytest.mark.chromium
@pytest.mark.parametrize("width", [360, 768, 1920])
def test_it_is_as_wide_as_its_window(width: int, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """From a phone to a projector nothing has to be scrolled sideways, whatever size the words have."""
    connect(world, tmp_path)
    world.change({"service": {"challenge": {"error_description": "Interminable" * 17}}})
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{world.addresses.console}/dashboard")
    for large in (False, True):
        if large:
            page.locator("#size").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_appears_at_one_side_alone() -> None:
    """A document that is there only before, or only after, is a 404 on the other side."""
    (gone,) = differences({Place("server-metadata", "http://x"): ("a: 1",)}, {})
    assert gone == Difference("server-metadata", "http://x", ("- HTTP 200, 1 fields", "+ HTTP 404"))
