"""Copies of known clients' client-id metadata documents, since an offline server cannot fetch them.

What public reports say of the documents (anthropics/claude-code#42301, #64705, #44378): public clients with portless
loopback redirect URIs.
"""

from __future__ import annotations

from typing import Final

from sandbox.workos.records import Client

_LOOPBACK: Final = ("http://localhost/callback", "http://127.0.0.1/callback")

SHIPPED: Final[dict[str, Client]] = {
    client.client_id: client
    for client in (
        Client(
            client_id="https://claude.ai/oauth/claude-code-client-metadata",
            name="Claude Code",
            redirect_uris=_LOOPBACK,
        ),
        Client(
            client_id="https://claude.ai/oauth/mcp-oauth-client-metadata",
            name="Claude",
            redirect_uris=("https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"),
        ),
        Client(
            client_id="https://vscode.dev/oauth/client-metadata.json",
            name="Visual Studio Code",
            redirect_uris=("http://127.0.0.1/", "http://localhost/", "https://vscode.dev/redirect"),
        ),
        Client(
            client_id="https://zed.dev/oauth/client-metadata.json",
            name="Zed",
            redirect_uris=_LOOPBACK,
        ),
    )
}
"""By client id, which is the URL of the document."""


def looks_like_document(client_id: str) -> bool:
    """Say whether a client id is the URL of a metadata document."""
    return client_id.startswith(("https://", "http://"))
