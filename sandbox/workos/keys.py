"""The signing keys of WorkOS: made at first start, published as a JWKS, rotated on request."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import os
import random
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from sandbox.errors import SandboxError
from sandbox.sources import Sources

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS: Final = 2048


class SigningKey:
    """An RSA key pair with the `kid` that WorkOS would give it."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        number = private.public_key().public_numbers().n
        digest = int.from_bytes(hashlib.sha256(_big_endian(number)).digest()[:17], "big")
        self.kid: Final = "sso_oidc_key_pair_" + "".join(_CROCKFORD[(digest >> (5 * i)) & 31] for i in range(26))
        self.jose: Final = RSAKey(private, private)

    def pem(self) -> bytes:
        """Give the private key as PEM (PKCS 8)."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @functools.cached_property
    def public_jwk(self) -> dict[str, Any]:
        """The published key: `alg, kty, use, n, e, kid, x5c, x5t#S256`, and no private member (WorkOS OpenAPI)."""
        numbers = self._private.public_key().public_numbers()
        certificate = self._certificate()
        return {
            "alg": "RS256",
            "kty": "RSA",
            "use": "sig",
            "n": _base64url(_big_endian(numbers.n)),
            "e": _base64url(_big_endian(numbers.e)),
            "kid": self.kid,
            "x5c": [base64.b64encode(certificate).decode()],
            "x5t#S256": _base64url(hashlib.sha256(certificate).digest()),
        }

    def _certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
        public = self._private.public_key()
        builder = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=public,
            serial_number=public.public_numbers().n >> (public.key_size - 128),
            not_valid_before=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
            not_valid_after=dt.datetime(2045, 1, 1, tzinfo=dt.UTC),
        )
        return builder.sign(self._private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _big_endian(number: int) -> bytes:
    """Give a number in as few octets as it takes (RFC 7518, section 2: Base64urlUInt)."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _new_key() -> SigningKey:
    return SigningKey(rsa.generate_private_key(public_exponent=65537, key_size=_BITS))


def _seeded_key(seed: int, name: str) -> SigningKey:
    """Make the key of a name that a seed always makes; it takes a second."""
    from Crypto.PublicKey import RSA

    dice = random.Random(f"{seed} {name}")  # noqa: S311 - it is to be repeatable
    pem = RSA.generate(_BITS, randfunc=dice.randbytes).export_key(format="PEM", pkcs=8)
    private = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("an RSA key was made, and no RSA key was read")
    return SigningKey(private)


@functools.cache
def _spare_key(seed: int | None, name: str) -> SigningKey:
    """Give a key that this process makes once: making one costs 50 ms, and from a seed a second."""
    return _new_key() if seed is None else _seeded_key(seed, name)


class Keys:
    """The key that signs, and the one that nobody published."""

    def __init__(self, sources: Sources, path: Path | None = None, *, spare: str = "first") -> None:
        self._sources = sources
        self._path = path
        self._spare = spare
        self._rotations = 0
        self._before: SigningKey | None = None
        if spare == "first":
            self.current = self._first()

    @functools.cached_property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._first()

    def _first(self) -> SigningKey:
        if self._path is None or not self._path.exists():
            return self._saved(self._fresh(0))
        try:
            private = serialization.load_pem_private_key(
                self._path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
            )
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < _BITS:
            raise SandboxError(
                f"{self._path}: holds no RSA private key of {_BITS} bits in PEM, unencrypted."
                " Start with --fresh to make a new one."
            )
        return SigningKey(private)

    def _fresh(self, number: int) -> SigningKey:
        seed = self._sources.seed
        is_own = seed is None and self._path is not None  # nobody else's, as it outlives this process
        return _new_key() if is_own else _spare_key(seed, f"{self._spare} {number}")

    def _saved(self, key: SigningKey) -> SigningKey:
        """Keep a key; a reader finds the old one or the new one, whole, whenever this ends."""
        if self._path is None:
            return key
        new = self._path.with_suffix(".new")
        try:
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key.pem())
            new.replace(self._path)
        except OSError as error:
            raise SandboxError(f"{self._path}: cannot keep the signing key there: {error.strerror}.") from error
        return key

    def rotate(self) -> None:
        """Publish and use a new key instead of the old one."""
        self._before = self._before or self.current
        self._rotations += 1
        self.current = self._saved(self._fresh(self._rotations))

    def restore(self) -> None:
        """Return to the key from before the first rotation."""
        if self._before is not None:
            self.current = self._saved(self._before)
            self._before = None

    @functools.cached_property
    def unpublished(self) -> SigningKey:
        """A key that the JWKS never holds."""
        return _spare_key(None, "unpublished")
