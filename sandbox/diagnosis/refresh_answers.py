"""What can be wrong at `refresh`: the answer says 200, and is not what a client expects."""

from __future__ import annotations

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule


@rule(
    "token-error-in-200",
    step="refresh",
    side="authorization server",
    title="The refresh is refused, and the answer says 200",
    why="The status says that all is well, and only the body says that it is not. A client that trusts the status "
    "keeps a token that is not there, or tries the dead refresh token again and again.",
    change='In the authorization server: answer 400 with `{"error": "invalid_grant"}`. In the client: take an answer '
    "without `access_token` for a refusal, drop the refresh token, and begin a new sign-in.",
    references=("RFC 6749 section 5.1", "RFC 6749 section 5.2"),
)
def token_error_in_200(seen: Evidence) -> Proof | None:
    """Look for a refresh that succeeded and holds an error in the place of a token."""
    for one in reversed(seen.at("refresh")):
        fields = seen.fields(one)
        if is_success(one) and "access_token" not in fields and ("error" in fields or fields.get("ok") is False):
            said = " ".join(one.response_body.split())[:160]
            return Proof(f"The refresh at {one.url} got {one.status}, without `access_token`: {said}.", (one,))
    return None


@rule(
    "refresh-token-not-repeated",
    step="refresh",
    side="client",
    title="A refresh brings no new refresh token",
    why="The authorization server lets one refresh token be used again and again, so it does not send it a second "
    "time. That is allowed: the old one stays good. A client that replaces all it has by the new answer has lost it, "
    "and at the next refresh the person must sign in.",
    change="In the client: keep the old refresh token when the answer brings no new one. In the authorization server, "
    "to be on the safe side: send the same one again with every refresh, or a new one.",
    references=("RFC 6749 section 6",),
)
def refresh_token_not_repeated(seen: Evidence) -> Proof | None:
    """Look for a refresh that brought an access token alone."""
    for one in seen.at("refresh"):
        fields = seen.fields(one)
        if is_success(one) and fields.get("access_token") and not fields.get("refresh_token"):
            happened = f"The refresh at {one.url} brought an `access_token` and no `refresh_token`"
            return Proof(f"{happened}; the one that was sent stays good.", (one,))
    return None
