"""Personal data: sealed at rest, found by keyed digest, shown through one masking function."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xinfu.core import keys

KEY_ID = 1


@cache
def _cipher(key_id: int) -> AESGCM:
    return AESGCM(keys.secret(f"personal-{key_id}", 32))


@cache
def _digest_key() -> bytes:
    return keys.secret("personal-digest", 32)


def seal(fields: Mapping[str, str]) -> bytes:
    """Seal personal fields into one value: key id (1 byte) ‖ nonce (12) ‖ AES-256-GCM; empty fields are left out."""
    return seal_text(
        json.dumps({k: v for k, v in fields.items() if v}, ensure_ascii=False, separators=(",", ":"))
    )


def seal_text(plain: str) -> bytes:
    """Seal a JSON object that is already text, as `seal` does; what sealing many rows at once calls."""
    nonce = secrets.token_bytes(12)
    return bytes([KEY_ID]) + nonce + _cipher(KEY_ID).encrypt(nonce, plain.encode(), None)


def seal_texts(plains: Sequence[str | None]) -> list[bytes]:
    """Seal many JSON objects that are already text, each under a nonce of its own; nothing stays nothing."""
    pool, encrypt, head = secrets.token_bytes(12 * len(plains)), _cipher(KEY_ID).encrypt, bytes([KEY_ID])
    sealed = []
    for place, plain in enumerate(plains):
        nonce = pool[12 * place : 12 * place + 12]
        sealed.append(head + nonce + encrypt(nonce, plain.encode(), None) if plain else b"")
    return sealed


def unseal(sealed: bytes | memoryview | None) -> dict[str, str]:
    """Return the personal fields; an empty value gives none. Raises InvalidTag where it was tampered with."""
    value = bytes(sealed or b"")
    if not value:
        return {}
    plain = _cipher(value[0]).decrypt(value[1:13], value[13:], None)
    return dict(json.loads(plain))


def digest(value: str) -> bytes:
    """Return the keyed digest (16 bytes) by which an exact value is found again; letters are folded to capitals."""
    return hmac.digest(_digest_key(), value.strip().upper().encode(), "sha256")[:16]


def mask(kind: str, value: str) -> str:
    """Return the one public form of a personal value.

    `kind`: id (4 + 2 digits shown), phone (3 + 4), name (surname), address (to the village or street), bank (last 4).
    """
    if not value:
        return ""
    if kind == "id":
        return value[:4] + "*" * max(len(value) - 6, 1) + value[-2:] if len(value) > 6 else "*" * len(value)
    if kind == "phone":
        return value[:3] + "****" + value[-4:] if len(value) >= 8 else "*" * len(value)
    if kind == "name":
        return value[0] + "*" * min(len(value) - 1, 2) if len(value) > 1 else "*"
    if kind == "address":
        found = re.match(r".*?(?:村|社区|街道|镇|乡)", value)
        return (found.group(0) if found else value[:6]) + "****"
    if kind == "bank":
        return "*" * max(len(value) - 4, 0) + value[-4:]
    raise ValueError(f"no mask for {kind}")
