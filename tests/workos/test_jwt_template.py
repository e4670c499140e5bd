"""JWT templates, rendered and refused."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.workos.jwt_template import TemplateError, check, rendered

CONTEXT: dict[str, Any] = {
    "user": {"first_name": "Ada", "last_name": None, "email": "ada@x.example", "metadata": {"say": 'a "b"\n'}},
    "organization": {"domains": [{"domain": "x.example"}], "metadata": {}},
    "organization_membership": None,
}


@pytest.mark.parametrize(
    ("template", "claims"),
    [
        ("{}", {}),
        ('{"a": 1, "b": [true, null]}', {"a": 1, "b": [True, None]}),
        ('{"a": {{ user.email }}}', {"a": "ada@x.example"}),
        ('{"a": "{{user.first_name}} {{ user.last_name || \'Unknown\' }}"}', {"a": "Ada Unknown"}),
        ('{"a": {{ user.nothing }}}', {"a": None}),
        ('{"a": "{{ user.nothing }}"}', {"a": ""}),
        ('{"a": {{ user.nothing || user.last_name || "default" }}}', {"a": "default"}),
        (
            '{"a": {{ organization.domains.0.domain }}, "b": {{ organization.domains.7.domain }}}',
            {"a": "x.example", "b": None},
        ),
        ('{"a": {{ user.metadata }}}', {"a": {"say": 'a "b"\n'}}),
        ('{"a": "{{ user.metadata.say }}"}', {"a": 'a "b"\n'}),
        ('{"a": "\\"{{ user.first_name }}\\""}', {"a": '"Ada"'}),
        ('{"a": "x\\\\", "b": "{{ user.first_name }}"}', {"a": "x\\", "b": "Ada"}),
        ("{\"a\": {{ organization_membership.custom_attributes.x || 'none' }}}", {"a": "none"}),
        ('{"{{ user.first_name }}": 1}', {"Ada": 1}),
    ],
)
def test_a_template_is_filled_in(template: str, claims: Any) -> None:
    """Variables give JSON values, within a text a part of it; the first operand that is there counts."""
    assert rendered(template, CONTEXT) == claims


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("", "no JSON"),
        ("[]", "must be a JSON object"),
        ('{"a": {{ user.email }', "no JSON"),
        ('{"a": {{ }}}', "no variable"),
        ('{"a": {{ user.email || }}}', "no variable"),
        ('{"a": {{ user.email user.id }}}', "no variable"),
        ('{"a": {{ 1 + 1 }}}', "no variable"),
        ('{"a": {{ secrets.key }}}', "There is no 'secrets'"),
        ('{"a": "{{ user.metadata }}"}', "cannot stand within one"),
        ('{"sub": "me"}', 'Claim "sub" is reserved'),
        ('{"org_id": {{ user.id }}}', 'Claim "org_id" is reserved'),
        ('{"a": "' + "x" * 10_000 + '"}', "over 10000"),
        ("[" * 5000, "no JSON"),
    ],
)
def test_what_is_no_template_is_refused(template: str, says: str) -> None:
    """The refusal says what is wrong."""
    with pytest.raises(TemplateError, match=says):
        check(template)
