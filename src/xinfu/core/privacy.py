"""Personal data: sealed at rest, found by keyed digest, shown through one masking function."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from xinfu.core import keys

CURRENT = "personal-current"
"""The file beside the keys that names the key new values are sealed under; where it is absent, key 1."""
LAST_KEY = 255


def key_id() -> int:
    """Return the id of the key in use; asked of the file each time, so that no process needs a new start."""
    try:
        return int((settings.HOME / "keys" / CURRENT).read_text())
    except FileNotFoundError:
        return 1


def key_since() -> datetime | None:
    """Return since when the key in use is; None for the first."""
    path = settings.HOME / "keys" / CURRENT
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def _name(number: int) -> str:
    return f"personal-{number}"


@cache
def _cipher(number: int) -> AESGCM:
    return AESGCM(keys.existing(_name(number)))


def _sealing() -> tuple[int, AESGCM]:
    number = key_id()
    try:
        return number, _cipher(number)
    except keys.Missing:
        if number != 1:
            raise  # a key that was in use is lost: another one of the same number would hide that
        keys.secret(_name(1), 32)
        return number, _cipher(number)


def next_key() -> int:
    """Make the next key, name it as the one in use and return its id; what was sealed before stays readable."""
    number = key_id() + 1
    if number > LAST_KEY:
        raise ValueError("the key id is one byte")
    keys.secret(_name(number), 32)
    keys.put(CURRENT, f"{number}\n")
    return number


def retire_key(number: int) -> None:
    """Take an old key out of use: its file is kept as `retired-…`, for backups made while it was in use."""
    if number == key_id():
        raise ValueError("the key in use")
    folder = settings.HOME / "keys"
    (folder / _name(number)).rename(folder / f"retired-{_name(number)}")
    _cipher.cache_clear()


def old_keys() -> list[int]:
    """Return the ids of the keys that are still readable and no longer in use."""
    found = (
        re.fullmatch(r"personal-(\d+)", path.name) for path in (settings.HOME / "keys").glob("personal-*")
    )
    return sorted(n for n in (int(m.group(1)) for m in found if m) if n != key_id())


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
    nonce, (number, cipher) = secrets.token_bytes(12), _sealing()
    return bytes([number]) + nonce + cipher.encrypt(nonce, plain.encode(), None)


def seal_texts(plains: Sequence[str | None]) -> list[bytes]:
    """Seal many JSON objects that are already text, each under a nonce of its own; nothing stays nothing."""
    number, cipher = _sealing()
    pool, encrypt, head = secrets.token_bytes(12 * len(plains)), cipher.encrypt, bytes([number])
    sealed = []
    for place, plain in enumerate(plains):
        nonce = pool[12 * place : 12 * place + 12]
        sealed.append(head + nonce + encrypt(nonce, plain.encode(), None) if plain else b"")
    return sealed


def unseal(sealed: bytes | memoryview | None) -> dict[str, str]:
    """Return the personal fields; an empty value gives none.

    Raises InvalidTag where it was tampered with, keys.Missing where its key is out of use.
    """
    value = bytes(sealed or b"")
    return dict(json.loads(_open(value))) if value else {}


def _open(value: bytes) -> bytes:
    return _cipher(value[0]).decrypt(value[1:13], value[13:], None)


def reseal(sealed: bytes | memoryview) -> bytes:
    """Return the same content under the key in use."""
    return seal_text(_open(bytes(sealed)).decode())


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
