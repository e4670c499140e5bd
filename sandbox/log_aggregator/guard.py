"""The guard of a protected resource: 401 with a challenge, 403 with a step-up, and everyone else comes in.

RFC 6750 section 3, RFC 9728 section 5.1, MCP authorization; the 401 speaks the dialect that WorkOS documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.flow import System
from sandbox.settings import Challenge, Service
from sandbox.wire.message import Request, Response, json_response
from sandbox.world import Addresses


def resource_metadata_url(service: Service, addresses: Addresses) -> str | None:
    """Give the URL of the metadata that the challenge names (RFC 9728, section 3.1: the path is inserted)."""
    return _metadata_url(service.challenge, service, addresses)


def _metadata_url(said: Challenge, service: Service, addresses: Addresses) -> str | None:
    named = said.resource_metadata
    root = f"{addresses.mcp}/.well-known/oauth-protected-resource"
    if named == "root":
        return root
    return root + service.path.rstrip("/") if named == "path" else named


def metadata_paths(service: Service) -> set[str]:
    """Give the paths of the metadata: usually both well-known ones, the resource's path inserted and not."""
    root = "/.well-known/oauth-protected-resource"
    named = {"root": root, "path": root + service.path.rstrip("/")}
    return {named.get(place, place) for place in service.metadata_at}


def is_resource_metadata(service: Service, addresses: Addresses, system: System, path: str) -> bool:
    """Say whether the metadata is at a path of a system, or is said to be by an answer that keeps a client out."""
    own = {"workos": addresses.workos, "log-aggregator": addresses.mcp}.get(system, "")
    named = (_metadata_url(said, service, addresses) for said in (service.challenge, service.refusal) if said)
    urls = [urlsplit(url) for url in named if url is not None and "://" in url]
    port = urlsplit(own).port
    here = {url.path for url in urls if url.netloc.rpartition(":")[2] == str(port)}
    return path in here or (own == addresses.mcp and path in metadata_paths(service))


def resource_metadata(service: Service, resource: str) -> dict[str, Any]:
    """Give the RFC 9728 document as Raindrop generates it from the manifest."""
    return {
        "resource": resource,
        "authorization_servers": [service.authorization_server],
        "bearer_methods_supported": ["header"],
        "scopes_supported": list(service.scopes),
    }


def challenge(service: Service, addresses: Addresses) -> Response:
    """Answer a request without a token."""
    return _told(service.challenge, service, addresses)


def refusal(service: Service, addresses: Addresses) -> Response:
    """Answer a request whose token is not good: usually as one without."""
    return _told(service.refusal or service.challenge, service, addresses)


def _told(said: Challenge, service: Service, addresses: Addresses) -> Response:
    parameters = {
        "error": said.error,
        "error_description": said.error_description,
        "scope": said.scope,
        "resource_metadata": _metadata_url(said, service, addresses),
    }
    headers = {} if said.scheme is None else {"www-authenticate": authenticate(said.scheme, parameters)}
    return json_response(said.status, said.body, headers)


def step_up(service: Service, addresses: Addresses, needed: tuple[str, ...]) -> Response:
    """Answer a request whose token lacks scopes, naming all that the operation needs in one challenge."""
    parameters = {
        "error": "insufficient_scope",
        "error_description": f"This operation needs the scope {' '.join(needed)}",
        "scope": " ".join(needed),
        "resource_metadata": resource_metadata_url(service, addresses),
    }
    header = authenticate(service.challenge.scheme or "Bearer", parameters)
    return json_response(403, {"error": "Insufficient scope."}, {"www-authenticate": header})


def authenticate(scheme: str, parameters: Mapping[str, str | None]) -> str:
    """Write a WWW-Authenticate header (RFC 9110, section 11.6.1)."""
    quoted = (
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in parameters.items()
        if value is not None
    )
    return f"{scheme} {', '.join(quoted)}".strip()


def needed_scopes(service: Service, request: Request) -> tuple[str, ...]:
    """Give the scopes that the tools called in a request need."""
    needed: dict[str, None] = {}
    for message in request.mcp_calls:
        params = message.get("params")
        if message.get("method") == "tools/call" and isinstance(params, Mapping):
            needed |= dict.fromkeys(service.tool_scopes.get(str(params.get("name")), ()))
    return tuple(needed)
