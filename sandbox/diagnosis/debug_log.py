"""Claude Code's debug log (`claude --debug-file FILE`): what it tells of MCP servers, which is not enough to explain.

Claude Code 2.1.332 writes where it connects, which authorization server it found, and the last error; it writes no
request, no status and no body of discovery, so that the step that broke first cannot be told from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from sandbox.plain import one_line
from sandbox.wire.redaction import Redaction
from sandbox.wire.secret_places import in_text

_LINE: Final = re.compile(r"^\S+Z \[(?:DEBUG|INFO|WARN|ERROR)\] (.*)$", re.MULTILINE)
_OF_SERVER: Final = re.compile(r'"?MCP server \\?"([^"\\]+)\\?":? (.*)')
_SERVER: Final = re.compile(r"authServer: (\S+)\)")
_URL: Final = re.compile(r"(?:Initializing HTTP transport to|Server URL:) (\S+)")
_FAILED: Final = re.compile(r"(?:Connection failed(?: after [^:]*)?|SDK auth failed|SDK auth error): (.*)")
_BEGIN: Final = 4096


def is_debug_log(text: str) -> bool:
    """Say whether this is a debug log, or one of the log files that Claude Code keeps for each MCP server."""
    begin = text[:_BEGIN].lstrip()
    return _LINE.match(begin) is not None or (begin.startswith('{"debug":') and '"sessionId":' in begin)


def told_by(text: str) -> str:
    """Say in a sentence what a debug log tells of the last MCP server that it speaks of."""
    name = url = server = failed = ""
    for about, message in _messages(text):
        if about != name:
            name, url, server, failed = about, "", "", ""
        url = _found(_URL, message) or url
        server = _found(_SERVER, message) or server
        failed = _found(_FAILED, message) or failed
    told = [
        f" of {name!r}" if name else "",
        f" at {url}" if url else "",
        f", authorization server {server}" if server else "",
        f", {failed}" if failed else "",
    ]
    said = Redaction({})("".join(told), in_text)
    return f"a debug log of Claude Code{one_line(said, 500).rstrip('.')}."


def _messages(text: str) -> Iterator[tuple[str, str]]:
    """Give the name of a server and what is said of it, for each line that speaks of one."""
    for line in text.splitlines():
        logged = _LINE.match(line)
        if logged is not None:
            about = _OF_SERVER.match(logged[1])
            if about is not None:
                yield about[1], about[2]
        elif line.startswith("{"):
            try:
                said = json.loads(line)
            except (ValueError, RecursionError):
                continue
            yield "", str(said.get("debug") or said.get("error") or "").partition("\n")[0]


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].strip() if found else ""
