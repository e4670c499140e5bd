"""Rules of the step challenge: what the 401 says, and does not say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sandbox.diagnosis.challenges import challenges_of, header_of, unread
from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.places import (
    documents,
    is_absolute,
    is_same_place,
    looked,
    looked_at,
    named,
    path_of,
    refusals,
    relation,
    site,
    well_known,
    went_on,
    without_query,
    without_token,
)
from sandbox.flow import Step
from sandbox.wire.exchange import Exchange

_ON_THE_WAY: Final[frozenset[Step]] = frozenset({"resource-metadata", "server-metadata", "registration"})


@rule(
    "challenge-inside-200",
    step="challenge",
    side="server",
    title="The server refuses a request with status 200 instead of 401",
    why="Signing in begins with the status 401. With a 200, a client takes the refusal for the answer to its MCP "
    "message, finds that it is no MCP message, and gives up. It does not look at `WWW-Authenticate`, which counts only "
    "with a 401.",
    change="In the MCP server: answer requests without a valid token with status 401 and the same `WWW-Authenticate`. "
    "Where a framework's error handler or a gateway turns every refusal into 200, take the MCP path out of it. Check "
    "with: curl -i -X POST and the MCP URL.",
    references=("RFC 9110 section 15.5.2", "RFC 6750 section 3", "MCP 2025-11-25 authorization, error handling"),
)
def challenge_inside_200(seen: Evidence) -> Proof | None:
    """See a success that holds a challenge, or an error that is no JSON-RPC, as answer to a request without a token."""
    met = [one for one in without_token(seen) if is_success(one) and (_asks(one) or _is_foreign_error(seen, one))]
    if not met:
        return None
    one = met[-1]
    said = f"WWW-Authenticate: {header_of(one)}" if _asks(one) else f"the body {one.response_body[:200]}"
    return Proof(
        f"{one.method} {one.url} without a token was answered {one.status}, with {said}",
        (one,),
        went_on=went_on(seen, met),
    )


def _asks(exchange: Exchange) -> bool:
    return any(challenge.is_bearer for challenge in challenges_of(exchange))


def _is_foreign_error(seen: Evidence, exchange: Exchange) -> bool:
    fields = seen.fields(exchange)
    return bool(fields.get("error")) and not {"jsonrpc", "result"} & fields.keys()


@rule(
    "challenge-without-header",
    step="challenge",
    side="server",
    title="The 401 has no `WWW-Authenticate` header",
    why="The header is where a 401 says how to get in. Without it a client has to guess that OAuth is meant, and "
    "where the metadata is. Some guess; others take the 401 for a plain failure.",
    change="In the MCP server, or the gateway that answers for it: send with every 401 `WWW-Authenticate: Bearer "
    'resource_metadata="https://your-host/.well-known/oauth-protected-resource/mcp"`, with the path of your own '
    "endpoint at the end. If the application sends it already, let the proxy pass it on.",
    references=("RFC 9110 section 15.5.2", "RFC 9728 section 5.1", "RFC 6750 section 3"),
)
def challenge_without_header(seen: Evidence) -> Proof | None:
    """See that no 401 to a request without a token has the header."""
    refused = refusals(seen)
    if not refused or any(header_of(one) is not None for one in refused):
        return None
    one = refused[0]
    return Proof(
        f"{one.method} {one.url} without a token was answered 401, without `WWW-Authenticate`.",
        (one,),
        went_on=went_on(seen, refused),
    )


@rule(
    "challenge-malformed",
    step="challenge",
    side="server",
    title="The `WWW-Authenticate` header of the 401 is not written as HTTP wants it",
    why="Some clients repair a wrong header, others ignore it. What is doubled, wrongly quoted or wrongly spaced is "
    "read in one way by one client, in another way by the next, and not at all by the third.",
    change="In whatever writes the header, application or proxy, and only in one of them: `WWW-Authenticate: Bearer "
    'resource_metadata="https://your-host/.well-known/oauth-protected-resource/mcp"`. Each parameter once, no spaces '
    "around the equals sign, values in double quotes, commas in between. Check with: curl -i.",
    references=("RFC 9110 section 11.2", "RFC 9110 section 11.6.1", "RFC 9110 section 5.6.4"),
)
def challenge_malformed(seen: Evidence) -> Proof | None:
    """See in a 401 a parameter twice, a parameter that is not plainly written, or what cannot be read at all."""
    met = [one for one in refusals(seen) if any(_mistakes(one))]
    if not met:
        return None
    one = met[0]
    happened = f"The 401 of {one.url} says WWW-Authenticate: {header_of(one)}. {'; '.join(_mistakes(one))}."
    return Proof(happened, (one,), went_on=went_on(seen, met))


def _mistakes(exchange: Exchange) -> Iterable[str]:
    for challenge in challenges_of(exchange):
        names = [parameter.name.lower() for parameter in challenge.parameters]
        yield from (
            f"`{name}` stands there {names.count(name)} times" for name in dict.fromkeys(names) if names.count(name) > 1
        )
        yield from (
            f'`{parameter.name}` is not written as name="value" after a comma, without spaces around the equals sign'
            for parameter in challenge.parameters
            if not parameter.is_plain
        )
    if rest := unread(header_of(exchange) or ""):
        yield f"A client stops reading before: {rest}"


@rule(
    "challenge-not-first",
    step="challenge",
    side="server",
    title="The 401 offers another way to sign in before Bearer",
    why="A 401 may offer several ways. Many clients look at the first one only, or at the first header line. They "
    "find a way that they cannot take, and miss the Bearer challenge with the metadata URL.",
    change="In the web server or proxy in front: switch the other authentication off for the MCP path. In IIS that "
    "is Windows authentication. Or at least send the Bearer challenge first. In the client: look through all "
    "challenges.",
    references=("RFC 9110 section 11.6.1", "RFC 9110 section 15.5.2"),
)
def challenge_not_first(seen: Evidence) -> Proof | None:
    """See in a 401 a Bearer challenge after another one."""
    met = [one for one in refusals(seen) if _asks(one) and not challenges_of(one)[0].is_bearer]
    if not met:
        return None
    one = met[0]
    names = ", ".join(challenge.scheme for challenge in challenges_of(one))
    return Proof(f"The 401 of {one.url} offers, in this order: {names}.", (one,), went_on=went_on(seen, met))


@rule(
    "challenge-without-metadata",
    step="challenge",
    side="server",
    title="The 401 does not say where the resource's metadata is",
    why="The metadata is the document that says where to sign in. A client that is not told its URL has to guess "
    "one. Those that know the two usual places may find it; others say that the server needs no OAuth, or fail.",
    change="In the MCP server, or the gateway that answers for it: add `resource_metadata` to `WWW-Authenticate`, as "
    'in `Bearer resource_metadata="https://your-host/.well-known/oauth-protected-resource/mcp"`.',
    references=("RFC 9728 section 5.1", "MCP 2025-11-25 authorization, protected resource metadata discovery"),
)
def challenge_without_metadata(seen: Evidence) -> Proof | None:
    """See that no 401 names the metadata, while there is some or nobody looked; where there is none, that is worse."""
    refused = [one for one in refusals(seen) if header_of(one) is not None]
    if not refused or named(seen) or any(unread(header_of(one) or "") for one in refused):
        return None
    one = refused[0]
    found = documents(seen)
    if looked(seen) and not found:
        return None
    guessed = f" The client found the metadata by guessing, at {found[0].exchange.url}." if found else ""
    if not found and not seen.had_time_after(one):
        return None
    return Proof(
        f"{one.method} {one.url} without a token was answered 401 with WWW-Authenticate: {header_of(one)}.{guessed}",
        (one,),
        went_on=went_on(seen, refused),
    )


@rule(
    "challenge-metadata-relative",
    step="challenge",
    side="server",
    title="The 401 names its metadata by a path, without scheme and host",
    why="The value of `resource_metadata` has to be a whole URL. Nothing says what a relative one would be relative "
    "to. Some clients put the host before it; others cannot ask such a URL, and stop.",
    change="In the MCP server: put scheme and host before the path, from a configured public address, as in "
    '`resource_metadata="https://your-host/.well-known/oauth-protected-resource/mcp"`.',
    references=("RFC 9728 section 5.1",),
)
def challenge_metadata_relative(seen: Evidence) -> Proof | None:
    """See in a 401 a metadata URL that has no scheme or no host."""
    for met, url in named(seen):
        if not is_absolute(url):
            said = f'The 401 of {met[0].url} names resource_metadata="{url}", which is no whole URL.'
            return Proof(said, (met[0],), went_on=went_on(seen, met))
    return None


@rule(
    "challenge-metadata-unreachable",
    step="challenge",
    side="server",
    title="The 401 names a metadata URL that the client cannot reach",
    why="The client asks exactly that URL. When nobody answers there, it knows neither where to sign in nor that "
    "the same document may be had elsewhere, and it stops.",
    change="In the MCP server: build the metadata URL from a configured public address, never from the `Host` of the "
    "request as the proxy passed it on. Or let the framework believe the proxy's `X-Forwarded-Host` and "
    "`X-Forwarded-Proto`. In the proxy: send these two headers.",
    references=("RFC 9728 section 5.1", "RFC 9728 section 3.1"),
)
def challenge_metadata_unreachable(seen: Evidence) -> Proof | None:
    """See that a 401 names a URL on another host or port, and that the client then gets nothing from there."""
    for met, url in named(seen):
        last = met[-1]
        if not is_absolute(url) or site(url) == site(last.url) or not seen.had_time_after(last):
            continue
        asked = [one for one in seen.exchanges if is_same_place(one.url, url)]
        later = [one for one in seen.after(last) if one.asker == "client"]
        if any(one.status for one in asked) or (later and later[0] not in asked and _looks_elsewhere(last, later)):
            continue
        came = "No answer came from there." if asked else "No request for it got through."
        guess = next((one for one in later if one not in asked), None)
        then = f"went on with {guess.method} {guess.url}, which nobody had named" if guess else "stopped there"
        return Proof(
            f"The 401 of {last.url} names the metadata at {url}, on another host or port. {came} The client {then}.",
            (last,),
            went_on=went_on(seen, met),
        )
    return None


def _looks_elsewhere(refusal: Exchange, later: list[Exchange]) -> bool:
    """Say whether the client went on in another way than to take the MCP server for the authorization server in vain.

    A client that asks the MCP server itself for what an authorization server has, and gets nothing, is at its last
    resort.
    """
    if later[0].step == "resource-metadata":
        return True
    rest = [one for one in later if one.step in _ON_THE_WAY]
    return later[0].step in _ON_THE_WAY and any(site(one.url) != site(refusal.url) or is_success(one) for one in rest)


@rule(
    "challenge-metadata-root",
    step="challenge",
    side="server",
    title="The 401 of one endpoint names the metadata of the whole host",
    why="The metadata of, say, https://host/mcp is at https://host/.well-known/oauth-protected-resource/mcp. The 401 "
    "names the address without the path at the end (here /mcp), which describes the whole host. Most clients read it "
    "all the same; a strict one compares, and throws it away.",
    change="In the MCP server: name the URL with the path of the endpoint at the end, and serve the document there: "
    "https://your-host/.well-known/oauth-protected-resource/mcp for https://your-host/mcp.",
    references=("RFC 9728 section 3.1", "RFC 9728 section 3.3"),
)
def challenge_metadata_root(seen: Evidence) -> Proof | None:
    """See that a 401 names the root's metadata for an endpoint with a path, and the document is about that endpoint."""
    for met, url in named(seen):
        refusal = met[0]
        if not path_of(refusal.url) or not is_same_place(url, well_known(refusal.url, "")):
            continue
        found = [one for one in documents(seen) if is_same_place(one.exchange.url, url)]
        is_of_host = any(relation(str(one.fields.get("resource")), refusal.url) == "origin" for one in found)
        if is_of_host or (looked_at(seen, url) and not found):
            continue
        return Proof(
            f"The endpoint is {without_query(refusal.url)}, and its 401 names the metadata at {url}, "
            f"not at {well_known(refusal.url)}.",
            (refusal,),
            went_on=went_on(seen, met),
        )
    return None
