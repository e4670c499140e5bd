"""What log-aggregator's manifest and own code hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sandbox.settings.kinds import Duration, HeaderText

Features = Literal["logs", "conformance"]


class Challenge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What log-aggregator answers to who may not come in: a 401 in the dialect that WorkOS documents for MCP."""

    status: Annotated[int, Meta(ge=200, le=599)] = 401
    scheme: Annotated[
        Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", description="one word")] | None,
        Meta(description="null: no WWW-Authenticate at all"),
    ] = "Bearer"
    error: HeaderText | None = "unauthorized"
    error_description: HeaderText | None = "Authorization needed"
    resource_metadata: Annotated[
        HeaderText | None,
        Meta(description="`path`: the URL with the path inserted; `root`: without; or any text; null leaves it out"),
    ] = "path"
    scope: HeaderText | None = None
    body: dict[str, Any] = field(default_factory=lambda: {"error": "Invalid bearer token."})


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What log-aggregator's manifest and own code hold."""

    visibility: Annotated[Literal["protected", "public"], Meta(description="raindrop.manifest: visibility")] = (
        "protected"
    )
    authorization_server: Annotated[
        str, Meta(description="raindrop.manifest: authorization_server; goes out as it is")
    ] = "{issuer}"
    url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", description="an http or https URL")] | None,
        Meta(
            description="your own MCP server, which is then `{mcp_url}` and `{resource}`; the sandbox's MCP port only"
            " says where it is; null: log-aggregator"
        ),
    ] = None
    path: Annotated[str, Meta(pattern="^/", description="where MCP is served; Raindrop serves it at /")] = "/mcp"
    given_url: Annotated[str, Meta(description="the URL that people type into their client")] = "{mcp_url}"
    metadata_at: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^(path|root|/[^?#]+)$", description="`path`, `root` or a path")], ...],
        Meta(description="where the resource metadata is: its `path` inserted, at the `root`, or any path"),
    ] = ("path", "root")
    authorization: Annotated[
        Literal["elsewhere", "here", "defaults"],
        Meta(
            description="who serves /authorize, /token and /register: WorkOS; the MCP server as well, with metadata, as"
            " in MCP 2025-03-26; or so, without metadata"
        ),
    ] = "elsewhere"
    protocol: Annotated[
        Literal["both", "legacy"],
        Meta(description="`both` serves MCP 2025-11-25 and 2026-07-28; `legacy` only versions with a session"),
    ] = "both"
    features: Annotated[
        Features,
        Meta(
            description="what MCP clients find: the tools over the `logs`; `conformance`: also the tools, resources"
            " and prompts that the MCP conformance suite calls by name"
        ),
    ] = "logs"
    challenge: Challenge = Challenge()
    refusal: Annotated[
        Challenge | None,
        Meta(
            description="the answer to a token that is not good, where it is another one; what it leaves out is as in"
            " the healthy challenge"
        ),
    ] = None
    jwks_uri: Annotated[str, Meta(description="where the keys are read to verify a token")] = "{workos}/oauth2/jwks"
    issuers: Annotated[tuple[str, ...], Meta(description="the issuers whose tokens are accepted")] = ("{issuer}",)
    keys_read: Annotated[
        Literal["as needed", "once"],
        Meta(description="the keys are read anew after a while and for a `kid` that is unknown; or never again"),
    ] = "as needed"
    audience: Annotated[str | None, Meta(description="what `aud` of a token must hold; null: nobody looks at it")] = (
        "{resource}"
    )
    clock_skew: Annotated[Duration, Meta(description="tolerance for exp, nbf and iat")] = "30s"
    scopes: Annotated[tuple[str, ...], Meta(description="scopes_supported of the resource metadata")] = (
        "openid",
        "profile",
        "email",
        "offline_access",
    )
    cors: Annotated[
        bool, Meta(description="whether pages of other origins may read the answers, as a browser asks")
    ] = True
    tool_scopes: Annotated[
        dict[str, tuple[str, ...]], Meta(description="scopes that a tool needs, asked for by a 403 step-up")
    ] = field(default_factory=lambda: {"delete_logs": ("logs:delete",)})
