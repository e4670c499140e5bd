"""WWW-Authenticate is read as patient clients read it, and every liberty is noticed."""

from __future__ import annotations

import pytest

from sandbox.diagnosis.challenges import challenges, challenges_of, header_of, unread
from tests.diagnosis.exchanges import exchange, post

URL = "https://mcp.example/metadata?a=b"

READ = [
    ("", []),
    ("Bearer", [("Bearer", {})]),
    ("Bearer, ", [("Bearer", {})]),
    ("Basic,Bearer", [("Basic", {}), ("Bearer", {})]),
    (f'Negotiate, Bearer resource_metadata="{URL}"', [("Negotiate", {}), ("Bearer", {"resource_metadata": URL})]),
    (f'Negotiate YII==, Bearer resource_metadata="{URL}"', [("Negotiate", {}), ("Bearer", {"resource_metadata": URL})]),
    ('bearer error=x, scope="a, b"', [("bearer", {"error": "x", "scope": "a, b"})]),
    ('Bearer realm="say \\"hi\\""', [("Bearer", {"realm": 'say "hi"'})]),
    ('Bearer realm="", a=b', [("Bearer", {"realm": "", "a": "b"})]),
    ('Bearer a="1", Basic realm="x"', [("Bearer", {"a": "1"}), ("Basic", {"realm": "x"})]),
]


@pytest.mark.parametrize(("header", "expected"), READ)
def test_a_header_by_the_grammar_is_read_whole(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    """Every challenge and parameter of a sound header is found, and all of it is plain."""
    found = challenges(header)
    assert [(one.scheme, {p.name: p.value for p in one.parameters}) for one in found] == expected
    assert all(parameter.is_plain for one in found for parameter in one.parameters)
    assert unread(header) == ""


@pytest.mark.parametrize(
    "header",
    [
        f'Bearer resource_metadata = "{URL}"',
        f"Bearer resource_metadata='{URL}'",
        f"Bearer resource_metadata={URL}",
        f'Bearer resource_metadata="{URL}',
        f'Bearer error="x" resource_metadata="{URL}"',
    ],
)
def test_a_mistake_that_clients_forgive_is_read_and_not_plain(header: str) -> None:
    """The value is found as most clients find it, and the parameter says that it is not written well."""
    [challenge] = challenges(header)
    assert challenge.get("resource_metadata") == URL
    assert [p.is_plain for p in challenge.parameters if p.name == "resource_metadata"] == [False]


@pytest.mark.parametrize(
    ("header", "rest"),
    [
        (f'resource_metadata="{URL}"', f'resource_metadata="{URL}"'),
        ('Bearer {"error":"x"}', '{"error":"x"}'),
        ('Bearer: realm="x"', 'Bearer: realm="x"'),
    ],
)
def test_what_cannot_be_read_is_left_over(header: str, rest: str) -> None:
    """The reading ends where no grammar helps, and the rest can be shown."""
    assert unread(header) == rest


def test_a_doubled_parameter_keeps_both_values() -> None:
    """Clients differ in which of the two they take, so both are there, whatever their case."""
    [challenge] = challenges('Bearer resource_metadata="a", Resource_Metadata="b"')
    assert challenge.values("resource_metadata") == ["a", "b"]


def test_several_header_lines_are_one_list() -> None:
    """Two lines are worth as much as one with a comma (RFC 9110, section 5.3)."""
    answered = exchange(
        "challenge", URL, 401, headers=[("www-authenticate", "Negotiate"), ("www-authenticate", "Bearer")]
    )
    assert [one.scheme for one in challenges_of(answered)] == ["Negotiate", "Bearer"]


def test_an_empty_header_is_not_a_missing_one() -> None:
    """Only an answer without the header gives None."""
    assert header_of(post(401, "")) == ""
    assert header_of(post(401)) is None
