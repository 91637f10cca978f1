"""The page of formats says what is so."""

import json
import re
from pathlib import Path

import pytest

from xinfu.lib import merkle, scorecard
from xinfu.lib.canon import canon

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md").read_text()
BLOCKS = re.findall(r"^```([\w-]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROOFS = [text for kind, text in BLOCKS if kind == "json"]
((_, CHECKPOINT),) = (block for block in BLOCKS if block[0] == "checkpoint")
((_, KEY),) = (block for block in BLOCKS if block[0] == "key")


@pytest.mark.parametrize("proof", PROOFS)
def test_every_printed_proof_holds_against_the_printed_checkpoint(proof, tmp_path, capsys):
    (tmp_path / "proof").write_text(proof)
    (tmp_path / "note").write_text(CHECKPOINT)
    files = [str(tmp_path / "proof"), "--checkpoint", str(tmp_path / "note"), "--key", KEY.strip()]
    assert merkle.main(["verify", *files]) == 0
    assert "证明成立" in capsys.readouterr().out


def test_both_kinds_of_proof_are_printed():
    assert [json.loads(proof)["kind"] for proof in PROOFS] == ["inclusion", "consistency"]


def test_the_walk_by_hand_leads_to_the_printed_root():
    proof = json.loads(PROOFS[0])
    low, high, path, sides = 0, proof["size"], proof["path"], []
    while high - low > 1:
        split = 1
        while split * 2 < high - low:
            split *= 2
        sides.append(proof["index"] < low + split)
        low, high = (low, low + split) if sides[-1] else (low + split, high)
    digest = merkle.leaf_hash(canon(proof["entry"]))
    for is_left, other in zip(reversed(sides), map(bytes.fromhex, path), strict=True):
        digest = merkle.node_hash(digest, other) if is_left else merkle.node_hash(other, digest)
    assert digest.hex() == proof["root"]


def test_the_printed_table_and_entries_give_the_printed_card(tmp_path, capsys):
    for kind in ("score-table", "score-entries"):
        ((_, text),) = (block for block in BLOCKS if block[0] == kind)
        (tmp_path / kind).write_text(text, encoding="utf-8")
    assert scorecard.main([str(tmp_path / "score-table"), str(tmp_path / "score-entries")]) == 0
    ((_, card),) = (block for block in BLOCKS if block[0] == "score-card")
    assert json.loads(capsys.readouterr().out) == json.loads(card)
