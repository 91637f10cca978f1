"""What follows from scores: means, places, ties, awards, the bottom."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lib.test_scorecard import FOUR, MAY, entry, p
from xinfu.lib.scorecard import score
from xinfu.lib.scoretable import ScoreError
from xinfu.lib.standing import (
    Award,
    BottomRule,
    Standing,
    awarded,
    follows,
    group_of,
    mean,
    places,
    ties_of,
    weighted,
)


def test_a_quarter_is_the_mean_of_its_months_and_a_year_weighs_the_review():
    assert mean([p("98.5"), p(97), p("99.25")]) == p("98.25")
    assert mean([p(1), p(1), p("1.001")]) == p(1), "0.000333 rounds away"
    assert weighted([(p("96.5"), Fraction(80, 100)), (p(90), Fraction(20, 100))]) == p("95.2"), "77.2 + 18"
    with pytest.raises(ScoreError, match="没有可以平均"):
        mean([])
    with pytest.raises(ScoreError, match="之和应为1"):
        weighted([(p(1), Fraction(1, 2))])


SIZES = [("大窗口", 3000), ("中窗口", 500), ("小窗口", 0)]


@pytest.mark.parametrize(
    ("volume", "group"), [(3000, "大窗口"), (2999, "中窗口"), (500, "中窗口"), (0, "小窗口")]
)
def test_windows_are_compared_within_their_size(volume, group):
    assert group_of(volume, SIZES) == group


def test_groups_must_leave_nobody_out():
    with pytest.raises(ScoreError, match="从0起"):
        group_of(1, SIZES[:2])


def told(found):
    return [(place.subject, place.rank, place.of, place.is_last) for place in found]


def test_equal_ones_share_a_rank_and_the_next_counts_them():
    found = places(
        [Standing("甲", p(99)), Standing("乙", p(98)), Standing("丙", p(98)), Standing("丁", p(97))]
    )
    assert told(found) == [("甲", 1, 4, False), ("丙", 2, 4, False), ("乙", 2, 4, False), ("丁", 4, 4, True)]


def test_ties_are_decided_in_the_order_of_the_keys():
    site = score([FOUR], [entry(1, "desk", count=2)], *MAY)  # -1 in 现场管理
    late = score([FOUR], [entry(1, "late")], *MAY)  # -1 in 工作纪律
    both = score([FOUR], [entry(1, "late", count=2), entry(2, "weekend", points=p(1))], *MAY)  # -2 + 1
    keys = ["block:discipline", "losses"]
    assert [ties_of(card, keys) for card in (site, late, both)] == [
        (p(30), p(-1)),
        (p(29), p(-1)),
        (p(28), p(-2)),
    ]
    found = places(
        Standing(name, card.total, ties=ties_of(card, keys))
        for name, card in (("甲", both), ("乙", late), ("丙", site))
    )
    assert told(found) == [("丙", 1, 3, False), ("乙", 2, 3, False), ("甲", 3, 3, True)]
    limited = score([FOUR], [entry(1, "task", count=5)], *MAY)
    assert ties_of(limited, ["losses"]) == (p(-3),), "no more than 3 points a period are lost by it"
    extra = replace(FOUR, rules=(*FOUR.rules[:-1], replace(FOUR.rules[-1], limit=p(2))))
    added = score([extra], [entry(1, "weekend", points=p(3))], *MAY)
    assert ties_of(added, ["losses"]) == (0,), "what a limit takes off an addition is no loss"
    with pytest.raises(ScoreError, match="并列规则"):
        ties_of(site, ["block:none"])


def test_groups_have_places_of_their_own_and_who_is_vetoed_stands_behind():
    found = places(
        [
            Standing("甲", p(90), "大窗口"), Standing("乙", p(99), "大窗口", is_vetoed=True),
            Standing("丙", p(80), "小窗口"),
        ]
    )  # fmt: skip
    assert told(found) == [("甲", 1, 2, False), ("乙", 2, 2, True), ("丙", 1, 1, False)], (
        "the only one is not last"
    )


scores = st.lists(st.integers(90, 100), min_size=1, max_size=12)


@given(scores)
def test_ranks_count_those_who_are_better(values):
    found = places(Standing(f"{n:02}", value) for n, value in enumerate(values))
    for place in found:
        assert place.rank == 1 + sum(value > place.standing.score for value in values)
        assert place.is_last == (place.standing.score == min(values) < max(values))


RED = Award("红旗窗口", 2, most_last=1, least=p(95))


def winners(award, *standings, last=None):
    return awarded(award, places(standings), last or {})


def test_an_award_goes_to_the_first_and_says_why_others_have_none():
    found = winners(
        RED, Standing("甲", p(99)), Standing("乙", p(98)), Standing("丙", p(97)), Standing("丁", p(94)),
        Standing("戊", p(100), is_vetoed=True), Standing("己", p("99.5")), last={"己": 2, "甲": 1},
    )  # fmt: skip
    assert found.subjects == ("甲", "乙")
    assert found.left_out == {"戊": "本期一票否决", "己": "本年2次末位", "丁": "得分未达到最低要求"}


@pytest.mark.parametrize(("takes_ties", "expected"), [(True, ("甲", "丙", "乙")), (False, ("甲",))])
def test_equal_ones_at_the_border_are_all_in_or_all_out(takes_ties, expected):
    award = Award("红旗窗口", 2, takes_ties=takes_ties)
    found = winners(
        award, Standing("甲", p(99)), Standing("乙", p(98)), Standing("丙", p(98)), Standing("丁", p(97))
    )
    assert sorted(found.subjects) == sorted(expected)


def test_an_award_may_be_given_in_each_group():
    award = Award("红旗窗口", 1, per_group=True)
    found = winners(
        award,
        Standing("甲", p(90), "大窗口"),
        Standing("乙", p(99), "小窗口"),
        Standing("丙", p(98), "小窗口"),
    )
    assert found.subjects == ("甲", "乙")


@given(scores, st.integers(1, 5))
def test_nobody_without_an_award_is_better_than_one_who_has_it(values, most):
    standings = [Standing(f"{n:02}", value) for n, value in enumerate(values)]
    for takes_ties in (True, False):
        inside = set(winners(Award("", most, takes_ties=takes_ties), *standings).subjects)
        got = [one.score for one in standings if one.subject in inside]
        rest = [one.score for one in standings if one.subject not in inside]
        assert not got or not rest or min(got) > max(rest), "equal ones fare alike"
        assert takes_ties or len(inside) <= most


# 上虞: last two months running or three in the year → within the hall; three running or four → the sending unit
SHANGYU = [BottomRule("内部通报", 2, 3), BottomRule("发函派驻单位", 3, 4)]


@pytest.mark.parametrize(
    ("months", "expected", "why"),
    [
        ("", None, "nothing has been"),
        ("x", None, "once"),
        ("xx", "内部通报", "two running"),
        ("xxx", "发函派驻单位", "three running"),
        ("x-x", None, "two, not running"),
        ("x-x-x", "内部通报", "three in the year"),
        ("x-x-x-x", "发函派驻单位", "four in the year"),
        ("xx-", None, "was told of two months ago"),
        ("-xx", "内部通报", "running at the end"),
    ],
)
def test_what_follows_from_standing_last(months, expected, why):
    found = follows([month == "x" for month in months], SHANGYU)
    assert (found.what if found else None) == expected, why
