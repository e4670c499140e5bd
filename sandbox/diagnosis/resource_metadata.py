"""Rules of the step resource-metadata: a document that is not to be had, or not where one looks."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.places import (
    documents,
    is_absolute,
    is_over,
    is_same_place,
    is_usable,
    is_usual,
    looked,
    looked_at,
    named,
    relation,
    site,
    well_known,
    went_on,
)
from sandbox.wire.exchange import Exchange

_ABSENT: Final = frozenset({400, 404, 405, 406, 410})
_SERVER_ERROR: Final = 500
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def _is_absent(seen: Evidence, exchange: Exchange) -> bool:
    """Say whether an answer means that there is no document: its status says so, or it is no JSON object."""
    return exchange.status in _ABSENT or (is_success(exchange) and not isinstance(seen.json(exchange), dict))


def _answer(exchange: Exchange) -> str:
    kind = exchange.response_header("content-type") or "no content type"
    return f"{exchange.url} answered {exchange.status}" + (f" with {kind}, no JSON" if is_success(exchange) else "")


@rule(
    "prm-missing",
    step="resource-metadata",
    side="server",
    title="The metadata that says where to sign in is not there",
    why="A client learns where to sign in from a document about the MCP server, its protected-resource metadata. "
    "Without it, many clients take the MCP server itself for the authorization server, ask it for /register, get a "
    "404, and report only that.",
    change="In the MCP server: serve /.well-known/oauth-protected-resource and then the path of the endpoint, with "
    'JSON such as `{"resource": "https://your-host/mcp", "authorization_servers": '
    '["https://your-domain.authkit.app"]}`, to everybody, without a token. Name that URL in the 401 as '
    "`resource_metadata`. In the proxy in front: pass /.well-known/ on to the MCP server, not only /mcp.",
    references=("RFC 9728 section 3", "MCP 2025-11-25 authorization, authorization server location"),
)
def prm_missing(seen: Evidence) -> Proof | None:
    """See that no place has a document, among them one where it belongs."""
    asked = looked(seen)
    if not asked or documents(seen) or not all(_is_absent(seen, one) for one in asked):
        return None
    if not seen.refusals and any(seen.worked(one) for one in seen.at("challenge")):
        return None  # whoever asks is let in, so nobody has to sign in
    if not any(is_usual(one.url, seen.url) for one in asked) or _dead(seen) is not None or not is_over(seen, asked[-1]):
        return None
    places = list({one.url: one for one in reversed(asked)}.values())[::-1]
    went_elsewhere = seen.server_metadata is not None or any(is_success(one) for one in seen.at("registration"))
    return Proof("; ".join(_answer(one) for one in places) + ".", tuple(places), went_on=went_elsewhere)


@rule(
    "challenge-metadata-dead",
    step="resource-metadata",
    side="server",
    title="The 401 names a metadata URL where nothing is",
    why="The client believes the 401, and asks the URL that it names. Nothing obliges it to look elsewhere when "
    "that fails. Many then take the MCP server for the authorization server, and report only that registering there "
    "failed.",
    change="In the MCP server: name in the 401 the URL that answers, from configuration. It is "
    "https://your-host/.well-known/oauth-protected-resource and then the path of the MCP endpoint. Check with curl -i "
    "on the MCP URL, and then on the URL that its `WWW-Authenticate` names.",
    references=("RFC 9728 section 3.1", "RFC 9728 section 5.1"),
)
def challenge_metadata_dead(seen: Evidence) -> Proof | None:
    """See that the one URL that the 401 names has nothing, while it is not the place, or another place has it."""
    dead = _dead(seen)
    if dead is None:
        return None
    found = next((one.exchange for one in documents(seen)), None)
    where = f" The document is at {found.url}." if found else f" Nobody looked at {well_known(seen.url)}."
    return Proof(f"The 401 names a metadata URL: {_answer(dead[0])}.{where}", (dead[0],), went_on=went_on(seen, dead))


def _dead(seen: Evidence) -> list[Exchange] | None:
    """Give the requests for the one URL that a 401 names, if it is the wrong one and nothing is there."""
    urls = [url for _, url in named(seen)]
    place = well_known(seen.url)
    if len(urls) != 1 or site(urls[0]) != site(seen.url):
        return None
    asked = looked_at(seen, urls[0])
    if not asked or not all(_is_absent(seen, one) for one in asked):
        return None
    is_elsewhere = any(is_usable(one) for one in documents(seen))
    is_astray = not is_same_place(urls[0], place) and not looked_at(seen, place)
    return asked if is_elsewhere or (is_astray and is_over(seen, asked[0])) else None


@rule(
    "metadata-url-foreign",
    step="resource-metadata",
    side="server",
    title="The 401 points the client at another machine",
    why="The client asks whatever URL the 401 names, from inside its own network. A hostile server can so make it "
    "ask machines that only the client reaches. And when that machine has no metadata, some clients look nowhere "
    "else.",
    change="In the MCP server: name a metadata URL on the host and port of the MCP endpoint. In the client: fetch "
    "metadata from the origin of the MCP server only, or at least from no private or link-local address, and check "
    "again after each redirect. If you only use this server: look at whom it belongs to before you connect.",
    references=("RFC 9728 section 7.7", "RFC 9728 section 3.3"),
)
def metadata_url_foreign(seen: Evidence) -> Proof | None:
    """See that the client asked a URL of another origin, as the 401 said, and got no document about its endpoint."""
    for (refusal, *_), url in named(seen):
        if not is_absolute(url) or site(url) == site(refusal.url):
            continue
        asked = [one for one in looked_at(seen, url) if one.status is not None]
        if not asked or any(_is_about_endpoint(seen, one) for one in asked):
            continue
        said = f"The 401 of {refusal.url} names {url}, on another host or port."
        return Proof(
            f"{said} The client asked it: {asked[0].status}.", (asked[0],), went_on=went_on(seen, asked), risky=True
        )
    return None


def _is_about_endpoint(seen: Evidence, exchange: Exchange) -> bool:
    resource = seen.fields(exchange).get("resource") if is_success(exchange) else None
    return isinstance(resource, str) and relation(resource, seen.url) in {"same", "trailing-slash", "origin"}


@rule(
    "prm-custom-location",
    step="resource-metadata",
    side="server",
    title="The resource's metadata is only where the 401 says",
    why="That is allowed, and clients that read the 401 connect. Some look in the two usual places alone. They find "
    "nothing there, and take the MCP server for the authorization server.",
    change="In the MCP server or gateway: serve the same document also at /.well-known/oauth-protected-resource and "
    "then the path of the MCP endpoint.",
    references=("RFC 9728 section 3.1", "RFC 9728 section 5.1"),
)
def prm_custom_location(seen: Evidence) -> Proof | None:
    """See that the 401 names an unusual place, and the document is there."""
    for _, url in named(seen):
        asked = looked_at(seen, url)
        if is_usual(url, seen.url) or not any(_is_about_endpoint(seen, one) for one in asked):
            continue
        said = f"The 401 names {url}, and the document is there. The usual place is {well_known(seen.url)}."
        return Proof(said, (asked[0],), went_on=True)
    return None


@rule(
    "prm-requires-auth",
    step="resource-metadata",
    side="server",
    title="The metadata that says where to sign in wants a sign-in first",
    why="Who asks where to get a token has none yet. The document is public by its purpose, and a client that gets "
    "a refusal for it has nothing to go on with.",
    change="In the MCP server: take every path that begins with /.well-known/ out of the token check, also where a "
    "rule matches any path with /mcp in it. In a proxy, firewall or bot check in front: let these paths through to "
    "everybody.",
    references=("RFC 9728 section 3", "RFC 8615 section 3"),
)
def prm_requires_auth(seen: Evidence) -> Proof | None:
    """See 401 or 403 where the metadata was asked."""
    refused = [one for one in looked(seen) if one.status in {401, 403}]
    return _answered(seen, refused)


def _answered(seen: Evidence, met: list[Exchange]) -> Proof | None:
    """Tell of the first of such answers, if there are any."""
    if not met:
        return None
    return Proof(f"GET {met[0].url} was answered {met[0].status}.", (met[0],), went_on=went_on(seen, met))


@rule(
    "prm-unavailable",
    step="resource-metadata",
    side="server",
    title="The metadata that says where to sign in fails with a server error",
    why="Without this document a client does not know where to sign in. Some say so. Others go on as if there were "
    "none, and blame the registration in the end.",
    change="In the MCP server: look into its log for the request to /.well-known/oauth-protected-resource, and mend "
    "what fails there; often it is a missing setting. A gateway's 502, 503 or 504 means that the MCP server did not "
    "answer it.",
    references=("RFC 9728 section 3.2", "RFC 9110 section 15.6"),
)
def prm_unavailable(seen: Evidence) -> Proof | None:
    """See a server error where the metadata was asked."""
    return _answered(seen, [one for one in looked(seen) if (one.status or 0) >= _SERVER_ERROR])


@rule(
    "prm-redirected",
    step="resource-metadata",
    side="server",
    title="The resource's metadata answers with a redirect",
    why="A client that checks where it sends requests cannot check where a redirect ends, so careful ones do not "
    "follow. To them the metadata is not there. Those that follow may be led to a machine that only they can reach.",
    change="In the MCP server or proxy: serve the document itself at the URL that the 401 names, without a "
    "redirect. In the client: follow redirects only within the origin, and look at every new address as at the "
    "first.",
    references=("RFC 9728 section 3.2", "RFC 9728 section 7.7"),
)
def metadata_redirected(seen: Evidence) -> Proof | None:
    """See a redirect where the metadata was asked."""
    met = [one for one in looked(seen) if one.status in _REDIRECTS and one.response_header("location")]
    if not met:
        return None
    said = f"GET {met[0].url} was answered {met[0].status}, `Location: {met[0].response_header('location')}`."
    return Proof(said, (met[0],), went_on=went_on(seen, met))
