"""Of all that a client prints, what its user reads of how it went, and without what differs from run to run."""

from __future__ import annotations

import pytest

from sandbox.clients.process import Ended, Printed
from sandbox.clients.words import last_error, last_words, settled

ZOD = """\
Connecting ...
ZodError: [
  {
    "expected": "array",
    "message": "Invalid input"
  }
]
    at parse (file:///home/x/zod.js:1:1) {
  issues: []
}
"""
MISSING = (
    "OAuthTokenError: Invalid token response: 1 validation error for OAuthToken access_token Field required"
    " [type=missing]"
)
PYDANTIC = """\
OAuth flow error
Traceback (most recent call last):
  File "a.py", line 1, in b
mcp.client.auth.OAuthTokenError: Invalid token response: 1 validation error for OAuthToken
access_token
  Field required [type=missing]
OAuthTokenError: Invalid token response: 1 validation error for OAuthToken
access_token
  Field required [type=missing]
"""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("fine\n", ""),
        ("Error: first\nmore\nError: last\n", "Error: last"),
        (ZOD, 'ZodError: [ { "expected": "array", "message": "Invalid input" } ]'),
        (PYDANTIC, MISSING),
        ("Fatal error: TypeError: fetch failed\n    at x (y)\n", "Fatal error: TypeError: fetch failed"),
        ('{\n  "error": {\n    "message": "no"\n  }\n}\n', ""),
        ("the error: it is in a sentence\n", ""),
    ],
)  # fmt: skip
def test_the_last_error_is_whole_and_on_one_line(text: str, error: str) -> None:
    """An error that takes several lines is given with all of them, and without where it was raised."""
    assert last_error(text) == error


@pytest.mark.parametrize(
    ("text", "ended", "status", "words"),
    [
        ("Error: retrying\nConnected.\n\n", "exited", 0, ("Connected.",)),
        ("working\nError: no\nbye\n", "exited", 1, ("Error: no bye",)),
        ("no way in\n", "exited", 1, ("no way in",)),
        ("Waiting ...\n", "silent", None, ()),
        ("Error: once\nWaiting ...\n", "silent", None, ("Error: once Waiting ...",)),
        ("", "crashed", -11, ()),
    ],
)
def test_the_last_words(text: str, ended: Ended, status: int | None, words: tuple[str, ...]) -> None:
    """A program that worked is told by its last line, one that failed by its error, one that was cut off by no less."""
    assert last_words(Printed(text, ended, status, 1.0, 0)) == words


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("to http://localhost:41234/mcp", "to http://localhost:4101/mcp"),
        ("to http://localhost:50999/callback", "to http://localhost:…/callback"),
        ("as client_01JABCDEFGHJKMNPQRSTVWXYZ0", "as client_…"),
        ("state 91f4fb13-71b2-425d-ba26-74a7bbe922cf", "state …"),
        ("in /home/ada/.cache", "in ~/.cache"),
        ("two\n  lines", "two lines"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("x" * 50, "…"),
    ],
)
def test_what_differs_from_run_to_run_is_left_out(line: str, same: str) -> None:
    """Ports, ids and the client's home are written as they always are."""
    told = settled(line, {"localhost:41234": "localhost:4101", "/home/ada": "~"})
    assert told == same
