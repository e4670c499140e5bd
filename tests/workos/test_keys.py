"""The signing keys: what is published, where they are kept, and how they change."""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from sandbox.errors import SandboxError
from sandbox.sources import Sources
from sandbox.workos import keys
from sandbox.workos.keys import Keys
from tests.workos.driver import Workos


def published(workos: Workos) -> dict[str, Any]:
    """Give the one published key."""
    (key,) = workos.http.get("/oauth2/jwks").get_json()["keys"]
    return dict(key)


def test_a_published_key_has_the_members_of_workos(workos: Workos) -> None:
    """A key has exactly the eight members of WorkOS, in its order, and none that is private."""
    key = published(workos)

    assert list(key) == ["alg", "kty", "use", "n", "e", "kid", "x5c", "x5t#S256"]
    assert (key["alg"], key["kty"], key["use"], key["e"]) == ("RS256", "RSA", "sig", "AQAB")
    assert key["kid"].startswith("sso_oidc_key_pair_")
    assert len(key["kid"]) == len("sso_oidc_key_pair_") + 26


def test_the_certificate_is_that_of_the_key(workos: Workos) -> None:
    """x5c holds a self-signed certificate of the same public key, and x5t#S256 is its thumbprint."""
    key = published(workos)
    der = base64.b64decode(key["x5c"][0])
    certificate = x509.load_der_x509_certificate(der)
    public = certificate.public_key()

    assert isinstance(public, rsa.RSAPublicKey)
    assert public.public_numbers().n == int.from_bytes(base64.urlsafe_b64decode(key["n"] + "=="), "big")
    assert base64.urlsafe_b64decode(key["x5t#S256"] + "=") == hashlib.sha256(der).digest()
    algorithm = certificate.signature_hash_algorithm
    assert algorithm is not None
    public.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)


def test_tokens_are_signed_with_the_published_key(workos: Workos, client: dict[str, Any]) -> None:
    """A token names the published key, and verifies with it."""
    header, _ = workos.jwt(workos.tokens(client)["access_token"])

    assert header["kid"] == published(workos)["kid"]


def test_rotation_publishes_another_key(workos: Workos) -> None:
    """After a rotation the old key is gone and the new one has another kid."""
    before = published(workos)
    workos.authkit.keys.rotate()

    assert published(workos)["kid"] != before["kid"]
    assert published(workos)["n"] != before["n"]


def test_the_unpublished_key_is_never_published(workos: Workos) -> None:
    """The key that signs forged tokens is in no JWKS, before or after a rotation."""
    forged = workos.authkit.keys.unpublished.kid
    seen = {published(workos)["kid"]}
    workos.authkit.keys.rotate()
    seen.add(published(workos)["kid"])

    assert forged not in seen


def test_a_key_persists(tmp_path: Path) -> None:
    """A key kept in a file is the same at the next start."""
    path = tmp_path / "signing-key.pem"

    assert Keys(Sources(), path).current.public_jwk == Keys(Sources(), path).current.public_jwk


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    """The file's mode is 0600, also where a rotation replaces a file that others could read."""
    path = tmp_path / "signing-key.pem"
    keys = Keys(Sources(), path)
    modes = [stat.S_IMODE(path.stat().st_mode)]
    path.chmod(0o644)
    keys.rotate()
    modes.append(stat.S_IMODE(path.stat().st_mode))

    assert modes == [0o600, 0o600]
    assert [file.name for file in tmp_path.iterdir()] == ["signing-key.pem"]


def test_a_rotated_key_persists(tmp_path: Path) -> None:
    """The next start finds the key of the last rotation."""
    path = tmp_path / "signing-key.pem"
    keys = Keys(Sources(), path)
    first = keys.current.kid
    keys.rotate()

    assert first != keys.current.kid == Keys(Sources(), path).current.kid


def pem(key: Any, password: bytes | None = None) -> bytes:
    """Give a private key as PEM."""
    encryption: Any = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))


def broken() -> dict[str, bytes]:
    """Give the contents of files that hold no usable key."""
    good = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "empty": b"",
        "garbage": b"\x00\xff not a key",
        "cut": pem(good)[:400],
        "encrypted": pem(good, b"secret"),
        "elliptic": pem(ec.generate_private_key(ec.SECP256R1())),
        "short": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - to be refused
        "public": good.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    }


@pytest.mark.parametrize(("what", "content"), broken().items())
def test_a_broken_key_is_one_clear_line(tmp_path: Path, what: str, content: bytes) -> None:
    """A file that holds no usable key is refused in one line that names the file and the way out."""
    path = tmp_path / f"{what}.pem"
    path.write_bytes(content)

    with pytest.raises(SandboxError) as refusal:
        Keys(Sources(), path)
    assert str(path) in str(refusal.value)
    assert "--fresh" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_directory_in_the_place_of_the_key_is_one_clear_line(tmp_path: Path) -> None:
    """A directory where the key should be is refused as a broken key is."""
    with pytest.raises(SandboxError, match="holds no RSA private key"):
        Keys(Sources(), tmp_path)


def test_a_key_that_cannot_be_kept_is_one_clear_line(tmp_path: Path) -> None:
    """A place that takes no file is refused in one line that names it."""
    path = tmp_path / "missing" / "signing-key.pem"

    with pytest.raises(SandboxError, match=r"missing/signing-key\.pem: cannot keep the signing key there"):
        Keys(Sources(), path)


def test_a_longer_key_of_the_users_own_is_taken(tmp_path: Path) -> None:
    """A key of 3072 bits is published whole, in as many octets as it has."""
    path = tmp_path / "signing-key.pem"
    path.write_bytes(pem(rsa.generate_private_key(public_exponent=65537, key_size=3072)))
    key = Keys(Sources(), path).current.public_jwk

    assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 3072 // 8


def test_a_seed_makes_the_same_key_twice() -> None:
    """Two worlds of one seed have the same key, and another seed has another."""
    one, other = (Keys(Sources(seed)).current.public_jwk for seed in (7, 8))
    keys._spare_key.cache_clear()  # as in another process
    rotated = Keys(Sources(7))

    assert rotated.current.public_jwk == one
    assert one["kid"] != other["kid"]
    rotated.rotate()
    assert rotated.current.kid != one["kid"]
