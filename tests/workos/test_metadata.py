"""The discovery documents: what they say, in which order, and that they say nothing that is not so."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.workos.driver import DEVICE_GRANT, ORIGIN, Workos

AUTHORIZATION_SERVER: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"
ENVIRONMENT: Final = "client_01SANDB0XENV1R0NMENT0000000"
CLIENT_ISSUER: Final = f"/user_management/{ENVIRONMENT}"

# As seen on the wire of two AuthKit domains; {I} is the issuer. An offline server reads no documents, hence the false.
SEEN_AUTHORIZATION_SERVER: Final = (
    '{"authorization_endpoint":"{I}/oauth2/authorize","client_id_metadata_document_supported":false,'
    '"code_challenge_methods_supported":["S256"],"device_authorization_endpoint":"{I}/oauth2/device_authorization",'
    '"grant_types_supported":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"],'
    '"introspection_endpoint":"{I}/oauth2/introspection","issuer":"{I}","jwks_uri":"{I}/oauth2/jwks",'
    '"registration_endpoint":"{I}/oauth2/register","scopes_supported":["email","offline_access","openid","profile"],'
    '"response_modes_supported":["query"],"response_types_supported":["code"],"token_endpoint":"{I}/oauth2/token",'
    '"token_endpoint_auth_methods_supported":["none","client_secret_post","client_secret_basic"]}'
)
SEEN_OPENID: Final = (
    '{"issuer":"{I}","authorization_endpoint":"{I}/oauth2/authorize",'
    '"device_authorization_endpoint":"{I}/oauth2/device_authorization",'
    '"grant_types_supported":["authorization_code","client_credentials","refresh_token",'
    '"urn:ietf:params:oauth:grant-type:device_code"],"id_token_signing_alg_values_supported":["RS256"],'
    '"introspection_endpoint":"{I}/oauth2/introspection","jwks_uri":"{I}/oauth2/jwks",'
    '"response_types_supported":["code"],"scopes_supported":["email","offline_access","openid","profile"],'
    '"subject_types_supported":["public"],"token_endpoint":"{I}/oauth2/token",'
    '"token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"],'
    '"userinfo_endpoint":"{I}/oauth2/userinfo"}'
)


def domain(issuer: str) -> str:
    """Give the address of the AuthKit domain while this is the kind of issuer."""
    return "http://127.0.0.1:4100" if issuer == "custom" else ORIGIN


def urls_in(document: dict[str, Any]) -> dict[str, str]:
    """Give every address that a document advertises, by its field."""
    texts = {name: value for name, value in document.items() if isinstance(value, str) and value.startswith("http")}
    return {name: value for name, value in texts.items() if name != "issuer"}


@pytest.mark.parametrize(("path", "seen"), [(AUTHORIZATION_SERVER, SEEN_AUTHORIZATION_SERVER), (OPENID, SEEN_OPENID)])
def test_a_document_is_the_one_seen_on_the_wire(workos: Workos, path: str, seen: str) -> None:
    """Each document is byte for byte what an AuthKit domain sends, field order included."""
    response = workos.http.get(path)

    assert response.text == seen.replace("{I}", ORIGIN)
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", [AUTHORIZATION_SERVER, OPENID])
def test_what_workos_leaves_out_is_left_out(workos: Workos, path: str) -> None:
    """No document names an endpoint or a capability that AuthKit does not have."""
    document = workos.http.get(path).get_json()

    assert not document.keys() & {
        "revocation_endpoint",
        "end_session_endpoint",
        "resource_indicators_supported",
        "authorization_response_iss_parameter_supported",
        "pushed_authorization_request_endpoint",
    }


def test_pkce_and_registration_are_only_in_the_first_document(workos: Workos) -> None:
    """A client that reads only the OpenID document learns neither of S256 nor of registration."""
    document = workos.http.get(OPENID).get_json()

    assert not document.keys() & {"code_challenge_methods_supported", "registration_endpoint"}
    assert not {name for name in document if name.startswith("client_id_metadata")}


def test_the_userinfo_endpoint_is_only_in_the_openid_document(workos: Workos) -> None:
    """The RFC 8414 document does not name the userinfo endpoint."""
    assert "userinfo_endpoint" not in workos.http.get(AUTHORIZATION_SERVER).get_json()


@pytest.mark.parametrize("issuer", ["authkit", "custom", "client"])
@pytest.mark.parametrize("path", [AUTHORIZATION_SERVER, OPENID])
def test_every_advertised_address_is_served(workos: Workos, path: str, issuer: str) -> None:
    """No document of the AuthKit domain sends a client to a 404."""
    workos.set(issuer=issuer)

    urls = urls_in(workos.http.get(domain(issuer) + path).get_json())
    assert len(urls) == 6
    for name, url in urls.items():
        assert workos.http.get(url).status_code != 404, name
        assert workos.http.post(url).status_code != 404, name


def test_the_issuer_is_the_authkit_domain(workos: Workos) -> None:
    """In the healthy world the issuer is the origin, without a path or a slash, in both documents."""
    assert workos.http.get(AUTHORIZATION_SERVER).get_json()["issuer"] == ORIGIN
    assert workos.http.get(OPENID).get_json()["issuer"] == ORIGIN


def test_a_custom_domain_names_itself_throughout(workos: Workos) -> None:
    """With a custom domain every address of a document is on that domain."""
    workos.set(issuer="custom")
    document = workos.http.get("http://127.0.0.1:4100" + AUTHORIZATION_SERVER).get_json()

    assert document["issuer"] == "http://127.0.0.1:4100"
    assert all(url.startswith("http://127.0.0.1:4100/") for url in urls_in(document).values())


PLACES: Final = {
    "oauth": AUTHORIZATION_SERVER + "/tenant1",
    "openid": OPENID + "/tenant1",
    "oauth-appended": "/tenant1" + AUTHORIZATION_SERVER,
    "openid-appended": "/tenant1" + OPENID,
}


@pytest.mark.parametrize("issuer", ["authkit", "custom"])
@pytest.mark.parametrize("place", PLACES)
def test_an_issuer_with_a_path_has_its_document_at_one_place(workos: Workos, place: str, issuer: str) -> None:
    """The document of an issuer with a path is where the setting says, inserted or appended, and nowhere else."""
    workos.set(issuer=issuer, issuer_path="/tenant1", metadata_at=[place])
    answers = {
        path: workos.http.get(domain(issuer) + path) for path in [*PLACES.values(), AUTHORIZATION_SERVER, OPENID]
    }

    assert [path for path, answer in answers.items() if answer.status_code == 200] == [PLACES[place]]
    document = answers[PLACES[place]].get_json()
    assert document["issuer"] == domain(issuer) + "/tenant1" == workos.authkit.issuer
    assert all(url.startswith(f"{domain(issuer)}/oauth2/") for url in urls_in(document).values())


def test_tokens_name_the_path_of_the_issuer(workos: Workos, client: dict[str, Any]) -> None:
    """With a path, `iss` of a token is the issuer that the documents name."""
    workos.set(issuer_path="/tenant1")

    assert workos.claims(workos.tokens(client)["access_token"])["iss"] == f"{ORIGIN}/tenant1"


@pytest.mark.parametrize("places", [["oauth"], ["openid"], []])
def test_a_document_may_be_missing(workos: Workos, places: list[str]) -> None:
    """Only the documents of the setting are served."""
    workos.set(metadata_at=places)
    paths = {"oauth": AUTHORIZATION_SERVER, "openid": OPENID}

    assert [place for place, path in paths.items() if workos.http.get(path).status_code == 200] == places


@pytest.mark.parametrize("path", [AUTHORIZATION_SERVER, OPENID])
def test_api_workos_com_has_no_documents_at_its_root(workos: Workos, path: str) -> None:
    """With a custom domain, the other name of the server is api.workos.com, which is no issuer."""
    workos.set(issuer="custom")

    assert workos.http.get(ORIGIN + path).status_code == 404


def test_an_environment_issuer_has_its_own_small_document(workos: Workos) -> None:
    """The issuer of an environment answers with five fields, and lacks what OpenID Connect clients require."""
    workos.set(issuer="client")
    response = workos.http.get(CLIENT_ISSUER + OPENID)

    assert list(response.get_json().items()) == [
        ("issuer", ORIGIN + CLIENT_ISSUER),
        ("authorization_endpoint", f"{ORIGIN}/user_management/authorize"),
        ("token_endpoint", f"{ORIGIN}/user_management/authenticate"),
        ("response_types_supported", ["code"]),
        ("jwks_uri", f"{ORIGIN}/sso/jwks/{ENVIRONMENT}"),
    ]


def test_the_keys_of_an_environment_issuer_are_served(workos: Workos) -> None:
    """The jwks_uri of the environment's issuer gives the same keys as the AuthKit domain's."""
    workos.set(issuer="client")
    jwks_uri = workos.http.get(CLIENT_ISSUER + OPENID).get_json()["jwks_uri"]

    assert workos.http.get(jwks_uri).get_json() == workos.http.get("/oauth2/jwks").get_json()


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
def test_the_endpoints_of_an_environment_issuer_are_served(workos: Workos, name: str) -> None:
    """The environment's issuer sends no client to a 404."""
    workos.set(issuer="client")
    url = workos.http.get(CLIENT_ISSUER + OPENID).get_json()[name]

    assert 404 not in {workos.http.get(url).status_code, workos.http.post(url).status_code}


def test_the_authkit_domain_goes_on_beside_an_environment_issuer(workos: Workos) -> None:
    """The AuthKit domain's own documents name the domain, whatever issuer the service was given."""
    workos.set(issuer="client")

    assert workos.http.get(AUTHORIZATION_SERVER).get_json()["issuer"] == ORIGIN


@pytest.mark.parametrize(
    "path",
    [
        AUTHORIZATION_SERVER + CLIENT_ISSUER,
        OPENID + CLIENT_ISSUER,
        "/user_management/client_01OTHER" + OPENID,
        CLIENT_ISSUER + AUTHORIZATION_SERVER,
        AUTHORIZATION_SERVER + "/sso/authorize",
        OPENID + "/sso/authorize",
        "/sso/authorize" + OPENID,
        AUTHORIZATION_SERVER + "/",
        "/" + AUTHORIZATION_SERVER,
        "/sso/jwks/client_01OTHER",
    ],
)
@pytest.mark.parametrize("issuer", ["authkit", "client", "custom"])
def test_a_wrong_issuer_path_is_not_found(workos: Workos, path: str, issuer: str) -> None:
    """A path that is no issuer's is a 404, and never makes an issuer of itself."""
    workos.set(issuer=issuer)

    response = workos.http.get(base_url=domain(issuer), environ_overrides={"PATH_INFO": path})
    assert response.status_code == 404


def test_an_environment_is_an_issuer_only_where_it_is_configured(workos: Workos) -> None:
    """While the AuthKit domain is the issuer, the environment's path is none."""
    assert workos.http.get(CLIENT_ISSUER + OPENID).status_code == 404


def test_registration_that_is_off_is_not_advertised(workos: Workos) -> None:
    """With Dynamic Client Registration off the document lacks its endpoint, and is otherwise the same."""
    healthy = workos.http.get(AUTHORIZATION_SERVER).get_json()
    workos.set(dynamic_client_registration=False)
    document = workos.http.get(AUTHORIZATION_SERVER).get_json()

    assert healthy.pop("registration_endpoint")
    assert list(document.items()) == list(healthy.items())


def test_registration_that_is_off_may_be_advertised_still(workos: Workos) -> None:
    """A setting keeps the endpoint in the document, as one report has it."""
    workos.set(dynamic_client_registration=False, disabled_registration={"advertise": True})

    assert workos.http.get(AUTHORIZATION_SERVER).get_json()["registration_endpoint"] == f"{ORIGIN}/oauth2/register"


def test_metadata_documents_are_advertised_when_they_are_taken(workos: Workos) -> None:
    """The dashboard's switch for Client ID Metadata Documents shows in the document."""
    workos.set(client_id_metadata_document=True)

    assert workos.http.get(AUTHORIZATION_SERVER).get_json()["client_id_metadata_document_supported"] is True


def test_the_scopes_of_the_dashboard_are_advertised(workos: Workos) -> None:
    """Both documents list the scopes of the dashboard, and not those of the service."""
    workos.set(scopes=["openid"], resource_scopes=["logs:delete"])

    assert workos.http.get(AUTHORIZATION_SERVER).get_json()["scopes_supported"] == ["openid"]
    assert workos.http.get(OPENID).get_json()["scopes_supported"] == ["openid"]


def test_every_advertised_grant_type_is_known_at_the_token_endpoint(workos: Workos) -> None:
    """No advertised grant type is refused as unsupported."""
    machine = workos.client("client_01SANDB0XNIGHT1YREP0RT0000")
    advertised = json.loads(workos.http.get(OPENID).text)["grant_types_supported"]

    assert DEVICE_GRANT in advertised
    for grant_type in advertised:
        form = {"client_id": machine["client_id"], "client_secret": machine["client_secret"], "grant_type": grant_type}
        body = workos.post("/oauth2/token", form).get_json()
        assert body.get("error") in {None, "unauthorized_client"}, grant_type
