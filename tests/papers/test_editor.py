"""The text box: what was written comes back as it was, and figures cannot be altered by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.papers.conftest import BLOCKS, FIGURE
from xinfu.core.refusal import Refused
from xinfu.papers import editor

word = st.text(st.sampled_from("办件受理率一二三四今年1234万个、，："), min_size=1, max_size=12)
heading = st.builds(
    lambda level, text: {"kind": "heading", "level": level, "text": text}, st.integers(1, 4), word
)
runs = st.lists(
    st.one_of(
        st.just({"text": "108万件", "figure": "total"}),
        st.builds(lambda text: {"text": text, "bold": True}, word),
    ),
    min_size=1,
    max_size=3,
)
paragraph = st.one_of(
    st.builds(lambda text: {"kind": "paragraph", "runs": [{"text": text}]}, word),
    st.builds(lambda found: {"kind": "paragraph", "runs": found}, runs),
)
columns = st.lists(
    st.builds(
        lambda title, width, align: {"title": title, "width": width, "align": align},
        word.filter(lambda t: ":" not in t), st.integers(5, 150), st.sampled_from(["left", "right", "center"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@st.composite
def tables(draw: Any) -> dict[str, Any]:
    heads = draw(columns)
    cells = st.one_of(word, st.just({"text": "108万件", "figure": "total"}))
    rows = draw(st.lists(st.lists(cells, min_size=len(heads), max_size=len(heads)), max_size=4))
    return {"kind": "table", "title": draw(word), "columns": heads, "rows": rows}


@given(st.lists(st.one_of(heading, paragraph), max_size=6), tables())
def test_a_text_goes_into_the_box_and_back_without_loss(
    found: list[dict[str, Any]], table: dict[str, Any]
) -> None:
    blocks = [*found, table]
    assert editor.from_text(editor.to_text(blocks, [FIGURE]), blocks, [FIGURE]) == blocks


def test_headings_are_numbered_anew_by_place() -> None:
    blocks = editor.from_text("一、甲\n一、乙\n（三）丙\n正文。")
    assert editor.to_text(blocks, []).splitlines() == ["一、甲", "二、乙", "（一）丙", "　　正文。"]


def test_a_long_sentence_that_begins_like_a_heading_stays_a_paragraph() -> None:
    blocks = editor.from_text("一、强化攻坚。全年办理。\n　　二、缩进的是正文")
    assert [b["kind"] for b in blocks] == ["paragraph", "paragraph"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{109万件#1}", "figure_altered"),
        ("{108万件#7}", "unknown_figure"),
        ("|表：空|", "table_without_head"),
        ("|表：甲|\n|部门:90左|办件:60右|\n|一|", "table_torn"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        editor.from_text(text, BLOCKS, [FIGURE])
    assert refused.value.code == code
    assert refused.value.field == "text"
