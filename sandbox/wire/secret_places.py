"""Where secrets stand: in named fields of URLs, forms, JSON and HTML, in headers, and as JWTs anywhere.

It looks at the text as it came, so that a body that is cut, misnamed or broken hides nothing.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from sandbox.wire.secret_json import in_dict, in_json
from sandbox.wire.secret_names import COOKIE, CREDENTIALS, ERROR_WORD, STATUS, Finder, Place, is_secret_name, is_word

_URLS: Final = frozenset({"location", "content-location", "referer"})
_SCHEMES: Final = frozenset({"basic", "bearer", "digest", "dpop", "negotiate"})

_HINT: Final = re.compile(r'["=<:]|eyJ|sk_|/by[_%]|%(?:25){0,3}3[dD]')
"""What every text with a secret holds; most headers do not."""

# The look-behinds keep each search linear: without them a long word would be tried again from each of its letters.
_JWT: Final = re.compile(r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_API_KEY: Final = re.compile(r"(?<![\w-])sk_\w{8,}")
_IN_PATH: Final = re.compile(r"/by(?:_|%5[fF])token/++([^/?#\s\"'<>\\]+)")
"""An invitation's token, which WorkOS takes in the path."""
_NAMED: Final = re.compile(r"(?<![\w%-])([\w%-]++)=[\"']?")
_UNQUOTED: Final = re.compile(r"[^&#;\s\"'<>\\]+")
_LINE: Final = re.compile(r"(?<![\w:-])([\w-]++):[ \t]*+[\"']?")
_LINE_VALUE: Final = re.compile(r"(?:[^\s\"'<>\\&]|&(?!\w+=))+")
_NESTED: Final = tuple(
    re.compile(
        rf"%(?:25){{{depth}}}(?:3F|26|23)([\w-]+)%(?:25){{{depth}}}3D"
        rf"((?:[^&#;\s\"'<>\\%]|%(?!(?:25){{0,{depth}}}(?:26|23)))+)",
        re.IGNORECASE,
    )
    for depth in range(4)
)
"""`?code=…` in a URL that is itself written in a URL, once or several times over."""
_PART: Final = re.compile(r'name="?([\w-]+)"?[^\r\n]*\r?\n(?:[^\r\n]+\r?\n){0,5}\r?\n(.*?)(?=\r?\n--|\Z)', re.DOTALL)
_ELEMENT: Final = re.compile(r"<(?:[\w-]++:)?([\w-]++)(?:\s[^<>]*+)?>\s*+([^<\s][^<]*+)")
_INPUT: Final = re.compile(r"<input\b[^<>]*", re.IGNORECASE)
_NAME: Final = re.compile(r"""\bname=["']?([\w-]+)""", re.IGNORECASE)
_VALUE: Final = re.compile(r"""\bvalue=(?:"([^"]*)|'([^']*)|([^\s"'>]+))""", re.IGNORECASE)


def places(text: str, finder: Finder) -> list[Place]:
    """Give the places of a text, in order; of two that overlap, the one that begins first."""
    if finder is in_text and _HINT.search(text) is None:
        return []
    every = [place for place in finder(text) if place.start < place.end]
    found: list[Place] = []
    for place in sorted(every, key=lambda place: (place.start, -place.end)) if len(every) > 1 else every:
        if not found or place.start >= found[-1].end:
            found.append(place)
    return found


def in_text(text: str) -> Iterator[Place]:
    """Find the secrets of a text of any kind."""
    for sign, finder in _KINDS:
        if sign in text:
            yield from finder(text)


def _in_parts(text: str) -> Iterator[Place]:
    yield from (Place(*found.span(2), found[1], found[2]) for found in _PART.finditer(text) if _secret(found))


def _in_jwts(text: str) -> Iterator[Place]:
    yield from (Place(*found.span(), "token", found[0]) for found in _JWT.finditer(text))


def _in_api_keys(text: str) -> Iterator[Place]:
    yield from (Place(*found.span(), "api_key", found[0]) for found in _API_KEY.finditer(text))


def _in_paths(text: str) -> Iterator[Place]:
    yield from (Place(*found.span(1), "token", unquote(found[1])) for found in _IN_PATH.finditer(text))


def _in_pairs(text: str) -> Iterator[Place]:
    """Find `name=value` in a URL or a header within the text."""
    end = 0
    for found in _NAMED.finditer(text):
        if found.start() < end or not _secret(found):
            continue
        value = _UNQUOTED.match(text, found.end())
        if value is not None:
            end = value.end()
            yield Place(*value.span(), unquote_plus(found[1]), unquote_plus(value[0]))


def _secret(found: re.Match[str]) -> bool:
    name = unquote_plus(found[1]) if "%" in found[1] else found[1]
    return is_secret_name(name) or ("-" in name and is_secret_name(name.rpartition("-")[2]))


def _in_lines(text: str) -> Iterator[Place]:
    """Find `name: value`; behind a word such as `token`, a word or a status is none."""
    end = 0
    for found in _LINE.finditer(text):
        if found.start() < end or not is_secret_name(found[1]):
            continue
        rest = _LINE_VALUE.match(text, found.end())
        value = rest[0].rstrip(",;.)]}") if rest is not None else ""
        if value[:1] in {"", "{", "[", "("}:
            continue
        if is_word(found[1]) and (STATUS.fullmatch(value) or ERROR_WORD.fullmatch(value.lower())):
            continue
        end = found.end() + len(value)
        yield Place(found.end(), end, found[1], value)


def _in_nested_urls(text: str) -> Iterator[Place]:
    for depth, pattern in enumerate(_NESTED):
        for found in pattern.finditer(text):
            if is_secret_name(found[1]):
                secret = found[2]
                for _ in range(depth + 2):
                    secret = unquote_plus(secret)
                yield Place(*found.span(2), found[1], secret)


def _in_inputs(text: str) -> Iterator[Place]:
    for tag in _INPUT.finditer(text):
        name, value = _NAME.search(tag[0]), _VALUE.search(tag[0])
        if name and value and is_secret_name(name[1]):
            start, end = value.span(value.lastindex or 0)
            yield Place(tag.start() + start, tag.start() + end, name[1], html.unescape(tag[0][start:end]))


def _in_elements(text: str) -> Iterator[Place]:
    """Find what an element of XML holds; `<code>` is HTML's, and holds what people are to read."""
    for found in _ELEMENT.finditer(text):
        if is_secret_name(found[1]) and found[1].lower() != "code":
            yield Place(*found.span(2), found[1], html.unescape(found[2]))


_KINDS: Final[tuple[tuple[str, Finder], ...]] = (
    ('"', in_json),
    ("'", in_dict),
    ("form-data", _in_parts),
    ("<", _in_inputs),
    ("<", _in_elements),
    ("=", _in_pairs),
    (":", _in_lines),
    ("%", _in_nested_urls),
    ("eyJ", _in_jwts),
    ("sk_", _in_api_keys),
    ("/by", _in_paths),
)
"""What finds secrets in a text, behind a sign without which there are none of the kind."""


def in_form(text: str) -> Iterator[Place]:
    """Find the secrets of a query or a form body."""
    start = 0
    for pair in text.split("&"):
        raw_name, _, raw = pair.partition("=")
        name = unquote_plus(raw_name)
        if is_secret_name(name):
            yield Place(start + len(pair) - len(raw), start + len(pair), name, unquote_plus(raw))
        start += len(pair) + 1
    yield from in_text(text)


def in_url(text: str) -> Iterator[Place]:
    """Find the secrets of a URL: in its query, in its fragment, and as in any text."""
    head, _, fragment = text.partition("#")
    path, _, query = head.partition("?")
    for part, start in ((query, len(path) + 1), (fragment, len(head) + 1)):
        for place in in_form(part):
            yield place._replace(start=place.start + start, end=place.end + start)
    yield from in_text(text)


def in_body(content_type: str | None) -> Finder:
    """Give what finds the secrets of such a body; a form is one by its looks when its content type is wrong."""
    if (content_type or "").lower().startswith("application/x-www-form-urlencoded"):
        return in_form
    return _in_any_body


def _in_any_body(text: str) -> Iterator[Place]:
    return in_form(text) if _looks_like_form(text) else in_text(text)


def _looks_like_form(text: str) -> bool:
    first = text.partition("&")[0]
    return "=" in first and "\n" not in text and text[:1] not in '{["<-'


def in_header(name: str) -> Finder:
    """Give what finds the secrets of a header of that name."""
    lower = name.lower()
    if lower in CREDENTIALS:
        return _in_credentials
    if lower == COOKIE:
        return _in_cookies
    if lower == "set-cookie":
        return _in_set_cookie
    return in_url if lower in _URLS else in_text


def _in_credentials(text: str) -> Iterator[Place]:
    """Find the credentials behind the scheme, or without one (RFC 9110, section 11.4)."""
    scheme, _, rest = text.partition(" ")
    secret = rest.strip()
    if secret:
        start = text.index(secret, len(scheme))
        yield Place(start, start + len(secret), "access_token" if scheme.lower() == "bearer" else "credentials", secret)
    elif scheme.lower() not in _SCHEMES:
        yield Place(0, len(text), "credentials", text)


def _in_set_cookie(text: str) -> Iterator[Place]:
    return _in_cookies(text.partition(";")[0])


def _in_cookies(text: str) -> Iterator[Place]:
    start = 0
    for pair in text.split(";"):
        _, equals, value = pair.partition("=")
        secret = (value if equals else pair).strip().strip('"')
        if secret:
            begin = start + pair.rindex(secret)
            yield Place(begin, begin + len(secret), COOKIE, secret)
        start += len(pair) + 1


def basic_secret(credentials: str) -> str | None:
    """Give the password within HTTP Basic credentials (RFC 7617), as it is written there; None when there is none."""
    try:
        return base64.b64decode(credentials).decode("utf-8", "replace").partition(":")[2] or None
    except ValueError:
        return None
