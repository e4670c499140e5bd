"""Taking real host names out of what is saved: placeholders for the two systems, .example names for the rest."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

_URL: Final = re.compile(r"\b(https?)://([^\s/?#\"'<>\\,)\]}]+)", re.IGNORECASE)


_EMAIL: Final = re.compile(r"(?<![\w/:.@])[\w.+-]+@[\w-]+(\.[\w-]+)+")


class Hosts:
    """The names of one saved scenario. `mcp` is the MCP server's URL; the others are authorization servers."""

    def __init__(self, mcp: str, issuers: list[str]) -> None:
        self._origins: dict[str, str] = {}
        self._strangers: dict[str, str] = {}
        for placeholder, url in zip(("{mcp}", "{workos}", "{other}"), (mcp, *issuers), strict=False):
            self._origins.setdefault(_origin(url), placeholder)
        hosts = {urlsplit(origin).hostname or "": placeholder for origin, placeholder in self._origins.items()}
        self._names = {host: f"{placeholder[1:-1]}.example" for host, placeholder in hosts.items() if "." in host}

    def __call__(self, value: Any) -> Any:
        """Give a JSON-like value without host names, those in the keys of mappings included."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(str(key)): self(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        return value

    def _text(self, text: str) -> str:
        text = _EMAIL.sub("somebody@mail.example", text)
        text = _URL.sub(lambda found: self._named(found[1].lower(), found[2]), text)
        for name, stranger in (self._names | self._strangers).items():
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", stranger, text, flags=re.IGNORECASE)
        return text

    def _named(self, scheme: str, authority: str) -> str:
        known = self._origins.get(_origin(f"{scheme}://{authority}"))
        if known is not None:
            return known
        host = authority.rpartition("@")[2]
        if host.endswith(".example") or host in {"localhost", "127.0.0.1"}:
            return f"{scheme}://{host}"
        name = self._strangers.setdefault(host.lower(), f"host-{len(self._strangers) + 1}.example")
        return f"{scheme}://{name}"


def _origin(url: str) -> str:
    """Give the origin of a URL, the usual port left out; the text itself for what is no URL."""
    try:
        parts = urlsplit(url)
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in {None, usual} else f":{parts.port}"
        return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}{port}"
    except ValueError:
        return url
