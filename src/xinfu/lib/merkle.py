"""The journal's tree: RFC 9162 hashes over stored subtrees, proofs, and C2SP checkpoints.

A stranger checks a proof with ``python -m xinfu.lib.merkle verify FILE`` (exit 0, or 1 with the first thing that
is wrong); docs/reference/formats.md describes the file.

A tree of ``size`` leaves is stored as the hashes of its complete subtrees. Node ``(level, idx)`` covers the leaves
``idx * 2**level`` up to and without ``(idx + 1) * 2**level``; level 0 holds the leaf hashes. Each is written once
and never changes. Functions that need stored hashes take ``fetch(level, idx) -> hash``; which ones they read
depends on sizes and positions only, so `addresses` can list them first and one query bring them all.

Sources: RFC 9162 §2.1; C2SP tlog-checkpoint and signed-note; draft-ietf-plants-merkle-tree-certs §4 for subtrees.
"""

import argparse
import base64
import binascii
import hashlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from xinfu.lib.canon import CanonError, Json, canon, parse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
ED25519 = b"\x01"
"""The algorithm byte of C2SP signed-note for Ed25519."""

Address: TypeAlias = tuple[int, int]
"""(level, idx) of a complete subtree."""
Fetch: TypeAlias = Callable[[int, int], bytes]


class Node(NamedTuple):
    """A complete subtree to be stored."""

    level: int
    idx: int
    hash: bytes


class Checkpoint(NamedTuple):
    """What a checkpoint says: whose tree, how many leaves, its root, and lines we do not know."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class _Side(Enum):
    """Where a hash of a path stands beside what has been rebuilt so far."""

    SEED = 0
    RIGHT = 1
    LEFT = 2
    LEFT_OF_BOTH = 3


class _Part(NamedTuple):
    """A range of leaves whose hash a path carries."""

    begin: int
    end: int
    side: _Side


class ProofError(ValueError):
    """A proof, note or checkpoint that does not hold; the message is one Chinese sentence."""


# ---- hashes and stored subtrees


def leaf_hash(entry: bytes) -> bytes:
    """Hash the bytes of an entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees as their parent."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(n: int, leaf: bytes, fetch: Fetch) -> list[Node]:
    """Return the complete subtrees that leaf number n (from 0) finishes, the leaf itself first.

    `fetch` is asked for finished left neighbours only, at most log2(n) of them.
    """
    nodes = [Node(0, n, leaf)]
    level, idx, digest = nodes[0]
    while idx % 2:
        digest = node_hash(fetch(level, idx - 1), digest)
        level, idx = level + 1, idx // 2
        nodes.append(Node(level, idx, digest))
    return nodes


def root(size: int, fetch: Fetch) -> bytes:
    """Return the root of a tree of `size` leaves; the empty tree has the hash of nothing."""
    _check_size(size)
    return _range_hash(0, size, fetch) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """Return the hashes that lead from leaf `index` to the root, lowest first; ValueError outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    return [_range_hash(part.begin, part.end, fetch) for part in _parts(index, index + 1, size)]


def consistency_path(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """Return the hashes that prove the tree of `old` leaves a beginning of the one of `new`.

    Raises ValueError unless 1 ≤ old ≤ new: an empty tree is the beginning of anything and proves nothing.
    """
    if not 1 <= old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
    return [_range_hash(part.begin, part.end, fetch) for part in _parts(0, old, new)]


def addresses(call: Callable[[Fetch], object]) -> list[Address]:
    """List the stored subtrees that a call reads, so that one query can bring them all.

    Example: ``addresses(lambda fetch: inclusion_path(5, 8, fetch))``.
    """
    read: list[Address] = []

    def note(level: int, idx: int) -> bytes:
        read.append((level, idx))
        return bytes(HASH_BYTES)

    call(note)
    return read


def _check_size(size: int) -> None:
    if size < 0:
        raise ValueError(f"a tree cannot have {size} leaves")


def _split(count: int) -> int:
    """Return the largest power of two below count (RFC 9162 §2.1.1)."""
    return 1 << (count - 1).bit_length() - 1


def _range_hash(begin: int, end: int, fetch: Fetch) -> bytes:
    """Hash the leaves [begin, end) of a range that starts at a multiple of the power of two it fits in."""
    digest: bytes | None = None
    while begin < end:  # the rightmost complete subtree first: its size is the lowest set bit of what is left
        size = (end - begin) & -(end - begin)
        end -= size
        level = size.bit_length() - 1
        part = fetch(level, end >> level)
        digest = part if digest is None else node_hash(part, digest)
    assert digest is not None
    return digest


# ---- proofs


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at `index` of the tree of `size` leaves; ProofError where it does not."""
    verify_subtree_inclusion(leaf=leaf, index=index, begin=0, end=size, path=path, root=root)


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of `old` leaves is the beginning of the tree of `new`; ProofError where it is not.

    A proof from size 0 is refused: it would hold for any tree.
    """
    if old < 1:
        raise ProofError("旧树为空，一致性证明没有意义")
    verify_subtree_consistency(begin=0, end=old, size=new, old_root=old_root, new_root=new_root, path=path)


def verify_subtree_inclusion(
    *, leaf: bytes, index: int, begin: int, end: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash stands at `index` within the subtree of the leaves [begin, end) with this root."""
    _check_hashes(leaf, root, *path)
    if not _is_subtree(begin, end):
        raise ProofError(f"从 {begin} 到 {end} 不是一棵子树")
    if not begin <= index < end:
        raise ProofError(f"序号 {index} 不在树内（共 {end - begin} 条）")
    _, rebuilt = _rebuild(index - begin, index - begin + 1, end - begin, leaf, path)
    if rebuilt != root:
        raise ProofError("由证明路径算出的根散列与给出的根散列不符")


def verify_subtree_consistency(
    *, begin: int, end: int, size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the leaves [begin, end) with the root `old_root` are that part of the tree of `size` leaves.

    An empty subtree is part of any tree, if its root is the hash of nothing and its path is empty.
    """
    _check_hashes(old_root, new_root, *path)
    if end > size:
        raise ProofError(f"旧树（{end} 条）比新树（{size} 条）还大")
    if begin == end:
        if path or old_root != EMPTY_ROOT:
            raise ProofError("空树的根散列或证明路径不对")
        return
    if not _is_subtree(begin, end):
        raise ProofError(f"从 {begin} 到 {end} 不是一棵子树")
    old, new = _rebuild(begin, end, size, old_root, path)
    if old != old_root:
        raise ProofError("由证明路径算出的旧根散列与给出的不符")
    if new != new_root:
        raise ProofError("由证明路径算出的新根散列与给出的不符")


def _rebuild(begin: int, end: int, size: int, known: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the roots of [begin, end) and of the tree of `size` leaves that follow from the path."""
    parts = _parts(begin, end, size)
    if len(path) != len(parts):
        raise ProofError(f"证明路径应有 {len(parts)} 个散列，实有 {len(path)} 个")
    old = new = known
    for part, digest in zip(parts, path, strict=True):
        if part.side is _Side.SEED:
            old = new = digest
        elif part.side is _Side.RIGHT:
            new = node_hash(new, digest)
        else:
            new = node_hash(digest, new)
            old = node_hash(digest, old) if part.side is _Side.LEFT_OF_BOTH else old
    return old, new


def _parts(begin: int, end: int, size: int) -> list[_Part]:
    """List the ranges whose hashes lead from the leaves [begin, end) to the root of `size` leaves, lowest first.

    Where [begin, end) is no node of the tree, the lowest is its last complete part (the seed), and the others on
    the left lead to its own root too.
    """
    parts: list[_Part] = []
    low, high, is_node = 0, size, True
    while (begin, end) != (low, high):
        middle = low + _split(high - low)
        if end <= middle:
            parts.append(_Part(middle, high, _Side.RIGHT))
            high = middle
        elif middle <= begin:
            parts.append(_Part(low, middle, _Side.LEFT))
            low = middle
        else:
            parts.append(_Part(low, middle, _Side.LEFT_OF_BOTH))
            begin = low = middle
            is_node = False
    if not is_node:
        parts.append(_Part(low, high, _Side.SEED))
    return parts[::-1]


def _is_subtree(begin: int, end: int) -> bool:
    """Tell whether [begin, end) is not empty and starts at a multiple of the power of two it fits in."""
    return 0 <= begin < end and begin % (1 << (end - begin - 1).bit_length()) == 0


def _check_hashes(*hashes: bytes) -> None:
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise ProofError("散列的长度必须是 32 个字节")


# ---- checkpoints: C2SP tlog-checkpoint in a signed note


def checkpoint_body(origin: str, size: int, root: bytes) -> str:
    """Return the text of a checkpoint: origin, size and root, a line each."""
    _check_size(size)
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


# ---- proof files

_FIELDS = {
    "inclusion": ({"kind", "index", "size", "leaf", "root", "path"}, {"entry"}),
    "consistency": ({"kind", "old", "new", "old_root", "new_root", "path"}, set[str]()),
}


class Proved(NamedTuple):
    """What a proof file proves, in one sentence, and the (size, root) of each tree it speaks of.

    The proof holds for these trees only; whose they are is told by a signed checkpoint with the same two values.
    """

    sentence: str
    trees: tuple[tuple[int, bytes], ...]


def verify_proof(data: bytes) -> Proved:
    """Check the bytes of a proof file and return what it proves; ProofError with the first fault."""
    try:
        record = parse(data)
    except CanonError as error:
        raise ProofError(str(error)) from None
    if not isinstance(record, dict):
        raise ProofError("证明文件应是一个 JSON 对象")
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ProofError("kind 应为 inclusion 或 consistency")
    needed, allowed = _FIELDS[kind]
    if unknown := sorted(record.keys() - needed - allowed):
        raise ProofError(f"不认识的字段：{unknown[0][:40]}")
    if missing := sorted(needed - record.keys()):
        raise ProofError(f"缺少字段：{missing[0]}")
    return _check_inclusion(record) if kind == "inclusion" else _check_consistency(record)


def _check_inclusion(record: Mapping[str, Json]) -> Proved:
    index, size = _integer(record, "index"), _integer(record, "size")
    leaf, root = _digest(record["leaf"], "leaf"), _digest(record["root"], "root")
    if "entry" in record:
        entry = record["entry"]
        if not isinstance(entry, dict) or leaf_hash(canon(entry)) != leaf:
            raise ProofError("entry 的散列与 leaf 不符")
        if entry.get("n") != index:
            raise ProofError("entry 的序号 n 与 index 不符")
    verify_inclusion(leaf=leaf, index=index, size=size, path=_path(record), root=root)
    sentence = f"证明成立：序号 {index} 的记录在共 {size} 条的日志中，日志根散列 {root.hex()}"
    return Proved(sentence, ((size, root),))


def _check_consistency(record: Mapping[str, Json]) -> Proved:
    old, new = _integer(record, "old"), _integer(record, "new")
    old_root, new_root = _digest(record["old_root"], "old_root"), _digest(record["new_root"], "new_root")
    verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, path=_path(record))
    sentence = (
        f"证明成立：共 {new} 条的日志（根散列 {new_root.hex()}）"
        f"原样保留了先前的 {old} 条（根散列 {old_root.hex()}）"
    )
    return Proved(sentence, ((old, old_root), (new, new_root)))


def _integer(record: Mapping[str, Json], key: str) -> int:
    value = record[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ProofError(f"{key} 应为非负整数")
    return value


def _digest(value: Json, key: str) -> bytes:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise ProofError(f"{key} 应为 64 位小写十六进制散列")
    return bytes.fromhex(value)


def _path(record: Mapping[str, Json]) -> list[bytes]:
    value = record["path"]
    if not isinstance(value, list) or len(value) > 64:
        raise ProofError("path 应为不超过 64 个散列的列表")
    return [_digest(item, f"path 第 {number} 项") for number, item in enumerate(value, 1)]


def main(arguments: Sequence[str]) -> int:
    """Run ``verify FILE [--checkpoint NOTE --key KEY]``: 0 and what is proved, or 1 and the first thing wrong.

    With a signed checkpoint and its verifier key, a tree of the proof must also be the one that was signed.
    A wrong call ends with 2.
    """
    parser = argparse.ArgumentParser(prog="python -m xinfu.lib.merkle", description="核验日志证明文件")
    parser.add_argument("command", choices=["verify"])
    parser.add_argument("file", type=Path, help="证明文件（JSON）")
    parser.add_argument("--checkpoint", type=Path, help="签名的检查点文件")
    parser.add_argument("--key", help="检查点的验证公钥：名称+编号+公钥")
    options = parser.parse_args(arguments)
    if (options.checkpoint is None) != (options.key is None):
        parser.error("--checkpoint 与 --key 要一并给出")
    try:
        proved = verify_proof(options.file.read_bytes())
        if options.checkpoint is not None:
            _check_checkpoint(proved, options.checkpoint.read_bytes(), options.key)
    except OSError as error:
        print(f"文件读不出来：{error.strerror}", file=sys.stderr)
        return 1
    except ProofError as error:
        print(f"证明不成立：{error}", file=sys.stderr)
        return 1
    print(proved.sentence)
    return 0


def _check_checkpoint(proved: Proved, note: bytes, key: str) -> None:
    name, public_key = parse_verifier_key(key)
    try:
        checkpoint = parse_checkpoint(verify_note(note.decode(), name, public_key))
    except UnicodeDecodeError:
        raise ProofError("检查点不是 UTF-8 文本") from None
    if (checkpoint.size, checkpoint.root) not in proved.trees:
        raise ProofError(f"证明所指的日志不是检查点所签的那一份（共 {checkpoint.size} 条）")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
