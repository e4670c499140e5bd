"""What can be wrong at `authorization`: an error comes back that says what the authorization server does not like."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.sign_ins import SignIn, came_back, names, proof_of, sign_ins

_FAILED: Final = frozenset({"server_error", "temporarily_unavailable"})
EXPLAINED: Final = _FAILED | {"access_denied", "invalid_target", "invalid_scope"}
"""The error codes that need no more reading."""
_FORBIDDEN: Final = 403


@rule(
    "access-denied",
    step="authorization",
    side="configuration",
    title="The sign-in was declined",
    why="The browser came back with `access_denied` instead of a code. Without a code there is no token, and the "
    "client has to stop. Either the person said no, or a rule of the authorization server said it for the person.",
    change="Connect again and allow it. Where nobody was asked: WorkOS dashboard, Users, and the rules of the "
    "organization; elsewhere, the list of who may use the application. In the client: show `error` and "
    "`error_description` as they came, and do not begin again without being told to.",
    references=("RFC 6749 section 4.1.2.1",),
)
def access_denied(seen: Evidence) -> Proof | None:
    """Look for `access_denied` in the redirect back."""
    return _sent_back(seen, {"access_denied"})


@rule(
    "authorize-server-error",
    step="authorization",
    side="authorization server",
    title="The authorization server failed during the sign-in",
    why="The browser came back with an error that speaks of the authorization server itself: nobody was refused, "
    "something behind the sign-in page did not work. The client has no code, and so gets no token.",
    change="Connect again in a while. If it stays: look into the log of the authorization server at the time of this "
    "exchange. In the client: show `error` and `error_description` as they came.",
    references=("RFC 6749 section 4.1.2.1",),
)
def authorize_server_error(seen: Evidence) -> Proof | None:
    """Look for `server_error` or `temporarily_unavailable` in the redirect back."""
    return _sent_back(seen, _FAILED)


@rule(
    "resource-refused",
    step="authorization",
    side="authorization server",
    title="The authorization server does not take the resource for which the client wants a token",
    why="The client says in the parameter `resource` for which MCP server the token is, as MCP demands. The "
    "authorization server does not know this value, and refuses before anybody signs in.",
    change="In the authorization server: register exactly this value. WorkOS: dashboard, Connect, Configuration, "
    "Resource Indicators. Microsoft Entra ID: as the application ID URI. In the MCP server: the value comes from "
    "`resource` of its protected-resource metadata. In the client, as a way out: leave the parameter away, in "
    "mcp-remote with --disable-resource-parameter.",
    references=("RFC 8707 section 2", "MCP 2025-11-25 authorization, resource parameter implementation"),
)
def resource_refused(seen: Evidence) -> Proof | None:
    """Look for `invalid_target` in the redirect back."""
    return _sent_back(seen, {"invalid_target"}, "resource")


@rule(
    "scope-refused",
    step="authorization",
    side="configuration",
    title="The client asks for a scope that it may not have",
    why="Scopes are the permissions that a client asks for. One that the authorization server does not know, or does "
    "not give to this client, is enough for it to refuse the whole sign-in, before the person sees a page.",
    change="In the MCP server: name only scopes that the authorization server gives to every client, in "
    "`scopes_supported` of the protected-resource metadata and as `scope` in the `WWW-Authenticate` header of the 401. "
    "In the authorization server: define the missing scope, allow it to clients that register themselves, or grant the "
    "rest. In the client: ask for no more than the MCP server lists, and leave `offline_access` out where it is "
    "refused.",
    references=("RFC 6749 section 4.1.2.1", "MCP 2025-11-25 authorization, scope selection strategy"),
)
def scope_refused(seen: Evidence) -> Proof | None:
    """Look for `invalid_scope` in the redirect back, unless a 403 had told the client to ask for more."""
    proof = _sent_back(seen, {"invalid_scope"}, "scope")
    if proof is None or any(
        one.status == _FORBIDDEN for one, _ in seen.refusals if one.number < proof.exchanges[0].number
    ):
        return None
    sign_in = next(one for one in sign_ins(seen) if one.request is proof.exchanges[0])
    return proof._replace(happened=f"{proof.happened} {_who_lists(seen, sign_in)}".rstrip())


def _sent_back(seen: Evidence, errors: Collection[str], field: str = "") -> Proof | None:
    for sign_in in sign_ins(seen):
        answer = sign_in.answer
        if answer and answer.error in errors:
            return proof_of(came_back(sign_in, answer, field), sign_in, answer.exchange)
    return None


def _who_lists(seen: Evidence, sign_in: SignIn) -> str:
    known = names(seen.server_metadata, "scopes_supported")
    asked = sign_in.asked.get("scope", "").split()
    if not known or not seen.server_metadata or not asked:
        return ""
    where = f"`scopes_supported` of {seen.server_metadata.exchange.url}"
    unknown = [scope for scope in asked if scope not in known]
    if not unknown:
        return f"All of them are in {where}."
    listed = names(seen.resource_metadata, "scopes_supported")
    promised = [scope for scope in unknown if scope in listed]
    source = f", but {seen.resource_metadata.exchange.url} lists it" if promised and seen.resource_metadata else ""
    return f"Not in {where}: {' '.join(unknown)}{source}."
