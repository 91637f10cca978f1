"""Sealed links that open one thing to whoever holds them, until a moment: no log-in, nothing stored.

A token is URL-safe base64 of expiry (seconds, 8 bytes) ‖ key under AES-SIV (RFC 5297), with the kind beside it. It tells
its reader nothing: addresses stand in the logs of every server on the way, beside one another and to the second.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from xinfu.core import keys
from xinfu.core.refusal import Refused

LONGEST = 200
TAG = 16
FORGED = "这个链接不完整，或者不是本系统发出的，请重新扫码或点击短信中的链接。"
EXPIRED = "这个链接已过期，请向窗口索取新的二维码或链接。"


def make(kind: str, key: str, *, until: datetime) -> str:
    """Return the token that opens the thing `key` of a kind until a moment."""
    body = int(until.timestamp()).to_bytes(8, "big") + key.encode()
    return base64.urlsafe_b64encode(_cipher().encrypt(body, [kind.encode()])).decode().rstrip("=")


def read(kind: str, token: str, *, at: datetime) -> str:
    """Return the key that a token opens. Raises Refused: forged_link (also of another kind), expired_link."""
    whole = _bytes(token)
    try:
        body = _cipher().decrypt(whole, [kind.encode()]) if len(whole) > TAG + 8 else b""
    except InvalidTag:
        body = b""
    if not body:
        raise Refused("forged_link", FORGED)
    if at.timestamp() > int.from_bytes(body[:8], "big"):
        raise Refused("expired_link", EXPIRED)
    return body[8:].decode()


def _bytes(token: str) -> bytes:
    if not token or len(token) > LONGEST:
        return b""
    try:
        return base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


@cache
def _cipher() -> AESSIV:
    return AESSIV(keys.secret("links", 32))
