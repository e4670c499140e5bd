"""What a client would not ask, but a person may want to know: the other places, the keys, the endpoints, CORS.

Everything here is GET or OPTIONS, and nothing of it has side effects. The diagnosis does not see it, as no client did.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sandbox.doctor import places
from sandbox.doctor.checks import Verdict, failed, passed, skipped, warned
from sandbox.doctor.documents import JWKS_POINTS, judged, texts
from sandbox.doctor.http import Answer
from sandbox.doctor.places import Place
from sandbox.doctor.walk import Walk, document_of, found_or_not
from sandbox.flow import Step

ORIGIN: Final = "http://localhost:6274"
"""Where MCP Inspector runs, the client in a browser that people use most."""

_ENDPOINTS: Final[tuple[tuple[str, Step], ...]] = (
    ("token_endpoint", "token"),
    ("registration_endpoint", "registration"),
)
_GONE: Final = frozenset({404, 410})
_SERVER_ERROR: Final = 500
_COMPARED: Final = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


async def survey(walked: Walk) -> None:
    """Look around, as far as the limits allow."""
    await _other_resource_places(walked)
    await _other_servers(walked)
    await _other_server_places(walked)
    if walked.server is not None:
        await _keys(walked, walked.server)
        await _sign_in_page(walked, walked.server)
        await _endpoints(walked, walked.server)
    if walked.asked or walked.is_public:
        await _readable_by_pages(walked)


# --- documents ----------------------------------------------------------------------------------------------------


async def _other_resource_places(walked: Walk) -> None:
    for place in places.resource_places(walked.url, walked.named):
        if place.url not in walked.asked:
            answer = await walked.document(place, "resource-metadata", survey=True)
            what = f"{place.name}, where other clients look: {place.url}"
            walked.add(
                _id("resource", place),
                "resource-metadata",
                what,
                _also(walked.resource, answer, ("resource", "authorization_servers")),
            )


async def _other_servers(walked: Walk) -> None:
    named = texts((walked.resource or {}).get("authorization_servers")) or []
    bound = walked.http.limits.servers
    for number, issuer in enumerate(named[1:bound], 2):
        for place in places.issuer_places(issuer):
            answer = await walked.document(place, "server-metadata", survey=True)
            if document_of(answer) is not None:
                break
        what = f"authorization server {number} has metadata: {issuer}"
        said = document_of(answer)
        verdict = warned(answer.said) if said is None else passed(place.url)
        if said is not None and said.get("issuer") != issuer:
            verdict = warned(f"its issuer is {said.get('issuer')}")
        walked.add(f"server-{number}", "server-metadata", what, verdict)
    if len(named) > bound:
        text = f"{len(named)} are named, {bound} were looked at"
        walked.add("servers-bound", "server-metadata", "all authorization servers were looked at", warned(text))


async def _other_server_places(walked: Walk) -> None:
    if walked.issuer is None or "://" not in walked.issuer:
        return
    try:
        candidates = [*places.server_places(walked.issuer), *places.more_server_places(walked.issuer)]
    except ValueError:
        return
    for place in candidates:
        if place.url not in walked.asked:
            answer = await walked.document(place, "server-metadata", survey=True)
            what = f"{place.name}, where other clients look: {place.url}"
            walked.add(_id("server", place), "server-metadata", what, _also(walked.server, answer, _COMPARED))


def _id(kind: str, place: Place) -> str:
    return f"other-{kind}-{place.name.lower().replace(', ', '-').replace(' ', '-')}"


def _also(known: dict[str, Any] | None, answer: Answer, compared: Iterable[str]) -> Verdict:
    """Say whether another place agrees with the document that is known."""
    document = document_of(answer)
    verdict = found_or_not(answer)
    if document is None or known is None:
        return verdict if known is not None or document is None else warned("only here, where the client did not look")
    other = [name for name in compared if document.get(name) != known.get(name)]
    return warned(f"another document: {', '.join(other)} differ") if other else verdict


async def _keys(walked: Walk, server: dict[str, Any]) -> None:
    url = server.get("jwks_uri")
    what = "the keys can be read (RFC 7517)"
    if not isinstance(url, str):
        walked.add("jwks", "jwks", what, skipped("no jwks_uri: opaque tokens?"))
        return
    answer = await walked.document(Place("jwks", url), "jwks", survey=True)
    document = document_of(answer)
    if document is None:
        walked.add("jwks", "jwks", what, failed(answer.said))
        return
    walked.add("jwks", "jwks", what, passed(url))
    walked.checks += judged("jwks", JWKS_POINTS, document, url)


# --- endpoints ----------------------------------------------------------------------------------------------------


async def _sign_in_page(walked: Walk, server: dict[str, Any]) -> None:
    url = server.get("authorization_endpoint")
    if not isinstance(url, str):
        return
    answer = await walked.http.ask("GET", url, "authorization", follow="none", survey=True)
    walked.add("authorization-reachable", "authorization", f"{url} is there", _there(answer))


async def _endpoints(walked: Walk, server: dict[str, Any]) -> None:
    for name, step in _ENDPOINTS:
        url = server.get(name)
        if isinstance(url, str):
            answer = await _preflight(walked, url, step, "content-type")
            walked.add(f"{step}-reachable", step, f"{url} is there", _there(answer))
            walked.add(f"{step}-cors", step, f"pages may ask {name} (CORS)", _allowed(answer, "POST", ()))


def _there(answer: Answer) -> Verdict:
    if answer.status is None:
        return failed(answer.said)
    if answer.status >= _SERVER_ERROR:
        return failed(answer.said)
    return warned(answer.said) if answer.status in _GONE else passed(answer.said)


# --- pages --------------------------------------------------------------------------------------------------------


async def _preflight(walked: Walk, url: str, step: Step, headers: str) -> Answer:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": headers}
    return await walked.http.ask("OPTIONS", url, step, headers=asked, follow="none", survey=True)


async def _readable_by_pages(walked: Walk) -> None:
    """Ask as a page of another origin would; only clients in a browser need it."""
    needed = ("authorization", "content-type", "mcp-protocol-version")
    answer = await _preflight(walked, walked.endpoint, "challenge", ", ".join(needed))
    walked.add("mcp-cors", "challenge", "pages may ask the MCP server (CORS)", _allowed(answer, "POST", needed))
    read = [url for url, one in walked.asked.items() if document_of(one) is not None]
    steps: tuple[Step, ...] = ("resource-metadata", "server-metadata")
    for step in steps:
        url = next((url for url in read if (one := walked.asked[url].exchange) is not None and one.step == step), None)
        if url is not None:
            answer = await walked.http.ask("GET", url, step, headers={"origin": ORIGIN}, survey=True)
            said = answer.header("access-control-allow-origin")
            verdict = passed(said) if said in {"*", ORIGIN} else warned("no: clients in a browser cannot")
            walked.add(f"{step}-cors", step, f"pages may read {url} (CORS)", verdict)


def _allowed(answer: Answer, method: str, headers: Iterable[str]) -> Verdict:
    """Say whether a preflight allows what a page wants (Fetch, CORS protocol)."""
    if answer.status is None:
        return skipped(answer.said)
    if answer.header("access-control-allow-origin") not in {"*", ORIGIN}:
        return warned("no: clients in a browser cannot")
    methods = _listed(answer.header("access-control-allow-methods"))
    if method.lower() not in methods and "*" not in methods and method != "POST":
        return warned(f"not with {method}")
    granted = _listed(answer.header("access-control-allow-headers"))
    # The wildcard never covers Authorization.
    lacking = [name for name in headers if name not in granted and ("*" not in granted or name == "authorization")]
    return warned(f"not with the headers {', '.join(lacking)}") if lacking else passed("yes")


def _listed(header: str | None) -> set[str]:
    return {one.strip().lower() for one in (header or "").split(",") if one.strip()}
