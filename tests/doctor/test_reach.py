"""Which hosts are asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from sandbox.doctor.reach import Reach
from sandbox.outside.addresses import RefusedError, UnresolvedError

PUBLIC = "https://mcp.example/mcp"
LOCAL = "http://localhost:4101/mcp"


def names(**known: list[str]) -> Callable[[str], Awaitable[list[str]]]:
    """Make a resolver that knows some names, `_` standing for a dot."""
    usual = {"mcp.example": ["93.184.216.34"], "localhost": ["::1", "127.0.0.1"]}
    all_known = usual | {name.replace("_", "."): found for name, found in known.items()}

    async def resolve(host: str) -> list[str]:
        return all_known.get(host, [])

    return resolve


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.1.2.3", "a private address"),
        ("192.168.0.1", "a private address"),
        ("100.64.0.1", "a private address"),
        ("127.0.0.1", "a loopback address"),
        ("169.254.169.254", "a link-local address"),
        ("224.0.0.1", "no address of one host"),
        ("0.0.0.0", "no address of one host"),
        ("::1", "a loopback address"),
        ("fe80::1%eth0", "a link-local address"),
        ("fd00::1", "a private address"),
        ("::ffff:10.0.0.1", "a private address"),
        ("64:ff9b::a00:1", "a private address"),
        ("2002:a00:1::", "a private address"),
    ],
)
async def test_a_named_host_with_a_private_address_is_refused(address: str, reason: str) -> None:
    """One such address among public ones is enough, however it is spelled."""
    reach = Reach(PUBLIC, resolve=names(auth_example=["93.184.216.35", address]))

    with pytest.raises(RefusedError, match=reason):
        await reach.target("https://auth.example/")


async def test_a_public_host_is_asked_at_the_address_that_was_judged() -> None:
    """DNS is asked once, so that a second answer cannot lead elsewhere."""
    answers = iter([["93.184.216.35"], ["10.0.0.1"]])

    async def resolve(host: str) -> list[str]:
        return next(answers) if host == "auth.example" else ["93.184.216.34"]

    reach = Reach(PUBLIC, resolve=resolve)
    for _ in range(2):
        target = await reach.target("https://auth.example/x?y=1")
        assert [target.at(address) for address in target.addresses] == ["https://93.184.216.35:443/x?y=1"]


async def test_loopback_is_asked_when_the_given_host_is_loopback() -> None:
    """A sandbox names its own other port."""
    target = await Reach(LOCAL, resolve=names()).target("http://127.0.0.1:4100/")

    assert target.base == "http://127.0.0.1:4100"


async def test_the_given_host_is_asked_wherever_it_is() -> None:
    """A person may examine a server of their own network, at any of its ports."""
    reach = Reach("https://intranet/mcp", resolve=names(intranet=["10.0.0.9"]))

    assert (await reach.target("https://intranet:8443/")).port == 8443


async def test_an_allowed_host_is_asked() -> None:
    """`--allow-host` takes a name, whatever its address is."""
    reach = Reach(PUBLIC, ["Auth.Example"], names(auth_example=["10.0.0.9"]))

    assert (await reach.target("https://auth.example/")).host == "auth.example"


async def test_a_name_without_an_address_is_unresolved() -> None:
    """That is said as such, and is no refusal."""
    reach = Reach(PUBLIC, resolve=names())

    with pytest.raises(UnresolvedError):
        await reach.target("https://nowhere.example/")
    assert reach.refused == {}
