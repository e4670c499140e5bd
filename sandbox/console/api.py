"""The control API: what the running sandbox knows, and how it is steered."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import __version__, export, report_page
from sandbox.console.calls import KNOWN, answer, asked, running, why
from sandbox.console.client_secrets import without_secrets
from sandbox.console.dashboard import dashboard
from sandbox.console.openapi import described
from sandbox.console.pages import pages, trouble
from sandbox.console.teaching import teaching
from sandbox.console.ways_in import people
from sandbox.diagnosis.clients import told_apart
from sandbox.diagnosis.report import is_broken
from sandbox.errors import SandboxError
from sandbox.plain import FILTERS
from sandbox.scenario import check_change, library, read_value
from sandbox.scenario.library import find_named
from sandbox.wire.wsgi import knowing
from sandbox.workos.records import Grant, RefreshToken

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from sandbox.sandbox import Sandbox

EVENTS: Final = "/api/events"
"""The stream of exchanges; it is served beside Flask, as it has to wait."""

_REPORTED: Final = 1000
"""How many of the last exchanges a report has."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NOWHERE: Final = "There is no page at this address."


def create_app(sandbox: Sandbox) -> WSGIApplication:
    """Make the application around a running sandbox."""
    return knowing(_flask_app(), **{KNOWN: sandbox})


@functools.cache
def _flask_app() -> Flask:
    """Give the Flask application of this process; the environment of a request says which sandbox it is about."""
    app = Flask(__name__)
    app.jinja_env.filters |= FILTERS
    app.register_blueprint(pages)
    app.register_blueprint(dashboard)
    app.register_blueprint(teaching)
    for route in ROUTES:
        name = f"{route.method} {route.path}"
        app.add_url_rule(route.path, name, route.answer, methods=[route.method])
    app.register_error_handler(SandboxError, _refused)
    app.register_error_handler(msgspec.ValidationError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _refused(error: Exception) -> Response:
    return trouble(why(error), 400) if _is_page() else answer({"error": why(error)}, 400)


def _http_error(error: HTTPException) -> Response:
    if _is_page():
        said = _NOWHERE if error.code == HTTPStatus.NOT_FOUND else str(error.description)
        response = trouble(said, error.code or 500)
    else:
        served = sorted([f"GET {EVENTS}", *(f"{route.method} {route.path}" for route in ROUTES)])
        response = answer({"error": f"{error.name}: {error.description}", "served": served}, error.code or 500)
    response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return response


def _is_page() -> bool:
    """Say whether a person asks: a browser wants HTML, and the API has places of its own."""
    return not request.path.startswith(("/api/", "/health")) and "text/html" in request.accept_mimetypes.values()


# --- answers -----------------------------------------------------------------------------------------------------


def health() -> Response:
    """Say that the sandbox is up."""
    sandbox = running()
    return answer({"status": "ok", "version": __version__, "scenario": sandbox.scenario.name, **_addresses(sandbox)})


def _addresses(sandbox: Sandbox) -> dict[str, str]:
    return {"workos": sandbox.addresses.workos, "mcp": sandbox.mcp_url, "console": sandbox.addresses.console}


def scenarios() -> Response:
    """List the scenarios of the library."""
    fields = ("name", "title", "step", "story")
    return answer([{field: getattr(scenario, field) for field in fields} for scenario in library()])


def scenario() -> Response:
    """Give the running scenario, and which of its faults have not fired."""
    sandbox = running()
    shown = _hidden(msgspec.to_builtins(sandbox.scenario))
    return answer({"name": sandbox.scenario.name, **shown, "mcp": sandbox.mcp_url, "unfired": sandbox.unfired()})


def _hidden(value: Any) -> Any:
    """Give a JSON-like value with fingerprints for client secrets, unless secrets are revealed."""
    return value if running().wire.reveal else without_secrets(value)


def put_scenario() -> Response:
    """Switch to a scenario: `{"name": …}` of the library, or a whole scenario, as this API gives it."""
    sandbox, given = running(), asked()
    if set(given) == {"name"}:
        sandbox.use(find_named(str(given["name"])))
    else:
        name = str(given.pop("name", "unnamed"))
        for said in ("mcp", "unfired"):  # what this API says besides
            given.pop(said, None)
        sandbox.use(read_value(given, name=name))
    return scenario()


def fix() -> Response:
    """Apply the scenario's fix."""
    running().fix()
    return scenario()


def reset() -> Response:
    """Restore everything as it was at the start of the scenario."""
    running().reset()
    return scenario()


def trace() -> Response:
    """Give the exchanges, as `json`, `har`, `mermaid`, `curl` or `svg`, all or those `since` a number."""
    sandbox = running()
    since = request.args.get("since", "0")
    if not _NUMBER.fullmatch(since):
        raise SandboxError(f"since is the number of an exchange, such as 12, and not {since!r}.")
    wanted = request.args.get("format", "json")
    if wanted not in export.FORMATS:
        raise SandboxError(f"There is no format {wanted!r}; there are: {', '.join(export.FORMATS)}.")
    form = export.FORMATS[wanted]
    return Response(
        form.pieces([each for each in sandbox.trace if each.number > int(since)]), content_type=form.content_type
    )


def report() -> Response:
    """Give a report as one HTML file that loads nothing: findings, diagram, exchanges."""
    sandbox = running()
    text = report_page.page(list(sandbox.trace)[-_REPORTED:], sandbox.findings, sandbox.scenario.title)
    kept = {"Content-Disposition": 'attachment; filename="report.html"', "Content-Security-Policy": report_page.POLICY}
    return Response(text, content_type="text/html; charset=utf-8", headers=kept)


def findings() -> Response:
    """Say what is wrong, read from the exchanges alone: what broke first, then what is risky, then what did no harm.

    With `so_far` the client may still go on, and what it has not done yet is held against it only after a silence.
    """
    found = running().watch.found() if "so_far" in request.args else running().findings
    return answer({"broken": is_broken(found), "findings": found})


def clients() -> Response:
    """Tell the clients apart: the name that each gave, and the numbers of its exchanges."""
    told = [
        {"name": name, "exchanges": [each.number for each in theirs if each.asker in {"client", "browser"}]}
        for name, theirs in told_apart(running().trace)
    ]
    return answer({"clients": [each for each in told if each["exchanges"]]})


def world() -> Response:
    """Give the settings of both systems."""
    return answer(_hidden(msgspec.to_builtins(running().world)))


def patch_world() -> Response:
    """Change settings of both systems; the next request sees them."""
    sandbox, given = running(), asked()
    check_change(sandbox.written, given)
    sandbox.change(given)
    return world()


def state() -> Response:
    """Give the clients, grants and users, and what to sign in with; other secrets as fingerprints, unless revealed."""
    sandbox = running()
    server = sandbox.authkit
    known = {one.id: {"password": one.password, "totp_secret": one.totp_secret} for one in people(server)}
    return answer(
        {
            "clients": _hidden(msgspec.to_builtins(server.clients())),
            "grants": [grant for _, grant in sandbox.store.all(Grant)],
            "refresh_tokens": sum(1 for _ in sandbox.store.all(RefreshToken)),
            "users": [user.shown() | known.get(user.id, {}) for user in server.users()],
            "api_keys": server.settings.api_keys,
            "one_time_code": server.settings.one_time_code,
            "signing_key": server.keys.current.kid,
        }
    )


def effects() -> Response:
    """Change state: `{"expire": "access-tokens"}`, `{"forget": "clients"}` and the like."""
    given = asked()
    if len(given) != 1:
        raise SandboxError('Ask for one effect at a time, such as {"expire": "access-tokens"}.')
    ((action, what),) = given.items()
    running().effect(action, what)
    return answer({"done": given})


def held() -> Response:
    """Give the steps before which exchanges stop, and those that stand there."""
    hold = running().wire.hold
    return answer({"before": hold.before, "held": hold.standing})


def hold() -> Response:
    """Stop exchanges before steps, `{"before": ["token"]}`, and before no others; what stands elsewhere goes on."""
    before = asked().get("before")
    if not isinstance(before, list) or not all(isinstance(step, str) for step in before):
        raise SandboxError('Say before which steps, such as {"before": ["token"]}; {"before": []} holds nothing.')
    running().hold(*before)
    return held()


def step() -> Response:
    """Let the exchange that stands longest go on, or the one of a `{"number": …}`."""
    number = asked().get("number") if request.get_data() else None
    if number is not None and type(number) is not int:
        raise SandboxError(f"number is that of an exchange, such as 3, and not {number!r}.")
    went_on = running().step(number)
    return answer({"went_on": went_on and went_on.number})


def ca() -> Response:
    """Give the certificate of the sandbox's CA, which clients trust to reach ports that speak HTTPS (PEM)."""
    return Response(running().certificates.pem(), mimetype="application/x-pem-file")


def openapi() -> Response:
    """Describe this API (OpenAPI 3.1)."""
    return answer(described(ROUTES, EVENTS))


class Route(NamedTuple):
    """One operation of the API."""

    method: str
    path: str
    answer: Callable[[], Response]

    @property
    def summary(self) -> str:
        """What it does, from its docstring."""
        return (self.answer.__doc__ or "").partition("\n")[0]


ROUTES: Final = (
    Route("GET", "/health", health),
    Route("GET", "/api/scenarios", scenarios),
    Route("GET", "/api/scenario", scenario),
    Route("PUT", "/api/scenario", put_scenario),
    Route("POST", "/api/fix", fix),
    Route("POST", "/api/reset", reset),
    Route("GET", "/api/trace", trace),
    Route("GET", "/api/report.html", report),
    Route("GET", "/api/findings", findings),
    Route("GET", "/api/clients", clients),
    Route("GET", "/api/world", world),
    Route("PATCH", "/api/world", patch_world),
    Route("GET", "/api/state", state),
    Route("POST", "/api/effects", effects),
    Route("GET", "/api/hold", held),
    Route("POST", "/api/hold", hold),
    Route("POST", "/api/step", step),
    Route("GET", "/api/ca.pem", ca),
    Route("GET", "/api/openapi.json", openapi),
)
