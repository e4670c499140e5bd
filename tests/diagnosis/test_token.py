"""Each rule of the step `token` fires on what it is about, and not on what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.wire.exchange import Exchange
from tests.diagnosis.sign_ins import FORM, ISSUER, discovery, found, members, refused, signed_in, token, used

BASIC = [("authorization", "Basic ‹credentials 0c0d0e0f›")]
SECRET = {"client_secret": "‹client_secret 0a0a0a0a›", "token_endpoint_auth_method": "client_secret_basic"}
OVER = {"client_secret_expires_at": 1_700_000_000}
POST = {"client_secret": "‹client_secret 0a0a0a0a›"}

Trace = list[Exchange]


def denied(
    error: str = "invalid_client", registration: Any = None, metadata: Any = None, form: Any = None, **fields: Any
) -> Trace:
    """Make a sign-in whose code is refused."""
    return [*discovery(metadata, registration), *signed_in(), refused(error, form=form, **fields)]


def granted(went_on: bool = True, **changed: Any) -> Trace:  # noqa: FBT001, FBT002
    """Make a sign-in that ends with a token; members of its answer are changed."""
    return [*discovery(), *signed_in(), token(answer=members(**changed)), *(used() if went_on else [])]


def answered(answer: Any = None, **fields: Any) -> Trace:
    """Make a sign-in that ends with an answer of the token endpoint."""
    return [*discovery(), *signed_in(), token(answer=answer, **fields)]


def registering(method: str, status: int = 400, offered: str = "client_secret_basic") -> Trace:
    """Make a registration for a method, at a server that offers one."""
    body = f'{{"token_endpoint_auth_method": "{method}"}}'
    return discovery({"token_endpoint_auth_methods_supported": [offered]}, request_body=body, status=status)


NAMED = [
    pytest.param("client-secret-expired", denied(registration=SECRET | OVER, headers=BASIC), id="secret over, basic"),
    pytest.param("client-secret-expired", denied(registration=SECRET | OVER, form=POST), id="secret over, post"),
    pytest.param("client-secret-expired", discovery(registration=SECRET | OVER), id="given when it was over"),
    pytest.param("client-auth-mismatch", denied(registration=SECRET, headers=BASIC), id="basic is not taken"),
    pytest.param(
        "client-auth-mismatch",
        denied(registration=POST | {"token_endpoint_auth_method": "none"}),
        id="a secret was given, and none agreed",
    ),
    pytest.param(
        "client-auth-mismatch",
        denied(registration=False, metadata={"token_endpoint_auth_methods_supported": ["client_secret_post"]}),
        id="a secret is needed, and none was given",
    ),
    pytest.param("invalid-target", denied("invalid_target"), id="invalid_target"),
    pytest.param("code-refused", denied("invalid_grant"), id="invalid_grant"),
    pytest.param("token-refused", denied("unauthorized_client"), id="another error"),
    pytest.param("token-refused", denied("server_error", status=500), id="an error of the server"),
    pytest.param("token-error-in-200", answered({"error": "bad_verification_code"}), id="error in 200"),
    pytest.param(
        "token-form-encoded",
        answered(response_body="access_token=abc&token_type=bearer"),
        id="form",
    ),
    pytest.param("token-type-missing", granted(token_type=None), id="no token_type"),
    pytest.param("token-type-missing", granted(False, token_type=None), id="no token_type, refused"),
    pytest.param("token-type-lowercase", granted(token_type="bearer"), id="bearer"),
    pytest.param("token-expires-in-text", granted(expires_in="300"), id="text"),
    pytest.param("token-expires-in-text", granted(False, expires_in="300"), id="text, refused"),
    pytest.param("token-expiry-zero", granted(expires_in=0), id="zero"),
    pytest.param("token-expiry-missing", granted(expires_in=None), id="no expires_in"),
    pytest.param("client-auth-methods", registering("none"), id="refused for its method"),
    pytest.param(
        "client-auth-methods",
        [
            *discovery({"token_endpoint_auth_methods_supported": ["none"]}),
            *signed_in(),
            token(),
            *used(),
        ],
        id="one method, and it was the right one",
    ),
]

SILENT = [
    pytest.param("client-secret-expired", denied(registration=SECRET, headers=BASIC), id="no end"),
    pytest.param(
        "client-secret-expired",
        denied(registration=SECRET | {"client_secret_expires_at": 0}, headers=BASIC),
        id="zero is for ever",
    ),
    pytest.param(
        "client-secret-expired",
        denied(registration=SECRET | {"client_secret_expires_at": 9_999_999_999}, headers=BASIC),
        id="not yet",
    ),
    pytest.param(
        "client-secret-expired",
        [*discovery(registration=SECRET | OVER), *signed_in(), token(headers=BASIC), *used()],
        id="over, and taken",
    ),
    pytest.param("client-secret-expired", [*discovery(registration=SECRET | OVER), *signed_in()], id="signing in"),
    pytest.param("client-secret-expired", discovery(registration=SECRET), id="no end, and no sign-in"),
    pytest.param("client-auth-mismatch", denied(), id="a client without a secret"),
    pytest.param("client-auth-mismatch", denied(registration=SECRET | OVER, headers=BASIC), id="over"),
    pytest.param("client-auth-mismatch", denied("invalid_grant", SECRET, headers=BASIC), id="the code"),
    pytest.param("client-auth-methods", registering("client_secret_basic"), id="refused with the right method"),
    pytest.param("client-auth-methods", [*discovery(), *signed_in(), token(), *used()], id="several methods"),
    pytest.param("invalid-target", denied("invalid_target", step="refresh"), id="at a refresh"),
    pytest.param("invalid-target", denied("invalid_grant"), id="another error"),
    pytest.param("code-refused", denied("invalid_grant", step="refresh"), id="a refresh token"),
    pytest.param("token-refused", denied("invalid_grant"), id="explained"),
    pytest.param("token-refused", denied("slow_down", status=429), id="too many requests"),
    pytest.param("token-refused", answered(status=403, response_body="<p>Just a moment"), id="no OAuth error"),
    pytest.param("token-error-in-200", denied("invalid_grant"), id="400"),
    pytest.param("token-error-in-200", granted(error="none"), id="an error beside a token"),
    pytest.param("token-form-encoded", granted(), id="JSON"),
    pytest.param("token-form-encoded", answered({"note": "&access_token=abc"}), id="JSON that speaks of it"),
    pytest.param("token-form-encoded", answered(response_body="<p>access_token"), id="HTML"),
    pytest.param("token-type-missing", granted(token_type="DPoP"), id="another kind"),
    pytest.param("token-type-lowercase", granted(token_type="DPoP"), id="another kind"),
    pytest.param(
        "token-type-lowercase",
        [*granted(False, token_type="bearer"), *used(status=401)],
        id="refused later, for a reason of its own",
    ),
    pytest.param("token-expires-in-text", granted(expires_in=300), id="a number"),
    pytest.param("token-expiry-zero", granted(expires_in=1), id="one second"),
    pytest.param("token-expiry-zero", granted(expires_in=None), id="none"),
    pytest.param("token-expiry-missing", granted(expires_in=0), id="zero"),
    pytest.param("token-expiry-missing", granted(False, expires_in=None), id="not used"),
]

FACTS = [
    pytest.param({"redirect_uri": "http://localhost/callback"}, {}, "http://localhost/callback now", id="redirect_uri"),
    pytest.param({}, {"held": {"0a0b0c0d": {"S256": "another"}}}, "`code_verifier` is not", id="code_verifier"),
    pytest.param({}, {"at": 1_767_603_600.0 + 3600}, "60 minutes old", id="old"),
    pytest.param({}, {}, "fresh and sent once", id="nothing wrong with it"),
]


@pytest.mark.parametrize(("finding", "trace"), NAMED)
def test_the_failure_is_named_first(finding: str, trace: Trace) -> None:
    """Among the findings of these steps it is the first, and the only one that is broken."""
    findings = found("token", trace)
    assert findings[0].id == finding
    assert [one.id for one in findings if one.severity == "broken"] in ([], [finding])


@pytest.mark.parametrize(("finding", "trace"), SILENT)
def test_what_only_looks_like_it_is_not_named(finding: str, trace: Trace) -> None:
    """A rule that does not apply stays silent."""
    assert finding not in {one.id for one in found("token", trace)}


@pytest.mark.parametrize(("form", "fields", "words"), FACTS)
def test_a_refused_code_is_compared_with_its_sign_in(form: Any, fields: Any, words: str) -> None:
    """The finding says what of the token request does not fit, or that all of it does."""
    assert words in found("token", denied("invalid_grant", form=form, **fields))[0].happened


def test_a_code_that_is_sent_twice_is_told() -> None:
    """The second use of a code is refused with right, and the first is named."""
    findings = found("token", [*granted(False), refused("invalid_grant", 8)])
    assert "before, in exchange 7" in next(one.happened for one in findings if one.id == "code-refused")


def test_a_resource_is_traced_to_its_document() -> None:
    """Who chose the resource that is refused is said."""
    assert "as https://logs.example/.well-known/x says" in found("token", denied("invalid_target"))[0].happened


def test_a_client_that_goes_on_takes_no_harm() -> None:
    """An oddity with which the client came in is harmless; one at which it stopped is what broke."""
    severities = [found("token", granted(went_on, token_type=None))[0].severity for went_on in (True, False)]
    assert severities == ["harmless", "broken"]


def test_no_finding_shows_a_secret() -> None:
    """What was sent as a secret is not in any text, even in a trace that was not redacted."""
    trace = denied("invalid_grant", form=POST | {"code_verifier": "whisper", "client_secret": "hush"})
    texts = " ".join(one.happened for one in found("token", trace))
    assert not [word for word in ("whisper", "hush", FORM["code"]) if word in texts]
    assert ISSUER in texts


def test_a_client_is_given_time_to_use_its_token() -> None:
    """While a trace still grows, a token that just came is not one at which the client stopped."""
    trace = granted(False, token_type=None)
    assert [len(found("token", trace, trace[-1].at + later)) for later in (1, 60)] == [0, 1]
