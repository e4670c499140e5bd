"""Reading scenario files: what is accepted, and how a refusal speaks."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.scenario import Scenario, ScenarioError, document, read, read_text, read_value
from sandbox.scenario.model import ACTIONS, Fault

from .samples import BROKEN, CONNECTS, EVERYTHING, HEAD, JSON, Broken, changed, fault, places

MAX_TEXT = document.MAX_BYTES


def refusal(text: str | bytes, file: str = "my.yaml") -> str:
    """Give the message with which a text is refused."""
    with pytest.raises(ScenarioError) as caught:
        read_text(text, file=file)
    return str(caught.value)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_text_is_refused_at_its_place_in_words(broken: Broken) -> None:
    """A refusal is one line that names the file, the line, the column, what is wrong and what is meant or allowed."""
    message = refusal(broken.text)
    assert message.startswith(f"my.yaml:{broken.place}: "), message
    for words in broken.says:
        assert words in message
    assert "\n" not in message


def test_a_whole_scenario_is_read() -> None:
    """Everything that the language has can be said in one scenario."""
    scenario = read_text(yaml.safe_dump(EVERYTHING), name="everything")
    assert scenario.name == "everything"
    assert {one.action for one in scenario.faults} == set(ACTIONS)
    assert scenario.built().workos.issuer == "client"
    assert scenario.healed().built().workos.issuer == "authkit"


def test_json_is_read_like_yaml() -> None:
    """A scenario as plain data, as JSON text and as YAML text is the same scenario."""
    expected = read_value(EVERYTHING)
    assert read_text(json.dumps(EVERYTHING)) == expected
    assert read_text(yaml.safe_dump(EVERYTHING)) == expected


def test_on_is_a_key_and_not_a_boolean() -> None:
    """`on:` without quotes, a boolean in YAML 1.1, is the turn of a fault."""
    assert read_text(fault("on: first 2", "status: 503")).faults == (Fault(at="token", on="first 2", status=503),)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("12:30", "12:30"),
        ("2025-11-18", "2025-11-18"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("0123", "0123"),
        ("1_000", "1_000"),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        ("-.5e1", -5.0),
        ("1e3", 1000.0),
        ("5e-324", 5e-324),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("9" * 18, int("9" * 18)),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("<<", "<<"),
        ("'true'", "true"),
        ('"5"', "5"),
        ('"\\0"', "\0"),
        (">\n        folded", "folded\n"),
    ],
)
def test_plain_scalars_follow_the_core_schema(written: str, meant: Any) -> None:
    """Only true and false are booleans, only decimal digits are numbers, and everything else is a text."""
    fields = read_text(fault("set:", f"  value: {written}")).faults[0].set
    assert fields == {"value": meant}
    assert fields is not None
    assert type(fields["value"]) is type(meant)


def test_keys_are_texts_as_they_are_written() -> None:
    """A key is never read as a number, a boolean or a date."""
    fields = read_text(fault("set: {1: a, yes: b, null: c, 2025-11-18: d, <<: e}")).faults[0].set
    assert fields == {"1": "a", "yes": "b", "null": "c", "2025-11-18": "d", "<<": "e"}


def test_other_braces_are_literal() -> None:
    """Only what is nearly a placeholder is refused; other braces stay."""
    body = '{"path": "/users/{user_id}", "a": {"b": {}}, "iss": "{issuer}"}'
    assert read_text(fault(f"body: '{body}'")).faults[0].body == body


def test_a_placeholder_may_be_the_name_of_a_field() -> None:
    """A field named like a placeholder can be set to null."""
    assert read_text(fault("set: {issuer: null}")).faults[0].set == {"issuer": None}


def test_the_first_step_has_nothing_before_it() -> None:
    """A scenario that breaks at the first step reaches nothing, and need not say so."""
    text = HEAD.replace("step: token", "step: challenge").replace("{reaches: authorization}", "{finding: gone}")
    assert read_text(text).step == "challenge"


def test_a_scenario_that_connects_needs_no_step_cause_or_fix() -> None:
    """Where nothing breaks there is nothing to mend."""
    assert read_text(CONNECTS).expect.connects


def test_status_headers_and_body_go_together() -> None:
    """A whole gateway page is three faults of one step."""
    text = fault("status: 503") + "  - {at: token, body: Down}\n  - {at: token, headers: {retry-after: '5'}}\n"
    assert [one.action for one in read_text(text).faults] == ["status", "body", "headers"]


def test_a_column_counts_characters() -> None:
    """Columns count characters, not bytes, and a byte-order mark is none."""
    assert refusal(CONNECTS + 'references: ["é—😀", 5]\n').startswith("my.yaml:4:21: ")
    assert refusal(b"\xef\xbb\xbftitel: x\n").startswith("my.yaml:1:1: ")


def test_what_is_not_utf8_is_refused_at_its_place() -> None:
    """A text in another encoding is refused at the first byte that is not UTF-8."""
    assert refusal(CONNECTS.encode() + "references: [é]".encode("latin-1")).startswith("my.yaml:4:14: not UTF-8")
    assert refusal(CONNECTS.encode("utf-16")).startswith("my.yaml:1:1: not UTF-8")


def test_a_huge_text_is_refused() -> None:
    """A text over the limit is refused before it is parsed."""
    assert "larger than 256 KiB" in refusal(CONNECTS + "#" * MAX_TEXT)


def test_a_long_text_is_cut_in_the_message() -> None:
    """A refusal shows the beginning of what was written, on one line."""
    message = refusal(HEAD.replace("step: token", f'step: "a\\nb\\x1b{"c" * 500}"'))
    assert "`a\\nb\\u001bccc" in message
    assert len(message) < 500


def test_without_the_c_library_the_marks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure Python parser gives the same values at the same places."""
    text = yaml.safe_dump(EVERYTHING) + '# é\nunicode: "é — 😀"\n'
    with_c = document.parsed(text, "f")
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    assert document.parsed(text, "f") == with_c
    assert "half of a character" in refusal('title: "\\ud83d"\n')
    assert "nested deeper" in refusal("[" * 50_000)


def read_or_refusal(reader: Callable[[Any], Scenario], value: Any) -> Scenario | str:
    """Give what a reader gives, or the message of its refusal."""
    try:
        return reader(value)
    except ScenarioError as error:
        return str(error)


# Files.


def test_a_file_gives_its_name(tmp_path: Path) -> None:
    """A scenario is named after its file."""
    path = tmp_path / "my-own.v2.yaml"
    path.write_text(CONNECTS, encoding="utf-8")
    assert read(path).name == "my-own.v2"
    assert read(str(path)) == read(path)


def test_a_refused_file_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error names the path that the person wrote."""
    (tmp_path / "my.yaml").write_text("titel: x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=r"^\./my\.yaml:1:1: unknown key `titel`"):
        read("./my.yaml")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a directory, a device, a huge file and an impossible name are each refused in a sentence."""
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (MAX_TEXT + 1))
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path, words in {
        str(tmp_path / "none.yaml"): "there is no such file",
        str(tmp_path): "this is a directory",
        str(pipe): "this is no regular file",
        "/dev/zero": "this is no regular file",
        str(huge): "larger than 256 KiB",
        "a\0b.yaml": "cannot be read",
        str(huge / "below.yaml"): "cannot be read: Not a directory",
        "x" * 5000 + ".yaml": "cannot be read",
    }.items():
        with pytest.raises(ScenarioError, match=words):
            read(path)


# Plain data, as the control API sends it.


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"step": "tokens"}, "step: `step` cannot be the text `tokens`. Did you mean `token`?"),
        ({"faults": [{"at": "tokens", "hang": True}]}, "faults[0].at: `faults[0].at` cannot be the text `tokens`"),
        ({"faults": [{"at": "token"}]}, "faults[0]: `faults[0]` has no action"),
        ({"world": {"workos": {"isuer": 1}}}, "world.workos.isuer: unknown key `isuer` in `world.workos`"),
        ({"title": None}, "title: `title` cannot be empty"),
        ({"world": {"workos": {"users": [{"id": object()}]}}}, "world.workos.users[0].id: "),
        ({"references": {"a"}}, "references: "),
        ({"world": {1: 2}}, "world: the key `1` is no text"),
        ({"story": "\ud800"}, "story: "),
        ({"name": "mine"}, "name: a scenario is named by its file"),
        (
            {"faults": [{"at": "token", "status": 500}, {"at": "token", "error": "no"}]},
            "faults[1]: this fault (`error no`) and the one at `faults[0]` (`status 500`)",
        ),
    ],
)
def test_plain_data_is_refused_by_path(change: dict[str, Any], says: str) -> None:
    """Where there is no file, an error begins with the path of what is wrong."""
    with pytest.raises(ScenarioError) as caught:
        read_value({**yaml.safe_load(HEAD), **change})
    assert str(caught.value).startswith(says), str(caught.value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 2**63, 10**5000], ids=["nan", "inf", "long", "endless"])
def test_numbers_that_json_cannot_hold_are_refused(number: float) -> None:
    """What could not be sent as JSON is refused on loading."""
    with pytest.raises(ScenarioError, match="set"):
        read_value({**yaml.safe_load(HEAD), "faults": [{"at": "token", "set": {"a": number}}]})


def test_plain_data_nested_without_end_is_refused() -> None:
    """A value that holds itself is refused like any that is too deep."""
    loop: dict[str, Any] = {}
    loop["a"] = loop
    with pytest.raises(ScenarioError, match="nested deeper than 32"):
        read_value({**yaml.safe_load(HEAD), "faults": [{"at": "token", "set": loop}]})


def test_plain_data_is_copied() -> None:
    """A scenario does not change when the data that it was read from does."""
    value = copy.deepcopy(EVERYTHING)
    scenario = read_value(value)
    value["faults"][0]["set"]["a"]["b"] = "changed"
    assert scenario == read_value(EVERYTHING)


def test_something_else_than_a_mapping_is_refused() -> None:
    """A scenario that is no mapping at all is refused."""
    with pytest.raises(ScenarioError, match=r"^scenario: a scenario is a mapping"):
        read_value([])  # type: ignore[arg-type]


def test_a_scenario_error_is_a_sandbox_error() -> None:
    """Whoever handles the errors of the sandbox handles these."""
    assert issubclass(ScenarioError, SandboxError)


def test_reading_imports_nothing_slow() -> None:
    """The reader is on the way of every start, so it imports neither the MCP SDK nor a schema validator."""
    code = (
        "import sys, sandbox.scenario as s; s.find('missing-registration');"
        "print(sorted({'jsonschema', 'pydantic', 'mcp', 'flask', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Whatever comes, it is read or refused.

WORDS = st.sampled_from(
    [
        "title",
        "at",
        "set",
        "on",
        "first 2",
        "token",
        "world",
        "workos",
        "{workos}",
        "{x}",
        "503",
        "&a",
        "*a",
        "? ",
        "!!x",
    ]
)
FRAGMENTS = st.lists(WORDS | st.sampled_from([": ", "\n", "  ", "- ", "{", "}", "[", "]", ",", "'", '"', "#", "\t"]))


@given(st.binary() | st.text() | FRAGMENTS.map("".join) | FRAGMENTS.map(lambda parts: HEAD + "".join(parts)))
@settings(max_examples=400)
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    """No text raises anything but a ScenarioError of one line."""
    outcome = read_or_refusal(read_text, text)
    if isinstance(outcome, str):
        assert outcome.startswith("<text>:")
        assert len(outcome.splitlines()) == 1


@given(st.sampled_from(places(EVERYTHING)), JSON)
@settings(max_examples=400)
def test_any_data_is_read_or_refused(path: tuple[Any, ...], new: Any) -> None:
    """A scenario with anything in any place raises nothing but a ScenarioError of one line."""
    outcome = read_or_refusal(read_value, changed(path, new))
    if isinstance(outcome, str):
        assert len(outcome.splitlines()) == 1


TEXTS = st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "))
NUMBERS = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS
PLAIN_JSON = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@given(PLAIN_JSON)
@settings(max_examples=300)
def test_any_json_comes_through_yaml_unchanged(body: Any) -> None:
    """JSON is YAML: whatever a body holds is the same from a file as over the control API."""
    value = {**yaml.safe_load(HEAD), "faults": [{"at": "token", "set": {"a": body}}]}
    outcomes = read_or_refusal(read_text, json.dumps(value, ensure_ascii=False)), read_or_refusal(read_value, value)
    assert outcomes[0] == outcomes[1] or all(isinstance(outcome, str) for outcome in outcomes)


def test_a_bottomless_list_is_refused() -> None:
    """A file that only opens brackets is refused in words, whoever notices first, the reader or the YAML library."""
    with pytest.raises(ScenarioError, match=r"my\.yaml:1:"):
        read_text("[" * 200_000, file="my.yaml")
