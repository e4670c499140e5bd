"""What can be odd at `server-metadata`: the place where the document is."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.network import is_disturbed
from sandbox.diagnosis.searches import (
    document,
    documents,
    endpoint_named,
    fallback,
    has_path,
    in_vain,
    is_oauth_place,
    issuer_asked,
    latest,
    places,
    search,
    told,
)

_REFUSALS: Final = range(400, 500)


@rule(
    "metadata-openid-only",
    step="server-metadata",
    side="authorization server",
    title="Only OpenID Connect metadata is there",
    why="The metadata may be in two places: that of OAuth and that of OpenID Connect. Since MCP 2025-11-25 a client "
    "has to try both, and this one did. Clients from before know only OAuth's place and stop at the 404.",
    change="Nothing has to be mended for this client. To help older ones: serve the same document at "
    "/.well-known/oauth-authorization-server as well, as WorkOS AuthKit does; or update the client.",
    references=(
        "MCP 2025-11-25 authorization, authorization server metadata discovery",
        "OpenID Connect Discovery 1.0 section 4",
    ),
)
def metadata_openid_only(seen: Evidence) -> Proof | None:
    """Look for a document of OpenID Connect behind a refusal at OAuth's place."""
    found = document(seen)
    if found is None or is_oauth_place(found.exchange.url) or issuer_asked(seen, found.exchange) is None:
        return None
    refused = [one for one in latest(search(seen)) if is_oauth_place(one.url) and one.status in _REFUSALS]
    if not refused or any(is_disturbed(one) for one in refused):
        return None
    return Proof(
        f"{told(refused[:1])}, and GET {found.exchange.url} then gave the metadata.", (found.exchange,), went_on=True
    )


@rule(
    "metadata-inserted-only",
    step="server-metadata",
    side="authorization server",
    title="The issuer has a path, and clients look for its metadata in different places",
    why="For an issuer with a path, clients build the address of the metadata in several ways. The standard puts the "
    "path at the end: https://host/.well-known/oauth-authorization-server/tenant for https://host/tenant. Clients that "
    "ask the bare host find nothing there, or the metadata of somebody else; some ask only below the path. So one "
    "client connects and another does not, with the same address.",
    change="Where a client fails: update it, or serve the document at all three places, for https://host/tenant: "
    "https://host/.well-known/oauth-authorization-server/tenant, https://host/.well-known/openid-configuration/tenant "
    "and https://host/tenant/.well-known/openid-configuration. Where it connects, nothing has to be mended. An issuer "
    "without a path, such as an AuthKit domain of WorkOS, avoids the question.",
    references=("RFC 8414 section 3.1", "MCP 2025-11-25 authorization, authorization server metadata discovery"),
)
def metadata_inserted_only(seen: Evidence) -> Proof | None:
    """Look for an issuer with a path, found only where the RFC puts it, or asked for only elsewhere."""
    issuer = next((one for one in seen.issuers if has_path(one) and one != endpoint_named(seen)), None)
    if issuer is None:
        return None
    found = [one.exchange for one in documents(seen) if one.exchange.url in places(issuer)]
    if found and all(is_oauth_place(one.url) for one in found):
        happened = f"The issuer is {issuer}, and the client found its metadata at {found[0].url}; nowhere else."
        return Proof(happened, (found[0],), went_on=True)
    asked = in_vain(seen)
    if not asked or any(one.url in places(issuer) or one.status not in _REFUSALS or is_disturbed(one) for one in asked):
        return None
    return Proof(
        f"The issuer is {issuer}, and the client left its path out: {told(asked)}. It did not ask {places(issuer)[0]}."
        f"{fallback(seen, asked)}",
        tuple(asked),
    )
