"""The world's settings: laying one over another, and filling in the addresses."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.world import (
    PLACEHOLDERS,
    Addresses,
    World,
    expand,
    merged,
    overlay,
    placed,
    placeholder_values,
)

HERE = Addresses("http://localhost:4100", "http://localhost:4101", "http://localhost:4102", "http://localhost:4103")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(st.sampled_from("abc"), json_values, max_size=3)


@given(mappings, mappings)
def test_an_overlay_holds_what_it_names_and_keeps_the_rest(base: dict[str, Any], change: dict[str, Any]) -> None:
    """What the change names is as it says, nested by mapping, and what it does not name stays."""
    result = overlay(base, change)
    assert {name: result[name] for name in base if name not in change} == {
        name: base[name] for name in base if name not in change
    }
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict):
            assert result[name] == overlay(base[name], value)
        else:
            assert result[name] == value
    assert overlay(result, change) == result


@given(mappings, mappings)
def test_an_overlay_alters_neither_side(base: dict[str, Any], change: dict[str, Any]) -> None:
    """Both sides stay as they were, even when what came from the change is altered in the result."""
    before = copy.deepcopy((base, change))
    result = overlay(base, change)
    assert (base, change) == before
    for name in change:
        if isinstance(result[name], list):
            result[name].append("altered")
    assert change == before[1]


def test_a_merged_world_differs_only_in_what_was_named() -> None:
    """A change of one setting keeps all the others at their healthy values."""
    world = merged(World(), {"workos": {"access_token": {"lifetime": "1s"}}})
    assert world.workos.access_token.lifetime == "1s"
    assert world.workos.access_token.audience == "resource"
    assert world.service == World().service


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"workos": {"sign_in": "perhaps"}}, "$.workos.sign_in"),
        ({"workos": {"acces_token": {}}}, "acces_token"),
        ({"workos": {"access_token": {"lifetime": "soon"}}}, "$.workos.access_token.lifetime"),
        ({"service": {"path": "mcp"}}, "$.service.path"),
        ({"service": None}, "$.service"),
        ({"raindrop": {}}, "raindrop"),
    ],
)
def test_a_bad_setting_is_refused_with_its_path(change: dict[str, Any], path: str) -> None:
    """What is no world is refused, and the refusal names the setting."""
    with pytest.raises(msgspec.ValidationError) as refusal:
        merged(World(), change)
    assert path in str(refusal.value)


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("authkit", "http://localhost:4100"),
        ("client", "http://localhost:4100/user_management/client_01SANDB0XENV1R0NMENT0000000"),
        ("custom", "http://127.0.0.1:4100"),
    ],
)
def test_the_issuer_follows_its_setting(issuer: str, expected: str) -> None:
    """The placeholder for the issuer is the AuthKit domain, the client's path below it, or the custom domain."""
    world = merged(World(), {"workos": {"issuer": issuer}})
    assert placeholder_values(world, HERE)["issuer"] == expected


@pytest.mark.parametrize(
    ("path", "mcp_url", "resource"),
    [
        ("/mcp", "http://localhost:4101/mcp", "http://localhost:4101/mcp"),
        ("/", "http://localhost:4101/", "http://localhost:4101"),
        ("/v1/", "http://localhost:4101/v1/", "http://localhost:4101/v1"),
    ],
)
def test_the_resource_has_no_trailing_slash(path: str, mcp_url: str, resource: str) -> None:
    """The client is given the URL as it is served; the resource identifier leaves a trailing slash out."""
    values = placeholder_values(merged(World(), {"service": {"path": path}}), HERE)
    assert (values["mcp_url"], values["resource"]) == (mcp_url, resource)


def test_every_placeholder_has_a_value() -> None:
    """The closed list of placeholders is the list of values."""
    assert set(placeholder_values(World(), HERE)) == set(PLACEHOLDERS)


def test_placeholders_are_filled_in_everywhere_but_in_names() -> None:
    """Texts at any depth are expanded; keys, other braces and other values are left alone."""
    values = dict.fromkeys(PLACEHOLDERS, "x") | {"workos": "W"}
    given_value = {"{workos}": ["{workos}/a", {"b": ("{workos}{workos}", 3, None)}], "c": "{nothing} {} ${workos}"}
    assert expand(given_value, values) == {"{workos}": ["W/a", {"b": ["WW", 3, None]}], "c": "{nothing} {} $W"}


def test_a_placed_world_has_no_placeholder_left() -> None:
    """Once the ports are known every setting holds real addresses."""
    text = msgspec.json.encode(placed(World(), HERE)).decode()
    assert not any("{" + name + "}" in text for name in PLACEHOLDERS)
    assert "http://localhost:4100/oauth2/jwks" in text
