"""What can be wrong at `messages` with scopes: asked for in the middle, and granted or not."""

from __future__ import annotations

from typing import Final, NamedTuple

from sandbox.diagnosis.access_tokens import Use, has_expired, uses
from sandbox.diagnosis.challenges import challenges
from sandbox.diagnosis.evidence import Evidence, form_of, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.wire.exchange import Exchange

_FORBIDDEN: Final = 403


class StepUp(NamedTuple):
    """An answer that asks for more scopes than the token has (RFC 6750, section 3.1)."""

    use: Use
    scopes: frozenset[str]

    @property
    def exchange(self) -> Exchange:
        """The request that got it."""
        return self.use.exchange

    @property
    def told(self) -> str:
        """What was asked and what came."""
        what = " and ".join(self.exchange.mcp_methods) or self.exchange.method
        return f"{what} got 403, which asks for the scope {' '.join(sorted(self.scopes))}"


def _step_ups(seen: Evidence) -> list[StepUp]:
    found = []
    for use in uses(seen):
        if use.exchange.status != _FORBIDDEN or has_expired(use):
            continue
        for said in challenges(use.exchange.response_header("www-authenticate") or ""):
            scopes = frozenset((said.get("scope") or "").split())
            if said.get("error") == "insufficient_scope" and scopes:
                found.append(StepUp(use, scopes))
    return found


def _never_granted(seen: Evidence, asked: StepUp) -> tuple[str, Exchange] | None:
    """Give how the authorization server kept back the scopes, when a client asked for them."""
    for answer, fields in seen.redirects_back:
        if answer.number > asked.exchange.number and fields.get("error") == "invalid_scope":
            return "the authorization server answered `invalid_scope`", answer
    requests = [
        one for one in seen.authorizations if one.number > asked.exchange.number and asked.scopes <= _requested(one)
    ]
    if not requests:
        return None
    for answer in seen.after(requests[0], "token"):
        granted = seen.fields(answer).get("scope")
        if is_success(answer) and isinstance(granted, str) and not asked.scopes <= set(granted.split()):
            return f"the token endpoint granted {granted or 'no scope'}", answer
    return None


def _requested(exchange: Exchange) -> set[str]:
    return set(form_of(exchange).get("scope", "").split())


def _asked_again(seen: Evidence, first: StepUp) -> tuple[Exchange, StepUp] | None:
    """Give the answer that granted the scopes, and the next 403 that asks for them all the same."""
    for again in _step_ups(seen):
        granted = again.use.issued
        if (
            granted is not None
            and granted.step == "token"
            and granted.number > first.exchange.number
            and again.use.token != first.use.token
            and again.scopes & first.scopes
            and first.scopes <= set(str(seen.fields(granted).get("scope", " ".join(first.scopes))).split())
        ):
            return granted, again
    return None


@rule(
    "scope-never-granted",
    step="messages",
    side="configuration",
    title="The MCP server asks for a scope that is never granted",
    why="A scope is a permission that a token carries. The MCP server answers 403 and names a scope; the client asks "
    "for it, and the authorization server does not know it or does not give it. However often the person signs in, the "
    "token lacks it.",
    change="In the authorization server: define the scope under the very name that the MCP server asks for, and allow "
    "it to clients that register themselves. Or in the MCP server: ask for a scope that exists there, in the challenge "
    "of the 403 and in `scopes_supported` of its metadata.",
    references=(
        "RFC 6750 section 3.1",
        "RFC 6749 section 3.3",
        "MCP 2025-11-25 authorization, scope challenge handling",
    ),
)
def scope_never_granted(seen: Evidence) -> Proof | None:
    """Look for a 403 that asks for scopes, and an authorization server that keeps them back."""
    for asked in _step_ups(seen):
        if kept := _never_granted(seen, asked):
            how, answer = kept
            return Proof(f"{asked.told}. Asked for it, {how}.", (asked.exchange, answer))
    return None


@rule(
    "step-up-loop",
    step="messages",
    side="authorization server",
    title="The permission is granted, and never arrives",
    why="A scope is a permission that a token carries. The MCP server asks for one, the person agrees, and the "
    "authorization server says that it is granted. The new token is refused for want of it all the same, so each round "
    "ends where it began. A client without a limit opens one browser window after the other.",
    change="In the authorization server: put the granted scopes into the field `scope` of the access token. In the MCP "
    "server: read the scopes where this authorization server puts them, such as `permissions`, `scp`, or the "
    "introspection endpoint. In the client: give up after two or three rounds, and say why.",
    references=("RFC 6750 section 3.1", "RFC 9068 section 2.2.3", "MCP 2025-11-25 authorization, step-up flow"),
)
def step_up_loop(seen: Evidence) -> Proof | None:
    """Look for a 403 that asks for scopes which a token was granted in the meantime."""
    for first in _step_ups(seen):
        if found := _asked_again(seen, first):
            granted, again = found
            claims = again.use.claims
            scope = (claims or {}).get("scope")
            has = "" if claims is None else f" The new token says `scope`: {scope}." if scope else " It has no `scope`."
            happened = f"{first.told}. The token endpoint then granted it, and {again.told} again.{has}"
            return Proof(happened, (first.exchange, granted, again.exchange))
    return None


@rule(
    "scope-step-up",
    step="messages",
    side="client",
    title="A tool needs one permission more than the sign-in gave",
    why="A scope is a permission that a token carries. The MCP server answers 403 and names the scope that is missing. "
    "Only a new sign-in, asking for the old scopes and the new one, brings it. A refresh never gives more than the "
    "sign-in did, so clients that treat this 403 like a 401 turn in a circle.",
    change="In the client: on 403 with `insufficient_scope`, begin a new authorization with all scopes, old and new. "
    "In the MCP server, until clients do: name all scopes in `scope` of the first 401 and in `scopes_supported` of its "
    "metadata.",
    references=("RFC 6750 section 3.1", "MCP 2025-11-25 authorization, step-up flow"),
)
def scope_step_up(seen: Evidence) -> Proof | None:
    """Look for a 403 that asks for scopes which the first 401 had not named."""
    if scope_never_granted(seen) or step_up_loop(seen):
        return None
    for asked in _step_ups(seen):
        if _was_told(seen, asked):
            continue
        later = [one for one in seen.after(asked.exchange, "refresh", "token") if is_success(one)]
        step = later[0].step if later else None
        then = {"token": "signed in anew", "refresh": "refreshed its token, which cannot help"}
        return Proof(f"{asked.told}. The client then {then.get(step or '', 'did neither')}.", (asked.exchange,))
    return None


def _was_told(seen: Evidence, asked: StepUp) -> bool:
    """Say whether the 401 named the scopes, or the client signed in without asking for a 401 that might have."""
    challenged = [said for one, said in seen.refusals if one.status != _FORBIDDEN]
    if not challenged:
        return asked.use.issued is not None
    named = {scope for said in challenged for each in said for scope in (each.get("scope") or "").split()}
    return asked.scopes <= named
