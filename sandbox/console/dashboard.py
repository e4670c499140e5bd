"""The dashboard: the settings of both systems, changed while they run, and what the sandbox remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for

from sandbox.console import controls
from sandbox.console.calls import running
from sandbox.console.client_secrets import with_secrets, without_secrets
from sandbox.console.groups import AHEAD, EFFECTS, ONE, PARTS, SEEN, Seen
from sandbox.console.published import Difference, differences, published
from sandbox.console.remembered import remembered
from sandbox.console.ways_in import people
from sandbox.errors import SandboxError
from sandbox.real_keys import holds_one
from sandbox.world import World, merged

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Answer

    from sandbox.sandbox import Sandbox
    from sandbox.scenario.settings import Setting

dashboard = Blueprint("dashboard", __name__, url_prefix="/dashboard")


class Row(NamedTuple):
    """A setting on the page."""

    setting: Setting
    control: str
    options: tuple[str, ...]
    hint: str
    value: str
    chosen: tuple[str, ...]
    placed: str
    """What goes out for it, where placeholders are filled in; else empty."""
    seen: Seen
    changed: bool
    """Whether it differs from the healthy world."""
    returns: bool
    """Whether its healthy value can be set; not where a mapping holds keys more, as mappings are laid over."""
    shows: tuple[Difference, ...]
    """What it alone changes of what is published."""
    error: str


@dashboard.get("")
def page(error: str = "", at: str = "", typed: tuple[str, ...] = ()) -> str:
    """Show every setting, what it changes on the wire, and the state."""
    from sandbox.scenario.settings import every_setting  # reading the types takes a while

    sandbox = running()
    written, world = (without_secrets(msgspec.to_builtins(one)) for one in (sandbox.written, sandbox.world))
    rows = {}
    for setting in every_setting():
        failed = setting.name == at
        rows[setting.name] = _row(
            sandbox, setting, (written, world), typed if failed else None, error if failed else ""
        )
    done = request.args.get("done", "")
    return render_template(
        "dashboard.html",
        parts=PARTS,
        rows=rows,
        changed=[row for row in rows.values() if row.changed],
        trouble="" if at else error,
        done=rows.get(done),
        effects=EFFECTS,
        advanced=done.removeprefix("advance ") if done.removeprefix("advance ") in AHEAD else "",
        did=next((each for each in (*EFFECTS, *ONE) if [each.action, each.thing] == done.split(" ")[:2]), None),
        on=done.split(" ")[2:],
        ahead=AHEAD,
        manifest=manifest(sandbox),
        state=remembered(sandbox),
        people=people(sandbox.authkit),
        workos=sandbox.world.workos,
    )


def _row(sandbox: Sandbox, setting: Setting, worlds: tuple[Any, Any], typed: tuple[str, ...] | None, error: str) -> Row:
    value, placed = (setting.of(world) for world in worlds)
    kind = controls.control(setting)
    changed = value != without_secrets(setting.healthy)
    shown = controls.shown(setting, value)
    return Row(
        setting=setting,
        control=kind,
        options=tuple(controls.options(setting)) if kind in {"choice", "choices"} else (),
        hint=controls.hint(setting),
        value=shown if typed is None else "\n".join(typed),
        chosen=(tuple(value) if typed is None else typed) if kind == "choices" else (),
        placed="" if placed == value else controls.shown(setting, placed),
        seen=SEEN[setting.name],
        changed=changed,
        returns=changed and _returns(sandbox, setting),
        shows=_shows(sandbox, setting) if changed else (),
        error=error,
    )


def _shows(sandbox: Sandbox, setting: Setting) -> tuple[Difference, ...]:
    """Say what a setting changes of what is published: as it is, beside the same world with its healthy value."""
    without = msgspec.convert(_replaced(msgspec.to_builtins(sandbox.written), setting.path, setting.healthy), World)
    return differences(published(sandbox, without), published(sandbox, sandbox.written))


def _returns(sandbox: Sandbox, setting: Setting) -> bool:
    after = merged(sandbox.written, setting.change(setting.healthy))
    return bool(setting.of(msgspec.to_builtins(after)) == setting.healthy)


def _replaced(settings: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, *rest = path
    return {**settings, first: _replaced(settings[first], tuple(rest), value) if rest else value}


@dashboard.post("/settings")
def change() -> Answer | tuple[str, int]:
    """Change one setting, as its form says; refuse what is none, and show the page with why."""
    from sandbox.scenario.document import Document
    from sandbox.scenario.reading import plain
    from sandbox.scenario.settings import every_setting
    from sandbox.scenario.shapes import Shape, shaped

    sandbox = running()
    name, sent = request.form.get("setting", ""), tuple(request.form.getlist("value"))
    setting = next((each for each in every_setting() if each.name == name), None)
    if setting is None:
        return page(f"There is no setting `{name}`."), 400
    try:
        healthy = "healthy" in request.form
        value = setting.healthy if healthy else plain(with_secrets(sandbox.world, controls.value_of(setting, sent)))
        asked = setting.change(value)
        shaped(Document(asked), (), asked, Shape(lambda change: merged(sandbox.written, change), World))
        sandbox.change(asked)
    except SandboxError as error:
        return page(str(error), name, () if any(map(holds_one, sent)) else sent), 400
    return redirect(url_for("dashboard.page", done=name, _anchor=name), 303)


@dashboard.post("/effects")
def effect() -> Answer | tuple[str, int]:
    """Do one thing to the state: `expire access-tokens`, `advance 6m`, or `forget client client_01…`."""
    done = request.form.get("effect", "")
    action, thing, one = [*done.split(" ", 2), "", ""][:3]
    try:
        running().effect(action, {thing: one} if one else thing)
    except SandboxError as error:
        return page(str(error)), 400
    return redirect(url_for("dashboard.page", done=done, _anchor="state"), 303)


def manifest(sandbox: Sandbox) -> str:
    """Write the raindrop.manifest of the service as it runs."""
    service = sandbox.world.service
    server = service.authorization_server.replace("\\", "\\\\").replace('"', '\\"')
    return (
        'mcp_service "log-aggregator" {\n'
        f'  visibility           = "{service.visibility}"\n'
        f'  authorization_server = "{server}"\n'
        "}\n"
    )
