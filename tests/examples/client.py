"""The client that the examples test: the MCP Python SDK's. The sandbox is the person who signs in."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

CALLBACK = "http://localhost:3000/callback"


class Memory:
    """Keeps tokens and registration as long as the test runs."""

    tokens = client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


async def call(sandbox, tool, **arguments):
    """Connect to the MCP server of a world, and call a tool; give its text."""
    came_back = {}

    async def open_browser(url):
        visit = await asyncio.to_thread(sandbox.browse, url, callback=CALLBACK)
        came_back.update(parse_qs(urlsplit(visit.url).query))

    async def wait_for_callback():
        return AuthorizationCodeResult(code=came_back["code"][0], state=came_back["state"][0])

    metadata = OAuthClientMetadata(client_name="My client", redirect_uris=[CALLBACK], token_endpoint_auth_method="none")
    oauth = OAuthClientProvider(sandbox.mcp_url, metadata, Memory(), open_browser, wait_for_callback)
    async with httpx2.AsyncClient(auth=oauth, trust_env=False) as http:
        async with Client(streamable_http_client(sandbox.mcp_url, http_client=http)) as client:
            result = await client.call_tool(tool, arguments)
            return result.content[0].text
