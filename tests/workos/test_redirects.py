"""Redirect URIs: which may be registered, and which count as a registered one."""

from __future__ import annotations

from typing import Any, Final, Literal
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.workos.redirects import allowed, is_loopback, shown_host, why_not_registrable

REGISTERED: Final = "http://localhost/callback"

REGISTRABLE: Final = (
    "https://claude.ai/api/mcp/auth_callback",
    "https://app.example/callback?tenant=1",
    "https://app.example:8443/callback",
    "https://app.example",
    "http://localhost/callback",
    "http://localhost:51734/callback",
    "http://127.0.0.1:8080/",
    "http://[::1]:8080/callback",
    "com.example.app:/callback",
    "com.example.app:callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "app:///callback",
)

NOT_REGISTRABLE: Final = {
    "": "is not an absolute URI",
    "/callback": "is not an absolute URI",
    "//evil.example/callback": "is not an absolute URI",
    "callback": "is not an absolute URI",
    "https:": "is not an absolute URI",
    "https:/callback": "has no host",
    "https:///callback": "has no host",
    "https://:443/callback": "has no host",
    "https://app.example:99999/callback": "is not an absolute URI",
    "https://[::1/callback": "is not an absolute URI",
    "https://app.example/call back": "is not an absolute URI",
    " https://app.example/callback": "is not an absolute URI",
    "https://app.example/callback\n": "is not an absolute URI",
    "\x00https://app.example/callback": "is not an absolute URI",
    "https://app.example\\@evil.example/": "is not an absolute URI",
    "https://app.example/\u202ecallback": "is not an absolute URI",
    "https://\u0430pp.example/callback": "is not an absolute URI",
    "https://app.example/callback#fragment": "must have no fragment",
    "https://app.example/callback#": "must have no fragment",
    "com.example.app:/callback#x": "must have no fragment",
    "javascript:alert(1)": "must not use the scheme javascript",
    "JavaScript:alert(1)": "must not use the scheme javascript",
    "data:text/html,x": "must not use the scheme data",
    "file:///etc/passwd": "must not use the scheme file",
    "vbscript:x": "must not use the scheme vbscript",
    "blob:https://app.example/1": "must not use the scheme blob",
    "about:blank": "must not use the scheme about",
    "view-source:https://app.example": "must not use the scheme view-source",
    "http://app.example/callback": "must use https, unless it leads to this machine",
    "http://localhost.evil.example/callback": "must use https, unless it leads to this machine",
    "http://localhost./callback": "must use https, unless it leads to this machine",
    "http://127.0.0.1.evil.example/callback": "must use https, unless it leads to this machine",
    "http://0.0.0.0/callback": "must use https, unless it leads to this machine",
    "http://%6cocalhost/callback": "must use https, unless it leads to this machine",
    "http://localhost@evil.example/callback": "must hold no credentials",
    "https://user:password@app.example/callback": "must hold no credentials",
    "https://app.example/" + "a" * 2100: "is longer than 2048 characters",
}

UNTRUSTED: Final = (
    "http://localhost@evil.example/callback",
    "http://localhost:80@evil.example/callback",
    "http://evil.example@localhost/callback",
    "http://user@localhost/callback",
    "http://localhost.evil.example/callback",
    "http://evil.example/callback",
    "http://localhost\\@evil.example/callback",
    "http://evil.example\\@localhost/callback",
    "http://localhost\\.evil.example/callback",
    "http:\\\\localhost\\callback",
    "//localhost/callback",
    "//evil.example/callback",
    "http:/localhost/callback",
    "http:localhost/callback",
    "http:///localhost/callback",
    "http://%6cocalhost/callback",
    "http://localhost%2eevil.example/callback",
    "http://localhost%00.evil.example/callback",
    "http://localhost:/callback",
    "http://localhost:123456/callback",
    "http://localhost:-1/callback",
    "http://localhost:1x/callback",
    "http://localhost:\u0661/callback",
    "http://localhost./callback",
    "http://LOCALHOST/callback",
    "HTTP://localhost/callback",
    "https://localhost/callback",
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "http://localhost/callback/",
    "http://localhost/callback/../evil",
    "http://localhost/Callback",
    "http://localhost/%63allback",
    "http://localhost/callback?next=https://evil.example",
    "http://localhost/callback?",
    "http://localhost/callback#",
    "http://localhost/callback#fragment",
    "http://localhost/callback\r\nSet-Cookie: a=b",
    "http://localhost/call\nback",
    "http://local\thost/callback",
    " http://localhost/callback",
    "\x01http://localhost/callback",
    "http://localhost/callback\x00",
    "http://localhost",
    "",
)


@pytest.mark.parametrize("uri", REGISTRABLE)
def test_a_usual_redirect_uri_may_be_registered(uri: str) -> None:
    """HTTPS, loopback HTTP and an app's own scheme may be registered."""
    assert why_not_registrable(uri) is None


@pytest.mark.parametrize(("uri", "why"), NOT_REGISTRABLE.items())
def test_an_unsafe_redirect_uri_may_not_be_registered(uri: str, why: str) -> None:
    """A redirect URI that is none, or that leads a browser astray, is refused with the reason."""
    assert why_not_registrable(uri) == why


@pytest.mark.parametrize("value", [None, 1, True, [], {}, ["https://app.example"]])
def test_only_text_is_a_redirect_uri(value: object) -> None:
    """Any other JSON value is refused."""
    assert why_not_registrable(value) == "is not text"


@pytest.mark.parametrize("ports", ["any", "exact"])
@pytest.mark.parametrize("uri", REGISTRABLE)
def test_a_registered_redirect_uri_is_allowed(uri: str, ports: Literal["any", "exact"]) -> None:
    """What was registered is allowed as it was written."""
    assert allowed(uri, ["https://other.example", uri], ports)


@pytest.mark.parametrize("ports", ["any", "exact"])
@pytest.mark.parametrize("uri", UNTRUSTED)
def test_what_only_looks_like_a_registered_one_is_not_allowed(uri: str, ports: Literal["any", "exact"]) -> None:
    """No spelling that a browser might read otherwise passes for the registered redirect URI."""
    assert not allowed(uri, [REGISTERED], ports)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_port_of_a_loopback_uri_is_free_where_any_may_be_used(host: str) -> None:
    """With `any`, a loopback redirect URI may ask for another port, or for one where none was registered."""
    for known in (f"http://{host}/callback?a=1", f"http://{host}:1234/callback?a=1"):
        assert allowed(f"http://{host}:51734/callback?a=1", [known], "any")
        assert allowed(f"http://{host}/callback?a=1", [known], "any")
        assert not allowed(f"http://{host}:51734/callback?a=1", [known], "exact")


def test_the_port_of_any_other_uri_is_not_free() -> None:
    """The port matters for HTTPS and for an app's own scheme, with `any` too."""
    assert not allowed("https://app.example:444/", ["https://app.example/"], "any")
    assert not allowed("https://localhost:444/", ["https://localhost/"], "any")
    assert not allowed("app://localhost:444/", ["app://localhost/"], "any")


@pytest.mark.parametrize("uri", ["https://app.example/\r\nSet-Cookie: a=b", "https://app.example/\u2028", "no-uri", ""])
def test_what_is_no_uri_is_not_allowed_though_the_dashboard_lists_it(uri: str) -> None:
    """A mistake in the dashboard's own list puts nothing into a header that does not belong there."""
    assert not allowed(uri, [uri], "any")


@given(st.text(max_size=60))
@example("http://localhost:1/callback\n")
@example("http://localhost:1\\@evil.example/callback")
def test_whatever_is_allowed_leads_to_the_registered_place(text: str) -> None:
    """Any text that is allowed is the registered URI but for its port."""
    for requested in (text, f"http://localhost{text}", f"http://{text}localhost/callback", f"{REGISTERED}{text}"):
        if allowed(requested, [REGISTERED], "any"):
            parts = urlsplit(requested)
            assert parts._replace(netloc=parts.netloc.partition(":")[0]).geturl() == REGISTERED


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=40), st.sampled_from(["", "https://", "http://"]))
def test_whatever_is_registrable_is_allowed_as_written(text: str, before: str) -> None:
    """A URI that may be registered can be asked for, is printable ASCII, and never makes these functions fail."""
    uri = before + text
    if why_not_registrable(uri) is None:
        assert uri.isascii()
        assert uri.isprintable()
        assert allowed(uri, [uri], "exact")
    assert isinstance(is_loopback(uri), bool)
    assert isinstance(shown_host(uri), str)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_json_value_gets_an_answer(value: Any) -> None:
    """No JSON value makes the check fail."""
    assert why_not_registrable(value) is None or isinstance(why_not_registrable(value), str)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://localhost:51734/callback", "localhost:51734"),
        ("https://claude.ai/callback", "claude.ai"),
        ("com.example.app:/callback", "com.example.app:"),
    ],
)
def test_a_person_reads_where_the_browser_goes(uri: str, shown: str) -> None:
    """What a page shows of a redirect URI is its host, or else its scheme; never nothing."""
    assert shown_host(uri) == shown
