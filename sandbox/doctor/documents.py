"""The documents of discovery, field by field: what RFC 9728, RFC 8414, OpenID Connect and MCP want of them.

Each point is a small function of the document and of what it should fit to. The tables are the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from sandbox.doctor.checks import Check, Verdict, check, failed, passed, skipped, warned
from sandbox.flow import Step
from sandbox.outside.addresses import RefusedError, checked, host_of

Document = Mapping[str, Any]
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Point(NamedTuple):
    """One thing to look at in a document; the second argument of `look` is the URL or issuer that it was asked for."""

    id: str
    checked: str
    look: Callable[[Document, str], Verdict]


def judged(step: Step, points: Sequence[Point], document: Document, expected: str) -> list[Check]:
    """Look at every point of a document."""
    return [check(point.id, step, point.checked, point.look(document, expected)) for point in points]


def texts(value: Any) -> list[str] | None:
    """Give a list of texts; None for anything else."""
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def is_secure(url: str) -> bool:
    """Say whether a URL is https, or stays on this machine."""
    try:
        return urlsplit(url).scheme == "https" or host_of(url) in LOCAL
    except ValueError:
        return False


def covers(resource: Any, url: str) -> bool:
    """Say whether an identifier names a URL or what stands above it, as clients compare them."""
    if not isinstance(resource, str):
        return False
    try:
        one, other = urlsplit(resource), urlsplit(url)
        if (one.scheme, host_of(resource), one.port) != (other.scheme, host_of(url), other.port):
            return False
    except ValueError:
        return False
    return f"{other.path.rstrip('/')}/".startswith(f"{one.path.rstrip('/')}/") and not one.query and not one.fragment


# --- the resource's metadata --------------------------------------------------------------------------------------


def _resource(document: Document, url: str) -> Verdict:
    said = document.get("resource")
    if said is None:
        return failed("`resource` is missing")
    if not covers(said, url):
        return failed(f"{said} is not the URL asked, {url}")
    same = said == url or (urlsplit(url).path == "/" and said == url.removesuffix("/"))  # RFC 3986, section 6.2.3
    return passed(said) if same else warned(f"{said}, not exactly {url}")


def _servers(document: Document, _url: str) -> Verdict:
    said = texts(document.get("authorization_servers"))
    if not said:
        return failed("no list" if "authorization_servers" in document else "`authorization_servers` is missing")
    return passed(", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else ""))  # noqa: PLR2004


def _bearer(document: Document, _url: str) -> Verdict:
    said = document.get("bearer_methods_supported")
    if said is None:
        return skipped("not said")
    return passed("header") if isinstance(said, list) and "header" in said else warned(f"{said}")


def _scopes(document: Document, _url: str) -> Verdict:
    said = document.get("scopes_supported")
    if said is None:
        return skipped("not said")
    known = texts(said)
    return passed(" ".join(known) or "none") if known is not None else failed("no list of texts")


RESOURCE_POINTS: Final = (
    Point("resource-matches", "`resource` is the URL that was asked (RFC 9728, 3.3)", _resource),
    Point("authorization-servers", "an authorization server is named (RFC 9728, 2; MCP)", _servers),
    Point("bearer-in-header", "tokens are taken in the header (RFC 9728, 2)", _bearer),
    Point("resource-scopes", "`scopes_supported` is a list (RFC 9728, 2)", _scopes),
)


# --- the authorization server's metadata --------------------------------------------------------------------------


def _issuer(document: Document, expected: str) -> Verdict:
    said = document.get("issuer")
    if said is None:
        return failed("`issuer` is missing")
    return passed(said) if said == expected else failed(f"{said}, asked for {expected}")


def endpoint(name: str, *, needed: bool) -> Callable[[Document, str], Verdict]:
    """Make the look at an endpoint: there, a URL that can be asked, and not open to everybody in between."""

    def look(document: Document, _expected: str) -> Verdict:
        said = document.get(name)
        if said is None and (name not in document or not needed):
            return failed(f"`{name}` is missing") if needed else skipped("not offered")
        if not isinstance(said, str):
            return failed(f"`{name}` is no URL")
        try:
            checked(said)
        except RefusedError as refusal:
            return failed(f"{said}: {refusal}")
        return passed(said) if is_secure(said) else failed(f"{said} is not https")

    return look


def _lists(name: str, wanted: str, *, absent: Verdict) -> Callable[[Document, str], Verdict]:
    def look(document: Document, _expected: str) -> Verdict:
        if name not in document:
            return absent
        said = texts(document[name])
        if said is None:
            return failed(f"`{name}` is no list of texts")
        return passed(", ".join(said)) if wanted in said else failed(f"only {', '.join(said) or 'an empty list'}")

    return look


def _registers(document: Document, _expected: str) -> Verdict:
    if isinstance(document.get("registration_endpoint"), str):
        return passed("dynamic client registration")
    if document.get("client_id_metadata_document_supported") is True:
        return passed("client-id metadata documents")
    return warned("neither registration nor client-id metadata documents")


def _methods(document: Document, _expected: str) -> Verdict:
    said = document.get("token_endpoint_auth_methods_supported")
    if said is None:
        return warned("not said, which means client_secret_basic only")
    known = texts(said)
    if known is None:
        return failed("no list of texts")
    return passed(", ".join(known)) if "none" in known else warned(f"{', '.join(known)}: no public clients")


def _names_itself(document: Document, _expected: str) -> Verdict:
    said = document.get("authorization_response_iss_parameter_supported")
    return passed("`iss` comes with the code") if said is True else skipped("not said (MCP 2026-07-28 recommends it)")


SERVER_POINTS: Final = (
    Point("issuer-matches", "`issuer` is the one that was asked for (RFC 8414, 3.3)", _issuer),
    Point("authorization-endpoint", "people can be sent to sign in", endpoint("authorization_endpoint", needed=True)),
    Point("token-endpoint", "codes can be exchanged", endpoint("token_endpoint", needed=True)),
    Point("registration-endpoint", "clients can register (RFC 7591)", endpoint("registration_endpoint", needed=False)),
    Point("client-ids", "a client can get a client_id (MCP)", _registers),
    Point(
        "response-types",
        "`response_types_supported` has code (RFC 8414, 2)",
        _lists("response_types_supported", "code", absent=failed("`response_types_supported` is missing")),
    ),
    Point(
        "pkce",
        "PKCE with S256 is offered (MCP 2025-11-25)",
        _lists("code_challenge_methods_supported", "S256", absent=failed("not said: a careful client refuses")),
    ),
    Point(
        "grant-types",
        "`grant_types_supported` has authorization_code",
        _lists("grant_types_supported", "authorization_code", absent=skipped("not said, which means that it has")),
    ),
    Point("auth-methods", "public clients are served at the token endpoint", _methods),
    Point("iss-parameter", "the code comes with its issuer (RFC 9207)", _names_itself),
)


# --- the keys -----------------------------------------------------------------------------------------------------

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def _keys(document: Document, _url: str) -> Verdict:
    keys = document.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        return failed("`keys` is no list of keys")
    public = [key for key in keys if key.get("kty") in {"RSA", "EC", "OKP"} and key.get("use", "sig") == "sig"]
    return passed(f"{len(public)} to verify with") if public else failed("no key to verify a signature with")


def _private(document: Document, _url: str) -> Verdict:
    keys = document.get("keys")
    leaked = (
        sorted({name for key in keys if isinstance(key, dict) for name in _PRIVATE & key.keys()})
        if isinstance(keys, list)
        else []
    )
    return failed(f"private members are published: {', '.join(leaked)}") if leaked else passed("only public members")


def _named(document: Document, _url: str) -> Verdict:
    keys = document.get("keys")
    listed = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    lacking = sum("kid" not in key for key in listed)
    return warned(f"{lacking} without `kid`") if lacking else passed("each has a `kid`")


JWKS_POINTS: Final = (
    Point("signing-keys", "there are keys that verify signatures (RFC 7517, 5)", _keys),
    Point("no-private-keys", "no private key is published (RFC 7517, 9.2)", _private),
    Point("key-ids", "every key has an id (RFC 7517, 4.5)", _named),
)
