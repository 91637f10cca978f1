"""The journal's tree: published vectors, every small tree, and every single changed bit."""

import base64
import json
import runpy
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from xinfu.lib import merkle, notes
from xinfu.lib.canon import canon
from xinfu.lib.merkle import ProofError

NAME = "xinfu/330624"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key()


class Tree:
    """A journal in memory that remembers which subtrees it stored and which were read."""

    def __init__(self, size):
        self.stored = {}
        self.entries = [{"n": n, "event": "rating.given"} for n in range(size)]
        self.leaves = [merkle.leaf_hash(canon(entry)) for entry in self.entries]
        for n, leaf in enumerate(self.leaves):
            for node in merkle.append(n, leaf, self.fetch):
                assert self.stored.setdefault((node.level, node.idx), node.hash) is node.hash, "written twice"

    def fetch(self, level, idx):
        return self.stored[level, idx]

    def root(self, size=None):
        return merkle.root(len(self.leaves) if size is None else size, self.fetch)

    def inclusion(self, index, size):
        path = merkle.inclusion_path(index, size, self.fetch)
        return {
            "kind": "inclusion",
            "index": index,
            "size": size,
            "leaf": self.leaves[index].hex(),
            "root": self.root(size).hex(),
            "path": [part.hex() for part in path],
        }

    def consistency(self, old, new):
        return {
            "kind": "consistency",
            "old": old,
            "new": new,
            "old_root": self.root(old).hex(),
            "new_root": self.root(new).hex(),
            "path": [part.hex() for part in merkle.consistency_path(old, new, self.fetch)],
        }


TREE = Tree(40)
sizes = st.integers(1, len(TREE.leaves))


def reference_root(leaves):
    """Hash a tree as RFC 9162 §2.1.1 defines it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(reference_root(leaves[:split]), reference_root(leaves[split:]))


def vectors(folder, name):
    return [
        json.loads(line) for line in (folder / "crypto" / "merkle-rfc6962" / name).read_text().splitlines()
    ]


def verdict(check, **proof):
    try:
        check(**proof)
    except ProofError:
        return "refused"
    return "holds"


def decoded(values):
    return [base64.b64decode(value) for value in values or []]


def expected(vector, *roots):
    """Tell what a vector expects; some accept roots that are no hashes at all, which we refuse."""
    hashes = all(len(root) == 32 for root in roots)
    return "refused" if vector["wantErr"] or not hashes else "holds"


@pytest.mark.parametrize("name", ["inclusion.jsonl", "subtreeinclusion.jsonl"])
def test_inclusion_proofs_are_judged_as_published(name, shared_data):
    cases = vectors(shared_data, name)
    for case in cases:
        leaf, root = decoded([case["leafHash"], case["root"]])
        proof = {"leaf": leaf, "index": case["leafIdx"], "path": decoded(case["proof"]), "root": root}
        if "treeSize" in case:
            judged = verdict(merkle.verify_inclusion, size=case["treeSize"], **proof)
        else:
            judged = verdict(merkle.verify_subtree_inclusion, begin=case["start"], end=case["end"], **proof)
        assert judged == expected(case, leaf, root), case["case"]
    assert len(cases) >= 98


@pytest.mark.parametrize("name", ["consistency.jsonl", "subtreeconsistency.jsonl"])
def test_consistency_proofs_are_judged_as_published(name, shared_data):
    cases = vectors(shared_data, name)
    for case in cases:
        old_root, new_root = decoded([case["root1"], case["root2"]])
        proof = {"old_root": old_root, "new_root": new_root, "path": decoded(case["proof"])}
        if "size1" in case:
            judged = verdict(merkle.verify_consistency, old=case["size1"], new=case["size2"], **proof)
        else:
            span = {"begin": case["start"], "end": case["end"], "size": case["size"]}
            judged = verdict(merkle.verify_subtree_consistency, **span, **proof)
        assert judged == expected(case, old_root, new_root), case["case"]
    assert len(cases) >= 98


def test_the_published_tree_has_its_published_hashes(shared_data):
    tree = json.loads((shared_data / "crypto" / "merkle-rfc6962" / "reference-tree.json").read_text())
    stored = {}
    for n, entry in enumerate(tree["leaf_inputs_hex"]):
        leaf = merkle.leaf_hash(bytes.fromhex(entry))
        for node in merkle.append(n, leaf, lambda level, idx: stored[level, idx]):
            stored[node.level, node.idx] = node.hash
    for level, hashes in enumerate(tree["node_hashes_by_level"]):
        assert [stored[level, idx].hex() for idx in range(len(hashes))] == hashes
    for size, root in enumerate(tree["root_by_tree_size"]):
        assert merkle.root(size, lambda level, idx: stored[level, idx]).hex() == root


def test_each_tree_has_the_root_of_the_rfc():
    assert [TREE.root(n) for n in range(41)] == [reference_root(TREE.leaves[:n]) for n in range(41)]


def test_every_leaf_of_every_tree_is_proved():
    for size in range(1, 41):
        for index in range(size):
            merkle.verify_proof(canon(TREE.inclusion(index, size)))


def test_every_tree_is_proved_a_beginning_of_every_later_one():
    for new in range(1, 41):
        for old in range(1, new + 1):
            merkle.verify_proof(canon(TREE.consistency(old, new)))


def test_a_proof_reads_few_hashes_and_says_which_beforehand():
    wanted = merkle.addresses(lambda fetch: merkle.inclusion_path(123_456, 1_000_001, fetch))
    assert len(wanted) == len(set(wanted)) <= 40
    assert merkle.addresses(lambda fetch: merkle.append(7, bytes(32), fetch)) == [(0, 6), (1, 2), (2, 0)]
    assert merkle.addresses(lambda fetch: merkle.root(7, fetch)) == [(0, 6), (1, 2), (2, 0)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: merkle.root(-1, TREE.fetch),
        lambda: merkle.inclusion_path(5, 5, TREE.fetch),
        lambda: merkle.inclusion_path(-1, 5, TREE.fetch),
        lambda: merkle.consistency_path(0, 5, TREE.fetch),
        lambda: merkle.consistency_path(6, 5, TREE.fetch),
    ],
)
def test_what_no_tree_holds_is_not_proved(ask):
    with pytest.raises(ValueError, match=r"no|cannot"):
        ask()


def flip(text, bit):
    data = bytearray.fromhex(text)
    data[bit // 8] ^= 1 << bit % 8
    return data.hex()


def changed(proof, data):
    """Change one bit of one hash of the proof."""
    fields = [key for key in ("leaf", "root", "old_root", "new_root") if key in proof]
    slots = fields + list(range(len(proof["path"])))
    slot = data.draw(st.sampled_from(slots))
    bit = data.draw(st.integers(0, 255))
    if isinstance(slot, int):
        path = list(proof["path"])
        path[slot] = flip(path[slot], bit)
        return proof | {"path": path}
    return proof | {slot: flip(proof[slot], bit)}


@given(sizes, st.data())
def test_one_changed_bit_breaks_an_inclusion_proof(size, data):
    index = data.draw(st.integers(0, size - 1))
    with pytest.raises(ProofError):
        merkle.verify_proof(canon(changed(TREE.inclusion(index, size), data)))


@given(sizes, st.data())
def test_one_changed_bit_breaks_a_consistency_proof(new, data):
    old = data.draw(st.integers(1, new))
    with pytest.raises(ProofError):
        merkle.verify_proof(canon(changed(TREE.consistency(old, new), data)))


@given(sizes, st.data())
def test_a_leaf_proved_at_one_place_is_not_proved_at_another(size, data):
    index, other = data.draw(st.tuples(st.integers(0, size - 1), st.integers(0, size)))
    proof = TREE.inclusion(index, size) | {"index": other}
    judged = verdict(merkle.verify_proof, data=canon(proof))
    assert judged == ("holds" if index == other else "refused")


@given(sizes, st.data())
def test_a_path_cut_or_lengthened_is_refused(new, data):
    old = data.draw(st.integers(1, new))
    for proof in (TREE.consistency(old, new), TREE.inclusion(old - 1, new)):
        for path in (proof["path"][:-1], [*proof["path"], "00" * 32]):
            if path != proof["path"]:
                with pytest.raises(ProofError, match="证明路径应有"):
                    merkle.verify_proof(canon(proof | {"path": path}))


def test_every_bit_of_an_entry_counts():
    proof = TREE.inclusion(5, 8)
    merkle.verify_proof(canon(proof | {"entry": TREE.entries[5]}))
    with pytest.raises(ProofError, match="entry 的散列"):
        merkle.verify_proof(canon(proof | {"entry": TREE.entries[5] | {"event": "rating.givem"}}))
    with pytest.raises(ProofError, match="entry 的散列"):
        merkle.verify_proof(canon(proof | {"entry": "x"}))


def test_an_entry_must_carry_its_own_number():
    leaf = merkle.leaf_hash(canon({"n": 4}))
    proof = {"kind": "inclusion", "index": 0, "size": 1, "leaf": leaf.hex(), "root": leaf.hex(), "path": []}
    merkle.verify_proof(canon(proof))
    with pytest.raises(ProofError, match="序号 n"):
        merkle.verify_proof(canon(proof | {"entry": {"n": 4}}))


INCLUSION = TREE.inclusion(5, 8)
CONSISTENCY = TREE.consistency(3, 8)


@pytest.mark.parametrize(
    "proof, reason",
    [
        ([], "一个 JSON 对象"),
        ({}, "kind 应为"),
        ({"kind": ["inclusion"]}, "kind 应为"),
        (INCLUSION | {"kind": "membership"}, "kind 应为"),
        (INCLUSION | {"note": ""}, "不认识的字段：note"),
        (CONSISTENCY | {"entry": {}}, "不认识的字段：entry"),
        ({key: value for key, value in INCLUSION.items() if key != "leaf"}, "缺少字段：leaf"),
        (INCLUSION | {"index": True}, "index 应为"),
        (INCLUSION | {"index": "5"}, "index 应为"),
        (INCLUSION | {"index": -1}, "index 应为"),
        (INCLUSION | {"size": 2**63}, "size 应为"),
        (INCLUSION | {"index": 8}, "序号 8 不在树内"),
        (INCLUSION | {"index": 0, "size": 0}, "不是一棵子树"),
        (INCLUSION | {"root": INCLUSION["root"].upper()}, "root 应为"),
        (INCLUSION | {"leaf": INCLUSION["leaf"][2:]}, "leaf 应为"),
        (INCLUSION | {"leaf": 5}, "leaf 应为"),
        (INCLUSION | {"path": {}}, "path 应为"),
        (INCLUSION | {"path": ["00" * 32] * 65}, "path 应为"),
        (INCLUSION | {"path": [""]}, "path 第 1 项"),
        (CONSISTENCY | {"old": 0}, "旧树为空"),
        (CONSISTENCY | {"old": 9}, "比新树"),
        (CONSISTENCY | {"old_root": "00" * 32}, "旧根散列"),
        (CONSISTENCY | {"new_root": "00" * 32}, "新根散列"),
    ],
)
def test_a_proof_file_that_is_not_exactly_as_specified_is_refused(proof, reason):
    with pytest.raises(ProofError, match=reason):
        merkle.verify_proof(canon(proof))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"kind":1.0}', b'{"kind":"a","kind":"b"}'])
def test_a_proof_file_that_is_not_json_is_refused(data):
    with pytest.raises(ProofError):
        merkle.verify_proof(data)


def checkpoint(size=8):
    return notes.sign_note(notes.checkpoint_body(NAME, size, TREE.root(size)), NAME, PRIVATE)


def test_a_checkpoint_is_three_lines_and_one_signature():
    note = checkpoint()
    body = f"{NAME}\n8\n{base64.b64encode(TREE.root(8)).decode()}\n"
    lines = note.splitlines()
    assert note.startswith(f"{body}\n— {NAME} ")
    assert len(lines) == 5
    assert notes.verify_note(note, NAME, PUBLIC) == body
    assert notes.parse_checkpoint(body) == (NAME, 8, TREE.root(8), ())
    assert notes.parse_checkpoint(f"{body}more\n").extensions == ("more",)


def test_a_second_signature_of_another_key_is_no_obstacle():
    line = notes.signature_line(NAME, notes.key_id(NAME, b"sm2 key", b"\xffSM2"), b"signature")
    assert notes.verify_note(checkpoint() + line, NAME, PUBLIC)
    assert notes.verify_note(checkpoint().replace("\n\n", f"\n\n{line}"), NAME, PUBLIC)


def test_a_second_signature_that_claims_our_key_must_hold_too():
    line = notes.signature_line(NAME, notes.key_id(NAME, PUBLIC.public_bytes_raw()), bytes(64))
    with pytest.raises(ProofError, match="签名与内容不符"):
        notes.verify_note(checkpoint() + line, NAME, PUBLIC)


@given(st.data())
def test_one_changed_bit_breaks_a_signed_note(data):
    note = bytearray(checkpoint().encode())
    bit = data.draw(st.integers(0, len(note) * 8 - 1))
    note[bit // 8] ^= 1 << bit % 8
    with pytest.raises((ProofError, UnicodeDecodeError)):
        notes.verify_note(note.decode(), NAME, PUBLIC)


def test_a_note_of_another_key_or_name_is_refused():
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(ProofError, match="没有这把公钥的签名"):
        notes.verify_note(checkpoint(), NAME, other)
    with pytest.raises(ProofError, match="没有这把公钥的签名"):
        notes.verify_note(checkpoint(), "xinfu/330600", PUBLIC)


BODY = notes.checkpoint_body(NAME, 8, TREE.root(8))
SIGNED = checkpoint()


@pytest.mark.parametrize(
    "note",
    [
        "",
        BODY,
        f"{BODY}\n",
        SIGNED.removesuffix("\n"),
        SIGNED.replace("—", "-"),
        SIGNED.replace("— ", "—  "),
        SIGNED.replace("\n", "\r\n"),
        SIGNED + "\n",
        f"{BODY}\n— {NAME}\n",
        f"{BODY}\n— {NAME} AAAA\n",
        f"{BODY}\n— {NAME} ====\n",
        f"{BODY}\n— a+b AAAAAAAA\n",
        f"{BODY}\n— {NAME} AAAAAAAA\n",
    ],
)
def test_a_text_that_is_no_signed_note_is_refused(note):
    with pytest.raises(ProofError):
        notes.verify_note(note, NAME, PUBLIC)


ROOT = base64.b64encode(TREE.root(8)).decode()


@pytest.mark.parametrize(
    "body, reason",
    [
        ("", "三行"),
        (f"{NAME}\n8\n", "三行"),
        (f"{NAME}\n8\n{ROOT}", "三行"),
        (f"\n8\n{ROOT}\n", "空行"),
        (f"{NAME}\n8\n{ROOT}\n\n", "空行"),
        (f"{NAME}\n08\n{ROOT}\n", "第二行"),
        (f"{NAME}\n-8\n{ROOT}\n", "第二行"),
        (f"{NAME}\n８\n{ROOT}\n", "第二行"),
        (f"{NAME}\n8\nAAAA\n", "第三行"),
        (f"{NAME}\n8\n{ROOT[:-2]}B=\n", "第三行"),
        (f"{NAME}\n8\n{ROOT[:-1]}\n", "第三行"),
        (f"{NAME}\n8\n散列\n", "第三行"),
    ],
)
def test_a_body_that_is_no_checkpoint_is_refused(body, reason):
    with pytest.raises(ProofError, match=reason):
        notes.parse_checkpoint(body)


@pytest.mark.parametrize(
    "make",
    [
        lambda: notes.checkpoint_body("", 8, TREE.root(8)),
        lambda: notes.checkpoint_body("a\nb", 8, TREE.root(8)),
        lambda: notes.checkpoint_body("a\tb", 8, TREE.root(8)),
        lambda: notes.checkpoint_body(NAME, 8, b"short"),
        lambda: notes.checkpoint_body(NAME, -8, TREE.root(8)),
        lambda: notes.sign_note("no end of line", NAME, PRIVATE),
        lambda: notes.sign_note("tab\t\n", NAME, PRIVATE),
        lambda: notes.sign_note(BODY, "two words", PRIVATE),
        lambda: notes.sign_note(BODY, "", PRIVATE),
        lambda: notes.verifier_key("a+b", PUBLIC),
    ],
)
def test_no_note_is_made_that_would_be_refused(make):
    with pytest.raises(ValueError, match=r"not a|no checkpoint|the body|cannot"):
        make()


def test_a_published_key_is_read_back():
    key = notes.verifier_key(NAME, PUBLIC)
    name, public = notes.parse_verifier_key(f"{key}\n")
    assert (name, public.public_bytes_raw()) == (NAME, PUBLIC.public_bytes_raw())


KEY = notes.verifier_key(NAME, PUBLIC)


@pytest.mark.parametrize(
    "key, reason",
    [
        ("", "不是 Ed25519"),
        (NAME, "不是 Ed25519"),
        (KEY[:-4], "不是 Ed25519"),
        (KEY.replace("+AQ", "+Ag"), "不是 Ed25519"),
        (f"+{KEY}", "不是 Ed25519"),
        (KEY.replace("330624", "330600"), "编号"),
    ],
)
def test_a_word_that_is_no_key_is_refused(key, reason):
    with pytest.raises(ProofError, match=reason):
        notes.parse_verifier_key(key)


def test_a_stranger_checks_a_file_from_the_command_line(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(INCLUSION | {"entry": TREE.entries[5]}, indent=1))
    bad.write_bytes(canon(INCLUSION | {"index": 4}))
    command = [sys.executable, "-m", "xinfu.lib.merkle", "verify"]
    passed = subprocess.run([*command, good], capture_output=True, text=True, check=False)
    failed = subprocess.run([*command, bad], capture_output=True, text=True, check=False)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.startswith("证明成立：序号 5 的记录在共 8 条的日志中")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "证明不成立：由证明路径算出的根散列与给出的根散列不符\n"


def test_the_file_alone_is_the_program(tmp_path, capsys, monkeypatch):
    (tmp_path / "proof.json").write_bytes(canon(CONSISTENCY))
    monkeypatch.setattr(sys, "argv", ["merkle.py", "verify", str(tmp_path / "proof.json")])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(merkle.__file__, run_name="__main__")
    assert left.value.code == 0
    assert "共 8 条的日志" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_said_in_a_sentence(tmp_path, capsys):
    assert merkle.main(["verify", str(tmp_path / "none.json")]) == 1
    assert capsys.readouterr().err.startswith("文件读不出来：")


def test_a_wrong_call_explains_itself(capsys):
    for arguments in ([], ["prove", "a"], ["verify", "a", "--key", KEY]):
        with pytest.raises(SystemExit) as left:
            merkle.main(arguments)
        assert left.value.code == 2
        assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "proof, note, said",
    [
        (INCLUSION, SIGNED.encode(), "证明成立"),
        (CONSISTENCY, SIGNED.encode(), "证明成立"),
        (CONSISTENCY, checkpoint(3).encode(), "证明成立"),
        (INCLUSION, checkpoint(9).encode(), "不是检查点所签的那一份（共 9 条）"),
        (INCLUSION, BODY.encode(), "不是签名文本"),
        (INCLUSION, b"\xff", "UTF-8"),
    ],
)
def test_a_proof_is_held_against_a_signed_checkpoint(proof, note, said, tmp_path, capsys):
    (tmp_path / "proof.json").write_bytes(canon(proof))
    (tmp_path / "note").write_bytes(note)
    files = [str(tmp_path / "proof.json"), "--checkpoint", str(tmp_path / "note"), "--key", KEY]
    code = merkle.main(["verify", *files])
    out = capsys.readouterr()
    assert said in out.out + out.err
    assert code == (said != "证明成立")
