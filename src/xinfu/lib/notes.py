"""Checkpoints of the journal: the size and root of its tree in a text that is signed, to be kept by anyone.

Sources: C2SP tlog-checkpoint and signed-note.
"""

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HASH_BYTES = 32
ED25519 = b"\x01"
"""The algorithm byte of C2SP signed-note for Ed25519."""


class ProofError(ValueError):
    """A proof, note or checkpoint that does not hold; the message is one Chinese sentence."""


class Checkpoint(NamedTuple):
    """What a checkpoint says: whose tree, how many leaves, its root, and lines we do not know."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def checkpoint_body(origin: str, size: int, root: bytes) -> str:
    """Return the text of a checkpoint: origin, size and root, a line each."""
    if size < 0:
        raise ValueError(f"a tree cannot have {size} leaves")
    if not origin or not _is_note_text(f"{origin}\n") or "\n" in origin or len(root) != HASH_BYTES:
        raise ValueError(f"no checkpoint for {origin!r}")
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def parse_checkpoint(body: str) -> Checkpoint:
    """Return what the text of a checkpoint says; ProofError where it is not one.

    The text must come out of `verify_note`: unsigned it means nothing.
    """
    lines = body.split("\n")
    if len(lines) < 4 or lines.pop() or "" in lines:
        raise ProofError("检查点应至少有三行，且不得有空行")
    origin, size, root = lines[:3]
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size, re.ASCII):
        raise ProofError("检查点第二行不是树的大小")
    digest = _base64(root)
    if digest is None or len(digest) != HASH_BYTES:
        raise ProofError("检查点第三行不是根散列")
    return Checkpoint(origin, int(size), digest, tuple(lines[3:]))


def key_id(name: str, public_key: bytes, algorithm: bytes = ED25519) -> bytes:
    """Return the four bytes that, with the name, tell which key signed a note (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + algorithm + public_key).digest()[:4]


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """Return one signature line of a note; further ones (SM2) may follow the first."""
    if not _is_key_name(name):
        raise ValueError(f"not a key name: {name!r}")
    return f"— {name} {base64.b64encode(key_id + signature).decode()}\n"


def sign_note(body: str, name: str, private_key: "Ed25519PrivateKey") -> str:
    """Return the body, an empty line, and its Ed25519 signature line under this key name.

    Raises ValueError for a body that does not end a line or holds control characters, or for a bad key name.
    """
    if not body.endswith("\n") or not _is_note_text(body):
        raise ValueError("the body of a note is lines of text, each ended")
    public = private_key.public_key().public_bytes_raw()
    return f"{body}\n" + signature_line(name, key_id(name, public), private_key.sign(body.encode()))


def verify_note(note: str, name: str, public_key: "Ed25519PublicKey") -> str:
    """Return the body of a note that this key signed; ProofError where it did not.

    Signatures of other keys are ignored, but every one that names this key must hold.
    """
    from cryptography.exceptions import InvalidSignature

    body, signatures = _open_note(note)
    wanted = (name, key_id(name, public_key.public_bytes_raw()))
    ours = [signature for signer, identity, signature in signatures if (signer, identity) == wanted]
    if not ours:
        raise ProofError("没有这把公钥的签名")
    for signature in ours:
        try:
            public_key.verify(signature, body.encode())
        except InvalidSignature:
            raise ProofError("签名与内容不符") from None
    return body


def verifier_key(name: str, public_key: "Ed25519PublicKey") -> str:
    """Return the key as one word to publish: name, key id, and algorithm with key, joined by plus signs."""
    public = public_key.public_bytes_raw()
    if not _is_key_name(name):
        raise ValueError(f"not a key name: {name!r}")
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def parse_verifier_key(text: str) -> "tuple[str, Ed25519PublicKey]":
    """Return name and key of a published verifier key; ProofError where it is not one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, _, rest = text.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    key = _base64(encoded)
    if key is None or len(key) != 1 + HASH_BYTES or key[:1] != ED25519 or not _is_key_name(name):
        raise ProofError("不是 Ed25519 验证公钥")
    if identity != key_id(name, key[1:]).hex():
        raise ProofError("验证公钥的编号与公钥不符")
    return name, Ed25519PublicKey.from_public_bytes(key[1:])


def _open_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Split a note into its body and (key name, key id, signature) of every line."""
    body, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or not _is_note_text(note):
        raise ProofError("不是签名文本：应为正文、空行、签名行")
    signatures = []
    for line in lines.removesuffix("\n").split("\n"):
        mark, name, encoded = (*line.split(" "), "", "")[:3]
        data = _base64(encoded)
        if mark != "—" or line.count(" ") != 2 or not _is_key_name(name) or data is None or len(data) < 5:
            raise ProofError("签名行的格式不对")
        signatures.append((name, data[:4], data[4:]))
    return body + "\n", signatures


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(char.isspace() for char in name) and _is_note_text(name)


def _is_note_text(text: str) -> bool:
    """Tell whether the text is UTF-8 without control characters other than the end of a line."""
    return not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff]", text)


def _base64(text: str) -> bytes | None:
    """Decode standard base64 in its one right form, or return None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None
