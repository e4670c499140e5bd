"""Rules of the step resource-metadata: what the document says."""

from __future__ import annotations

from sandbox.diagnosis.evidence import Document, Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.places import Relation, documents, is_usable, relation, site, went_on, without_query
from sandbox.wire.exchange import Exchange


def _claim(seen: Evidence, *relations: Relation) -> tuple[Document, str] | None:
    """Give the document that names the resource in one of these ways, seen from the URL that the client was given."""
    asked = {one.url for one in seen.mcp_requests}
    for document in documents(seen):
        resource = document.fields.get("resource")
        if not asked or not isinstance(resource, str) or any(relation(resource, url) == "same" for url in asked):
            continue
        if relation(resource, seen.url) in relations:
            return document, resource
    return None


def _asked_server(seen: Evidence, document: Document) -> list[Exchange]:
    """Give the later requests to the authorization servers that a document names, to read what they are like."""
    servers = document.fields.get("authorization_servers")
    sites = {site(one) for one in servers if isinstance(one, str)} if isinstance(servers, list) else set()
    return [one for one in seen.after(document.exchange, "server-metadata") if site(one.url) in sites]


def _accepted(seen: Evidence, document: Document) -> bool:
    """Say whether the client has gone on in spite of what a document says, so that a later failure has another cause.

    Some clients read the authorization server's metadata before they compare the resource. If they got it, with a way
    to register in it, and then stop, that is why.
    """
    later = seen.after(document.exchange, "registration", "authorization", "token", "refresh")
    if any(site(one.url) != site(seen.url) or is_success(one) for one in later):
        return True
    asked = _asked_server(seen, document)
    return bool(asked) and not any(is_success(one) and "registration_endpoint" in seen.fields(one) for one in asked)


def _compared(seen: Evidence, found: tuple[Document, str] | None) -> Proof | None:
    if found is None:
        return None
    document, resource = found
    said = f'{document.exchange.url} says "resource": "{resource}", and the client was given {without_query(seen.url)}.'
    refused = _refused_for(seen, document, resource)
    if refused is None:
        return Proof(said, (document.exchange,), went_on=_accepted(seen, document))
    said += f" It got a token for {resource}, and the MCP server answered that token with {refused.status}."
    return Proof(said, (document.exchange, refused))


def _refused_for(seen: Evidence, document: Document, resource: str) -> Exchange | None:
    """Give the 401 to the first token that was issued for the resource as the document names it."""
    for one in seen.after(document.exchange, "session"):
        audiences = [said["claims"].get("aud") for said in one.held.values() if isinstance(said.get("claims"), dict)]
        if any(resource in (audience if isinstance(audience, list) else [audience]) for audience in audiences):
            return one if one.status == 401 else None  # noqa: PLR2004 - a status is its own name
    return None


@rule(
    "prm-without-resource",
    step="resource-metadata",
    side="server",
    title="The resource's metadata does not say of which resource it is",
    why="A client compares `resource` with the URL that it was given, before it believes the rest. A document without "
    "it is not valid, and clients throw it away whole. They report in the end that registering failed.",
    change="In the MCP server: add `resource` to /.well-known/oauth-protected-resource, with exactly the URL that "
    "people connect to, such as https://your-host/mcp.",
    references=("RFC 9728 section 2", "RFC 9728 section 3.3"),
)
def prm_without_resource(seen: Evidence) -> Proof | None:
    """See a document with authorization servers, and without a resource."""
    met = [one for one in documents(seen) if one.fields.get("authorization_servers") and not _names_resource(one)]
    if not met:
        return None
    said = (
        f"{met[0].exchange.url} answered 200 without a usable `resource`. Its members are {', '.join(met[0].fields)}."
    )
    is_used = bool(_asked_server(seen, met[-1])) or went_on(seen, [one.exchange for one in met])
    return Proof(said, (met[0].exchange,), went_on=is_used)


def _names_resource(document: Document) -> bool:
    resource = document.fields.get("resource")
    return isinstance(resource, str) and bool(resource)


@rule(
    "prm-without-authorization-servers",
    step="resource-metadata",
    side="server",
    title="The resource's metadata names no authorization server",
    why="This is where the document should say where to sign in. Without it a client gives up, or takes the MCP "
    "server itself for the authorization server and reports that registering there failed.",
    change="In the MCP server: add `authorization_servers` to /.well-known/oauth-protected-resource, a list with the "
    'issuer, such as `["https://your-domain.authkit.app"]`. With Raindrop: set `authorization_server` in '
    "raindrop.manifest. The AuthKit domain is in the WorkOS dashboard, under Domains.",
    references=("RFC 9728 section 2", "MCP 2025-11-25 authorization, authorization server location"),
)
def prm_without_authorization_servers(seen: Evidence) -> Proof | None:
    """See only documents with a resource, and without authorization servers."""
    found = [one for one in documents(seen) if isinstance(one.fields.get("resource"), str)]
    if not found or any(is_usable(one) for one in found):
        return None
    exchange = found[0].exchange
    value = found[0].fields.get("authorization_servers", "nothing")
    went_elsewhere = seen.server_metadata is not None
    return Proof(
        f"{exchange.url} answered 200, and says {value!r} as `authorization_servers`.",
        (exchange,),
        went_on=went_elsewhere,
    )


@rule(
    "resource-trailing-slash",
    step="resource-metadata",
    side="server",
    title="The resource's metadata and the given URL differ by a slash at the end",
    why="To a person the two are the same; a client compares letter by letter. Strict clients refuse at once. "
    "Others ask for a token for the spelling in the metadata, and a server that expects its own spelling refuses "
    "that token.",
    change="In the MCP server: use one spelling, from one setting, for `resource` in the metadata and for the audience "
    "(`aud`) that is checked in tokens. With Pydantic, keep the URL as text, as AnyHttpUrl may add a slash. In the "
    "client's configuration: give the URL exactly as the metadata spells it.",
    references=("RFC 9728 section 3.3", "RFC 8707 section 2"),
)
def resource_trailing_slash(seen: Evidence) -> Proof | None:
    """See that resource and URL are the same but for a slash."""
    return _compared(seen, _claim(seen, "trailing-slash"))


@rule(
    "resource-http-scheme",
    step="resource-metadata",
    side="server",
    title="The resource's metadata says http, and the endpoint is https",
    why="A client compares `resource` with the URL that it was given. http and https are two different places, so it "
    "refuses before a browser opens.",
    change="In the MCP server: build `resource` from a configured public address that begins with https, not from the "
    "request. Or let the framework believe the proxy's `X-Forwarded-Proto`, with uvicorn: --proxy-headers and "
    "--forwarded-allow-ips with the proxy's address. In the proxy: send `X-Forwarded-Proto`.",
    references=("RFC 9728 section 3.3", "RFC 9728 section 2"),
)
def resource_http_scheme(seen: Evidence) -> Proof | None:
    """See that resource and URL are the same but for http and https."""
    return _compared(seen, _claim(seen, "http-scheme"))


@rule(
    "resource-loopback-alias",
    step="resource-metadata",
    side="server",
    title="The resource's metadata and the given URL use two names of the same machine",
    why="localhost, 127.0.0.1 and [::1] reach the same server. A client compares texts all the same, and refuses "
    "before a browser opens.",
    change="In the client's configuration: give the URL exactly as the metadata spells it. Or in the MCP server: "
    "set its public address to the name that people use, and do not derive it from the address on which it listens.",
    references=("RFC 9728 section 3.3",),
)
def resource_loopback_alias(seen: Evidence) -> Proof | None:
    """See that resource and URL are the same but for the name of the loopback address."""
    return _compared(seen, _claim(seen, "loopback-alias"))


@rule(
    "resource-is-origin",
    step="resource-metadata",
    side="server",
    title="The resource's metadata names the host, and the endpoint has a path",
    why="Some clients accept a `resource` that the endpoint lies below. Others compare letter by letter, and refuse "
    "before a browser opens.",
    change="In the MCP server: set `resource` to the whole URL of the endpoint, such as https://your-host/mcp, serve "
    "that document at /.well-known/oauth-protected-resource/mcp, and accept only tokens whose field `aud` is this same "
    "URL.",
    references=("RFC 9728 section 3.3", "MCP 2025-11-25 authorization, canonical server URI"),
)
def resource_is_origin(seen: Evidence) -> Proof | None:
    """See that resource is the host of a URL with a path."""
    return _compared(seen, _claim(seen, "origin"))


@rule(
    "resource-mismatch",
    step="resource-metadata",
    side="server",
    title="The resource's metadata speaks for another resource than the one that was asked",
    why="A client compares `resource` with the URL that it was given. If they differ, the document may be somebody "
    "else's, and a token for it would go to the wrong server. So the client must not use it, and stops before a "
    "browser opens.",
    change="In the MCP server: set `resource` to exactly the URL that people connect to, such as "
    "https://your-host/mcp. Look for an old address in its configuration, or one that is built from an inner host "
    "name. In the client's configuration: if the server moved, give the new URL.",
    references=("RFC 9728 section 3.3", "RFC 9728 section 7.3"),
)
def resource_mismatch(seen: Evidence) -> Proof | None:
    """See that resource is neither the URL nor anything that resembles it."""
    return _compared(seen, _claim(seen, "other"))


@rule(
    "scope-list-empty",
    step="resource-metadata",
    side="server",
    title="The resource's metadata lists no permissions at all",
    why="An empty list of scopes, that is permissions, says that there are none. Some clients take it for a missing "
    "list and ask for a set of their own; others warn that the connection can do nothing.",
    change="In the MCP server: leave `scopes_supported` out of /.well-known/oauth-protected-resource when no scopes "
    "are checked, or list those that are.",
    references=("RFC 9728 section 2", "MCP 2025-11-25 authorization, scope selection strategy"),
)
def scope_list_empty(seen: Evidence) -> Proof | None:
    """See an empty list of scopes."""
    for document in documents(seen):
        if document.fields.get("scopes_supported") == []:
            exchange = document.exchange
            said = f'{exchange.url} says "scopes_supported": [].'
            return Proof(said, (exchange,), went_on=bool(_asked_server(seen, document)))
    return None


@rule(
    "authorization-server-unreached",
    step="server-metadata",
    side="network",
    title="Nothing reaches the authorization server: most likely its certificate is not trusted",
    why="The client knows where to sign in, and not one request arrives there. So the connection ended before HTTP "
    "began. The usual reason is a certificate of a company's own CA, or a chain that is not sent whole; a name that "
    "does not resolve, or a closed port, look the same from here. The log of that server stays empty.",
    change="See what it is, on the machine of the client: curl -v and the URL of the authorization server. If the "
    "certificate is not trusted: NODE_EXTRA_CA_CERTS=/path/ca.pem for Claude Code and other programs on Node, "
    "SSL_CERT_FILE=/path/ca.pem for Python. In the authorization server: send the whole chain of certificates.",
    references=("RFC 8446 section 4.4.2", "RFC 9110 section 4.3.4"),
)
def authorization_server_unreached(seen: Evidence) -> Proof | None:
    """See that an https authorization server is named in a sound document, and that it never got any request."""
    document = next((one for one in documents(seen) if is_usable(one)), None)
    if document is None or _claim(seen, "http-scheme", "loopback-alias", "other") is not None:
        return None
    issuers = [issuer for issuer in document.fields["authorization_servers"] if isinstance(issuer, str)]
    asked = {site(one.url) for one in seen.exchanges}
    if not issuers or any(not issuer.startswith("https://") or site(issuer) in asked for issuer in issuers):
        return None
    if all(one.system == "log-aggregator" for one in seen.exchanges):
        return None  # a recording of the MCP server's side alone holds no other server's requests
    if not seen.had_time_after(document.exchange) or seen.got_past("server-metadata"):
        return None
    said = f"{document.exchange.url} names {issuers[0]} as authorization server, and no request arrived there."
    return Proof(said, (document.exchange,))
