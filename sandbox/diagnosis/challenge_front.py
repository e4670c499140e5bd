"""Rules of the step challenge: what stands before the 401, so that it is not seen or never comes."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from sandbox.diagnosis.challenges import challenges_of
from sandbox.diagnosis.evidence import Evidence, is_success, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.places import path_of, site, went_on, without_query, without_token
from sandbox.wire.exchange import Exchange

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEP_THE_METHOD: Final = frozenset({307, 308})


@rule(
    "endpoint-redirected",
    step="challenge",
    side="server",
    title="The MCP endpoint answers with a redirect to another spelling of its address",
    why="An MCP message is a POST. A client need not follow a redirect of a POST, and after 301 and 302 it may send "
    "a GET without the message instead. To another host, or from https to http, it will not take its token along. "
    "The 401 that would begin a sign-in stays hidden behind the redirect.",
    change="In the MCP server or its proxy: answer at the address that people type, without a redirect. Starlette: "
    "a route for /mcp beside the mount; FastAPI: redirect_slashes=False; nginx: location = /mcp beside location "
    "/mcp/, and absolute_redirect off. Behind a proxy that takes https, let the framework believe "
    "X-Forwarded-Proto. In the client's configuration, until then: the address that the redirect names, if it is a "
    "public one.",
    references=("RFC 9110 section 15.4", "RFC 9110 section 10.2.2"),
)
def endpoint_redirected(seen: Evidence) -> Proof | None:
    """See a redirect of an MCP request to the same path, a slash aside, or one that keeps the method."""
    redirected = [one for one in seen.mcp_requests if one.method != "OPTIONS" and _is_of_endpoint(one)]
    if not redirected:
        return None
    one, target = redirected[0], _target(redirected[0])
    change = "; that is another host or port" if site(target)[1:] != site(one.url)[1:] else ""
    if site(one.url)[0] == "https" and site(target)[0] == "http":
        change = "; that leads from https to http"
    said = f"{one.method} {one.url} was answered {one.status}, Location: {target}{change}."
    return Proof(said, (one,), went_on=_answered_later(seen, redirected[-1]))


def _target(exchange: Exchange) -> str:
    location = exchange.response_header("location") if exchange.status in _REDIRECTS else None
    try:
        return urljoin(exchange.url, location) if location else ""
    except ValueError:
        return location or ""


def _is_of_endpoint(exchange: Exchange) -> bool:
    target = _target(exchange)
    return bool(target) and (path_of(target) == path_of(exchange.url) or exchange.status in _KEEP_THE_METHOD)


def _answered_later(seen: Evidence, exchange: Exchange) -> bool:
    later = [one for one in seen.mcp_requests if one.number > exchange.number]
    return any(one.status == 401 or seen.worked(one) for one in later)  # noqa: PLR2004 - a status is its own name


@rule(
    "refused-without-challenge",
    step="challenge",
    side="server",
    title="Something refuses the request before the sign-in can begin",
    why="Signing in begins with a 401 that says where to sign in. A 403 says that signing in would not help, and a "
    "redirect to a page is meant for people. Either way the part of the server that would answer 401 never sees the "
    "request.",
    change="In the MCP server: take the MCP path, with and without a slash at the end, out of what answers first, "
    "such as protection against forged forms (CSRF), sessions with cookies, the redirect to the login page, a "
    "firewall or a bot check. Let the token check answer first, with 401 and WWW-Authenticate.",
    references=("RFC 9110 section 15.5.2", "RFC 9110 section 15.5.4", "RFC 9728 section 5.1"),
)
def refused_without_challenge(seen: Evidence) -> Proof | None:
    """See only 403 without a challenge, or redirects to somewhere else, where a 401 should come."""
    if any(one.status == 401 or is_success(one) for one in without_token(seen)):  # noqa: PLR2004 - the same
        return None
    met = [one for one in without_token(seen) if _is_bare_403(one) or _leads_elsewhere(one)]
    if not met or (not seen.after(met[0]) and not seen.had_time_after(met[0])):
        return None
    one = met[0]
    said = f"403 without a challenge; the body is: {one.response_body[:200].strip() or 'empty'}"
    if _leads_elsewhere(one):
        said = f"{one.status}, Location: {_target(one)}"
    return Proof(f"{one.method} {one.url} without a token was answered {said}.", (one,), went_on=went_on(seen, met))


def _leads_elsewhere(exchange: Exchange) -> bool:
    return bool(_target(exchange)) and not _is_of_endpoint(exchange)


def _is_bare_403(exchange: Exchange) -> bool:
    return exchange.status == 403 and not any(  # noqa: PLR2004 - the same
        challenge.is_bearer for challenge in challenges_of(exchange)
    )


@rule(
    "transient-auth-failure",
    step="challenge",
    side="server",
    title="A request was refused once, and the same request was welcome later",
    why="The server is sound, and for a moment something in front of it was not. A client may write down that this "
    "server needs a sign-in, or cannot be reached, and not ask again for a while. Then one refusal lasts.",
    change="In the proxy or gateway: answer 503 with Retry-After while a deployment runs, not 403. In the client: "
    "start it again, or sign in by hand, in Claude Code with /mcp; a client should not remember a refusal that "
    "holds no challenge.",
    references=("RFC 9110 section 15.6.4", "RFC 9110 section 15.5.4"),
)
def transient_auth_failure(seen: Evidence) -> Proof | None:
    """See a 403 without a challenge, and that a later request without a token to the same URL gets 401 or a result."""
    for one in without_token(seen):
        if not _is_bare_403(one):
            continue
        for later in without_token(seen):
            is_welcome = later.status == 401 or seen.worked(later)  # noqa: PLR2004 - the same
            if later.number > one.number and is_welcome and without_query(later.url) == without_query(one.url):
                return Proof(
                    f"{one.method} {one.url} without a token was answered 403 without a challenge, and "
                    f"{later.at - one.at:.1f} s later {later.status}.",
                    (one,),
                    went_on=True if later.status != 401 else went_on(seen, [later]),  # noqa: PLR2004 - the same
                )
    return None


@rule(
    "auth-advertised-not-required",
    step="challenge",
    side="server",
    title="The server looks as if one had to sign in, and answers without",
    why="Signing in is needed when a request is answered 401, and none is. The metadata is there all the same, "
    "perhaps for another service on the same host. A client that looks for metadata first says that it needs "
    "authentication, and sends people to a sign-in that they do not need.",
    change="In the MCP server: if it is for everybody, take its metadata away, and give services that do need a "
    "sign-in a host of their own. If it is not for everybody, answer 401 to requests without a token. In the "
    "client: begin a sign-in after a 401 only.",
    references=("RFC 9728 section 5", "MCP 2025-11-25 authorization, protocol requirements"),
)
def auth_advertised_not_required(seen: Evidence) -> Proof | None:
    """See results for requests without a token, no refusal at all, and metadata on the same host that was read."""
    answered = [one for one in without_token(seen) if seen.worked(one) and not challenges_of(one)]
    if not answered or any(one.status in {401, 403} for one in without_token(seen)):
        return None
    for one in seen.at("resource-metadata", "server-metadata"):
        is_document = {"issuer", "resource", "authorization_servers"} & seen.fields(one).keys()
        if is_success(one) and is_document and origin(one.url) == origin(answered[0].url):
            return Proof(
                f"{one.url} says how to sign in, and {answered[0].method} {answered[0].url} "
                f"was answered {answered[0].status} without a token.",
                (one, answered[0]),
                went_on=True,
            )
    return None
