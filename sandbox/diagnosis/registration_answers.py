"""What can be wrong at `registration`: the answer to one that succeeded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.registration import sent
from sandbox.diagnosis.sign_ins import says_unknown
from sandbox.wire.exchange import Exchange

_CREATED: Final = 201
_METHOD: Final = "token_endpoint_auth_method"
_REPEATED: Final = ("redirect_uris", "grant_types", "response_types", _METHOD)
_MAY_BE_EMPTY: Final = frozenset({"scope", "client_name"})


@rule(
    "dcr-omits-client-id",
    step="registration",
    side="authorization server",
    title="The registration succeeds and gives no `client_id`",
    why="`client_id` is the one field that a registration is made for: the client says it when it sends the browser to "
    "sign in and when it asks for a token. The answer says success and has no such field, so the client has no name to "
    "go on with. Often the id is there under another name, as in the rest of the same API.",
    change="In the authorization server: answer a registration with 201 and a JSON object that has `client_id` at its "
    "top level, together with the registered metadata.",
    references=("RFC 7591 section 3.2.1",),
)
def dcr_omits_client_id(seen: Evidence) -> Proof | None:
    """Look for success without a client_id."""
    return _odd(seen, lambda one: [] if seen.fields(one).get("client_id") else ["client_id"], "has no")


@rule(
    "dcr-omits-fields",
    step="registration",
    side="authorization server",
    title="The registration does not repeat what was registered",
    why="The server may change what a client asks for, so its answer has to hold all that is registered now. Some "
    "clients check the answer and stop when a field is missing, although the registration succeeded, and each retry "
    "leaves one more client behind on the server. Others take what is missing as registered the way they asked.",
    change="In the authorization server: repeat all registered metadata in the answer, with the values that are "
    "registered: `redirect_uris` exactly as sent, `grant_types`, `response_types`, `token_endpoint_auth_method`. In "
    "the client: take what is missing as registered the way it was asked for.",
    references=("RFC 7591 section 3.2.1",),
)
def dcr_omits_fields(seen: Evidence) -> Proof | None:
    """Look for fields that the client sent and the answer lacks."""
    return _odd(
        seen,
        lambda one: [key for key in _REPEATED if key in sent(one) and key not in seen.fields(one)],
        "does not repeat",
    )


@rule(
    "dcr-null-fields",
    step="registration",
    side="authorization server",
    title="The registration answers with `null` for what is not set",
    why="What is not set should be left out. `null` is no list and no URL, so a client that checks types throws away a "
    "registration that has succeeded, and each retry leaves one more client behind on the server.",
    change="In the authorization server: leave unset fields out of the answer, mostly a switch of the JSON library. In "
    "the client: drop nulls before checking.",
    references=("RFC 7591 section 3.2.1",),
)
def dcr_null_fields(seen: Evidence) -> Proof | None:
    """Look for null in the answer."""
    return _odd(seen, lambda one: [key for key, value in seen.fields(one).items() if value is None], "has null for")


@rule(
    "dcr-empty-fields",
    step="registration",
    side="authorization server",
    title="The registration answers with empty texts for what is not set",
    why="What is not set should be left out. An empty text is no URL and no method, so a client that checks throws "
    "away a registration that has succeeded, and each retry leaves one more client behind on the server.",
    change="In the authorization server: leave unset fields out of the answer. In the client: read an empty text as "
    "nothing.",
    references=("RFC 7591 section 3.2.1",),
)
def dcr_empty_fields(seen: Evidence) -> Proof | None:
    """Look for empty texts in the answer, where they are no possible value."""
    return _odd(
        seen,
        lambda one: [key for key, value in seen.fields(one).items() if value == "" and key not in _MAY_BE_EMPTY],
        "has an empty text for",
    )


@rule(
    "dcr-status-200",
    step="registration",
    side="authorization server",
    title="The registration answers with another status of success than 201",
    why="The specification asks for 201, as something was created. Checking tools mark another status; hardly any "
    "client minds. If the client stopped here, look for another reason first.",
    change="In the authorization server: answer a registration with 201. It changes nothing for most clients.",
    references=("RFC 7591 section 3.2.1",),
)
def dcr_status_200(seen: Evidence) -> Proof | None:
    """Look for a whole answer with another status than 201."""
    given = _last_success(seen)
    if given is None or given.status == _CREATED or not seen.fields(given).get("client_id"):
        return None
    happened = f"{given.method} {given.url} was answered {given.status} with `client_id` {given.client_id}."
    return Proof(happened, (given,), went_on=_went_on(seen, given))


def _last_success(seen: Evidence) -> Exchange | None:
    """Give the last registration that the server accepted, wherever the client found the endpoint."""
    made = [one for one in seen.at("registration") if one.asker == "client" and one.method == "POST"]
    return next((one for one in reversed(made) if is_success(one)), None)


def _odd(seen: Evidence, fields: Callable[[Exchange], list[str]], what: str) -> Proof | None:
    given = _last_success(seen)
    if given is None or not seen.fields(given) or not (names := fields(given)):
        return None
    return Proof(
        f"{given.method} {given.url} was answered {given.status}, and the answer {what} `{_list(names)}`.",
        (given,),
        went_on=_went_on(seen, given) and not (_METHOD in names and _is_refused_for_it(seen, given)),
    )


def _is_refused_for_it(seen: Evidence, given: Exchange) -> bool:
    """Say whether the token endpoint turned the client itself away, which could not know how to prove who it is."""
    refusals = [seen.fields(one) for one in seen.after(given, "token")]
    return any(fields.get("error") == "invalid_client" and not says_unknown(fields) for fields in refusals)


def _went_on(seen: Evidence, given: Exchange) -> bool:
    return bool(seen.after(given, "authorization"))


def _list(names: list[Any]) -> str:
    return "`, `".join(names)
