"""The journal's tree: RFC 9162 hashes over stored subtrees, and proofs that a stranger checks.

A stranger checks a proof with ``python -m xinfu.lib.merkle verify FILE`` (exit 0, or 1 with the first thing that
is wrong); docs/reference/formats.md describes the file.

A tree of ``size`` leaves is stored as the hashes of its complete subtrees. Node ``(level, idx)`` covers the leaves
``idx * 2**level`` up to and without ``(idx + 1) * 2**level``; level 0 holds the leaf hashes. Each is written once
and never changes. Functions that need stored hashes take ``fetch(level, idx) -> hash``; which ones they read
depends on sizes and positions only, so `addresses` can list them first and one query bring them all.

Sources: RFC 9162 §2.1; draft-ietf-plants-merkle-tree-certs §4 for subtrees.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeAlias

from xinfu.lib.canon import CanonError, Json, canon, parse
from xinfu.lib.notes import HASH_BYTES, ProofError, parse_checkpoint, parse_verifier_key, verify_note

EMPTY_ROOT = hashlib.sha256(b"").digest()

Address: TypeAlias = tuple[int, int]
"""(level, idx) of a complete subtree."""
Fetch: TypeAlias = Callable[[int, int], bytes]


class Node(NamedTuple):
    """A complete subtree to be stored."""

    level: int
    idx: int
    hash: bytes


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
