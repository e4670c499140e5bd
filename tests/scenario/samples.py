"""Scenario texts that several tests use: sound ones, and broken ones with the place and the words of their refusal."""

from __future__ import annotations

import copy
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

HEAD: Final = """\
title: The exchange of the code fails
story: The person signed in, and the client stays outside.
step: token
expect: {reaches: authorization}
cause: Somebody broke it.
fix: Mend it.
"""
"""Six lines that are a whole scenario; what a sample adds begins on line 7."""

CONNECTS: Final = "title: Fine\nstory: It works.\nexpect: {connects: true}\n"


class Broken(NamedTuple):
    """A text that is refused."""

    name: str
    text: str
    place: str
    """`line:column`, from 1."""
    says: tuple[str, ...]
    """Parts of the message."""
    by_schema: bool = True
    """Whether the JSON Schema refuses it as well."""


def user(more: str) -> str:
    """Give settings with an organization and a user, of whom more can be said; the user stands on line 8."""
    return (
        "world: {workos: {organizations: [{id: o, name: O}], users: [\n"
        f"{{id: u, email: a@b.example, first_name: A, last_name: B, {more}}}]}}}}\n"
    )


def fault(*lines: str) -> str:
    """Give a scenario with one fault at the token step, whose further lines begin on line 9."""
    return HEAD + "faults:\n  - at: token\n" + "".join(f"    {line}\n" for line in lines)


BROKEN_YAML: Final = (
    Broken("empty", "", "1:1", ("the file is empty",)),
    Broken("only a comment", "# nothing\n", "1:1", ("the file is empty",)),
    Broken("an open bracket", HEAD + "references: [a\n", "8:1", ("not YAML",)),
    Broken("a tab", HEAD + "\treferences: []\n", "7:1", ("not YAML", "spaces")),
    Broken("a colon in a text", HEAD + "also: known: as\n", "7:12", ("not YAML", "in quotes")),
    Broken("a backtick", HEAD + "references: [`a`]\n", "7:14", ("not YAML", "in quotes")),
    Broken("a placeholder and more without quotes", HEAD + "cause2: {mcp}/x\n", "7:9", ("in quotes",)),
    Broken("a bare placeholder", fault("set: {a: {workos}}"), "9:14", ('in quotes: "{workos}"',)),
    Broken("two documents", HEAD + "---\n" + HEAD, "7:1", ("second document",)),
    Broken("a duplicate key", HEAD + "title: Again\n", "7:1", ("duplicate key `title`", "line 1")),
    Broken("a nested duplicate", fault("set: {a: 1, b: 2, a: 3}"), "9:23", ("duplicate key `a`", "line 9")),
    Broken("the same key quoted", HEAD + "'title': Again\n", "7:1", ("duplicate key `title`",)),
    Broken("an anchor", HEAD + "references: &all [a]\n", "7:13", ("anchors and aliases",)),
    Broken("an alias", HEAD + "references: *all\n", "7:13", ("anchors and aliases",)),
    Broken("a bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "1:4", ("anchors and aliases",)),
    Broken("an anchor on a key", HEAD + "&a references: []\n", "7:1", ("a key must be a text",)),
    Broken("a tag", HEAD + "references: !!python/tuple [a]\n", "7:13", ("tags such as",)),
    Broken("a list as a key", HEAD + "? [a]\n: b\n", "7:3", ("a key must be a text",)),
    Broken("no key", HEAD + "world: {? : b}\n", "7:11", ("a key is missing",)),
    Broken("too deep", fault("set: " + "{a: " * 40 + "1" + "}" * 40), "9:130", ("nested deeper than 32",)),
    Broken("a very deep list", "[" * 500, "1:34", ("nested deeper than 32",)),
    Broken("a control character", "title: a\nstory: b\x00c\n", "2:9", ("U+0000",)),
    Broken("half of a character", 'title: "\\ud83d"\n', "1:11", ("not YAML",)),
    Broken("a text alone", "healthy", "1:1", ("a scenario is a mapping",)),
    Broken("a list", "- title: a\n", "1:1", ("a scenario is a mapping",)),
    Broken("nothing but a marker", "---\n", "2:1", ("a scenario is a mapping",)),
)

BROKEN_SHAPE: Final = (
    Broken(
        "an unknown key", HEAD + "referenses: []\n", "7:1", ("`referenses`", "mean `references`?", "`also_known_as`")
    ),
    Broken("a fault's key at the top", HEAD + "at: token\n", "7:1", ("belongs under `faults`",)),
    Broken("a name", HEAD + "name: mine\n", "7:1", ("named by its file",)),
    Broken("no story", HEAD.replace("story", "storey"), "2:1", ("`storey`", "mean `story`?")),
    Broken("no title", HEAD.split("\n", 1)[1], "1:1", ("lacks `title`, what is wrong",)),
    Broken("a number as a title", HEAD.replace("The exchange of the code fails", "42"), "1:8", ("`42`", "in quotes")),
    Broken("a text as a list", HEAD + "references: RFC 6749\n", "7:13", ("RFC 6749", "a list of texts")),
    Broken("a list of numbers", HEAD + "references:\n  - a\n  - 6749\n", "9:5", ("references[1]", "in quotes")),
    Broken("an empty list", HEAD + "references:\n", "7:12", ("cannot be empty", "a list of texts")),
    Broken("an unknown step", HEAD.replace("step: token", "step: tokens"), "3:7", ("mean `token`?", "`jwks`")),
    Broken("an unknown expectation", HEAD.replace("reaches", "reach"), "4:10", ("mean `reaches`?", "`connects`")),
    Broken("yes is no boolean", CONNECTS.replace("true", "yes"), "3:20", ("the text `yes`", "`true` or `false`")),
    Broken("a fault without a place", HEAD + "faults:\n  - status: 503\n", "8:5", ("lacks `at`, the step",)),
    Broken("an unknown place", fault("status: 503").replace("at: token", "at: tokne"), "8:9", ("mean `token`?",)),
    Broken(
        "an unknown place of two",
        fault("status: 503").replace("at: token", "at: [token, refrsh]"),
        "8:17",
        ("`refresh`",),
    ),
    Broken("no place at all", fault("status: 503").replace("at: token", "at: []"), "8:9", ("an empty list",)),
    Broken("an unknown action", fault("stauts: 503"), "9:5", ("`stauts`", "mean `status`?", "`redirect`")),
    Broken("a condition outside", fault("status: 503", "mcp_method: x"), "10:5", ("belongs under `when`",)),
    Broken("an unknown condition", fault("status: 503", "when: {methd: GET}"), "10:12", ("mean `method`?",)),
    Broken("a number for a text", fault("status: 503", "when: {method: 5}"), "10:20", ("`5`", "in quotes")),
    Broken("a header that is no text", fault("hang: true", "when: {header: {a: b, c d: 1}}"), "10:32", ("header.c d",)),
    Broken("a text for a number", fault('status: "503"'), "9:13", ("the text `503`", "quotes away")),
    Broken("a status out of range", fault("status: 99"), "9:13", ("from 200 to 599",)),
    Broken("an error's status", fault("error: {code: a, status: 200}"), "9:30", ("from 400 to 599",)),
    Broken("an error's key", fault("error: {kode: a}"), "9:13", ("mean `code`?", "`description`")),
    Broken("an error without code", fault("error: {status: 400}"), "9:12", ("lacks `code`",)),
    Broken("a redirect's status", fault("redirect: {to: a, status: 200}"), "9:31", ("from 300 to 399",)),
    Broken("an unknown turn", fault("on: frist 2", "hang: true"), "9:9", ("mean `first 2`?", "`every N`")),
    Broken("a turn from zero", fault("on: first 0", "hang: true"), "9:9", ("with N from 1 up",)),
    Broken("a turn that is a number", fault("on: 2", "hang: true"), "9:9", ("the number `2`", "`nth N`")),
    Broken("an endless turn", fault("on: first 1" + "0" * 30, "hang: true"), "9:9", ("smaller",), by_schema=False),
    Broken("no duration", fault("delay: 3 seconds"), "9:12", ("a duration such as 30s",)),
    Broken("a duration without unit", fault("delay: 3"), "9:12", ("the number `3`", "a duration")),
    Broken("a negative delay", fault("delay: -3s"), "9:12", ("longer than nothing",), by_schema=False),
    Broken("an unknown signature", fault("sign: unpublished_key"), "9:11", ("mean `unpublished-key`?", "`HS256`")),
    Broken("hang false", fault("hang: false"), "9:11", ("`false`", "Allowed: `true`")),
    Broken("close after", fault("close: after"), "9:12", ("`before` or a whole number",)),
    Broken("close at a negative place", fault("close: -1"), "9:12", ("from 0 up",)),
    Broken("an unknown effect", fault("forget: client"), "9:13", ("mean `clients`?", "`sessions`")),
)

BROKEN_RULES: Final = (
    Broken(
        "a place twice",
        fault("status: 503").replace("at: token", "at: [token, token]"),
        "8:9",
        ("twice",),
        by_schema=False,
    ),
    Broken("an empty change", fault("change: {}"), "9:13", ("nothing to do",), by_schema=False),
    Broken("no action", fault("on: first 2"), "8:5", ("no action", "`set`", "`expire`")),
    Broken("two actions", fault("status: 503", "set: {a: 1}"), "10:5", ("2 actions: `status`, `set`",)),
    Broken("an action without argument", fault("status:"), "9:5", ("is empty", "from 200 to 599")),
    Broken("a turn without argument", fault("hang: true", "on:"), "10:5", ("is empty",)),
    Broken("an empty set", fault("set: {}"), "9:10", ("nothing to do",), by_schema=False),
    Broken("an empty error", fault('error: ""'), "9:12", ("nothing to do",), by_schema=False),
    Broken("content_type alone", fault("content_type: a/b", "hang: true"), "9:5", ("goes with `body`",)),
    Broken("a text inside remove", fault("remove: {a: {b: c}}"), "9:21", ("remove.a.b", "a list"), by_schema=False),
    Broken("a number to remove", fault("remove: {a: [1]}"), "9:18", ("remove.a[0]", "name"), by_schema=False),
    Broken("nothing to remove", fault("remove: {a: []}"), "9:17", ("an empty list",), by_schema=False),
    Broken("an endless delay", fault(f"delay: {'9' * 400}d"), "9:12", ("cannot be", "at most")),
    Broken("an endless claim", fault(f"claims: {{exp: {'9' * 400}d}}"), "9:19", ("from now",), by_schema=False),
    Broken("a claim at no time", fault("claims: {exp: soon}"), "9:19", ("`soon`", "from now"), by_schema=False),
    Broken("no header name", fault("headers: {a b: c}"), "9:20", ("no name of a header",), by_schema=False),
    Broken("a header twice", fault("headers: {Age: a, age: b}"), "9:28", ("same header as `Age`",), by_schema=False),
    Broken("two lines in a header", fault('headers: {a: "b\\nc"}'), "9:18", ("sent in a header",), by_schema=False),
    Broken("a long dash in a header", fault("redirect: a—b"), "9:15", ("sent in a header",), by_schema=False),
    Broken(
        "a placeholder nearly",
        fault('set: {a: ["{mcp}", "{worksos}/x"]}'),
        "9:24",
        ("`{worksos}`", "mean `{workos}`?", "`{mcp_url}`"),
        by_schema=False,
    ),
    Broken("a placeholder dashed", fault('redirect: "{mcp-url}"'), "9:15", ("mean `{mcp_url}`?",), by_schema=False),
    Broken("a placeholder twice in braces", fault('body: "{{mcp}}"'), "9:11", ("mean `{mcp}`?",), by_schema=False),
    Broken("a placeholder of the shell", fault("body: a${issuer}"), "9:11", ("mean `{issuer}`?",), by_schema=False),
    Broken("no step", HEAD.replace("step: token\n", ""), "1:1", ("lacks `step`, where it breaks", "connects")),
    Broken("no cause", HEAD.replace("cause: Somebody broke it.\n", ""), "1:1", ("lacks `cause`",)),
    Broken("no fix", HEAD.replace("fix: Mend it.\n", ""), "1:1", ("lacks `fix`",)),
    Broken("a blank fix", HEAD.replace("Mend it.", '" "'), "6:6", ("`fix` is an empty text",), by_schema=False),
    Broken("an empty cause", HEAD.replace("Somebody broke it.", ""), "5:1", ("`cause` is empty",)),
    Broken("no reach", HEAD.replace("reaches: authorization", "finding: x"), "4:9", ("lacks `reaches`", "`challenge`")),
    Broken(
        "a reach beyond",
        HEAD.replace("reaches: authorization", "reaches: jwks"),
        "4:19",
        ("`jwks`", "before `token`", "`registration`"),
        by_schema=False,
    ),
    Broken(
        "a reach before the first step",
        HEAD.replace("step: token", "step: challenge"),
        "4:19",
        ("before `challenge`", "leave it out"),
        by_schema=False,
    ),
    Broken(
        "a conflict at one of two steps",
        fault("set: {issuer: a}") + "  - at: [refresh, token]\n    body: b\n",
        "10:5",
        ("`body.issuer`", "same `token` exchange"),
        by_schema=False,
    ),
    Broken(
        "a conflict",
        fault("set: {issuer: a}") + "  - at: token\n    body: b\n",
        "10:5",
        ("`body b`", "line 8", "`set issuer`", "`body.issuer`", "`token`"),
        by_schema=False,
    ),
)

BROKEN_WORLD: Final = (
    Broken("an unknown system", HEAD + "world: {workoss: {}}\n", "7:9", ("mean `workos`?", "`service`")),
    Broken("a setting at the top", HEAD + "world: {issuer: client}\n", "7:9", ("belongs under `workos`",)),
    Broken("no header text", HEAD + 'world: {service: {challenge: {error: "a\\nb"}}}\n', "7:38", ("Latin-1",)),
    Broken("no status", HEAD + "world: {service: {refusal: {status: 100}}}\n", "7:37", ("from 200 to 599",)),
    Broken("no scheme", HEAD + 'world: {service: {refusal: {scheme: "a b"}}}\n', "7:37", ("one word",)),
    Broken("no place", HEAD + "world: {service: {metadata_at: [pth]}}\n", "7:33", ("`root`",)),
    Broken("no method", HEAD + "world: {workos: {token_endpoint_auth_methods: []}}\n", "7:47", ("an empty list",)),
    Broken(
        "no such organization",
        HEAD + "world: {workos: {connections: [{id: c, organization: org_1, type: OktaSAML, name: a}]}}\n",
        "7:54",
        ("`org_1`", "no such organization"),
        by_schema=False,
    ),
    Broken(
        "no such role",
        HEAD + user("memberships: [{organization: o, role: admn}]"),
        "8:96",
        ("mean `admin`?",),
        by_schema=False,
    ),
    Broken(
        "a user twice",
        HEAD + user("external_id: a}, {id: u, email: c@d.example, first_name: A, last_name: B"),
        "8:80",
        ("of another",),
        by_schema=False,
    ),
    Broken("no mapping", HEAD + "world: []\n", "7:8", ("an empty list", "a mapping")),
    Broken("an empty system", HEAD + "world:\n  workos:\n", "8:10", ("`world.workos` cannot be empty",)),
    Broken("an unknown setting", HEAD + "world: {workos: {isuer: client}}\n", "7:18", ("mean `issuer`?", "`mode`")),
    Broken("an unknown value", HEAD + "world: {workos: {issuer: clint}}\n", "7:26", ("mean `client`?", "`custom`")),
    Broken(
        "no boolean", HEAD + "world: {workos: {refresh_token: {rotate: no}}}\n", "7:42", ("the text `no`", "`false`")
    ),
    Broken("no list", HEAD + "world: {workos: {resources: all}}\n", "7:29", ("`any` or a list of texts",)),
    Broken("no path", HEAD + "world: {service: {path: mcp}}\n", "7:25", ("begins with `/`",)),
    Broken("no lifetime", HEAD + "world: {service: {clock_skew: 30}}\n", "7:31", ("a duration such as 30s",)),
    Broken("an open mapping", HEAD + "world: {service: {tool_scopes: {a: [b], c: d}}}\n", "7:44", ("tool_scopes.c",)),
    Broken("half a user", HEAD + "world: {workos: {users: [{id: a}]}}\n", "7:26", ("users[0]", "lacks `email`")),
    Broken(
        "a mistake in a change", fault("change: {workos: {isuer: client}}"), "9:23", ("faults[0].change", "`issuer`?")
    ),
    Broken(
        "a mistake in the fix", HEAD + "fixed: {workos: {isuer: client}}\n", "7:18", ("`fixed.workos`", "`issuer`?")
    ),
)

BROKEN: Final = (*BROKEN_YAML, *BROKEN_SHAPE, *BROKEN_RULES, *BROKEN_WORLD)

EVERYTHING: Final[dict[str, Any]] = {
    "title": "Everything at once",
    "story": "A scenario that uses the whole language.",
    "step": "messages",
    "world": {
        "workos": {
            "issuer": "client",
            "access_token": {"lifetime": "1s"},
            "resources": ["{resource}"],
            "users": [{"id": "u", "email": "a@b.example", "first_name": "A", "last_name": "B", "memberships": []}],
        },
        "service": {"challenge": {"error": None, "body": {"a": [1, 2.5, None, True]}}, "tool_scopes": {"x": ["y"]}},
    },
    "faults": [
        {"at": "resource-metadata", "set": {"authorization_servers": ["{workos}/sso/authorize"], "a": {"b": None}}},
        {"at": "resource-metadata", "on": "first 3", "remove": {"c": ["d"], "e": True}},
        {"at": "server-metadata", "when": {"path": "/.well-known/o*", "header": {"accept": "*"}}, "error": "no"},
        {"at": "registration", "error": {"code": "invalid_redirect_uri", "description": "No.", "status": 422}},
        {"at": "authorization", "on": "nth 2", "redirect": {"to": "{mcp}", "status": 303}},
        {"at": "authorization", "on": "after 2", "redirect": "{mcp_url}"},
        {"at": "token", "when": {"grant_type": "authorization_code", "form": {"scope": "*"}}, "status": 204},
        {"at": "token", "headers": {"x-a": "b", "cache-control": None}},
        {"at": "token", "delay": "250ms"},
        {"at": "jwks", "hang": True, "on": "every 5"},
        {"at": "userinfo", "close": "before"},
        {"at": "introspection", "close": 12},
        {"at": "refresh", "claims": {"aud": None, "exp": "-1h", "iat": 5}},
        {"at": "refresh", "sign": "none"},
        {"at": "device", "token_format": "opaque"},
        {"at": "device", "encode": "form"},
        {"at": "logout", "replace": {"https://": "http://"}},
        {"at": ["api", "userinfo"], "advance": "10m"},
        {"at": "api", "change": {"service": {"authorization_server": "{other}"}}},
        {
            "at": "messages",
            "when": {"json": {"method": "tools/*", "id": 3}, "client": "c*", "mcp_method": "t*"},
            "body": [1],
        },
        {
            "at": "messages",
            "when": {"mcp_method": "ping", "method": "POST"},
            "body": "<p>",
            "content_type": "text/html",
        },
        {"at": "session", "forget": "clients"},
        {"at": "session", "rotate": "signing-key"},
        {"at": "session", "revoke": "refresh-tokens"},
        {"at": "session", "expire": "codes"},
    ],
    "expect": {
        "reaches": "session",
        "finding": "some-id",
        "sees": [{"step": "jwks", "status": None, "lacks": ["keys"]}, {"step": "api", "status": 404}],
    },
    "cause": "All of it.",
    "fix": "None of it.",
    "fixed": {"workos": {"issuer": "authkit"}},
    "references": ["RFC 9728"],
    "also_known_as": ["all"],
}
"""A scenario that uses the whole language, as plain data."""

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON: Final = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
"""Any data that looks like JSON, numbers that JSON cannot hold included."""


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path of every part of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, part in inner for place in places(part, (*path, step)))]


def changed(path: tuple[Any, ...], new: Any) -> Any:
    """Give the whole language with another value at one place."""
    whole = copy.deepcopy(EVERYTHING)
    if not path:
        return new
    holder: Any = whole
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return whole
