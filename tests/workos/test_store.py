"""The store: what it keeps, for how long, and where."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.workos.records import Authorization, Client, Code, Grant, OpaqueToken, Secret
from sandbox.workos.store import Store, hashed


class Clock:
    """A clock that is set by hand."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    """Give a store in memory."""
    made = Store(clock)
    yield made
    made.close()


def client(name: str = "Claude Code") -> Client:
    """Give a client."""
    return Client(client_id="client_1", name=name, redirect_uris=("http://localhost/callback",))


def test_what_was_put_is_given_back(store: Store) -> None:
    """A record comes back equal to what was put."""
    store.put("client_1", client())

    assert store.get(Client, "client_1") == client()


def test_a_record_takes_the_place_of_the_former(store: Store) -> None:
    """Putting a record under the same key replaces the former."""
    store.put("client_1", client())
    store.put("client_1", client("Another"))

    assert [record.name for _, record in store.all(Client)] == ["Another"]


def test_types_do_not_mix(store: Store) -> None:
    """A key is one of its type; another type has its own."""
    store.put("same", OpaqueToken(jwt="a"))

    assert store.get(Secret, "same") is None
    assert store.get(OpaqueToken, "same") == OpaqueToken(jwt="a")


def test_an_expired_record_is_not_there(store: Store, clock: Clock) -> None:
    """A record is given until the second at which it expires, and not at it."""
    store.put("key", OpaqueToken(jwt="a", expires=1010.0))
    clock.at = 1009.9
    assert store.get(OpaqueToken, "key") is not None
    clock.at = 1010.0
    assert store.get(OpaqueToken, "key") is None
    assert list(store.all(OpaqueToken)) == []


def test_a_record_without_an_end_stays(store: Store, clock: Clock) -> None:
    """A record that never expires outlives every sweep."""
    store.put("client_1", client())
    clock.at = 1e12

    assert store.sweep() == 0
    assert store.get(Client, "client_1") == client()


def test_a_sweep_forgets_what_expired(store: Store, clock: Clock) -> None:
    """A sweep counts what it forgets, and leaves the rest."""
    store.put("old", OpaqueToken(jwt="a", expires=1001.0))
    store.put("new", OpaqueToken(jwt="b", expires=2000.0))
    clock.at = 1500.0

    assert store.sweep() == 1
    assert [key for key, _ in store.all(OpaqueToken)] == ["new"]


def test_the_store_does_not_grow_with_what_expires(store: Store, clock: Clock) -> None:
    """A world that runs for long keeps about as much as is good at a time."""
    for number in range(5000):
        clock.at += 1
        store.put(str(number), OpaqueToken(jwt="a", expires=clock.at + 10))

    (rows,) = store._db.execute("SELECT COUNT(*) FROM records").fetchone()
    assert rows <= 1011


def test_one_record_is_dropped(store: Store) -> None:
    """Dropping forgets that record, and dropping it again is no error."""
    store.put("a", OpaqueToken(jwt="a"))
    store.put("b", OpaqueToken(jwt="b"))
    store.drop(OpaqueToken, "a")
    store.drop(OpaqueToken, "a")

    assert [key for key, _ in store.all(OpaqueToken)] == ["b"]


def test_types_are_forgotten_whole(store: Store) -> None:
    """Forgetting types counts their records, and leaves other types."""
    store.put("a", OpaqueToken(jwt="a"))
    store.put("client_1", client())
    store.put("s", Secret(value="s"))

    assert store.forget(OpaqueToken, Client, Grant) == 2
    assert store.get(Secret, "s") == Secret(value="s")


def test_records_are_listed_oldest_first(store: Store) -> None:
    """The order of a listing is the order of arrival; what is changed stays where it was."""
    for key in ("c", "a", "b"):
        store.put(key, OpaqueToken(jwt=key))

    assert [key for key, _ in store.all(OpaqueToken)] == ["c", "a", "b"]

    store.put("a", OpaqueToken(jwt="changed"))
    assert [(key, kept.jwt) for key, kept in store.all(OpaqueToken)] == [("c", "c"), ("a", "changed"), ("b", "b")]


def test_records_may_be_dropped_while_they_are_listed(store: Store) -> None:
    """A listing is of the moment it was asked for."""
    for key in ("a", "b", "c"):
        store.put(key, OpaqueToken(jwt=key))
    for key, _ in store.all(OpaqueToken):
        store.drop(OpaqueToken, key)

    assert list(store.all(OpaqueToken)) == []


def test_clearing_leaves_the_secrets_of_applications(store: Store) -> None:
    """A reset forgets clients and grants; the secret that an application was configured with goes on."""
    store.put("client_1", client())
    store.put("application", Secret(value="secret"))
    store.clear()

    assert store.get(Client, "client_1") is None
    assert store.get(Secret, "application") == Secret(value="secret")


def test_a_file_is_found_again(tmp_path: Path, clock: Clock) -> None:
    """What was kept in a file is there at the next start."""
    path = tmp_path / "state.sqlite"
    first = Store(clock, path)
    first.put("client_1", client())
    first.close()
    second = Store(clock, path)

    assert second.get(Client, "client_1") == client()
    second.close()


@pytest.mark.parametrize("before", [None, 0o644])
def test_only_its_owner_can_read_the_file(tmp_path: Path, clock: Clock, before: int | None) -> None:
    """The files that hold secrets have mode 0600, also where one was there that others could read."""
    if before is not None:
        (tmp_path / "state.sqlite").touch(mode=before)
    store = Store(clock, tmp_path / "state.sqlite")
    store.put("s", Secret(value="secret"))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes.pop("state.sqlite") == 0o600
    assert set(modes.values()) <= {0o600}
    store.close()


@pytest.mark.parametrize("row", [b"", b"{}", b"not JSON", b'{"client_id":1,"name":"x"}', b"[]"])
def test_a_record_of_another_version_is_as_good_as_forgotten(store: Store, row: bytes) -> None:
    """What cannot be read any more is not there, and breaks neither a look-up nor a listing."""
    store._db.execute("INSERT INTO records VALUES ('Client', 'client_0', ?, NULL)", (row,))
    store.put("client_1", client())

    assert store.get(Client, "client_0") is None
    assert [key for key, _ in store.all(Client)] == ["client_1"]


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path, clock: Clock) -> None:
    """A file of something else is refused in one line that names it and the way out."""
    path = tmp_path / "state.sqlite"
    path.write_text("not a database, but rather long all the same" * 50)

    with pytest.raises(SandboxError, match=r"state\.sqlite: cannot keep state there: .*--fresh"):
        Store(clock, path)


def test_a_place_that_takes_no_file_is_one_clear_line(tmp_path: Path, clock: Clock) -> None:
    """A directory that is not there is refused in one line that names it."""
    with pytest.raises(SandboxError, match=r"missing/state\.sqlite: cannot keep state there"):
        Store(clock, tmp_path / "missing" / "state.sqlite")


def test_a_full_disk_is_the_databases_own_error(store: Store) -> None:
    """What the database refuses is raised as sqlite3.Error, for the one who answers the request."""
    store._db.execute("PRAGMA max_page_count = 1")

    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.put("client_1", client("x" * 100_000))


def test_secrets_are_not_kept_as_they_are() -> None:
    """A code is kept under its SHA-256."""
    assert hashed("code") == "5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b"


def test_records_are_immutable(store: Store) -> None:
    """A record is a value: what the store gave cannot be changed behind its back."""
    store.put("code", Code(sid="a", client_id="b", redirect_uri="c", code_challenge=None))
    code = store.get(Code, "code")

    with pytest.raises(AttributeError):
        code.used = True  # type: ignore[union-attr, misc]
    assert issubclass(Authorization, type(code).__base__ or object)
