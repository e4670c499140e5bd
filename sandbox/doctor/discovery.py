"""The way of a careful client from a URL to the sign-in, without signing in: what it asks, and what it makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.diagnosis.challenges import challenges
from sandbox.doctor import mcp, places
from sandbox.doctor.checks import Verdict, failed, passed, skipped, warned
from sandbox.doctor.documents import RESOURCE_POINTS, SERVER_POINTS, covers, judged, texts
from sandbox.doctor.http import Answer, Http
from sandbox.doctor.places import Place
from sandbox.doctor.walk import ASKED, Walk, document_of, found_or_not, post
from sandbox.flow import Step


async def walk(http: Http, url: str, client_id: str | None = None) -> Walk:
    """Go as far as the authorization server's metadata; `client_id` is of a client that is registered already."""
    walked = Walk(url, http, endpoint=url, client_id=client_id)
    await challenged(walked)
    if not walked.stopped and not walked.is_public:
        await find_resource(walked)
    if not walked.stopped and not walked.is_public:
        await find_server(walked)
    return walked


# --- the challenge ------------------------------------------------------------------------------------------------


async def challenged(walked: Walk) -> None:
    """Ask the MCP server without a token, in both ways that MCP has."""
    answers = walked.first
    for version, message in ((mcp.MODERN, mcp.modern("server/discover")), (mcp.LEGACY, mcp.initialize())):
        answer = await post(walked, message)
        answers.append(answer)
        walked.add(f"mcp-{version}", "challenge", f"MCP {version} without a token is answered", _met(answer))
        if answer.status is None:
            walked.stop(f"the MCP server did not answer: {answer.said}")
            return
    asking = next((answer for answer in answers if answer.status == ASKED), None)
    if asking is not None:
        walked.endpoint = asking.url
        _read_challenge(walked, asking)
        return
    opened = next((answer for answer in answers if mcp.result_of(answer.response) is not None), None)
    if opened is None:
        walked.add("protected", "challenge", "a request without a token gets 401", failed(answers[-1].said))
        walked.stop(f"no 401 that asks to sign in: {answers[-1].said}")
        return
    walked.is_public, walked.endpoint = True, opened.url
    walked.add("protected", "challenge", "a request without a token gets 401", skipped("this server is public"))
    await _leave(walked, answers[-1])


async def _leave(walked: Walk, answer: Answer) -> None:
    """End the session that a public server has begun."""
    if session := answer.header("mcp-session-id"):
        headers = {"mcp-session-id": session, "mcp-protocol-version": mcp.LEGACY}
        await walked.http.ask("DELETE", walked.endpoint, "challenge", headers=headers, follow="none", survey=True)


def _met(answer: Answer) -> Verdict:
    if answer.status == ASKED:
        return passed(answer.said)
    if mcp.result_of(answer.response) is not None:
        return passed(f"{answer.said}, open to everybody")
    if answer.failure in {"dropped", "cut", "late", "tls", "refused", "limit"} or answer.status is None:
        return failed(answer.said)
    error = mcp.error_of(answer.response)
    said = ", ".join(filter(None, (answer.said, error, answer.header("location"), answer.header("content-type"))))
    return warned(said)


def _read_challenge(walked: Walk, answer: Answer) -> None:
    header = answer.header("www-authenticate")
    what = "the 401 names the resource metadata (RFC 9728, 5.1)"
    walked.add("protected", "challenge", "a request without a token gets 401", passed("401"))
    walked.challenge = next((one for one in challenges(header or "") if one.is_bearer), None)
    if walked.challenge is None:
        text = "no WWW-Authenticate" if header is None else f"no Bearer challenge in: {header}"
        walked.add("bearer-challenge", "challenge", "the 401 asks for a Bearer token (RFC 6750, 3)", warned(text))
        walked.add("names-metadata", "challenge", what, warned("no; the well-known places are tried"))
        return
    walked.add("bearer-challenge", "challenge", "the 401 asks for a Bearer token (RFC 6750, 3)", passed("Bearer"))
    named = walked.named
    walked.add(
        "names-metadata",
        "challenge",
        what,
        passed(named) if named else warned("no; the well-known places are tried"),
    )


# --- the resource's metadata --------------------------------------------------------------------------------------


async def find_resource(walked: Walk) -> None:
    """Look for the resource's metadata, until a place has it."""
    found = await _first(walked, places.resource_places(walked.url, walked.named), "resource-metadata")
    what = "the resource's metadata is found (RFC 9728, 3)"
    if found is None:
        walked.add("resource-metadata", "resource-metadata", what, warned("at no place; is there one of 2025-03-26?"))
        return
    place, walked.resource = found
    walked.add("resource-metadata", "resource-metadata", what, passed(f"{place.name}: {place.url}"))
    walked.checks += judged("resource-metadata", RESOURCE_POINTS, walked.resource, walked.url)
    if not covers(walked.resource.get("resource"), walked.url):
        walked.stop("`resource` of the metadata is not the URL asked")
    servers = texts(walked.resource.get("authorization_servers"))
    walked.issuer = servers[0] if servers else None
    if walked.issuer is None:
        walked.stop("the metadata names no authorization server")


async def _first(walked: Walk, candidates: Iterable[Place], step: Step) -> tuple[Place, dict[str, Any]] | None:
    """Give the first place that has a JSON object, and the object; add what came of the others."""
    for place in candidates:
        answer = await walked.document(place, step)
        document = document_of(answer)
        walked.add(_id(step, place), step, f"{place.name}: {place.url}", found_or_not(answer))
        if document is not None:
            return place, document
    return None


def _id(step: Step, place: Place) -> str:
    return f"{step}-{place.name.lower().replace(', ', '-').replace(' ', '-')}"


# --- the authorization server's metadata --------------------------------------------------------------------------


async def find_server(walked: Walk) -> None:
    """Look for the metadata of the first authorization server, until a place has it."""
    if walked.issuer is None:
        await _find_old_server(walked)
        return
    what = "the authorization server's metadata is found (RFC 8414, 3)"
    found = await _first(walked, places.issuer_places(walked.issuer), "server-metadata")
    if found is None:
        walked.add("server-metadata", "server-metadata", what, failed(f"at no place of {walked.issuer}"))
        walked.stop(f"no metadata of the authorization server {walked.issuer}")
        return
    place, walked.server = found
    walked.add("server-metadata", "server-metadata", what, passed(f"{place.name}: {place.url}"))
    judge_server(walked)


def judge_server(walked: Walk) -> None:
    """Check the authorization server's metadata, and stop where a careful client does."""
    server = walked.server or {}
    found = judged("server-metadata", SERVER_POINTS, server, walked.issuer or "")
    walked.checks += found
    for one in found:
        is_stranger = one.id == "client-ids" and one.result == "warned" and walked.client_id is None
        if one.result == "failed" or is_stranger:
            walked.stop(f"{one.checked}: {one.evidence}")


async def _find_old_server(walked: Walk) -> None:
    """Look for the authorization server as MCP 2025-03-26 has it: the MCP server is one itself."""
    place = places.old_server_place(walked.url)
    found = await _first(walked, [place], "server-metadata")
    what = "the authorization server is found"
    if found is not None:
        walked.server = found[1]
        walked.issuer = places.old_endpoints(walked.url)["issuer"]
        walked.add("server-metadata", "server-metadata", what, warned("on the MCP server, as in MCP 2025-03-26"))
        judge_server(walked)
        return
    walked.add("server-metadata", "server-metadata", what, failed("no resource metadata, and none on the MCP server"))
    walked.stop("no metadata tells where to sign in")
