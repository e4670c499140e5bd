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
from sandbox.diagram import NAMES, Picture
from sandbox.timeline import odd, path_of
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

if TYPE_CHECKING:
    import jinja2

STYLE: Final = """\
:root{color-scheme:light dark;--ground:#f6f3ec;--card:#fff;--ink:#1d2423;--quiet:#566160;--line:#e3ded3;--sunk:#f1eee6;
--accent:#155e63;--bad:#a3201f;--good:#1b6b3a;--fault:#7b2d8b;--edge:#868e8b;--asks:#7a5300;--bad-ground:#fbeae7;
--asks-ground:#fdf3da;--calm-ground:#e6eef6}
@media(prefers-color-scheme:dark){:root{--ground:#121615;--card:#1b2120;--ink:#eef0ec;--quiet:#a9b3b0;--line:#313a38;
--sunk:#232a29;--accent:#83d3c9;--bad:#ffaaa2;--good:#86dba0;--fault:#e3a8f0;--edge:#75807d;--asks:#f2cf7a;
--bad-ground:#3a1d1b;--asks-ground:#32290f;--calm-ground:#1d2a38}}
*{box-sizing:border-box}body{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem;background:var(--ground);
color:var(--ink);font:.9375rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2,h3,p{margin:0}h1{font-size:1.5rem;font-weight:650;letter-spacing:-.015em;line-height:1.25}
h2{margin:2rem 0 .75rem;font-size:1.25rem}h3{font-size:.9375rem;margin:.75rem 0 .25rem}
.quiet{color:var(--quiet);font-size:.875rem}.bad{color:var(--bad)}.good{color:var(--good)}.fault{color:var(--fault)}
article{display:grid;gap:.375rem;padding:.875rem 1.125rem;border-left:.375rem solid var(--bad);border-radius:.625rem;
background:var(--bad-ground);margin:.75rem 0}article h3{font-size:1.0625rem;margin:0}article .quiet{color:var(--ink)}
.risky{border-color:var(--asks);background:var(--asks-ground)}.harmless{border-color:var(--edge);background:
var(--calm-ground)}.drawn{padding:.75rem;border:1px solid var(--line);border-radius:.875rem;background:#fff;
overflow-x:auto}svg{display:block;margin:0 auto;min-width:50rem;max-width:100%;height:auto}
details{padding:.5rem .875rem;border:1px solid var(--line);border-radius:.625rem;background:var(--card);
margin:.375rem 0}
summary{cursor:pointer}summary strong:last-of-type{margin-left:.5rem}pre{margin:.5rem 0;padding:.75rem;
background:var(--sunk);border-radius:.5rem;white-space:pre-wrap}code,pre{font-family:ui-monospace,monospace;
font-size:.875em}table{border-collapse:collapse;font-size:.8125rem}th{width:10rem;text-align:left;vertical-align:top;
font-weight:500;color:var(--quiet);padding:.125rem .75rem .125rem 0}a{color:var(--accent)}
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
        name=lambda who: NAMES.get(who, who),
    )


def _pretty(value: Any) -> str:
    """Give JSON with its lines, and any other text as it is."""
    read = as_json(value) if isinstance(value, str) else value
    try:
        return str(value) if read is None else json.dumps(read, indent=2, ensure_ascii=False)
    except RecursionError:
        return str(value)


@cache
def _template() -> jinja2.Template:
    import jinja2  # not needed to start

    places = jinja2.PackageLoader("sandbox")
    return jinja2.Environment(loader=places, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "report.html"
    )
