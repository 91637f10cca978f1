"""The reader of numbers: what is one, what it is worth, what is none; and the verdict on each."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.reports import numbers
from xinfu.reports.numbers import Known

FOUND = [
    # text, value, step, unit, why
    ("共办理108万件", 1_080_000, 10_000, "件", "a scale and a unit"),
    ("共办理1,080,000件", 1_080_000, 1, "件", "thousands commas"),
    ("共办理１２３件", 123, 1, "件", "full-width digits"),
    ("成交额30.83亿元", 3_083_000_000, 1_000_000, "元", "the last digit is worth a million"),
    ("一网通办率99.11%", Fraction(9911, 100), Fraction(1, 100), "%", "two decimals"),
    ("好评率99.84％", Fraction(9984, 100), Fraction(1, 100), "%", "full-width per cent"),
    ("百分之九十九点一一", Fraction(9911, 100), Fraction(1, 100), "%", "written out"),
    ("百分之百", 100, 1, "%", "all of it"),
    ("千分之三", Fraction(3, 10), Fraction(1, 10), "%", "per mille as per cent"),
    ("办结率为5‰", Fraction(1, 2), Fraction(1, 10), "%", "the sign of per mille"),
    ("上升0.35个百分点", Fraction(35, 100), Fraction(1, 100), "百分点", "points are not per cent"),
    ("26个窗口", 26, 1, "个", "a count"),
    ("二十六个窗口", 26, 1, "个", "a written count"),
    ("一百零二项任务", 102, 1, "项", "zero inside"),
    ("三万五千件", 35_000, 1, "件", "a written scale"),
    ("一亿三千万元", 130_000_000, 10_000, "元", "ends in 万"),
    ("召开两次会议", 2, 1, "次", "两 is two"),
    ("位列全市第1", 1, 1, "名次", "a rank"),
    ("全省第二名", 2, 1, "名次", "a written rank"),
    ("平均用时3.5个工作日", Fraction(7, 2), Fraction(1, 10), "工作日", "working days"),
]


@pytest.mark.parametrize(("text", "value", "step", "unit", "why"), FOUND, ids=[row[4] for row in FOUND])
def test_a_number_is_read_with_value_step_and_unit(
    text: str, value: Fraction, step: Fraction, unit: str, why: str
) -> None:
    (token,) = numbers.tokens(text)
    assert (token.value, token.step, token.unit) == (value, step, unit)
    assert text[token.start : token.end].translate(numbers.FULL_WIDTH) == token.text


NONE = [
    "2023年以来", "2023年1—5月", "1-5月份", "1—5月", "6月21日召开", "5月底", "2023-05-31", "14:02", "新政务〔2023〕12号", "第3号令",
    "一、总体情况", "（一）办件", "1.办理", "（2）办结", "办理[3]", "构建“1253”模式", "聚焦“14361”战略", "“55+X”模式", "55+X模式",
    "2.0平台", "第三条", "第47周", "第12期", "一季度", "四季度", "一网通办", "好差评", "一件事", "一个窗口", "一次办成", "二〇二三年",
    "24小时自助服务区", "15分钟政务服务圈", "GB9704", "争创“六个先行”", "2023—2025年", "十大案例", "三支队伍", "周三上午",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_dates_names_marks_and_articles_are_no_numbers(text: str) -> None:
    assert numbers.tokens(text) == []


def test_the_reference_sentence_gives_its_figures_in_order() -> None:
    line = "1-5月，全县办理108万件，其中2.0平台37万件，通办率99.11%，好评率99.84%；交易122项，30.83亿元。"
    assert [t.text for t in numbers.tokens(line)] == [
        "108万件",
        "37万件",
        "99.11%",
        "99.84%",
        "122项",
        "30.83亿元",
    ]


def written(n: int) -> str:
    """Write a number below a hundred million in Chinese, as a clerk does."""
    if n >= 10_000:
        rest = n % 10_000
        gap = "零" if 0 < rest < 1000 else ""
        return f"{written(n // 10_000)}万{gap}{written(rest) if rest else ''}"
    digits = "零一二三四五六七八九"
    out, started, zero = "", False, False
    for worth, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // worth % 10
        if digit:
            out += ("零" if zero and started else "") + digits[digit] + name
            started, zero = True, False
        else:
            zero = started
    return out or "零"


@given(st.integers(1, 99_999_999))
def test_every_written_number_is_read_back(n: int) -> None:
    assert numbers.chinese_value(written(n)) == n


@pytest.mark.parametrize(
    ("text", "value"),
    [("十", 10), ("十二", 12), ("两", 2), ("三千五", 3500), ("一百二", 120), ("三万五", 35_000), ("一亿三", 130_000_000),
     ("二〇二三", 2023), ("百十", None), ("一二三十", None), ("", None), ("天", None), ("万", None)],
)  # fmt: skip
def test_short_and_broken_numerals(text: str, value: int | None) -> None:
    assert numbers.chinese_value(text) == value


UNITS = ["件", "%", "项", "亿元", "万元", "个", "条", "名", "万件", "个百分点"]


@given(
    st.lists(
        st.tuples(st.integers(0, 9_999_999), st.integers(0, 3), st.sampled_from(UNITS)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["，其中", "；另有", "，比上期增加"]),
)
def test_every_printed_number_of_a_text_is_found_at_its_place(
    parts: list[tuple[int, int, str]], glue: str
) -> None:
    printed = [
        f"{whole}.{'7' * decimals}{unit}" if decimals else f"{whole}{unit}" for whole, decimals, unit in parts
    ]
    line = glue.join(f"数为{text}" for text in printed)
    found = numbers.tokens(line)
    assert [t.text for t in found] == printed
    assert all(line[t.start : t.end] == t.text for t in found)


@given(
    st.text(
        st.sampled_from("一二三十百千万亿点分之0123456789.,，。%件个月日年第〔〕[]“”—-+Xx：:两余多周"),
        max_size=40,
    )
)
def test_no_text_breaks_the_reader_and_tokens_never_overlap(text: str) -> None:
    found = numbers.tokens(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(0 <= t.start < t.end <= len(text) and t.step > 0 for t in found)


@given(st.integers(0, 10**9), st.integers(0, 2))
def test_a_figure_agrees_with_its_own_printed_form_and_with_no_other(n: int, decimals: int) -> None:
    from xinfu.core.ui import text

    value = Fraction(n)
    printed = f"{text.half_up(Fraction(n, 10_000), decimals)}万件"
    (token,) = numbers.tokens(printed)
    assert numbers.fits(token, value)
    assert not numbers.fits(token, value + 2 * token.step)


def known(title: str, value: int | Fraction, unit: str, printed: str, group: str = "", *names: str) -> Known:
    return Known(
        key=f"{group}{title}", title=f"{group}{title}", names=(title, *names), group=group, value=Fraction(value), unit=unit,
        printed=printed, period="2023年1—5月", cutoff="2023年5月31日", origin="computed", url="",
    )  # fmt: skip


KNOWNS = [
    known("办件总量", 1_080_000, "件", "108万件", "", "办理政务服务事项"),
    known("2.0平台办件量", 370_000, "件", "37万件", "", "2.0平台"),
    known("一网通办率", Fraction(9911, 100), "%", "99.11%", "", "一网通办"),
    known("一网通办率", Fraction(8850, 100), "%", "88.50%", "一季度", "一网通办"),
    known("办件总量", 12_345, "件", "1.23万件", "县市场监管局", "办件"),
    known("好评率", Fraction(9984, 100), "%", "99.84%"),
    known("成交额", 3_083_000_000, "元", "30.83亿元"),
    known("被省采纳", 12, "条", "12条"),
    known("全市位次", 1, "名次", "第1"),
]
VERDICTS = [
    ("全县办理政务服务事项108万件", "ticked", "108万件", "as printed"),
    ("全县办理政务服务事项1,080,000件", "ticked", "108万件", "in full digits"),
    ("全县办理政务服务事项100余万件", "unknown", None, "余 in the middle is no scale of ours"),
    ("全县办理政务服务事项109万件", "struck", "108万件", "differs, ours is shown"),
    ("“一网通办”率99.11%", "ticked", "99.11%", "quotes do not matter"),
    ("“一网通办”率99.1%", "ticked", "99.11%", "rounded more coarsely"),
    ("“一网通办”率99.12%", "struck", "99.11%", "one hundredth off"),
    ("“一网通办”率99.84%", "struck", "99.11%", "another figure's value does not help"),
    ("一季度“一网通办”率88.5%", "ticked", "88.50%", "the quarter's own"),
    ("一季度“一网通办”率99.11%", "struck", "88.50%", "the whole period's value is wrong there"),
    ("县市场监管局办件1.23万件", "ticked", "1.23万件", "the unit's own"),
    ("县市场监管局办件108万件", "struck", "1.23万件", "the county's value is wrong there"),
    ("成交额30.8亿元", "ticked", "30.83亿元", "one decimal"),
    ("成交额308300万元", "ticked", "30.83亿元", "another scale"),
    ("成交额308342万元", "struck", "30.83亿元", "finer than we know"),
    ("共计1080000件", "ticked", "108万件", "no name, but hardly by chance"),
    ("开展活动12次", "unknown", None, "small and unnamed"),
    ("建议被省采纳12条", "ticked", "12条", "small but named"),
    ("建议被省采纳十三条", "struck", "12条", "written out"),
    ("培训3期", "unknown", None, "nothing like it"),
    ("满意率百分之九十九点八四", "ticked", "99.84%", "three digits agree"),
]


@pytest.mark.parametrize(("text", "verdict", "printed", "why"), VERDICTS, ids=[row[3] for row in VERDICTS])
def test_the_verdict_on_a_number(text: str, verdict: str, printed: str | None, why: str) -> None:
    marks = numbers.check([text], KNOWNS)
    assert [m.verdict for m in marks] in ([verdict], [] if "余" in text else [verdict])
    if printed:
        assert marks[0].known is not None
        assert marks[0].known.printed == printed


def test_about_so_many_agrees_with_somewhat_more() -> None:
    (mark,) = numbers.check(["办件总量107万余件"], [known("办件总量", 1_078_000, "件", "107.8万件")])
    assert mark.verdict == "ticked"
    (mark,) = numbers.check(["办件总量107万余件"], [known("办件总量", 1_080_000, "件", "108万件")])
    assert mark.verdict == "struck"


def test_the_words_about_a_number_end_at_the_numbers_beside_it() -> None:
    line = "全县办理政务服务事项108万件，其中2.0平台37万件，“一网通办”率99.11%，好评率99.84%。"
    assert [m.verdict for m in numbers.check([line], KNOWNS)] == ["ticked"] * 4
