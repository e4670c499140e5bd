"""What can be wrong at `server-metadata`: a document that was found, and what it says."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Final

from sandbox.diagnosis.evidence import Document, Evidence, origin, urlsplit_or_empty
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.searches import document, documents, is_oauth_place, is_used, issuer_asked

_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
_SIGN_IN: Final = ("authorization_endpoint", "token_endpoint")
_OAUTH_REQUIRED: Final = ("issuer", "authorization_endpoint", "token_endpoint", "response_types_supported")
_OPENID_REQUIRED: Final = (
    *_OAUTH_REQUIRED,
    "jwks_uri",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
_INNER_SUFFIXES: Final = (".local", ".internal", ".lan", ".cluster.local", ".svc", ".localdomain", ".home.arpa")


@rule(
    "hostile-endpoint",
    step="server-metadata",
    side="authorization server",
    title="The metadata names an endpoint that is no web address",
    why="A client opens `authorization_endpoint` in a browser, often by starting a program, and sends secrets to the "
    "other endpoints. These addresses come from a stranger. One that begins with javascript:, file: or the like, or "
    "that holds commands of a shell, would run on the person's machine. Only https may be opened, and http on "
    "localhost; a client that looks refuses the metadata before anything runs.",
    change="Do not connect to this server unless you know who runs it. In the authorization server, if it is yours: "
    "publish whole https URLs, and find out who put the other text there. In the client: check the scheme of every "
    "address from metadata before it is opened, stored or shown as a link, and start the browser without a shell; "
    "update mcp-remote to 0.1.16 or newer.",
    references=("RFC 8414 section 2", "CVE-2025-6514", "RFC 9700 section 4.11"),
)
def hostile_endpoint(seen: Evidence) -> Proof | None:
    """Look for endpoints with another scheme than http and https."""
    hits = [(one, name) for one in documents(seen) for name in _ENDPOINTS if _is_hostile(one.fields.get(name))]
    if not hits:
        return None
    found, name = hits[0]
    return Proof(
        f'{found.exchange.url} says "{name}": "{found.fields[name]}". That is neither http nor https.',
        tuple({one.exchange.number: one.exchange for one, _ in hits}.values()),
    )


@rule(
    "endpoint-internal-host",
    step="server-metadata",
    side="authorization server",
    title="The metadata names addresses that only its own network can reach",
    why="The document itself was found, and a client uses the endpoints as it names them. These point to a host of the "
    "inner network or to this machine itself, where nobody listens for the client. It cannot open a connection to "
    "register, and the browser could not open the sign-in page.",
    change="In the authorization server: set its public address, and never derive it from the name and port that the "
    "process itself sees. Keycloak: hostname. Behind a proxy: pass `X-Forwarded-Host` and `X-Forwarded-Proto` on and "
    "let the server trust them. Behind a tunnel: its https address without a port. AuthKit of WorkOS publishes its "
    "public domain by itself. To check: every endpoint in the document must open from the machine of the client.",
    references=("RFC 8414 section 2",),
)
def endpoint_internal_host(seen: Evidence) -> Proof | None:
    """Look for endpoints on an inner host, other than where the document was found, that nobody ever reached."""
    found = document(seen)
    if found is None:
        return None
    reached = {origin(one.url) for one in seen.exchanges}
    inner = [
        name for name in _ENDPOINTS if _is_inner(url := _text(found.fields.get(name))) and origin(url) not in reached
    ]
    if not inner:
        return None
    named = ", ".join(f'"{name}": "{found.fields[name]}"' for name in inner)
    return Proof(f"{found.exchange.url} was found, and says {named}. No request arrived there.", (found.exchange,))


@rule(
    "issuer-mismatch",
    step="server-metadata",
    side="configuration",
    title="The metadata says that it belongs to another issuer",
    why="`issuer` in the document has to be the very text that the MCP server lists in `authorization_servers`, "
    "compared character by character; even a slash at the end counts. Otherwise whoever answers could give out "
    "somebody else's metadata and choose where people sign in. Strict clients throw the document away; lenient ones go "
    "on, so that one client connects and another does not.",
    change="Use one spelling in both places. In raindrop.manifest: write `authorization_server` exactly as the "
    "document spells its `issuer`; AuthKit's has https:// and no slash at the end. Elsewhere: the same in "
    "`authorization_servers` of the resource metadata. If the document is the one that is wrong: set the public "
    "address of the authorization server, for WorkOS in the dashboard under Domains, and let no gateway pass on the "
    "metadata of another server unchanged.",
    references=("RFC 8414 section 3.3", "RFC 9728 section 2", "MCP 2026-07-28 authorization"),
)
def issuer_mismatch(seen: Evidence) -> Proof | None:
    """Compare the issuer of a document with the issuer for which it was asked."""
    for found in documents(seen):
        asked, said = issuer_asked(seen, found.exchange), found.fields.get("issuer")
        if asked is not None and isinstance(said, str) and said != asked and said not in seen.issuers:
            slash = " They differ in the slash at the end." if said.rstrip("/") == asked.rstrip("/") else ""
            return Proof(
                f'The MCP server names the authorization server "{asked}", and {found.exchange.url} says '
                f'"issuer": "{said}".{slash}',
                (found.exchange,),
                went_on=is_used(seen, found),
            )
    return None


@rule(
    "metadata-field-missing",
    step="server-metadata",
    side="authorization server",
    title="The metadata lacks a field that it must have",
    why="Clients check the document before they use it, and many throw away one that lacks a required field. Then they "
    "report a page of validation errors, or go on as if there were no metadata and fail at a guessed /register. Other "
    "clients assume the usual value and connect, which makes it look like a fault of the client.",
    change='In the authorization server: add the missing fields. `"response_types_supported": ["code"]` is all that '
    "MCP needs; `authorization_endpoint` and `token_endpoint` are whole https URLs. At "
    "/.well-known/openid-configuration three more are required: `jwks_uri`, `subject_types_supported` and "
    "`id_token_signing_alg_values_supported`; if there is no OpenID Connect, answer 404 there and serve "
    "/.well-known/oauth-authorization-server.",
    references=("RFC 8414 section 2", "OpenID Connect Discovery 1.0 section 3"),
)
def metadata_field_missing(seen: Evidence) -> Proof | None:
    """Look for documents without a field that their kind requires."""
    lacking = [(one, lacks) for one in documents(seen) if (lacks := _lacks(one))]
    if not lacking:
        return None
    found, lacks = lacking[0]
    kind = "OAuth metadata" if is_oauth_place(found.exchange.url) else "an OpenID Connect document"
    went_on = all(is_used(seen, one) for one, _ in lacking)
    return Proof(
        f"GET {found.exchange.url} was answered without `{'`, `'.join(lacks)}`, which {kind} must have.",
        tuple(one.exchange for one, _ in lacking),
        went_on=went_on,
    )


@rule(
    "metadata-field-null",
    step="server-metadata",
    side="authorization server",
    title="The metadata has `null` where a field should be left out",
    why="What there is not must be left out of the metadata. `null` is no URL and no list, so clients that check types "
    "refuse the whole document, even those that would never have used the field. Other clients take `null` as absent.",
    change="In the authorization server: leave fields without a value out of the answer, mostly a switch of the JSON "
    "library. If the field is `registration_endpoint`: turn registration on as well, or register the client by hand "
    "and give it the id: claude mcp add --client-id ID --callback-port PORT. For WorkOS: dashboard, Connect, "
    "Configuration, Dynamic Client Registration.",
    references=("RFC 8414 section 3.2", "RFC 8259 section 3"),
)
def metadata_field_null(seen: Evidence) -> Proof | None:
    """Look for null in a document that the client would take."""
    found = document(seen)
    empty = [name for name, value in found.fields.items() if value is None] if found else []
    if found is None or not empty or set(empty) & set(_OAUTH_REQUIRED):
        return None
    return Proof(
        f"{found.exchange.url} says " + ", ".join(f'"{name}": null' for name in empty) + ".",
        (found.exchange,),
        step="registration" if empty == ["registration_endpoint"] else None,
        went_on=is_used(seen, found),
    )


@rule(
    "pkce-plain-only",
    step="server-metadata",
    side="authorization server",
    title="The metadata does not offer the safe form of PKCE, S256",
    why="PKCE ties a sign-in to the program that began it: the client sends the hash of a secret first, and the secret "
    "itself only with the code. S256 is that hash. With the form `plain` the secret travels unhashed, and whoever can "
    "read the first request can use the code. An MCP client must use S256, and may stop where it is not offered.",
    change='In the authorization server: support S256 and publish `"code_challenge_methods_supported": ["S256"]` in '
    "its metadata; leave `plain` out. WorkOS AuthKit does so by itself.",
    references=(
        "RFC 7636 section 4.2",
        "RFC 8414 section 2",
        "MCP 2025-11-25 authorization, authorization code protection",
    ),
)
def pkce_plain_only(seen: Evidence) -> Proof | None:
    """Look for a list of methods without S256."""
    found = document(seen)
    methods = found.fields.get("code_challenge_methods_supported") if found else None
    if found is None or methods is None or (isinstance(methods, list) and "S256" in methods):
        return None
    return Proof(
        f'{found.exchange.url} says "code_challenge_methods_supported": {methods}, without S256.',
        (found.exchange,),
        went_on=is_used(seen, found, *_SIGN_IN),
    )


@rule(
    "pkce-not-advertised",
    step="server-metadata",
    side="authorization server",
    title="The metadata does not say that PKCE is supported",
    why="PKCE ties a sign-in to the program that began it, so that a stolen code is worth nothing. The field "
    "`code_challenge_methods_supported` says that an authorization server does it. Since MCP 2025-11-25 a client must "
    "refuse a server that does not say so. Some clients refuse, others go on, and mostly it works, as most servers do "
    "PKCE without saying so.",
    change='In the authorization server: publish `"code_challenge_methods_supported": ["S256"]` in the metadata, as '
    "WorkOS AuthKit does. Where that cannot be changed, as with Entra ID and Cognito, put a proxy in front that adds "
    "the field.",
    references=(
        "RFC 7636 section 6.2",
        "RFC 8414 section 2",
        "MCP 2025-11-25 authorization, authorization code protection",
    ),
)
def pkce_not_advertised(seen: Evidence) -> Proof | None:
    """Look for a document without the field, of a server that a client could otherwise use."""
    found = document(seen)
    if found is None or "code_challenge_methods_supported" in found.fields or _lacks(found):
        return None
    went_on = is_used(seen, found, *_SIGN_IN)
    if not went_on and "registration_endpoint" not in found.fields:
        return None
    return Proof(
        f"{found.exchange.url} was answered {found.exchange.status} without `code_challenge_methods_supported`.",
        (found.exchange,),
        went_on=went_on,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_hostile(value: Any) -> bool:
    return urlsplit_or_empty(_text(value)).scheme not in {"", "http", "https"}


def _is_inner(url: str) -> bool:
    try:
        host = urlsplit_or_empty(url).hostname or ""
    except ValueError:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_INNER_SUFFIXES))
    return address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified


def _lacks(found: Document) -> list[str]:
    required = _OAUTH_REQUIRED if is_oauth_place(found.exchange.url) else _OPENID_REQUIRED
    return [name for name in required if found.fields.get(name) is None]
