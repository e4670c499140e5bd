"""What can be wrong at `server-metadata`: a search that finds nothing, or finds it at an odd place."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.evidence import Evidence, is_success, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.network import is_disturbed
from sandbox.diagnosis.searches import (
    OAUTH,
    OPENID,
    documents,
    endpoint_named,
    fallback,
    has_path,
    in_vain,
    is_document,
    is_used,
    issuer_asked,
    latest,
    places,
    search,
    told,
)
from sandbox.wire.exchange import Exchange

_REDIRECTS: Final = range(300, 400)
_REFUSALS: Final = range(400, 500)
_FAILURES: Final = range(500, 600)


@rule(
    "issuer-is-endpoint",
    step="server-metadata",
    side="configuration",
    title="The resource metadata names an endpoint where an issuer belongs",
    why="The MCP server tells clients in `authorization_servers` who signs people in. An issuer belongs there: the "
    "address that is the authorization server's name. From it a client builds the addresses of the metadata, the "
    "document that says where to register, where to send the browser and where to get tokens. Here the address of a "
    "single endpoint stands instead. Nothing is published for an endpoint, so every place that the client tries is "
    "empty. As a last resort it tries the usual address /register, and reports only the error of that, as if "
    "registration were off.",
    change='In raindrop.manifest: let the line be `authorization_server = "https://your-name.authkit.app"`: your '
    "AuthKit domain, with https:// and without any path. You find it in the WorkOS dashboard under Domains. It is not "
    "https://api.workos.com/sso/authorize: that endpoint belongs to WorkOS's single sign-on API, which no MCP client "
    "speaks. Before you deploy again, check the text: curl "
    "https://your-name.authkit.app/.well-known/oauth-authorization-server must answer JSON whose `issuer` is that very "
    "address. Elsewhere: put what the authorization server calls its `issuer` into `authorization_servers` of "
    "/.well-known/oauth-protected-resource. In the client there is nothing to change.",
    references=(
        "RFC 9728 section 2",
        "RFC 8414 section 3.1",
        "MCP 2025-11-25 authorization, authorization server metadata discovery",
    ),
)
def issuer_is_endpoint(seen: Evidence) -> Proof | None:
    """Look for an issuer whose path is an endpoint's, and below which nothing was found."""
    named = endpoint_named(seen)
    if named is None or seen.resource_metadata is None or not (asked := in_vain(seen)):
        return None
    source = seen.resource_metadata.exchange
    asked = [one for one in asked if one.url in places(named)] or asked
    return Proof(
        f'{source.url} says "authorization_servers": ["{named}"]. That is an endpoint, not an issuer, and the client '
        f"found no metadata below it: {told(asked)}.{fallback(seen, asked)}",
        (source, *asked),
    )


@rule(
    "metadata-redirected",
    step="server-metadata",
    side="authorization server",
    title="The address of the metadata redirects elsewhere",
    why="Metadata speaks for the address at which it was asked. Many clients follow no redirect there, and hardly any "
    "follows one to another host, as that host could be anybody's. And if it were followed, the document would carry "
    "the name of the other host, and be refused for that. Clients that treat a redirect as an error break off the "
    "search, although the next place may have the document.",
    change="When the authorization server has moved: name the new address as the issuer, in raindrop.manifest as "
    "`authorization_server`, elsewhere in `authorization_servers` of the resource metadata. When it has not moved: "
    "serve the document at this address itself, with status 200 and without a redirect, also without one from http to "
    "https or to a trailing slash. For what does not exist below /.well-known/, answer 404, and keep redirects to a "
    "home or documentation page for other paths.",
    references=("RFC 8414 section 3", "RFC 8414 section 3.3", "RFC 9110 section 15.4"),
)
def metadata_redirected(seen: Evidence) -> Proof | None:
    """Look for redirects where an issuer's metadata was asked for."""
    sent_on = [one for one in latest(search(seen)) if one.status in _REDIRECTS and one.response_header("location")]
    if not sent_on or _endpoint_in_vain(seen):
        return None
    first = sent_on[0]
    target = first.response_header("location") or ""
    where = "on the same host" if origin(target) in {"", origin(first.url)} else "on another host"
    return Proof(
        f"GET {first.url} was answered {first.status} with `Location: {target}`, {where}.",
        tuple(sent_on),
        went_on=_is_found_after(seen, sent_on),
    )


@rule(
    "metadata-not-json",
    step="server-metadata",
    side="authorization server",
    title="The address of the metadata answers 200 with something that is no JSON",
    why="Status 200 says: here is the document. A client that believes it tries to read the answer as JSON and stops "
    "with a parse error such as: unexpected token '<'. Other clients take it for nothing, go on to the next place, and "
    "end at a /register that does not exist. The usual origin is a web app that answers every path which it does not "
    "know with its start page.",
    change="In the proxy or the web app: route /.well-known/oauth-authorization-server and "
    "/.well-known/openid-configuration to the authorization server, before the rule that catches all. Where there is "
    "no metadata, answer 404. The answer must be application/json. To check: curl -i with the address.",
    references=("RFC 8414 section 3.2",),
)
def metadata_not_json(seen: Evidence) -> Proof | None:
    """Look for success without a JSON object where an issuer's metadata was asked for."""
    odd = [
        one
        for one in latest(search(seen))
        if is_success(one) and not isinstance(seen.json(one), dict) and not is_disturbed(one)
    ]
    if not odd or _endpoint_in_vain(seen):
        return None
    kind = odd[0].response_header("content-type") or "no content type"
    begin = " ".join(odd[0].response_body.split())[:60]
    came = f"that begins with {begin!r}" if begin else "without a body"
    return Proof(
        f"GET {odd[0].url} was answered {odd[0].status} with {kind}, {came}.",
        tuple(odd),
        went_on=_is_found_after(seen, odd),
    )


@rule(
    "metadata-empty",
    step="server-metadata",
    side="authorization server",
    title="The metadata holds nothing that metadata must hold",
    why="Status 200 says: here is the document. But it has neither `issuer` nor any endpoint, so a client learns "
    "nothing from it. Some clients stop at the first missing field, some go on with nothing and fail at a guessed "
    "/register, and some remember that this server wants a sign-in and ignore a token that was configured by hand.",
    change="In the authorization server: answer 404 where there is no metadata, and the whole document where there is "
    "one, with at least `issuer`, `authorization_endpoint`, `token_endpoint` and `response_types_supported`. In Claude "
    "Code: run claude mcp logout with the server's name afterwards, so that it forgets what it believed.",
    references=("RFC 8414 section 2", "RFC 8414 section 3.2"),
)
def metadata_empty(seen: Evidence) -> Proof | None:
    """Look for a JSON object without any of the fields that every metadata has."""
    empty = [
        one
        for one in latest(search(seen))
        if is_success(one) and isinstance(seen.json(one), dict) and not is_document(seen, one)
    ]
    if not empty or _endpoint_in_vain(seen):
        return None
    keys = ", ".join(sorted(seen.fields(empty[0]))) or "no field at all"
    return Proof(
        f"GET {empty[0].url} was answered {empty[0].status} with a JSON object that has {keys}.",
        tuple(empty),
        went_on=_is_found_after(seen, empty),
    )


@rule(
    "server-metadata-unavailable",
    step="server-metadata",
    side="authorization server",
    title="The authorization server cannot give its metadata just now",
    why="A status of 500 or more says that something behind the address has failed, not that there is no metadata. "
    "Without the document a client knows neither where to register nor where to send the browser. Some clients report "
    "this status. Others take it for absence, try the usual address /register, and report the 404 of that.",
    change="Wait a little and connect again. If it stays: look at the gateway before the authorization server and at "
    "what runs behind it, its log has the reason. Only 404 may mean that there is no metadata, so no gateway should "
    "turn an outage into 404, nor a 404 into an outage.",
    references=("RFC 9110 section 15.6", "RFC 8414 section 3.2"),
)
def server_metadata_unavailable(seen: Evidence) -> Proof | None:
    """Look for failures of the server in a search that found nothing."""
    asked = in_vain(seen)
    failed = [one for one in asked if one.status in _FAILURES and not is_disturbed(one)]
    if not failed or endpoint_named(seen) is not None:
        return None
    return Proof(f"The client looked for metadata: {told(failed)}.{fallback(seen, asked)}", tuple(failed))


@rule(
    "metadata-wrong-place",
    step="server-metadata",
    side="authorization server",
    title="No metadata is at the places that belong to an issuer with a path",
    why="When the authorization server's address is https://host/path, its metadata belongs at "
    "https://host/.well-known/oauth-authorization-server/path, with the path at the end. Frameworks that are mounted "
    "below the path serve it at https://host/path/.well-known/oauth-authorization-server instead, and there it opens "
    "well in a browser; but no client asks there. Clients ask at the first place and at two of OpenID Connect, find "
    "nothing, try the usual address /register as a last resort, and report the error of that.",
    change="Take the authorization server's address from `authorization_servers` of the resource metadata, put "
    "/.well-known/oauth-authorization-server behind it, and open that. If the document opens there, let the proxy "
    "serve it at https://host/.well-known/oauth-authorization-server/path as well. If not, the path may be wrong: "
    "compare the address, in raindrop.manifest `authorization_server`, with what the authorization server calls its "
    "`issuer`. An AuthKit domain of WorkOS has no path.",
    references=("RFC 8414 section 3.1", "MCP 2025-11-25 authorization, authorization server metadata discovery"),
)
def metadata_wrong_place(seen: Evidence) -> Proof | None:
    """Look for an issuer with a path at whose own places there is nothing."""
    return _absence(seen, with_path=True)


@rule(
    "server-metadata-missing",
    step="server-metadata",
    side="authorization server",
    title="The authorization server publishes no metadata",
    why="The metadata is the only way to learn where to register, where to send the browser and where to get a token. "
    "The client asked for it at the address that the MCP server names, and there is none. As a last resort it tries "
    "the usual address /register, gets an error there as well, and often reports only that last one, as if "
    "registration were the trouble.",
    change="First check the address: `authorization_servers` of the resource metadata, in raindrop.manifest "
    "`authorization_server`, must be the `issuer` of the authorization server. For WorkOS that is the AuthKit domain, "
    "dashboard, Domains, which serves its metadata by itself. If the address is right: serve "
    "/.well-known/oauth-authorization-server there, and let every proxy in front pass /.well-known/ on. To check: curl "
    "-i with the address.",
    references=("RFC 8414 section 3", "MCP 2025-11-25 authorization, authorization server metadata discovery"),
)
def server_metadata_missing(seen: Evidence) -> Proof | None:
    """Look for an issuer without a path whose metadata is refused at every place."""
    return _absence(seen, with_path=False)


def _endpoint_in_vain(seen: Evidence) -> bool:
    return endpoint_named(seen) is not None and bool(in_vain(seen))


def _is_found_after(seen: Evidence, odd: list[Exchange]) -> bool:
    """Say whether the search went on to a document that the client then used."""
    last = max(one.number for one in odd)
    return any(one.exchange.number > last and is_used(seen, one) for one in documents(seen))


def _absence(seen: Evidence, *, with_path: bool) -> Proof | None:
    asked = [one for one in in_vain(seen) if (issuer := issuer_asked(seen, one)) and has_path(issuer) == with_path]
    if not asked or endpoint_named(seen) is not None:
        return None
    if any(one.status not in _REFUSALS or is_disturbed(one) for one in asked):
        return None
    missed = "" if len(asked) > 1 else _not_asked(seen, asked[0])
    return Proof(f"The client looked for metadata: {told(asked)}.{missed}{fallback(seen, asked)}", tuple(asked))


def _not_asked(seen: Evidence, only: Exchange) -> str:
    issuer = issuer_asked(seen, only)
    rest = [place for place in places(issuer or "") if place != only.url]
    return f" It did not ask {' or '.join(rest)}." if rest and OAUTH in only.url and OPENID in rest[0] else ""
