"""The authorization endpoint and the pages behind it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import escape
from werkzeug.test import TestResponse

from sandbox.workos.error_page import ERRORS
from sandbox.workos.records import Authorization, Code, Grant
from tests.workos.driver import (
    ADA,
    CALLBACK,
    CHALLENGE,
    CLEM,
    RESOURCE,
    SCOPE,
    Workos,
    error_page,
    fields,
    page_kind,
)
from tests.workos.test_redirects import UNTRUSTED

PATH: Final = "/oauth2/authorize"
CLAUDE_CODE_DOCUMENT: Final = "https://claude.ai/oauth/claude-code-client-metadata"
CLAUDE_WEB: Final = "client_01SANDB0XCLA1DEWEB000000000"


def ask(workos: Workos, client: dict[str, Any], *more: tuple[str, str], **change: str | None) -> TestResponse:
    """Ask for authorization with changed and further parameters."""
    query = [*workos.request(client, **change).items(), *more]
    return workos.http.get(f"{PATH}?{urlencode(query)}")


def refusal(response: TestResponse) -> dict[str, str]:
    """Give the fields of an error that went back to the client."""
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"{CALLBACK}?")
    sent = fields(response)
    assert "code" not in sent
    return sent


# --- the good way ------------------------------------------------------------------------------------------------


def test_a_person_signs_in_and_consents(workos: Workos, client: dict[str, Any]) -> None:
    """Authorize, choose a user, approve: the browser comes back with a code and the state."""
    begun = workos.authorize(client)
    assert begun.headers["Location"].startswith("/oauth2/sign-in?authorization_session_id=")
    sign_in = workos.http.get(begun.headers["Location"])
    assert page_kind(sign_in) == "sign-in"
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}
    chosen = workos.post("/oauth2/sign-in", session | {"user_id": ADA})
    consent = workos.http.get(chosen.headers["Location"])
    assert page_kind(consent) == "consent"
    decided = workos.post("/oauth2/consent", session | {"decision": "approve"})

    assert decided.status_code == 302
    assert set(fields(decided)) == {"code", "state"}
    assert decided.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert fields(decided)["state"] == "a state"


def test_the_consent_page_says_who_asks_for_what_and_where_it_leads(workos: Workos) -> None:
    """A person reads the client, its scopes, the resource, the user, and where the browser goes next."""
    client = workos.register(client_name="Interesting Client")
    begun = workos.authorize(client, resource=RESOURCE, scope="openid logs:delete")
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}
    workos.post("/oauth2/sign-in", session | {"user_id": ADA})
    text = workos.http.get("/oauth2/consent", query_string=session).text
    assert f'href="/oauth2/sign-in?{urlencode(session)}"' in text

    shown = ["Interesting Client", client["client_id"], "Know who you are", "Delete log entries", RESOURCE, CALLBACK]
    for expected in [*shown, "localhost:51734", "Ada", "Nearby Notebooks", "registered itself"]:
        assert expected in text


def test_a_preregistered_client_is_not_called_unchecked(workos: Workos) -> None:
    """Only a client that registered itself carries the warning."""
    begun = workos.authorize(workos.client(CLAUDE_WEB))
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}
    workos.post("/oauth2/sign-in", session | {"user_id": ADA})

    assert "registered itself" not in workos.http.get("/oauth2/consent", query_string=session).text


def test_an_app_with_its_own_scheme_is_shown(workos: Workos) -> None:
    """The pages name the scheme where a redirect URI has no host."""
    client = workos.register(redirect_uris=["com.example.app:/callback"])

    assert "com.example.app:" in workos.http.get(workos.authorize(client).headers["Location"]).text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"'><b>", "{{ 7 * 7 }}"])
def test_a_name_is_only_text(workos: Workos, name: str) -> None:
    """Markup in a client's name is shown as it is written."""
    client = workos.register(client_name=name)
    text = workos.http.get(workos.authorize(client).headers["Location"]).text

    assert name.replace("{{ 7 * 7 }}", "49") not in text or "{{" in name
    assert "<script>" not in text
    assert "49" not in text


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/callback",
        "app:///callback",
        "cursor://anysphere.cursor-mcp/oauth",
        "https://App.Example/Callback;p",
        "https://app.example/a%2fb?x=%5b[1]",
        "http://[::1]:8080/callback",
    ],
)
def test_the_browser_comes_back_to_the_very_uri(workos: Workos, uri: str) -> None:
    """The redirect URI is not rewritten on the way back; the answer's fields follow its own query."""
    client = workos.register(redirect_uris=[uri])
    location = workos.decide(workos.authorize(client)).headers["Location"]

    assert location.startswith(uri + ("&" if "?" in uri else "?") + "code=")


def test_another_port_of_a_loopback_uri_is_used(workos: Workos) -> None:
    """A client that registered one port may listen on another (RFC 8252, section 7.3), and is sent there."""
    client = workos.register(redirect_uris=["http://127.0.0.1/callback"])
    begun = workos.authorize(client, redirect_uri="http://127.0.0.1:61000/callback")

    assert workos.decide(begun).headers["Location"].startswith("http://127.0.0.1:61000/callback?code=")


def test_the_port_matters_where_the_dashboard_says_so(workos: Workos, client: dict[str, Any]) -> None:
    """With `exact` another port is an untrusted redirect URI."""
    workos.set(loopback_ports="exact")

    assert error_page(workos.authorize(client, redirect_uri="http://localhost:1/callback")) == "invalid_redirect_uri"
    assert workos.code(client)


WEIRD: Final = (
    "a b+c/=?&#é%41\n\r\x00\"<>\\|^`{}~!*'()",
    "x" * 4000,
    "مرحبا 📓",
    "%",
    "%25%2B",
    "&error=access_denied",
    "#fragment",
    " ",
)


@pytest.mark.parametrize("state", WEIRD)
def test_state_comes_back_untouched(workos: Workos, client: dict[str, Any], state: str) -> None:
    """Any state comes back as it was sent, with the code and with an error."""
    assert fields(workos.decide(workos.authorize(client, state=state)))["state"] == state
    assert fields(workos.authorize(client, state=state, response_type="token"))["state"] == state


def test_without_state_none_comes_back(workos: Workos, client: dict[str, Any]) -> None:
    """A request without state is answered without it; one with an empty state, with that."""
    assert set(fields(workos.decide(workos.authorize(client, state=None)))) == {"code"}
    assert fields(workos.decide(workos.authorize(client, state="")))["state"] == ""


def test_a_client_described_by_a_document_may_ask_where_documents_are_taken(workos: Workos) -> None:
    """With the switch on, Claude Code's document is as good as a registration."""
    client = {"client_id": CLAUDE_CODE_DOCUMENT, "redirect_uris": ["http://localhost:3118/callback"]}
    assert error_page(workos.authorize(client)) == "application_not_found"
    workos.set(client_id_metadata_document=True)

    assert workos.tokens(client)["access_token"]


def test_a_document_that_cannot_be_read_is_a_refusal(workos: Workos) -> None:
    """Where documents are taken, an unknown one is told from an unknown client."""
    workos.set(client_id_metadata_document=True)
    client = {"client_id": "https://unknown.example/client.json", "redirect_uris": [CALLBACK]}

    assert error_page(workos.authorize(client)) == "invalid_client_metadata"


# --- what the client is never told -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "client_id", ["", "client_01UNKNOWN", "client_01SANDB0XENV1R0NMENT0000000", "a\x00b", "é" * 99]
)
def test_an_unknown_client_ends_at_the_error_page(workos: Workos, client_id: str) -> None:
    """An unknown client_id, also the environment's own, leads to /oauth2/error and nowhere else."""
    response = workos.authorize({"client_id": client_id, "redirect_uris": ["https://evil.example/"]})

    assert response.headers["Location"] == "/oauth2/error?error=application_not_found"
    assert error_page(response) == "application_not_found"


def test_no_client_ends_at_the_error_page(workos: Workos) -> None:
    """A request without any parameter leads to the error page."""
    assert error_page(workos.http.get(PATH)) == "application_not_found"


@pytest.mark.parametrize("ports", ["any", "exact"])
@pytest.mark.parametrize("uri", UNTRUSTED)
def test_an_untrusted_redirect_uri_is_never_followed(workos: Workos, uri: str, ports: str) -> None:
    """A redirect URI that only looks like the registered one leads to the error page, whatever else is wrong."""
    workos.set(loopback_ports=ports)
    client = workos.register(redirect_uris=["http://localhost/callback"])

    for change in ({}, {"response_type": "token"}, {"scope": "no such scope"}, {"prompt": "none"}):
        response = workos.authorize(client, **change | {"redirect_uri": uri})
        assert response.headers["Location"].startswith("/oauth2/error?error=invalid_redirect_uri&")
        assert error_page(response) == "invalid_redirect_uri"


@pytest.mark.parametrize("sign_in", ["automatic", "deny"])
def test_an_untrusted_redirect_uri_is_never_followed_without_pages(
    workos: Workos, client: dict[str, Any], sign_in: str
) -> None:
    """Where no page is shown, the redirect URI is checked all the same, and no grant is made."""
    workos.set(sign_in=sign_in)

    response = workos.authorize(client, redirect_uri="https://evil.example/callback")
    assert error_page(response) == "invalid_redirect_uri"
    assert list(workos.authkit.store.all(Grant)) == []


def test_a_missing_redirect_uri_is_not_guessed(workos: Workos, client: dict[str, Any]) -> None:
    """A request without redirect_uri leads to the error page, also where only one is registered."""
    assert error_page(workos.authorize(client, redirect_uri=None)) == "invalid_redirect_uri"


@pytest.mark.parametrize("second", [CALLBACK, "https://evil.example/callback"])
def test_two_redirect_uris_are_not_trusted(workos: Workos, client: dict[str, Any], second: str) -> None:
    """With two redirect URIs, in either order, the browser is sent to neither."""
    assert error_page(ask(workos, client, ("redirect_uri", second))) == "invalid_redirect_uri"
    assert error_page(ask(workos, client, ("redirect_uri", CALLBACK), redirect_uri=second)) == "invalid_redirect_uri"


def test_the_dashboard_may_allow_fewer_redirect_uris(workos: Workos, client: dict[str, Any]) -> None:
    """Where the dashboard lists redirect URIs, a client's own must be among them."""
    workos.set(redirect_uris=["https://claude.ai/api/mcp/auth_callback"])
    assert error_page(workos.authorize(client)) == "invalid_redirect_uri"
    workos.set(redirect_uris=["http://localhost/callback"])

    assert workos.code(client)


def test_the_dashboards_redirect_uris_are_not_everybodys(workos: Workos, client: dict[str, Any]) -> None:
    """A redirect URI of the dashboard that the client did not register is not its own."""
    workos.set(redirect_uris=["https://claude.ai/api/mcp/auth_callback"])

    response = workos.authorize(client, redirect_uri="https://claude.ai/api/mcp/auth_callback")
    assert error_page(response) == "invalid_redirect_uri"


def test_the_error_page_shows_only_text(workos: Workos) -> None:
    """The error page is a 200 that reflects code and description as text."""
    script = "<script>alert(1)</script>"
    query = {"error": script, "error_description": script, "client_id": script}
    response = workos.http.get("/oauth2/error", query_string=query)

    assert response.status_code == 200
    assert page_kind(response) == "error"
    assert script not in response.text
    assert "&lt;script&gt;" in response.text


def test_the_error_page_tells_what_to_compare(workos: Workos, client: dict[str, Any]) -> None:
    """A redirect URI that is not the client's is shown beside those that are, with what to do."""
    page = workos.http.get(workos.authorize(client, redirect_uri="https://evil.example/cb").headers["Location"])

    assert "https://evil.example/cb" in page.text
    assert all(uri in page.text for uri in client["redirect_uris"])
    assert "What to do" in page.text


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_says_what_to_do(workos: Workos, error: str) -> None:
    """Whatever ends at the error page says why, and what a person does about it."""
    page = workos.http.get("/oauth2/error", query_string={"error": error})

    assert escape(ERRORS[error].why) in page.text
    assert escape(ERRORS[error].do) in page.text


def test_every_page_leads_to_the_console(workos: Workos) -> None:
    """Where there is a console, a page links to it."""
    assert "Watch this connection" not in workos.http.get("/oauth2/error").text
    workos.authkit.console = "http://localhost:4102"
    assert '<a href="http://localhost:4102">Watch this connection' in workos.http.get("/oauth2/error").text


def test_the_error_page_stands_alone(workos: Workos) -> None:
    """The error page without an error still says something."""
    assert page_kind(workos.http.get("/oauth2/error")) == "error"


# --- what goes back to the client --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "\n"}, "invalid_request"),
        ({"scope": "openid nonsense"}, "invalid_scope"),
        ({"scope": "default"}, "invalid_scope"),
        ({"scope": "OPENID"}, "invalid_scope"),
        ({"scope": "openid\temail"}, "invalid_scope"),
        ({"scope": "openid\u00a0email"}, "invalid_scope"),
        ({"resource": f"{RESOURCE}#fragment"}, "invalid_target"),
        ({"resource": f"{RESOURCE}#"}, "invalid_target"),
        ({"resource": "/mcp"}, "invalid_target"),
        ({"resource": "localhost"}, "invalid_target"),
        ({"resource": "http://lo calhost"}, "invalid_target"),
        ({"prompt": "none"}, "login_required"),
    ],
    ids=str,
)
def test_a_request_that_is_wrong_goes_back_to_the_client(
    workos: Workos, client: dict[str, Any], change: dict[str, str | None], expected: str
) -> None:
    """Whatever is wrong besides client and redirect URI is told to the client, with a description and the state."""
    sent = refusal(workos.authorize(client, **change))

    assert set(sent) == {"error", "error_description", "state"}
    assert (sent["error"], sent["state"]) == (expected, "a state")


@pytest.mark.parametrize(
    "name",
    ["client_id", "response_type", "scope", "state", "code_challenge", "code_challenge_method", "nonce", "prompt", "x"],
)
def test_a_parameter_that_is_there_twice_is_refused(workos: Workos, client: dict[str, Any], name: str) -> None:
    """A parameter must not be included more than once (RFC 6749, section 3.1)."""
    request = workos.request(client)
    sent = refusal(ask(workos, client, (name, request.get(name, "a")), (name, "b")))

    assert sent["error"] == "invalid_request"
    assert name in sent["error_description"]


def test_one_resource_at_a_time(workos: Workos, client: dict[str, Any]) -> None:
    """Two different resources are refused, since a token is for one; the same one twice is one."""
    other = ("resource", "https://other.example/")
    assert refusal(ask(workos, client, other, resource=RESOURCE))["error"] == "invalid_target"

    assert fields(ask(workos, client, ("resource", RESOURCE), resource=RESOURCE))["authorization_session_id"]


@pytest.mark.parametrize("resource", [RESOURCE, "https://unknown.example/mcp", "urn:example:logs"])
def test_an_unknown_resource_is_let_through_here(workos: Workos, client: dict[str, Any], resource: str) -> None:
    """Whether the dashboard lists a resource is not asked before the token endpoint."""
    workos.set(resources=["https://listed.example/mcp"])

    assert workos.code(client, resource=resource)


def test_a_confidential_client_may_leave_out_pkce(workos: Workos) -> None:
    """PKCE is required of clients without a secret only."""
    client = workos.register(token_endpoint_auth_method="client_secret_basic")

    assert workos.code(client, code_challenge=None, code_challenge_method=None)


def test_pkce_may_be_optional(workos: Workos, client: dict[str, Any]) -> None:
    """A setting lets public clients leave PKCE out; a bad challenge is refused even then."""
    workos.set(require_pkce=False)

    assert workos.code(client, code_challenge=None, code_challenge_method=None)
    assert refusal(workos.authorize(client, code_challenge_method="plain"))["error"] == "invalid_request"


def test_a_client_without_the_grant_is_refused(workos: Workos) -> None:
    """A client that registered without authorization_code may not ask for a code."""
    client = workos.register(grant_types=["refresh_token"])

    assert refusal(workos.authorize(client))["error"] == "unauthorized_client"


def test_scopes_of_the_service_are_granted_though_not_advertised(workos: Workos, client: dict[str, Any]) -> None:
    """A scope of the dashboard's resource_scopes may be asked for."""
    assert workos.tokens(client, scope="openid logs:delete")["scope"] == "openid logs:delete"


def test_a_preregistered_client_gets_only_its_scopes(workos: Workos) -> None:
    """A scope that the dashboard does not give an application is refused."""
    response = workos.authorize(workos.client(CLAUDE_WEB), scope="openid logs:delete")

    assert fields(response)["error"] == "invalid_scope"
    assert "logs:delete" in fields(response)["error_description"]


@pytest.mark.parametrize("scope", [None, "", "  "])
def test_a_request_without_scope_is_served(workos: Workos, client: dict[str, Any], scope: str | None) -> None:
    """A missing scope grants nothing in particular, and the token response names none."""
    assert "scope" not in workos.tokens(client, scope=scope)


def test_nothing_is_kept_of_a_refused_request(workos: Workos, client: dict[str, Any]) -> None:
    """A refusal leaves no authorization behind, and sets no cookie."""
    response = workos.authorize(client, scope="nonsense")

    assert list(workos.authkit.store.all(Authorization)) == []
    assert "Set-Cookie" not in response.headers


# --- sign-in without pages ---------------------------------------------------------------------------------------


def test_automatic_sign_in_shows_no_page(workos: Workos, client: dict[str, Any]) -> None:
    """With `automatic` the first user signs in and consents at once."""
    workos.set(sign_in="automatic")
    response = workos.authorize(client)

    tokens = workos.token(client, fields(response)["code"]).get_json()
    assert workos.claims(tokens["access_token"])["sub"] == ADA


@pytest.mark.parametrize(
    ("hint", "user"), [("clem@freelance.example", CLEM), ("nobody@elsewhere.example", ADA), ("", ADA)]
)
def test_automatic_sign_in_follows_the_hint(workos: Workos, client: dict[str, Any], hint: str, user: str) -> None:
    """With `automatic` a login_hint chooses the user; one of nobody chooses the first."""
    workos.set(sign_in="automatic")
    code = fields(workos.authorize(client, login_hint=hint))["code"]

    assert workos.claims(workos.token(client, code).get_json()["access_token"])["sub"] == user


def test_automatic_sign_in_needs_no_prompt(workos: Workos, client: dict[str, Any]) -> None:
    """With `automatic`, prompt=none is served."""
    workos.set(sign_in="automatic")

    assert fields(workos.authorize(client, prompt="none"))["code"]


def test_nobody_signs_in_where_there_is_nobody(workos: Workos, client: dict[str, Any]) -> None:
    """A world without users refuses automatic sign-in instead of failing."""
    workos.set(sign_in="automatic", users=[])

    assert refusal(workos.authorize(client))["error"] == "access_denied"


def test_sign_in_may_always_be_denied(workos: Workos, client: dict[str, Any]) -> None:
    """With `deny` a good request comes back as access_denied, and a bad one with its own error."""
    workos.set(sign_in="deny")

    assert refusal(workos.authorize(client))["error"] == "access_denied"
    assert refusal(workos.authorize(client, scope="nonsense"))["error"] == "invalid_scope"


def test_the_sign_in_page_suggests_the_hinted_user(workos: Workos, client: dict[str, Any]) -> None:
    """The user of the login_hint stands first, and the page says that the app suggested it."""
    page = workos.http.get(workos.authorize(client, login_hint="clem@freelance.example").headers["Location"]).text

    assert "Suggested" in page
    assert page.index("clem@") < page.index("ada@")


# --- whose sign-in it is -----------------------------------------------------------------------------------------


def session_of(begun: TestResponse) -> dict[str, str]:
    """Give the form field that names an authorization."""
    return {"authorization_session_id": fields(begun)["authorization_session_id"]}


STEPS: Final = (
    ("GET", "/oauth2/sign-in"),
    ("POST", "/oauth2/sign-in"),
    ("GET", "/oauth2/consent"),
    ("POST", "/oauth2/consent"),
)


@pytest.mark.parametrize(("method", "path"), STEPS)
def test_another_browser_cannot_go_on(workos: Workos, client: dict[str, Any], method: str, path: str) -> None:
    """An authorization is bound to the cookie of the browser that began it."""
    session = session_of(workos.authorize(client))
    workos.post("/oauth2/sign-in", session | {"user_id": ADA})
    other = workos.browser()
    other.get(f"{PATH}?{urlencode(workos.request(client))}")
    form = session | {"user_id": ADA, "decision": "approve"}
    options: dict[str, Any] = {"data": form} if method == "POST" else {"query_string": form}

    for stranger in (other, workos.browser()):
        response = stranger.open(path, method=method, **options)
        assert response.headers["Location"] == "/oauth2/error?error=sign_in_ended"
    assert list(workos.authkit.store.all(Code)) == []


@pytest.mark.parametrize(("method", "path"), STEPS)
@pytest.mark.parametrize("session", [None, "", "guess", "é\x00"])
def test_a_page_without_its_authorization_is_over(
    workos: Workos, client: dict[str, Any], method: str, path: str, session: str | None
) -> None:
    """The cookie alone is not enough: another site that posts a form does not know the session (CSRF)."""
    workos.post("/oauth2/sign-in", session_of(workos.authorize(client)) | {"user_id": ADA})
    form = {"user_id": ADA, "decision": "approve"} | ({} if session is None else {"authorization_session_id": session})
    options: dict[str, Any] = {"data": form} if method == "POST" else {"query_string": form}

    assert error_page(workos.http.open(path, method=method, **options)) == "sign_in_ended"


def test_the_cookie_is_kept_from_scripts_and_other_sites(workos: Workos, client: dict[str, Any]) -> None:
    """The cookie is HttpOnly, SameSite=Lax, goes to every place where a sign-in can begin, and ends with the pages."""
    cookie = workos.authorize(client).headers["Set-Cookie"].split("; ")

    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1800"} <= set(cookie)


def test_two_sign_ins_go_on_side_by_side(workos: Workos, client: dict[str, Any]) -> None:
    """Two windows of one browser do not end each other's sign-in."""
    first, second = workos.authorize(client, state="1"), workos.authorize(client, state="2")

    assert fields(workos.decide(first))["state"] == "1"
    assert fields(workos.decide(second))["state"] == "2"


def test_consent_needs_a_sign_in(workos: Workos, client: dict[str, Any]) -> None:
    """Who posts or opens the consent page without having signed in is sent to sign in, and nothing is granted."""
    session = session_of(workos.authorize(client))
    posted = workos.post("/oauth2/consent", session | {"decision": "approve"})
    opened = workos.http.get("/oauth2/consent", query_string=session)

    for response in (posted, opened):
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/oauth2/sign-in?")
    assert list(workos.authkit.store.all(Grant)) == []


@pytest.mark.parametrize("user", ["", "user_01UNKNOWN", "é"])
def test_only_a_known_user_signs_in(workos: Workos, client: dict[str, Any], user: str) -> None:
    """An unknown user is sent back to the sign-in page."""
    session = session_of(workos.authorize(client))
    response = workos.post("/oauth2/sign-in", session | {"user_id": user})

    assert response.headers["Location"].startswith("/oauth2/sign-in?")


def test_one_may_sign_in_as_another_before_consenting(workos: Workos, client: dict[str, Any]) -> None:
    """Going back from the consent page and choosing another user grants for the other."""
    begun = workos.authorize(client)
    workos.post("/oauth2/sign-in", session_of(begun) | {"user_id": ADA})
    code = fields(workos.decide(begun, user=CLEM))["code"]

    assert workos.claims(workos.token(client, code).get_json()["access_token"])["sub"] == CLEM


@pytest.mark.parametrize(("method", "path"), STEPS)
@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_the_back_button_after_the_end_leads_nowhere(
    workos: Workos, client: dict[str, Any], method: str, path: str, decision: str
) -> None:
    """Once decided, an authorization is over: no page of it opens, and no second code is given."""
    begun = workos.authorize(client)
    workos.decide(begun, decision=decision)
    codes = len(list(workos.authkit.store.all(Code)))
    form = session_of(begun) | {"user_id": ADA, "decision": "approve"}
    options: dict[str, Any] = {"data": form} if method == "POST" else {"query_string": form}

    assert error_page(workos.http.open(path, method=method, **options)) == "sign_in_ended"
    assert len(list(workos.authkit.store.all(Code))) == codes


@pytest.mark.parametrize("decision", ["deny", "", "APPROVE", "yes"])
def test_whatever_is_not_approval_is_denial(workos: Workos, client: dict[str, Any], decision: str) -> None:
    """A person who denies is sent back with access_denied and the state, and nothing is granted."""
    sent = refusal(workos.decide(workos.authorize(client), decision=decision))

    assert (sent["error"], sent["state"]) == ("access_denied", "a state")
    assert list(workos.authkit.store.all(Grant)) == []


def test_a_sign_in_that_takes_too_long_is_over(workos: Workos, client: dict[str, Any]) -> None:
    """After half an hour the pages are over."""
    begun = workos.authorize(client)
    workos.clock.advance(1800)

    assert error_page(workos.http.get(begun.headers["Location"])) == "sign_in_ended"


@pytest.mark.parametrize(("method", "path"), STEPS)
def test_a_client_that_was_forgotten_meanwhile_gets_no_code(
    workos: Workos, client: dict[str, Any], method: str, path: str
) -> None:
    """When the client is forgotten while a person signs in, the sign-in is over."""
    session = session_of(workos.authorize(client))
    workos.post("/oauth2/sign-in", session | {"user_id": ADA})
    workos.authkit.forget_clients()
    form = session | {"user_id": ADA, "decision": "approve"}
    options: dict[str, Any] = {"data": form} if method == "POST" else {"query_string": form}

    assert error_page(workos.http.open(path, method=method, **options)) == "sign_in_ended"


def test_a_code_does_not_leak_from_the_browser(workos: Workos, client: dict[str, Any]) -> None:
    """The redirect with the code is neither cached nor named as a referrer."""
    response = workos.decide(workos.authorize(client))

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert fields(response)["code"] not in response.text


# --- whatever comes ----------------------------------------------------------------------------------------------

_values = st.text(max_size=30) | st.sampled_from(
    ["code", CALLBACK, SCOPE, CHALLENGE, "S256", "plain", "none", RESOURCE, "http://[", "https://evil.example", "query"]
)
PARAMETERS: Final = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "prompt",
    "nonce",
    "login_hint",
    "response_mode",
)
_names = st.sampled_from(PARAMETERS) | st.text(max_size=8)


@given(query=st.lists(st.tuples(_names, _values), max_size=6), keep=st.booleans())
@example(query=[("resource", "http://[")], keep=True)
@example(query=[("state", "\ud7ff\x00")], keep=True)
def test_no_query_breaks_the_endpoint(
    workos: Workos, client: dict[str, Any], query: list[tuple[str, str]], *, keep: bool
) -> None:
    """Any query is answered by a redirect: to the pages, to the error page, or back to the client."""
    good = workos.request(client) if keep else {}
    names = {name for name, _ in query}
    pairs = [*((name, value) for name, value in good.items() if name not in names), *query]
    response = workos.http.get(f"{PATH}?{urlencode(pairs)}")

    assert response.status_code == 302
    target = urlsplit(response.headers["Location"])
    if target.netloc:
        assert (target.scheme, target.hostname, target.path) == ("http", "localhost", "/callback")
        assert dict(parse_qsl(target.query)).keys() <= {"error", "error_description", "state"}
    else:
        assert target.path in {"/oauth2/sign-in", "/oauth2/error"}


@given(raw=st.binary(max_size=60))
def test_no_bytes_in_the_query_break_the_endpoint(workos: Workos, client: dict[str, Any], raw: bytes) -> None:
    """Percent-encoded bytes that are no UTF-8 are answered like any other text."""
    known = urlencode(workos.request(client, state=None))
    response = workos.http.get(f"{PATH}?{known}&state={quote(raw)}&x={quote(raw)}")

    assert response.status_code == 302
    assert not parse_qs(urlsplit(response.headers["Location"]).query).keys() & {"code"}
