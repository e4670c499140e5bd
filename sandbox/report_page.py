"""A report to attach to an issue: findings, diagram and every exchange, in one HTML file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sandbox import __version__
from sandbox.diagnosis.finding import Finding
from sandbox.diagnosis.report import is_broken
from sandbox.diagram import Picture
from sandbox.timeline import odd, path_of
from sandbox.wire.exchange import Exchange

if TYPE_CHECKING:
    import jinja2

STYLE: Final = """\
:root{color-scheme:light dark;--ink:#1d2423;--quiet:#566160;--line:#e3ded3;--sunk:#f1eee6;--bad:#a3201f;--good:#1b6b3a}
@media(prefers-color-scheme:dark){:root{--ink:#eef0ec;--quiet:#a9b3b0;--line:#313a38;--sunk:#232a29;--bad:#ffaaa2;
--good:#86dba0}}
*{box-sizing:border-box}body{max-width:72rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}h1{line-height:1.25}h2{margin-top:2rem}
.quiet{color:var(--quiet)}.bad{color:var(--bad)}.good{color:var(--good)}svg{max-width:100%;height:auto}
article{padding:.75rem 1rem;border:1px solid var(--line);border-left:4px solid var(--bad);border-radius:.5rem;
margin:1rem 0}article h3,article p{margin:.25rem 0}details{border-bottom:1px solid var(--line);padding:.375rem 0}
summary{cursor:pointer}pre{padding:.75rem;background:var(--sunk);border-radius:.5rem;white-space:pre-wrap}
code,pre{font-family:ui-monospace,monospace;font-size:.875em}th{text-align:left;vertical-align:top;font-weight:400;
color:var(--quiet);padding-right:1rem}a{color:inherit}
"""
POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none';"
    f" style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""What the file may load: nothing but the style that stands in it (Content Security Policy, level 3)."""


def page(exchanges: Sequence[Exchange], findings: Sequence[Finding], heading: str, notes: Iterable[str] = ()) -> str:
    """Write the report; `heading` says what it is about."""
    return _template().render(
        heading=heading,
        policy=POLICY,
        style=STYLE,
        version=__version__,
        broken=is_broken(findings),
        findings=findings,
        notes=list(notes),
        diagram=Picture().text(exchanges).decode(),
        exchanges=[(each, path_of(each.url), odd(each)) for each in exchanges],
        pretty=_pretty,
    )


def _pretty(value: Any) -> str:
    """Give JSON with its lines, and any other text as it is."""
    try:
        return json.dumps(json.loads(value) if isinstance(value, str) else value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return str(value)


@cache
def _template() -> jinja2.Template:
    import jinja2  # not needed to start

    places = jinja2.PackageLoader("sandbox")
    return jinja2.Environment(loader=places, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "report.html"
    )
