"""Faults that get in each other's way, and faults that do not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import combinations_with_replacement
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.scenario import Fault, ScenarioError, When, read_text
from sandbox.scenario.conflicts import Conflict, conflict, edited
from sandbox.scenario.model import ACTIONS, EFFECTS
from sandbox.scenario.overlap import can_both_hold, coincide

from .samples import fault

ONE_OF_EACH: Final[dict[str, dict[str, Any]]] = {
    "set": {"set": {"issuer": "a"}},
    "remove": {"remove": ["jwks_uri"]},
    "error": {"error": "invalid_grant"},
    "status": {"status": 503},
    "headers": {"headers": {"x-a": "b"}},
    "body": {"body": "text"},
    "redirect": {"redirect": "{mcp}"},
    "delay": {"delay": "1s"},
    "hang": {"hang": True},
    "close": {"close": "before"},
    "close after": {"close": 10},
    "claims": {"claims": {"aud": "a"}},
    "sign": {"sign": "none"},
    "token_format": {"token_format": "opaque"},
    "encode": {"encode": "form"},
    "replace": {"replace": {"https://": "http://"}},
    "advance": {"advance": "10m"},
    "change": {"change": {"service": {"visibility": "public"}}},
    "forget": {"forget": "clients"},
    "rotate": {"rotate": "signing-key"},
    "revoke": {"revoke": "access-tokens"},
    "expire": {"expire": "codes"},
}
WHOLE: Final = frozenset({"hang", "close"})
BESIDE: Final = frozenset({"delay", *EFFECTS})
IN_THE_WAY: Final = {
    "body": {"set", "remove", "error", "redirect", "claims", "sign", "token_format"},
    "error": {"set", "remove", "status", "redirect", "claims", "sign", "token_format"},
    "redirect": {"set", "remove", "status", "claims", "sign", "token_format"},
    "token_format": {"claims", "sign"},
}


def at_token(**action: Any) -> Fault:
    """Make a fault at the token step."""
    return msgspec.convert({"at": "token", **action}, Fault)


def expected(one: str, other: str) -> bool:
    """Say whether two actions conflict, by the table."""
    if one == other:
        return True
    if {one, other} & WHOLE:
        return not {one, other} & BESIDE
    return other in IN_THE_WAY.get(one, ()) or one in IN_THE_WAY.get(other, ())


def test_the_table_has_every_action() -> None:
    """No action is forgotten in the pairwise test."""
    assert {name.split()[0] for name in ONE_OF_EACH} == set(ACTIONS)


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(ONE_OF_EACH, 2)))
def test_two_actions_at_the_same_exchange(one: str, other: str) -> None:
    """Two faults of one exchange are refused exactly when their actions edit the same thing."""
    first, second = at_token(**ONE_OF_EACH[one]), at_token(**ONE_OF_EACH[other])
    assert (conflict([first, second]) is not None) == expected(one, other)
    assert (conflict([second, first]) is not None) == expected(one, other)


@pytest.mark.parametrize(
    ("one", "other", "thing"),
    [
        ({"set": {"a": 1}}, {"set": {"b": 1}}, None),
        ({"set": {"a": {"b": 1}}}, {"set": {"a": {"c": 1}}}, None),
        ({"set": {"a": {"b": 1}}}, {"set": {"a": [1]}}, "`body.a.b`"),
        ({"set": {"a": {"b": 1}}}, {"remove": ["a"]}, "`body.a.b`"),
        ({"set": {"a": {"b": 1}}}, {"remove": {"a": ["c"]}}, None),
        ({"set": {"a": {"b": 1}}}, {"remove": {"a": ["c", "b"]}}, "`body.a.b`"),
        ({"set": {"a": 1}}, {"remove": {"a": {"b": True}}}, "`body.a.b`"),
        ({"set": {"access_token": "x"}}, {"claims": {"aud": "x"}}, "`body.access_token.claims.aud`"),
        ({"remove": ["access_token"]}, {"sign": "none"}, "`body.access_token.signature`"),
        ({"set": {"refresh_token": "x"}}, {"claims": {"aud": "x"}}, None),
        ({"claims": {"aud": "x"}}, {"claims": {"iss": "x"}}, None),
        ({"claims": {"aud": "x"}}, {"sign": "HS256"}, None),
        ({"headers": {"Age": "1"}}, {"headers": {"age": None}}, "`header.age`"),
        ({"headers": {"Location": "a"}}, {"redirect": "b"}, "`header.location`"),
        ({"headers": {"Content-Type": "a"}}, {"body": "b", "content_type": "c"}, "`header.content-type`"),
        ({"headers": {"Content-Type": "a"}}, {"body": "b"}, None),
        ({"forget": "clients"}, {"forget": "sessions"}, None),
        ({"revoke": "access-tokens"}, {"expire": "access-tokens"}, "`state.access-tokens`"),
        ({"close": 5}, {"status": 204}, None),
        ({"close": 5}, {"close": "before"}, "`length`"),
        ({"hang": True}, {"close": "before"}, "the whole answer"),
    ],
)
def test_what_two_actions_share(one: dict[str, Any], other: dict[str, Any], thing: str | None) -> None:
    """Two edits meet where one includes the other, and the smaller of them is named."""
    found = conflict([at_token(**one), at_token(**other)])
    assert (str(found) if found else None) == thing


def test_three_faults_name_the_two_that_conflict() -> None:
    """The first pair that conflicts is found, wherever it stands."""
    faults = [at_token(status=503), at_token(headers={"a": "b"}), at_token(error="no")]
    assert conflict(faults) == Conflict(0, 2, ("answer", "status"))
    assert conflict(faults[:2]) is None
    assert conflict([]) is None


def test_another_step_is_another_exchange() -> None:
    """Faults of two steps never meet."""
    assert conflict([Fault(at="token", status=500), Fault(at="refresh", status=500)]) is None


def test_every_action_edits_something() -> None:
    """There is no action without an effect of its own."""
    for action in ONE_OF_EACH.values():
        assert edited(at_token(**action))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({}, {"method": "GET"}, True),
        ({"method": "GET"}, {"method": "POST"}, False),
        ({"method": "GET"}, {"path": "/x"}, True),
        ({"path": "/a*"}, {"path": "/ab"}, True),
        ({"path": "/b*"}, {"path": "/ab"}, False),
        ({"path": "/a?"}, {"path": "/abc"}, False),
        ({"path": "/a*"}, {"path": "*b"}, True),
        ({"path": "/a*"}, {"path": "/b*"}, False),
        ({"path": "/a*"}, {"path": "/ab*"}, True),
        ({"path": "[ab]"}, {"path": "c*"}, True),
        ({"grant_type": "refresh_token"}, {"grant_type": "REFRESH_TOKEN"}, False),
        ({"mcp_method": "tools/list"}, {"mcp_method": "tools/call"}, False),
        ({"client": "a"}, {"client": "b"}, False),
        ({"header": {"Accept": "a"}}, {"header": {"accept": "b"}}, False),
        ({"header": {"Accept": "a"}}, {"header": {"origin": "b"}}, True),
        ({"form": {"scope": "a"}}, {"form": {"scope": "b"}}, False),
        ({"json": {"a": {"b": 1}}}, {"json": {"a": {"b": 2}}}, False),
        ({"json": {"a": {"b": 1}}}, {"json": {"a": {"c": 2}}}, True),
        ({"json": {"a": {"b": 1}}}, {"json": {"a": 1}}, True),
        ({"json": {"a": "x*"}}, {"json": {"a": "xy"}}, True),
        ({"json": {"a": None}}, {"json": {"a": "x"}}, False),
        ({"json": {"a": [1]}}, {"json": {"a": [2]}}, True),
    ],
)
def test_whether_two_conditions_can_both_hold(one: dict[str, Any], other: dict[str, Any], both: bool) -> None:  # noqa: FBT001
    """Conditions exclude each other only when both ask the same thing for texts that no text can be at once."""
    assert can_both_hold(When(**one), When(**other)) is both
    assert can_both_hold(When(**other), When(**one)) is both


LETTERS = st.text("ab", max_size=4)
GLOBS = st.text("ab*?", max_size=4) | st.just("[ab]")


@given(GLOBS, GLOBS, LETTERS)
def test_conditions_that_a_text_satisfies_can_both_hold(one: str, other: str, text: str) -> None:
    """No pair of conditions that some request satisfies is taken for exclusive."""
    if fnmatchcase(text, one) and fnmatchcase(text, other):
        assert can_both_hold(When(path=one), When(path=other))


TURNS = st.none() | st.builds("{} {}".format, st.sampled_from(["first", "nth", "after", "every"]), st.integers(1, 12))


def takes(turn: str | None, count: int) -> bool:
    """Say whether a turn takes the count-th exchange; straight from the words."""
    if turn is None:
        return True
    word, number = turn.split()
    n = int(number)
    return (
        count in {"first": range(1, n + 1), "nth": [n], "after": range(n + 1, 1000), "every": range(n, 1000, n)}[word]
    )


@given(TURNS, TURNS)
def test_turns_coincide_when_some_exchange_is_taken_by_both(one: str | None, other: str | None) -> None:
    """The decision is exact: it agrees with trying every exchange one after the other."""
    assert coincide(one, other) is any(takes(one, count) and takes(other, count) for count in range(1, 200))


def test_equal_conditions_let_turns_decide() -> None:
    """With equal conditions both faults count the same exchanges, so their turns can keep them apart."""
    when = When(grant_type="a*")
    first = Fault(at="token", when=when, on="first 2", status=500)
    assert conflict([first, Fault(at="token", when=when, on="after 2", status=503)]) is None
    assert conflict([first, Fault(at="token", when=when, on="every 2", status=503)]) is not None


def test_different_conditions_do_not_let_turns_decide() -> None:
    """With different conditions the faults count different exchanges, so that their turns may coincide."""
    first = Fault(at="token", when=When(method="POST"), on="first 2", status=500)
    assert conflict([first, Fault(at="token", on="after 2", status=503)]) is not None


def test_the_refusal_names_both_faults() -> None:
    """The message says where both faults are, what they do, what they share, and what can be done."""
    text = fault("on: first 3", "status: 503") + "  - at: token\n    on: every 2\n    error: server_error\n"
    with pytest.raises(ScenarioError) as caught:
        read_text(text, file="my.yaml")
    assert str(caught.value) == (
        "my.yaml:11:5: this fault (`error server_error (every 2)`) and the one on line 8 (`status 503 (first 3)`) would"
        " both edit `status` of the same `token` exchange. Tell them apart by `when` or `on`, or make them one."
    )


def test_two_texts_can_be_in_one_list() -> None:
    """Conditions on a JSON field that may be a list exclude each other only when one forbids the other's."""
    localhost, cursor = {"json": {"redirect_uris": "http://a"}}, {"json": {"redirect_uris": "cursor://b"}}
    assert conflict([at_token(when=localhost, status=503), at_token(when=cursor, status=500)]) is not None
    other = {"json": {"redirect_uris": "!http://a"}}
    assert conflict([at_token(when=localhost, status=503), at_token(when=other, status=500)]) is None


def test_the_order_of_steps_does_not_matter() -> None:
    """Two faults at the same steps count the same exchanges, in whatever order the steps are written."""
    one = msgspec.convert({"at": ["token", "refresh"], "on": "nth 1", "status": 503}, Fault)
    other = msgspec.convert({"at": ["refresh", "token"], "on": "nth 2", "status": 500}, Fault)
    assert conflict([one, other]) is None
