"""Traces of a client that looks for metadata and registers, made by hand."""

from __future__ import annotations

from typing import Any

from sandbox.wire.exchange import Exchange
from tests.exchanges import exchange

MCP = "https://logs.example/mcp"
ISSUER = "https://login.example"
OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/oauth2/authorize",
    "token_endpoint": f"{ISSUER}/oauth2/token",
    "registration_endpoint": f"{ISSUER}/oauth2/register",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
}
OPENID_METADATA = METADATA | {
    "jwks_uri": f"{ISSUER}/oauth2/jwks",
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}
SENT = (
    '{"redirect_uris": ["http://localhost:5000/callback"], "grant_types": ["authorization_code"], '
    '"response_types": ["code"], "token_endpoint_auth_method": "none", "client_name": "A client"}'
)
REGISTERED = {
    "client_id": "client_1",
    "redirect_uris": ["http://localhost:5000/callback"],
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


def without(names: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give the metadata, or another document, without some fields."""
    return {key: value for key, value in (document or METADATA).items() if key not in names.split()}


def resource(issuer: str = ISSUER) -> list[Exchange]:
    """Make the 401, exchange 1, and the resource metadata that names an issuer, exchange 2."""
    named = {"resource": MCP, "authorization_servers": [issuer]}
    url = "https://logs.example/.well-known/oauth-protected-resource/mcp"
    bearer = [("www-authenticate", f'Bearer resource_metadata="{url}"')]
    return [
        exchange(1, step="challenge", system="log-aggregator", url=MCP, status=401, response_headers=bearer),
        exchange(2, step="resource-metadata", system="log-aggregator", method="GET", url=url, answer=named),
    ]


def get(number: int, path: str = OAUTH, answer: Any = None, **fields: Any) -> Exchange:
    """Make a request for metadata; without an answer it is a 404."""
    if answer is None and "status" not in fields:
        fields |= {"status": 404, "answer": {"message": "Not Found"}}
    given = {"step": "server-metadata", "method": "GET", "url": ISSUER + path, "answer": answer}
    return exchange(number, **(given | fields))


def page(number: int, path: str = OAUTH, **fields: Any) -> Exchange:
    """Make a request for metadata that is answered with a web page."""
    html = {"response_headers": [("content-type", "text/html")], "response_body": "<html><title>Hi</title></html>"}
    return get(number, path, **({"status": 200} | html | fields))


def register(number: int = 4, status: int = 201, answer: Any = REGISTERED, **fields: Any) -> Exchange:
    """Make a registration at the endpoint of the metadata."""
    given = {"step": "registration", "url": f"{ISSUER}/oauth2/register", "request_body": SENT}
    return exchange(number, **(given | {"status": status, "answer": answer} | fields))


def guess(number: int = 8) -> Exchange:
    """Make a registration at a guess, at the MCP server."""
    return register(
        number, 404, {"error": "no such path"}, url="https://logs.example/register", system="log-aggregator"
    )


def went_on(number: int = 10) -> list[Exchange]:
    """Make a sign-in and two MCP requests that are answered well."""
    mcp: dict[str, Any] = {"system": "log-aggregator", "url": MCP, "answer": {"result": {}}}
    return [
        authorize(number),
        exchange(number + 1, step="token"),
        exchange(number + 2, step="session", **mcp),
        exchange(number + 3, step="messages", **mcp),
    ]


def authorize(number: int = 10) -> Exchange:
    """Make the authorization request of the browser."""
    url = f"{ISSUER}/oauth2/authorize?client_id=client_1"
    return exchange(number, step="authorization", asker="browser", method="GET", url=url, status=302)
