"""Which entry of a HAR is which step of the flow: told by its path, by the metadata, and by the redirects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urljoin

from sandbox.diagnosis.challenges import challenges
from sandbox.diagnosis.evidence import origin, urlsplit_or_empty
from sandbox.diagnosis.har_entry import Entry
from sandbox.flow import SESSION_METHODS, Asked, Step, System, step_of

_ENDPOINTS: Final = {
    "authorization_endpoint": "/oauth2/authorize",
    "device_authorization_endpoint": "/oauth2/device_authorization",
    "end_session_endpoint": "/oauth2/logout",
    "introspection_endpoint": "/oauth2/introspection",
    "jwks_uri": "/oauth2/jwks",
    "registration_endpoint": "/oauth2/register",
    "token_endpoint": "/oauth2/token",
    "userinfo_endpoint": "/oauth2/userinfo",
}
"""Where WorkOS has what an authorization server's metadata names (RFC 8414, section 2)."""

_RESOURCE: Final = "/.well-known/oauth-protected-resource"
_ANYBODYS: Final = frozenset({"token", "refresh", "registration", "device", "logout"})
"""The steps whose usual paths every OAuth server has."""
_VAGUE: Final = frozenset({"api", "challenge", "session", "messages"})
"""The steps of whatever has no path of its own."""


class Steps:
    """The steps of the entries of one HAR."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        self._mcp_urls = {entry.url for entry in entries if _is_mcp(entry)}
        asked_for_metadata = (entry.base for entry in entries if entry.request.plain_path.startswith(_RESOURCE))
        self._resource_servers = {entry.base for entry in entries if _is_mcp(entry)} | set(asked_for_metadata)
        self._named = {url for entry in entries for url in _named_by(entry)}
        self._announced: dict[str, str] = {}
        self._announced = {
            url: path
            for entry in entries
            if self._by_path(entry) == "server-metadata"
            for url, path in _announced_by(entry)
        }
        self._hosts = self._resource_servers | {base for entry in entries for base in _hosts_of(entry)}
        self._pages: set[str] = set()
        self._callbacks: set[str] = set()
        self._states: set[str] = set()
        self._targets: set[str] = set()
        for entry in entries:
            step = self._by_path(entry)
            if step == "authorization" or self._signs_in(entry):
                self._follow(entry)
            elif step not in _VAGUE:
                self._targets.add(_target(entry))

    def system(self, entry: Entry) -> System:
        """Say who was asked: who serves MCP, or any other, which is an authorization server."""
        return "log-aggregator" if entry.base in self._resource_servers else "workos"

    def step(self, entry: Entry) -> Step | None:
        """Name the step of an entry; None for what belongs to no connection."""
        step = self._by_path(entry)
        if step in _ANYBODYS and self._hosts and entry.base not in self._hosts:
            return None  # another application of the same browser signs in with OAuth, too
        if step not in _VAGUE:
            return step
        if entry.url in self._callbacks:
            return None
        refused = entry.response is not None and entry.response.status in {401, 403}
        if step != "api" and (entry.url in self._mcp_urls or entry.request.bearer is not None or refused):
            return step
        if self._signs_in(entry):
            return "authorization"
        return step if entry.url in self._targets else None

    def _by_path(self, entry: Entry) -> Step:
        request = entry.request
        grant_type = request.parameters.get("grant_type")
        asked = Asked(
            self.system(entry),
            request.method,
            request.plain_path,
            request.bearer is not None,
            grant_type if isinstance(grant_type, str) else None,
            request.mcp_methods,
            is_named=entry.url in self._named,
        )
        step = step_of(asked)
        announced = self._announced.get(entry.url)
        return step_of(asked._replace(path=announced)) if step in _VAGUE and announced else step

    # --- the pages of the sign-in ---------------------------------------------------------------------------------

    def _signs_in(self, entry: Entry) -> bool:
        """Say whether a sign-in led to this page, or leads from it back to the client."""
        if entry.url in self._callbacks or entry.url in self._mcp_urls:
            return False
        fields = _fields_of(_location(entry))
        return entry.url in self._pages or ({"code", "error"} & fields.keys() != set() and self._knows(fields))

    def _knows(self, fields: dict[str, str]) -> bool:
        return fields.get("state") in self._states

    def _follow(self, entry: Entry) -> None:
        """Remember where a page of the sign-in leads, and where the client waits for it."""
        asked = entry.request.form
        if "redirect_uri" in asked:
            self._callbacks.add(asked["redirect_uri"].partition("?")[0])
        if "state" in asked:
            self._states.add(asked["state"])
        self._pages.add(entry.url)
        self._pages.add(_target(entry))


def _is_mcp(entry: Entry) -> bool:
    """Say whether this is a JSON-RPC request with a method of MCP, and not of another protocol that uses JSON-RPC."""
    methods = entry.request.mcp_methods
    return entry.request.method == "POST" and any(
        method in SESSION_METHODS or method == "ping" or "/" in method for method in methods
    )


def _named_by(entry: Entry) -> Iterator[str]:
    header = entry.response.header("www-authenticate") if entry.response else None
    for challenge in challenges(header or ""):
        yield from challenge.values("resource_metadata")


def _announced_by(entry: Entry) -> Iterator[tuple[str, str]]:
    document = entry.response.json if entry.response else None
    if isinstance(document, dict):
        for name, path in _ENDPOINTS.items():
            if isinstance(url := document.get(name), str):
                yield url.partition("?")[0], path


def _hosts_of(entry: Entry) -> Iterator[str]:
    """Give the hosts that belong to the connection: asked for metadata, or named in a document."""
    if "/.well-known/oauth-" in entry.request.plain_path or "/.well-known/openid-" in entry.request.plain_path:
        yield entry.base
        for url, _ in _announced_by(entry):
            yield origin(url)
        document = entry.response.json if entry.response else None
        named = document.get("authorization_servers") if isinstance(document, dict) else None
        yield from (origin(one) for one in named if isinstance(one, str)) if isinstance(named, list) else ()


def _location(entry: Entry) -> str:
    return (entry.response.header("location") if entry.response else None) or ""


def _target(entry: Entry) -> str:
    """Give the URL to which an answer sends on, without its query; that of the entry itself when it does not."""
    try:
        return urldefrag(urljoin(entry.url, _location(entry)))[0].partition("?")[0]
    except ValueError:
        return entry.url


def _fields_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit_or_empty(url).query, keep_blank_values=True))
