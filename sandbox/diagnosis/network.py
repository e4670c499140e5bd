"""What can go wrong between two machines at any step: no trust, no answer, a bot check, a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sandbox.diagnosis.evidence import Evidence, is_success, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.searches import without_query
from sandbox.wire.exchange import Exchange

_TOO_MANY: Final = 429
_GIVEN_UP: Final = 2.0
"""Seconds after which a client that hangs up has waited in vain, and did not just change its mind."""
_SLOW: Final = 5.0
"""Seconds at which the shortest time limits of clients end."""
_BROWSERS: Final = frozenset({"browser"})

_CHALLENGE_HEADERS: Final = (
    ("cf-mitigated", "challenge"),  # Cloudflare
    ("x-amzn-waf-action", ""),  # AWS WAF: challenge or captcha
)
_CHALLENGE_TEXTS: Final = (
    "just a moment...",
    "/cdn-cgi/challenge-platform/",
    "attention required! | cloudflare",
    "_incapsula_resource",
    "pardon our interruption",
    "captcha-delivery.com",
    "px-captcha",
)
_STATUSES: Final = frozenset({403, 405, 429, 503})


@rule(
    "bot-challenge",
    step="server-metadata",
    side="network",
    title="A bot check answers in the place of the server",
    why="A firewall for web pages takes the client for a robot, which it is, and answers with a page that a browser "
    "would solve by running its script. A client runs no scripts. It reads a page where it expects JSON, or takes the "
    "refusal for the server's own, and reports that. The server behind the firewall never saw the request. In a "
    "browser the same address opens, which is why it looks healthy.",
    change="In the firewall: take the paths of OAuth and MCP out of the bot rules. Cloudflare: Security, WAF, a custom "
    "rule with the action Skip for paths that begin with /.well-known/ or /oauth2/ and for the MCP endpoint; turn Bot "
    "Fight Mode off, as such rules do not skip it. In the client: send a User-Agent with every request. To check: curl "
    "-i with the address, from the machine of the client; it must answer JSON.",
    references=("RFC 8414 section 3.2", "RFC 7591 section 3.2", "RFC 6749 section 5"),
)
def bot_challenge(seen: Evidence) -> Proof | None:
    """Look for a firewall's own header, or for its page."""
    return _latest(seen, [one for one in seen.exchanges if is_bot_challenge(one)], _of_firewall)


@rule(
    "certificate-untrusted",
    step="challenge",
    side="network",
    title="The client does not trust the server's certificate",
    why="The client opened a secure connection, saw the certificate, and hung up before it asked anything. So HTTP "
    "never began, and the log of the server is empty. Mostly the certificate is of a company's own CA, or the server "
    "does not send the whole chain. Browsers have lists of their own, which is why the same address opens there.",
    change="Give the client the CA: NODE_EXTRA_CA_CERTS=/path/ca.pem for Claude Code and other programs on Node, "
    "SSL_CERT_FILE=/path/ca.pem for Python. On the server: send the whole chain, not the last certificate alone. To "
    "see what it is: curl -v with the address, on the machine of the client.",
    references=("RFC 8446 section 4.4.2", "RFC 9110 section 4.3.4"),
)
def certificate_untrusted(seen: Evidence) -> Proof | None:
    """Look for a server with which TLS was begun and nothing was ever asked over it."""
    asked = {origin(one.url) for one in seen.exchanges if one.ended != "unasked"}
    unasked = [one for one in seen.exchanges if one.ended == "unasked" and origin(one.url) not in asked]
    if not unasked:
        return None
    times = f"{len(unasked)} times" if len(unasked) > 1 else "once"
    said = f"A client connected to {origin(unasked[-1].url)} {times}, and hung up before the first request."
    return Proof(said, (unasked[-1],), step=unasked[-1].step)


@rule(
    "rate-limited",
    step="token",
    side="authorization server",
    title="The server answers that there were too many requests",
    why="Status 429 is about the moment, not about the request: the same request is good a little later. Limits mostly "
    "count addresses, and a whole office goes out through one. Many clients do not wait and come again. They report "
    "the sign-in as broken, or throw a good token away and send the person to the browser.",
    change="Now: wait as long as Retry-After says, or some minutes, and connect again. On the server: raise the limit "
    "for this path, count clients or accounts instead of addresses, exempt the renewal of tokens, and answer 429 with "
    "Retry-After. In the client: keep client_id and tokens between runs instead of registering anew, and after a 429 "
    "wait and repeat the same request.",
    references=("RFC 6585 section 4", "RFC 9110 section 10.2.3"),
)
def rate_limited(seen: Evidence) -> Proof | None:
    """Look for 429, but for that of a bot check."""
    return _latest(seen, [one for one in seen.exchanges if is_rate_limited(one)], _of_limit)


@rule(
    "no-answer",
    step="server-metadata",
    side="network",
    title="A request is never answered",
    why="The connection was opened and the request was sent, and nothing came back until the client gave up. A client "
    "counts this time against the connection as a whole, so its message often blames another server than the one that "
    "is silent.",
    change="Ask the address by hand, from the machine of the client: curl -v -m 10 with the address. Does it hang as "
    "well, look at what stands between: a firewall that drops packets instead of refusing, a proxy that waits for the "
    "end of a stream (nginx: proxy_buffering off for text/event-stream). Does it answer elsewhere, look at what the "
    "server itself waits for, such as a database, a lock or a service behind it. A server should answer an error after "
    "some seconds rather than nothing.",
    references=("RFC 9110 section 15.6.5",),
)
def no_answer(seen: Evidence) -> Proof | None:
    """Look for requests that the client gave up."""
    return _latest(seen, [one for one in _of_clients(seen) if _is_given_up(one)], _of_silence)


@rule(
    "connection-dropped",
    step="token",
    side="network",
    title="The connection breaks before the answer is there",
    why="The request was on its way, and somebody closed the connection without an answer, or in the middle of one. "
    "The client sees ECONNRESET or a short read, and learns no reason. A request that takes a code or a refresh token "
    "may have done its work all the same, so that repeating it can fail with another error.",
    change="Ask the address by hand, from the machine of the client: curl -v with the address. Then look at what "
    "stands between: a load balancer whose idle time is shorter than the server's, a proxy that opens TLS, a blocked "
    "address, a limit for the size of headers. Then at the server: a worker that crashes or is killed while it answers "
    "leaves this trace, and its log has the reason.",
    references=("RFC 9112 section 9.5",),
)
def connection_dropped(seen: Evidence) -> Proof | None:
    """Look for answers that never began, or never ended, because the connection was closed."""
    return _latest(seen, [one for one in _of_clients(seen) if _is_broken_off(one)], _of_break)


@rule(
    "slow-token",
    step="token",
    side="authorization server",
    title="The token endpoint is slow",
    why="The answer came, but after a time that some clients do not wait. A client that gives up has lost the code, "
    "which can be used once, and the person has to sign in again.",
    change="In the authorization server: find what the token endpoint waits for, such as a slow hash, a webhook or "
    "action that runs before a token is issued, a cold start. In the client: give each request its own time limit of "
    "30 seconds or more, apart from the time that a person takes in the browser.",
    references=("RFC 6749 section 4.1.3",),
)
def slow_token(seen: Evidence) -> Proof | None:
    """Look for the slowest answer of the token endpoint."""
    slow = [one for one in seen.at("token", "refresh") if one.seconds >= _SLOW and one.status is not None]
    if not slow:
        return None
    worst = max(slow, key=lambda one: one.seconds)
    went_on = is_success(worst)
    return Proof(
        f"{_asked(worst)} was answered {worst.status} after {worst.seconds:.1f} seconds.", (worst,), worst.step, went_on
    )


def is_bot_challenge(exchange: Exchange) -> bool:
    """Say whether a firewall's bot check answered a client."""
    if exchange.asker in _BROWSERS:
        return False
    headers = dict(exchange.response_headers)
    if any(name in headers and value in headers[name].lower() for name, value in _CHALLENGE_HEADERS):
        return True
    text = exchange.response_body.lower()
    is_page = "<html" in text or headers.get("content-type", "").startswith("text/html")
    return is_page and exchange.status in _STATUSES and any(sign in text for sign in _CHALLENGE_TEXTS)


def is_rate_limited(exchange: Exchange) -> bool:
    """Say whether a client was told that it asks too often."""
    return exchange.status == _TOO_MANY and exchange.asker not in _BROWSERS and not is_bot_challenge(exchange)


def is_disturbed(exchange: Exchange) -> bool:
    """Say whether something that can befall any request befell this one, so that its step is not to blame."""
    return exchange.status is None or is_bot_challenge(exchange) or is_rate_limited(exchange)


def _of_clients(seen: Evidence) -> list[Exchange]:
    return [one for one in seen.exchanges if one.asker == "client"]


def _is_given_up(exchange: Exchange) -> bool:
    is_stream = exchange.method == "GET" and exchange.step in {"challenge", "session", "messages"}
    return exchange.ended == "unanswered" and exchange.seconds >= _GIVEN_UP and not is_stream


def _is_broken_off(exchange: Exchange) -> bool:
    is_stream = (exchange.response_header("content-type") or "").startswith("text/event-stream")
    return exchange.ended == "dropped" or (exchange.ended == "cut" and not is_stream)


def _latest(seen: Evidence, hits: list[Exchange], came: Callable[[Exchange], str]) -> Proof | None:
    """Tell of the step that was hit last, and whether the same request went well afterwards."""
    if not hits:
        return None
    last = hits[-1]
    shown = [one for one in hits if one.step == last.step]
    times = "" if len(shown) == 1 else f" So it went {len(shown)} times at this step."
    went_on = any(
        is_success(one) and (one.method, without_query(one.url)) == (last.method, without_query(last.url))
        for one in seen.after(last, last.step)
    )
    return Proof(f"{_asked(last)} {came(last)}.{times}", tuple(shown), last.step, went_on)


def _asked(exchange: Exchange) -> str:
    return f"{exchange.method} {without_query(exchange.url)}"


def _of_firewall(exchange: Exchange) -> str:
    sign = next(
        (
            f"the header {name}: {exchange.response_header(name)}"
            for name, _ in _CHALLENGE_HEADERS
            if _has(exchange, name)
        ),
        "a page that asks for a browser",
    )
    agent = exchange.request_header("user-agent")
    return f"was answered {exchange.status} with {sign}. " + (
        f"The request said User-Agent: {agent}" if agent else "The request had no User-Agent"
    )


def _has(exchange: Exchange, name: str) -> bool:
    return exchange.response_header(name) is not None


def _of_limit(exchange: Exchange) -> str:
    after = exchange.response_header("retry-after")
    return f"was answered {_TOO_MANY} with " + (f"Retry-After: {after}" if after else "no word on when to come back")


def _of_silence(exchange: Exchange) -> str:
    return f"got no answer; the client gave up after {exchange.seconds:.0f} seconds"


def _of_break(exchange: Exchange) -> str:
    if exchange.ended == "cut":
        return f"was answered {exchange.status}, and the connection was closed in the middle of the answer"
    return "got no answer: the connection was closed"
