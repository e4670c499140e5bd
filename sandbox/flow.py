"""The steps of the connection flow, and which request belongs to which step."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, get_args

System = Literal["workos", "log-aggregator", "client"]
"""Who answers: one of the two systems, or the host of a client's own document, which WorkOS asks."""
Asker = Literal["client", "browser", "log-aggregator", "workos"]

Step = Literal[
    "challenge",
    "resource-metadata",
    "server-metadata",
    "registration",
    "client-metadata",
    "authorization",
    "token",
    "jwks",
    "session",
    "messages",
    "refresh",
    "introspection",
    "userinfo",
    "device",
    "logout",
    "api",
]

STEPS: Final[tuple[Step, ...]] = get_args(Step)
"""Every step, in the order in which a connection takes them; the side endpoints come last."""

STEP_MEANING: Final[dict[Step, str]] = {
    "challenge": "the MCP request without a token, answered 401",
    "resource-metadata": "the protected-resource metadata document (RFC 9728)",
    "server-metadata": "the authorization server's metadata (RFC 8414, OpenID Connect discovery)",
    "registration": "dynamic client registration (RFC 7591)",
    "client-metadata": "the server fetching a client-id metadata document",
    "authorization": "authorize, sign-in, consent, and the redirect back",
    "token": "the exchange of the authorization code",
    "jwks": "the reading of the signing keys (RFC 7517)",
    "session": "initialize or server/discover with a token",
    "messages": "any other MCP or HTTP request with a token",
    "refresh": "the token endpoint with a refresh token",
    "introspection": "token introspection (RFC 7662)",
    "userinfo": "OpenID Connect userinfo",
    "device": "the device grant (RFC 8628)",
    "logout": "the end of a session",
    "api": "the rest of WorkOS",
}

SERVICE_USER_AGENT: Final = "log-aggregator"
"""The User-Agent with which log-aggregator itself asks WorkOS, so that its requests can be told from a client's."""

SESSION_METHODS: Final = frozenset({"initialize", "server/discover"})


class Asked(NamedTuple):
    """What of a request decides its step."""

    system: System
    method: str
    path: str
    authorized: bool
    """Whether the request carries a Bearer token, usable or not."""
    grant_type: str | None = None
    mcp_methods: frozenset[str] = frozenset()
    is_named: bool = False
    """Whether this is the URL that a challenge named as the resource's metadata (RFC 9728, section 5.1)."""


_GRANT_STEP: Final[dict[str, Step]] = {
    "refresh_token": "refresh",
    "urn:ietf:params:oauth:grant-type:device_code": "device",
}

# The first pattern that matches the path decides. Both systems are asked on the paths of the other:
# a client that found no metadata tries the old default endpoints on the MCP server itself.
_PATH_STEP: Final[tuple[tuple[re.Pattern[str], Step], ...]] = (
    (re.compile(r"/\.well-known/oauth-protected-resource(/|\Z)"), "resource-metadata"),
    (re.compile(r".*/\.well-known/(oauth-authorization-server|openid-configuration)(/|\Z)"), "server-metadata"),
    (re.compile(r"(/oauth2)?/register\Z"), "registration"),
    (re.compile(r"/oauth2/device"), "device"),
    (re.compile(r"(/oauth2)?/token\Z"), "token"),
    (re.compile(r"(/oauth2)?/authorize\Z|/oauth2/(error|sign-in|organization|consent|continue)\Z"), "authorization"),
    (re.compile(r"/oauth2/jwks\Z|/sso/jwks/|/\.well-known/jwks\.json\Z"), "jwks"),
    (re.compile(r"/oauth2/introspection\Z"), "introspection"),
    (re.compile(r"/oauth2/userinfo\Z"), "userinfo"),
    (re.compile(r"(/sso|/user_management/sessions|/oauth2)/logout\Z"), "logout"),
)


def step_of(asked: Asked) -> Step:
    """Name the step of a request.

    The request alone decides, so that a fault can be chosen before the answer exists: a request with a token is
    `session` or `messages` even when the token turns out to be worthless.
    """
    if asked.system == "client":
        return "client-metadata"
    step = _step_of_path(asked)
    if step is not None:
        return step
    if asked.is_named and asked.method == "GET":
        return "resource-metadata"
    if asked.system == "workos":
        return "api"
    if not asked.authorized:
        return "challenge"
    return "session" if asked.mcp_methods & SESSION_METHODS else "messages"


def _step_of_path(asked: Asked) -> Step | None:
    for pattern, step in _PATH_STEP:
        if pattern.match(asked.path):
            return _GRANT_STEP.get(asked.grant_type or "", step) if step == "token" else step
    return None


LOOKS: Final = "/_sandbox/"
"""Where the pages of WorkOS load their looks from."""

_PAGE: Final = re.compile(
    r"/oauth2/device\Z|/sso/(authorize|idp)\Z|/user_management/authorize\Z|/invite\Z|/reset-password\Z"
)
"""Pages of WorkOS at steps where otherwise a client asks."""


def asker_of(system: System, step: Step, user_agent: str, path: str = "") -> Asker:
    """Say who asks: the client, the person's browser, or one of the two systems."""
    if system == "client":
        return "workos"
    if user_agent.startswith(SERVICE_USER_AGENT):
        return "log-aggregator"
    if system == "workos" and (step in {"authorization", "logout"} or _PAGE.match(path)):
        return "browser"
    return "client"
