"""Score cards: worked cards by hand, bounds and shares, and that every point is explained."""

import json
import random
import runpy
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.lib import scorecard, scoreformat
from xinfu.lib.scorecard import LineKind, card_json, chief_shares, score
from xinfu.lib.scoretable import (
    Block,
    Entry,
    Kind,
    Rule,
    ScoreError,
    Table,
    differences,
    faults,
    points,
    rounded,
    text_of,
)

MAY = (date(2023, 5, 1), date(2023, 5, 31))
DAY = date(2023, 5, 8)


def p(text):
    return points(text)


def rule(code, block, each, *, kind=Kind.DEDUCT, **more):
    low, _, high = str(each).partition("-")
    return Rule(code, block, f"规则{code}", kind, p(low), p(high or low), **more)


def table(blocks, rules, **more):
    given = {"code": "t", "version": "1", "title": "测试表", "valid_from": date(2023, 1, 1), **more}
    return Table(blocks=tuple(blocks), rules=tuple(rules), **given)


def entry(number, code, **more):
    return Entry(id=f"e{number}", rule=code, on=more.pop("on", DAY), **more)


def total(tables, *entries, span=MAY):
    card = score(tables, entries, *span)
    assert sum(line.points for line in card.lines) == card.total, "every point is explained"
    return text_of(card.total)


FOUR = table(
    [
        Block("discipline", "工作纪律", p(30)),
        Block("site", "现场管理", p(20)),
        Block("business", "业务规范", p(35)),
        Block("general", "综合工作", p(15)),
        Block("extra", "加分", 0, cap=p(5)),
    ],
    [
        rule("late", "discipline", 1),
        rule("absent", "discipline", 5, per="半天", is_veto=True),
        rule("desk", "site", "0.5", per="人次"),
        rule("promise", "business", 5, per="件", chief=Fraction(1, 2)),
        rule("irregular", "business", "1-5", chief=Fraction(1, 2)),
        rule("task", "general", 1, limit=p(3)),
        rule("media", "general", 15, is_veto=True),
        rule("weekend", "extra", "1-3", kind=Kind.ADD),
    ],
)


# --- cards computed by hand ------------------------------------------------------------------------

WORKED = [
    ((), "100", "nothing happened: 30 + 20 + 35 + 15 + 0"),
    ((("late", {}), ("desk", {"count": 3})), "97.5", "100 - 1 - 3 × 0.5"),
    ((("late", {"count": 31}),), "70", "the block of 30 ends at 0: 100 - 30, not - 31"),
    ((("late", {"count": 31}), ("desk", {})), "69.5", "another block goes on: 100 - 30 - 0.5"),
    ((("promise", {"count": 8}),), "65", "8 × 5 = 40 > 35: 100 - 35"),
    ((("task", {"count": 5}),), "97", "no more than 3 points a period: 100 - 3"),
    ((("task", {"count": 5}), ("media", {})), "85", "15 - 3 - 15 < 0: the block ends at 0, 100 - 15"),
    ((("weekend", {"points": 3000}), ("weekend", {"points": 3000})), "105", "3 + 3 > 5: 100 + 5"),
    ((("weekend", {"points": 3000}), ("late", {})), "102", "100 + 3 - 1"),
    ((("irregular", {"points": 2500}),), "97.5", "chosen between 1 and 5: 100 - 2.5"),
    ((("irregular", {"points": 1000, "count": 2}),), "98", "twice 1: 100 - 2"),
    (
        (("late", {}), ("late", {"excluded": "申诉成立"})),
        "99",
        "an upheld appeal takes its point back: 100 - 1",
    ),
    (
        (("late", {"on": date(2023, 4, 30)}), ("late", {"on": date(2023, 5, 31)})),
        "99",
        "April's is not May's",
    ),
    ((("absent", {}),), "95", "the veto marks the card, the points stay: 100 - 5"),
]


@pytest.mark.parametrize(("said", "expected", "why"), WORKED)
def test_a_card_is_what_a_clerk_computes_by_hand(said, expected, why):
    entries = [entry(n, code, **more) for n, (code, more) in enumerate(said)]
    assert total([FOUR], *entries) == expected, why


def test_a_scheme_without_a_floor_goes_below_nought_and_its_additions_end_at_five():
    """苍南 2019: base 100, deductions without floor, additions up to 5."""
    scheme = table(
        [Block("all", "月度考核", p(100), floor=None), Block("extra", "附加分", 0, cap=p(5))],
        [
            rule("absent", "all", 5, per="半天"),
            rule("missing", "all", 2),
            rule("plus", "extra", "1-3", kind=Kind.ADD),
        ],
        floor=None,
    )
    assert total([scheme], entry(1, "absent", count=21)) == "-5", "100 - 21 × 5"
    assert (
        total([scheme], entry(1, "missing"), entry(2, "plus", points=p(3)), entry(3, "plus", points=p(3)))
        == "103"
    )


def test_a_scheme_with_a_cap_for_the_whole_card():
    """A county's scheme with base 100 and a cap of 110."""
    scheme = table(
        [Block("post", "到岗", p(20)), Block("rest", "其他", p(80)), Block("extra", "加分", 0)],
        [rule("plus", "extra", 6, kind=Kind.ADD), rule("off", "post", 3)],
        cap=p(110),
    )
    assert total([scheme], entry(1, "plus", count=2)) == "110", "100 + 12 > 110"
    assert total([scheme], entry(1, "plus", count=2), entry(2, "off")) == "109", "17 + 80 + 12 = 109 < 110"


def test_the_chief_bears_half_of_each_deduction_of_the_window_before_its_limits():
    staff = table(
        [Block("all", "个人考核", p(100))],
        [rule("share", "all", "0-100", kind=Kind.SHARE)],
        chief_rule="share",
    )
    window = [
        entry(1, "promise"),  # 5, half of it 2.5
        entry(2, "irregular", points=p("1.5")),  # half of 1.5 is 0.75
        entry(3, "late"),  # bears no share
        entry(4, "promise", excluded="申诉成立"),
        entry(5, "weekend", points=p(3)),
    ]
    shares = chief_shares([FOUR], window, "share")
    assert [(one.id, text_of(one.points)) for one in shares] == [("e1/share", "2.5"), ("e2/share", "0.75")]
    assert total([staff], *shares) == "96.75"
    card = score([staff], shares, *MAY)
    assert "首席代表承担1/2" in card.lines[1].why


def test_an_entry_is_counted_by_the_version_of_its_day_and_the_bounds_by_the_last_days():
    before = replace(FOUR, valid_to=date(2023, 5, 15))
    after = replace(
        FOUR,
        version="2",
        valid_from=date(2023, 5, 16),
        blocks=(replace(FOUR.blocks[0], base=p(40)), *FOUR.blocks[1:]),
        rules=(replace(FOUR.rules[0], low=p(2), high=p(2)), *FOUR.rules[1:]),
    )
    versions = [after, before]
    both = entry(1, "late", on=date(2023, 5, 15)), entry(2, "late", on=date(2023, 5, 16))
    assert total(versions, *both) == "107", "110 - 1 by the first version - 2 by the second"
    card = score(versions, both, *MAY)
    assert card.version == "2"
    assert [line.version for line in card.lines if line.kind == LineKind.ENTRY] == ["1", "2"]
    with pytest.raises(ScoreError, match="有0个有效"):
        score([before], both, *MAY)
    with pytest.raises(ScoreError, match="有2个有效"):
        score([FOUR, replace(FOUR, version="x")], [], *MAY)
    gone = replace(after, blocks=after.blocks[1:], rules=after.rules[2:])
    with pytest.raises(ScoreError, match="在2版中没有"):
        score([before, gone], both[:1], *MAY)


def test_a_veto_leaves_what_the_table_says_and_names_its_entries():
    strict = replace(FOUR, vetoed=0)
    card = score([strict], [entry(2, "absent"), entry(1, "late")], *MAY)
    assert (text_of(card.total), card.vetoes) == ("0", ("e2",))
    assert card.lines[-1].kind == LineKind.VETO
    assert "一票否决" in card.lines[-1].why
    assert sum(line.points for line in card.lines) == 0
    assert score([strict], [entry(1, "late")], *MAY).vetoes == ()


def test_votes_are_weighted_by_kind_of_rater_and_who_did_not_vote_has_no_weight():
    """业主 5, 主管 3, 中心 2 of 10."""
    sheet = table(
        [Block("all", "履约评价", 0, cap=p(100))],
        [rule("service", "all", "0-100", kind=Kind.VOTE, full=p(10))],
        raters={"业主": Fraction(5), "主管": Fraction(3), "中心": Fraction(2)},
    )
    every = [
        entry(1, "service", rater="业主", value=p(9)),
        entry(2, "service", rater="主管", value=p(8)),
        entry(3, "service", rater="中心", value=p(7)),
        entry(4, "service", rater="中心", value=p(8)),
    ]
    assert total([sheet], *every) == "84", "(9 × 5 + 8 × 3 + 7.5 × 2) ÷ 10 of 10, times 100"
    assert total([sheet], *every[:2]) == "86.25", "(9 × 5 + 8 × 3) ÷ 8 = 8.625"
    line = score([sheet], every, *MAY).lines[0]
    assert line.entries == ("e1", "e2", "e3", "e4")
    assert "中心平均7.5（2票，权重2）" in line.why
    for wrong, why in (({"rater": "路人", "value": 0}, "不在评分表中"), ({"rater": "业主", "value": p(11)}, "0至10"),
                       ({"rater": "业主"}, "0至10")):  # fmt: skip
        with pytest.raises(ScoreError, match=why):
            score([sheet], [entry(1, "service", **wrong)], *MAY)


@pytest.mark.parametrize(
    ("value", "by_bands", "evenly"), [("99.5", "10", "9.95"), ("98", "10", "9.8"), ("95", "6", "9.5"), ("0", "0", "0"),
                                      ("120", "10", "10"), ("-3", "0", "0")]
)  # fmt: skip
def test_a_measure_gives_points_by_bands_or_evenly_up_to_its_full_value(value, by_bands, evenly):
    blocks = [Block("all", "满意率", 0)]
    bands = table(
        blocks, [rule("rate", "all", "0-10", kind=Kind.MEASURE, bands=((p(90), p(6)), (p(98), p(10))))]
    )
    even = table(blocks, [rule("rate", "all", "0-10", kind=Kind.MEASURE, full=p(100))])
    for scheme, expected in ((bands, by_bands), (even, evenly)):
        older = entry(1, "rate", value=p(50), on=DAY - timedelta(days=1))
        assert total([scheme], older, entry(0, "rate", value=p(value))) == expected, (
            "the latest measure counts"
        )
    assert "此前1次不计" in score([even], [older, entry(0, "rate", value=p(value))], *MAY).lines[0].why
    with pytest.raises(ScoreError, match="没有测得的数值"):
        score([even], [entry(1, "rate")], *MAY)


def test_weights_bring_blocks_together():
    """阳东: 窗口效能 30 %, 人员 30 %, 值班长投票 20 %, 服务对象投票 20 %."""
    parts = [("work", "30/100"), ("staff", "30/100"), ("watch", "1/5"), ("public", "1/5")]
    scheme = table(
        [Block(code, code, p(100), weight=Fraction(weight)) for code, weight in parts],
        [rule("work", "work", "0.05"), rule("public", "public", 10)],
    )
    assert total([scheme], entry(1, "public")) == "98", "30 + 30 + 20 + 90 × 0.2"
    assert total([scheme], entry(1, "work")) == "99.985", "99.95 × 0.3 = 29.985"


# --- what holds for every table and every entry ----------------------------------------------------

CODES = ("late", "desk", "promise", "irregular", "task", "media", "weekend")


@st.composite
def happenings(draw):
    found = []
    for number in range(draw(st.integers(0, 25))):
        code = draw(st.sampled_from(CODES))
        chosen = {"irregular": (1000, 5000), "weekend": (1000, 3000)}.get(code)
        found.append(
            entry(
                number,
                code,
                on=date(2023, 5, draw(st.integers(1, 31))),
                count=draw(st.integers(1, 12)),
                points=draw(st.integers(*chosen)) if chosen else None,
            )
        )
    return found


@given(happenings(), st.randoms())
def test_the_order_of_entries_does_not_matter(entries, chance):
    mixed = list(entries)
    chance.shuffle(mixed)
    assert card_json(score([FOUR], mixed, *MAY)) == card_json(score([FOUR], entries, *MAY))


@given(happenings())
def test_no_block_leaves_its_bounds_and_the_total_is_the_sum_of_the_lines(entries):
    card = score([FOUR], entries, *MAY)
    for block in FOUR.blocks:
        assert block.floor <= card.blocks[block.code] <= (block.cap or block.base)
        assert card.blocks[block.code] == sum(line.points for line in card.lines if line.block == block.code)
    assert card.total == sum(line.points for line in card.lines) == sum(card.blocks.values())
    told = {one for line in card.lines for one in line.entries}
    assert told == {one.id for one in entries}


@given(happenings(), st.sampled_from(["late", "desk", "promise", "task", "media"]), st.integers(1, 9))
def test_one_more_deduction_never_raises_a_score(entries, code, count):
    more = [*entries, Entry("more", code, DAY, count)]
    assert score([FOUR], more, *MAY).total <= score([FOUR], entries, *MAY).total


@given(happenings(), st.data())
def test_an_entry_left_out_is_as_if_it_had_never_been(entries, data):
    if not entries:
        return
    gone = data.draw(st.sampled_from(entries))
    marked = [replace(one, excluded="申诉成立") if one is gone else one for one in entries]
    without = [one for one in entries if one is not gone]
    assert card_json(score([FOUR], marked, *MAY)) == card_json(score([FOUR], without, *MAY))


@given(happenings())
def test_a_chief_bears_half_of_what_the_window_lost_by_the_rules_that_say_so(entries):
    lost = sum((one.points or p(5)) * one.count for one in entries if one.rule in ("promise", "irregular"))
    shares = chief_shares([FOUR], entries, "share")
    assert abs(2 * sum(one.points for one in shares) - lost) <= len(shares), "each rounded to a thousandth"


@given(st.integers(-(10**9), 10**9))
def test_points_are_read_as_they_are_written(value):
    assert points(text_of(value)) == value


@given(st.integers(-(10**7), 10**7), st.integers(0, 3))
def test_a_printed_score_is_at_most_half_a_place_away(value, places):
    assert abs(points(text_of(value, places)) - value) * 2 <= 10 ** (3 - places)
    assert rounded(Fraction(value, 10)) == -rounded(Fraction(-value, 10))


@pytest.mark.parametrize(("value", "places", "shown"), [("99.785", 2, "99.79"), ("99.784", 2, "99.78"), ("-0.001", 2, "0.00"),
                                                        ("-0.5", 0, "-1"), ("100", 0, "100"), ("0.05", 1, "0.1")])  # fmt: skip
def test_scores_are_rounded_half_up_away_from_nought(value, places, shown):
    assert text_of(points(value), places) == shown


@pytest.mark.parametrize("text", ["", "1.", ".5", "1.2345", "1e3", "１", "abc", "--1", "1000001", "0.0001"])
def test_what_is_no_number_of_points_is_refused(text):
    with pytest.raises(ScoreError):
        points(text)


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entries", "why"), [
    ([entry(1, "late"), entry(1, "desk")], "出现两次"),
    ([entry(1, "nothing")], "没有编码为“nothing”"),
    ([entry(1, "irregular")], "没有写分值"),
    ([entry(3, "irregular", points=p(2)), entry(2, "irregular", points=p(6)), entry(1, "irregular", points=p("0.5"))], "“e1”的0.5分不在"),
    ([entry(1, "late", points=p(3))], "3分不在"),
    ([entry(1, "late", count=0)], "不小于1"),
])  # fmt: skip
def test_what_cannot_be_counted_is_refused_with_its_reason(entries, why):
    with pytest.raises(ScoreError, match=why):
        score([FOUR], entries, *MAY)


def test_a_rule_that_needs_evidence_takes_no_entry_without():
    strict = table([Block("all", "全部", p(10))], [rule("seen", "all", 1, needs_evidence=True)])
    assert total([strict], entry(1, "seen", evidence=("照片1",), by="王某")) == "9"
    line = score([strict], [entry(1, "seen", evidence=("照片1",), by="王某")], *MAY).lines[1]
    assert (line.evidence, line.by) == (("照片1",), "王某")
    with pytest.raises(ScoreError, match="要求佐证"):
        score([strict], [entry(1, "seen", evidence=("照片1",)), entry(2, "seen")], *MAY)


@pytest.mark.parametrize(("change", "fault"), [
    ({"valid_to": date(2022, 1, 1)}, "早于生效日期"),
    ({"blocks": (), "rules": ()}, "没有板块"),
    ({"blocks": (*FOUR.blocks, FOUR.blocks[0])}, "板块编码“discipline”重复"),
    ({"rules": (*FOUR.rules, FOUR.rules[0])}, "规则编码“late”重复"),
    ({"floor": p(9), "cap": p(1)}, "总分的最低分高于最高分"),
    ({"blocks": (replace(FOUR.blocks[0], base=p(5), cap=p(1)), *FOUR.blocks[1:])}, "基础分不在"),
    ({"rules": (replace(FOUR.rules[0], block="x"),)}, "板块“x”不存在"),
    ({"rules": (replace(FOUR.rules[0], low=p(9)),)}, "下限高于上限"),
    ({"rules": (replace(FOUR.rules[0], chief=Fraction(3, 2)),)}, "份额大于1"),
    ({"rules": (replace(FOUR.rules[0], kind=Kind.VOTE),)}, "每票的满分"),
    ({"rules": (replace(FOUR.rules[0], kind=Kind.MEASURE),)}, "没有写满分对应的数值"),
    ({"chief_rule": "late"}, "不是分担"),
])  # fmt: skip
def test_a_table_that_cannot_work_is_told_what_is_wrong(change, fault):
    assert list(faults(FOUR)) == []
    found = list(faults(replace(FOUR, **change)))
    assert any(fault in one for one in found), found


# --- files and versions ----------------------------------------------------------------------------


def test_a_table_written_and_read_again_is_the_same():
    full = replace(FOUR, raters={"业主": Fraction(5, 3)}, vetoed=p("-0.5"), cap=p(105), floor=None)
    text = json.dumps(scoreformat.table_json(full), ensure_ascii=False)
    assert scoreformat.tables_of(text) == (full,)
    assert scoreformat.tables_of(f"[{text}, {text}]") == (full, full)


def said(**change):
    told = scoreformat.table_json(table([Block("a", "甲", p(10))], [rule("r", "a", 1)]))
    for path, value in change.items():
        *way, name = path.split("__")
        at = told
        for step in way:
            at = at[int(step) if step.isdigit() else step]
        if value is ...:
            del at[name]
        else:
            at[name] = value
    return json.dumps(told, ensure_ascii=False)


@pytest.mark.parametrize(("change", "why"), [
    ({"title": ...}, "缺少“title”"),
    ({"title": ""}, "1至500字"),
    ({"colour": "red"}, "不认识的内容“colour”"),
    ({"valid_from": "2023/1/1"}, "应是日期"),
    ({"valid_from": "2023-02-30"}, "应是日期"),
    ({"places": 4}, "0至3的整数"),
    ({"places": True}, "0至3的整数"),
    ({"floor": "1.2345"}, "三位小数"),
    ({"cap": True}, "应是数"),
    ({"raters": []}, "评分人及其权重"),
    ({"raters": {"业主": "0"}}, "大于0"),
    ({"blocks": {}}, "应是一个列表"),
    ({"blocks": [[]]}, "应是一个对象"),
    ({"blocks__0__weight": "1/0"}, "分母"),
    ({"blocks__0__weight": "1/x"}, "分母"),
    ({"blocks__0__weight": "1/1234567890"}, "不超过9位"),
    ({"blocks__0__weight": "-1"}, "不能小于0"),
    ({"blocks__0__weight": True}, "应是数或分数"),
    ({"rules__0__from": "-1"}, "不能小于0"),
    ({"rules__0__from": ...}, "没有写分值"),
    ({"rules__0__kind": "gift"}, "之一"),
    ({"rules__0__veto": "yes"}, "true 或 false"),
    ({"rules__0__bands": [["1"]]}, "两个数"),
    ({"rules__0__bands": [["2", "1"], ["1", "2"]]}, "从低到高"),
    ({"rules__0__block": "b"}, "不存在"),
])  # fmt: skip
def test_a_table_file_with_a_fault_is_refused_with_the_place_and_the_reason(change, why):
    with pytest.raises(ScoreError, match=why):
        scoreformat.tables_of(said(**change))


def test_fixed_points_are_said_once():
    told = json.loads(said())
    of_rule = told["rules"][0]
    del of_rule["from"], of_rule["to"]
    (found,) = scoreformat.tables_of(json.dumps({**told, "rules": [{**of_rule, "points": "0.5"}]}))
    assert (found.rules[0].low, found.rules[0].high) == (500, 500)


@pytest.mark.parametrize(("text", "why"), [
    ("{", "不是 JSON"),
    ('{"from": "2023-05-31", "to": "2023-05-01", "entries": []}', "晚于结束日期"),
    ('{"from": "2023-05-01", "to": "2023-05-31", "entries": [{"id": "1", "rule": "r"}]}', "第1条记录缺少“on”"),
    ('{"from": "2023-05-01", "to": "2023-05-31", "entries": [{"id": "1", "rule": "r", "on": "2023-05-02", "points": 0.5}]}',
     "要写成文字"),
    ('{"from": "2023-05-01", "to": "2023-05-31", "entries": [], "x": 1}', "不认识"),
])  # fmt: skip
def test_a_file_of_entries_with_a_fault_is_refused(text, why):
    with pytest.raises(ScoreError, match=why):
        scoreformat.entries_of(text)


def test_a_new_version_says_what_it_changes():
    new = replace(
        FOUR,
        version="2",
        cap=p(105),
        blocks=(replace(FOUR.blocks[0], base=p(40)), *FOUR.blocks[1:]),
        rules=(
            replace(FOUR.rules[0], low=p(1), high=p(2)),
            *FOUR.rules[2:],
            rule("new", "site", 3, per="人"),
        ),
    )
    assert differences(FOUR, FOUR) == []
    assert differences(FOUR, new) == [
        "评分表的最高总分由“不限”改为“105分”",
        "板块“工作纪律”的基础分由“30分”改为“40分”",
        "删去规则“规则absent”",
        "规则“规则late”的分值由“1分”改为“1至2分”",
        "新增规则“规则new”：名称规则new，板块现场管理，方式扣分，分值3分，计算单位人",
    ]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "xinfu.lib.scorecard", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_prints_a_card_or_the_first_thing_wrong(tmp_path, capsys, monkeypatch):
    table_file, entries_file = tmp_path / "table.json", tmp_path / "entries.json"
    table_file.write_text(json.dumps(scoreformat.table_json(FOUR), ensure_ascii=False), encoding="utf-8")
    entries_file.write_text(
        '{"from": "2023-05-01", "to": "2023-05-31", "entries": [{"id": "1", "rule": "desk", "on": "2023-05-08", "count": 3, "by": "王某"}]}',
        encoding="utf-8",
    )
    done = run(table_file, entries_file)
    printed = json.loads(done.stdout)
    assert (done.returncode, printed["total"], printed["shown"]) == (0, "98.5", "98.50")
    assert printed["lines"][2]["why"] == "规则desk：3人次，每人次扣0.5分"
    assert scorecard.main([str(table_file), str(entries_file)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["scorecard", str(table_file), str(entries_file)])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(scorecard.__file__, run_name="__main__")
    assert left.value.code == 0
    assert scorecard.main([str(tmp_path / "none"), str(entries_file)]) == 1
    assert "文件读不出来" in capsys.readouterr().err
    entries_file.write_text("{}", encoding="utf-8")
    assert scorecard.main([str(table_file), str(entries_file)]) == 1
    assert capsys.readouterr().err == "算不出来：记录文件缺少“from”\n"


def test_many_entries_are_counted_in_any_order_to_the_same_card():
    chance = random.Random(1)
    many = [
        entry(n, chance.choice(["late", "desk", "task"]), on=date(2023, 5, chance.randint(1, 31)))
        for n in range(2000)
    ]
    assert score([FOUR], many, *MAY).total == score([FOUR], reversed(many), *MAY).total
