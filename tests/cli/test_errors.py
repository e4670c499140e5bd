"""What stands in the way of a start is one clear line on standard error, exit code 2, and nothing is left running."""

from __future__ import annotations

import os
import re
import resource
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.process import ANY_PORTS, refused, sandbox
from tests.cli.process import up as running
from tests.conftest import missing

GOOD: Final = """title: The token endpoint fails
story: It answers 503.
step: token
expect: {reaches: authorization}
cause: A gateway.
fix: Mend it.
"""


def up(folder: Path, *arguments: str, **options: Any) -> str:
    """Start a world that cannot start, and give what it says, without the folder."""
    return refused(sandbox(folder, "up", *ANY_PORTS, *arguments, **options)).replace(f"{folder}/", "")


# --- ports -------------------------------------------------------------------------------------------------------


@contextmanager
def taken(family: socket.AddressFamily, address: str) -> Iterator[int]:
    """Listen on any free port of one address."""
    with socket.socket(family) as listener:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("name", "family", "address"),
    [
        ("workos", socket.AF_INET, "127.0.0.1"),
        ("mcp", socket.AF_INET6, "::1"),
        ("console", socket.AF_INET, "127.0.0.1"),
        ("other", socket.AF_INET6, "::1"),
    ],
)
def test_port_in_use(name: str, family: socket.AddressFamily, address: str, tmp_path: Path) -> None:
    """A port that is taken, be it on one of the two addresses only, is named, and the option that changes it."""
    if not (family == socket.AF_INET or socket.has_ipv6):
        missing("IPv6")
    with taken(family, address) as port:
        said = up(tmp_path, f"--{name}-port", str(port))
    assert f"Port {port} ({name}) is in use" in said
    assert f"--{name}-port N" in said


@pytest.mark.parametrize("number", ["65536", "-1", "http", "4100.5", "999999999999999999999"])
def test_no_port_number(number: str, tmp_path: Path) -> None:
    """A number that no port has is refused by its option's name."""
    said = up(tmp_path, "--mcp-port", number)
    assert "--mcp-port" in said
    assert number in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_port_that_needs_rights(tmp_path: Path) -> None:
    """Port 80 without the rights for it is refused, and says so."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 80))
        except OSError:
            pass
        else:
            missing("a machine where port 80 needs rights")
    assert "Port 80 (workos) needs more rights" in up(tmp_path, "--workos-port", "80")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nowhere", "takes an IP address, such as 0.0.0.0, and not 'nowhere'"),
        ("localhost", "takes an IP address"),
        ("127.0.0.1:4100", "takes an IP address"),
        ("", "takes an IP address"),
        ("192.0.2.1", "It takes an address of this machine"),
        ("2001:db8::1", "It takes an address of this machine"),
    ],
)
def test_no_address(address: str, said: str, tmp_path: Path) -> None:
    """--listen with what is no address of this machine is refused, before it warns that listening is unsafe."""
    assert said in up(tmp_path, "--listen", address)


# --- scenarios ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("missing-registratio", "`missing-registratio` is no scenario. Did you mean `missing-registration`?"),
        ("token-invalid-targe", "Did you mean `token-invalid-target`?"),
        ("quite-another-thing", "`sandbox scenarios` lists them"),
        ("", "is no scenario"),
    ],
)
def test_unknown_scenario(asked: str, said: str, tmp_path: Path) -> None:
    """A scenario that there is not is refused, with the name that was probably meant."""
    assert said in up(tmp_path, asked)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (GOOD.replace("story", "stroy"), "2:1", "Did you mean `story`?"),
        (GOOD.replace("step: token", "step: tokn"), "3:7", "Did you mean `token`?"),
        (GOOD + "faults: [{at: token, status: 503, hang: true}]\n", "7:35", "`faults[0]` has 2 actions"),
        (GOOD + "faults: [{at: token, status: 503}, {at: token, status: 500}]\n", "7:", "line 7"),
        (GOOD + "faults: [{at: token}]\n", "7:", "action"),
        (GOOD + "world: {workos: {dynamic_client_registration: maybe}}\n", "7:", "maybe"),
        (GOOD + "fix: [\n", "7:", ""),
        (GOOD + "title: Twice\n", "7:1", "title"),
        ("", "1:1", "empty"),
        ("- a list\n", "1:1", "mapping"),
    ],
    ids=["typo", "step", "two actions", "conflict", "no action", "setting", "YAML", "duplicate", "empty", "list"],
)
def test_broken_scenario(text: str, place: str, said: str, tmp_path: Path) -> None:
    """A scenario file that cannot be used is refused with its line, its column, and what was meant."""
    (tmp_path / "broken.yaml").write_text(text)
    line = up(tmp_path, "./broken.yaml")
    assert re.match(rf"sandbox: (\./)?broken\.yaml:{place}", line), line
    assert said in line


@pytest.mark.parametrize(
    ("name", "said"), [("gone.yaml", "no such file"), ("folder/", "a directory"), ("binary.yaml", "")]
)
def test_no_scenario_file(name: str, said: str, tmp_path: Path) -> None:
    """A file that is not there, a directory and a binary are refused by their name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    line = up(tmp_path, f"./{name}")
    assert name in line
    assert said in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "There is no such file"),
        ("mcp_service {", "This is no HCL"),
        ('service "web" {\n  visibility = "public"\n}\n', "There is no mcp_service block"),
        ('mcp_service "logs" {\n  visibility = "secret"\n}\n', "has the visibility"),
        ('mcp_service "logs" {\n  visibilty = "public"\n}\n', "Did you mean `visibility`?"),
        ("\x00\x01", "This is no text"),
    ],
)
def test_bad_manifest(text: str | None, said: str, tmp_path: Path) -> None:
    """A manifest that cannot be read, or says what cannot be, is one line that begins with the file."""
    if text is not None:
        (tmp_path / "raindrop.manifest").write_text(text)
    line = up(tmp_path, "--manifest", "raindrop.manifest")
    assert line.startswith("sandbox: raindrop.manifest")
    assert said in line


# --- what it keeps -----------------------------------------------------------------------------------------------


def test_state_directory_is_a_file(tmp_path: Path) -> None:
    """A state directory that is a file, or lies in one, is refused."""
    (tmp_path / "file").write_text("")
    assert "file: This is no directory. Choose another with --state-dir." in up(tmp_path, "--state-dir", "file")
    assert "Choose another place with --state-dir." in up(tmp_path, "--state-dir", "file/within")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place where nobody can write")
def test_state_directory_cannot_be_made(tmp_path: Path) -> None:
    """A state directory that cannot be made is refused, also for root."""
    assert "Choose another place with --state-dir." in up(tmp_path, "--state-dir", "/proc/sandbox")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("inside", [True, False])
def test_state_directory_not_writable(tmp_path: Path, *, inside: bool) -> None:
    """A state directory in which, or a folder into which, nothing can be written is refused."""
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    said = up(tmp_path, "--state-dir", "locked" if inside else "locked/state")
    assert "Permission denied. Choose another place with --state-dir." in said


@pytest.mark.parametrize("name", ["sandbox.log", "running.json", "state.sqlite", "signing-key.pem"])
def test_file_of_the_state_is_a_directory(name: str, tmp_path: Path) -> None:
    """A file of the state that cannot be opened is named."""
    (tmp_path / ".sandbox" / name).mkdir(parents=True)
    assert f".sandbox/{name}: " in up(tmp_path)
    assert not (tmp_path / ".sandbox/running.json").is_file()


def test_disk_is_full(tmp_path: Path) -> None:
    """On a full disk it says what could not be written, at the first start, at the second, and at any later one."""

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    assert ".sandbox: File too large. Choose another place with --state-dir." in up(tmp_path, preexec_fn=full)
    assert re.search(r"\.sandbox/(state\.sqlite|signing-key\.pem): ", up(tmp_path, preexec_fn=full))
    with running(tmp_path) as once:
        assert once.ready
        once.stop()
    assert re.search(r"\.sandbox/(state\.sqlite|running\.json): ", up(tmp_path, preexec_fn=full))


@pytest.mark.parametrize("content", ["no database", "SQLite format 3\x00" + "x" * 200, "other tables"])
def test_corrupt_state(content: str, tmp_path: Path) -> None:
    """A state.sqlite that holds something else is refused, and --fresh gets past it."""
    state = tmp_path / ".sandbox"
    state.mkdir()
    if content == "other tables":
        with sqlite3.connect(state / "state.sqlite") as database:
            database.execute("CREATE TABLE records (something TEXT)")
        database.close()
    else:
        (state / "state.sqlite").write_text(content)
    said = up(tmp_path)
    assert ".sandbox" in said
    assert "Start with --fresh to begin anew." in said
    with running(tmp_path, "--fresh") as anew:
        assert anew.ready


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_corrupt_signing_key(content: str, tmp_path: Path) -> None:
    """A signing-key.pem that holds no key is refused, with the way out."""
    state = tmp_path / ".sandbox"
    state.mkdir()
    (state / "signing-key.pem").write_text(content)
    said = up(tmp_path)
    assert ".sandbox/signing-key.pem: " in said
    assert "--fresh" in said


# --- arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "--prot", "1"), "No such option"),
        (("up", "one", "two"), "unexpected extra argument"),
        (("up", "--seed", "seven"), "--seed"),
        (("up", "--sign-in", "never"), "--sign-in"),
        (("down",), "No such command 'down'."),
        (("show",), "SCENARIO"),
        (("lint",), "FILE"),
        (("scenarios", "zzzzzz"), "No scenario speaks of 'zzzzzz'."),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """A mistake in the arguments is one line, which says how to learn more."""
    line = refused(sandbox(tmp_path, *arguments))
    assert said in line
    assert not (tmp_path / ".sandbox").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_cannot_be_written(tmp_path: Path) -> None:
    """Output to a full disk is one line, too."""
    with Path("/dev/full").open("wb") as full:
        assert refused(sandbox(tmp_path, "scenarios", stdout=full)) == "sandbox: cannot print: No space left on device."
