"""What follows from scores: periods brought together, places within groups, awards, and standing at the bottom.

Scores are whole thousandths (lib.scoretable); every number that decides is given by the caller from dated rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from xinfu.lib.scorecard import Card
from xinfu.lib.scoretable import ScoreError, rounded

LOSSES, BLOCK = "losses", "block:"
"""Tie keys: who lost fewer points by rules, within their limits, stands higher; who has more points in a block (`block:CODE`) does."""


def mean(scores: Sequence[int]) -> int:
    """Return the mean of scores, as of a quarter from its months. Raises ScoreError for none."""
    if not scores:
        raise ScoreError("没有可以平均的得分")
    return rounded(Fraction(sum(scores), len(scores)))


def weighted(parts: Sequence[tuple[int, Fraction]]) -> int:
    """Return scores brought together by weights that add up to one, as of a year: 80 % its months, 20 % the review."""
    if sum(weight for _, weight in parts) != 1:
        raise ScoreError("各部分的权重之和应为1")
    return rounded(sum((score * weight for score, weight in parts), Fraction(0)))


def group_of(volume: int, groups: Sequence[tuple[str, int]]) -> str:
    """Return the group for comparison by the volume of cases: the first whose least volume it reaches.

    `groups`: name and least volume, the largest first; the last one's is 0.
    """
    for name, least in groups:
        if volume >= least:
            return name
    raise ScoreError("分组没有覆盖所有办件量：最后一组应从0起")


def ties_of(card: Card, keys: Iterable[str]) -> tuple[int, ...]:
    """Return what decides between equal scores, in the order of the keys; higher is better."""
    found = []
    for key in keys:
        if key == LOSSES:
            counted = (one for of in card.tally.by_block.values() for one in of)
            found.append(sum(min(one.points + one.over, 0) for one in counted))
        elif key.startswith(BLOCK) and key.removeprefix(BLOCK) in card.blocks:
            found.append(card.blocks[key.removeprefix(BLOCK)])
        else:
            raise ScoreError(f"不认识的并列规则“{key[:30]}”")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Standing:
    """One subject's score for a period. `ties` decides between equal scores, higher first."""

    subject: str
    score: int
    group: str = ""
    ties: tuple[int, ...] = ()
    is_vetoed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject stands in its group: equal ones share a rank, the next one's rank counts them all.

    `is_last`: nobody in the group stands lower, and somebody stands higher. Who is vetoed stands behind all others.
    """

    standing: Standing
    rank: int
    of: int
    is_last: bool

    @property
    def subject(self) -> str:
        return self.standing.subject


def places(standings: Iterable[Standing]) -> list[Place]:
    """Return the places by group, rank and subject."""
    groups: dict[str, list[Standing]] = {}
    for standing in standings:
        groups.setdefault(standing.group, []).append(standing)
    found = []
    for name in sorted(groups):
        order = sorted({_worth(one) for one in groups[name]}, reverse=True)
        for one in groups[name]:
            better = sum(_worth(other) > _worth(one) for other in groups[name])
            is_last = len(order) > 1 and _worth(one) == order[-1]
            found.append(Place(one, better + 1, len(groups[name]), is_last))
    return sorted(found, key=lambda place: (place.standing.group, place.rank, place.subject))


def _worth(one: Standing) -> tuple[bool, int, tuple[int, ...]]:
    return not one.is_vetoed, one.score, one.ties


# --- awards ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Award:
    """An award of a period: how many get it (of all, or in each group), and who is left out.

    `least`: the least score. `most_last`: who stood last more often than this in the year gets none.
    `takes_ties`: those equal to the last one in are in as well; otherwise none of the equal ones is.
    """

    title: str
    most: int
    per_group: bool = False
    least: int | None = None
    most_last: int | None = None
    takes_ties: bool = True


@dataclass(frozen=True, slots=True)
class Awarded:
    """Who gets an award, by worth, and why others that stood high enough do not."""

    subjects: tuple[str, ...]
    left_out: Mapping[str, str]


def awarded(award: Award, of: Iterable[Place], last_in_year: Mapping[str, int]) -> Awarded:
    """Return who gets an award. `last_in_year`: how often each subject stood last, this period included."""
    found: list[str] = []
    left_out: dict[str, str] = {}
    groups: dict[str, list[Standing]] = {}
    for place in of:
        why = _why_no_award(award, place.standing, last_in_year.get(place.subject, 0))
        if why:
            left_out[place.subject] = why
        else:
            groups.setdefault(place.standing.group if award.per_group else "", []).append(place.standing)
    for name in sorted(groups):
        found += _first_of(groups[name], award)
    return Awarded(tuple(found), left_out)


def _why_no_award(award: Award, standing: Standing, last: int) -> str:
    if standing.is_vetoed:
        return "本期一票否决"
    if award.most_last is not None and last > award.most_last:
        return f"本年{last}次末位"
    if award.least is not None and standing.score < award.least:
        return "得分未达到最低要求"
    return ""


def _first_of(group: list[Standing], award: Award) -> list[str]:
    group = sorted(group, key=lambda one: one.subject)
    group.sort(key=_worth, reverse=True)
    inside, outside = group[: award.most], group[award.most :]
    if inside and outside and _worth(inside[-1]) == _worth(outside[0]):
        border = _worth(outside[0])
        if award.takes_ties:
            inside += [one for one in outside if _worth(one) == border]
        else:
            inside = [one for one in inside if _worth(one) != border]
    return [one.subject for one in inside]


# --- standing at the bottom ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BottomRule:
    """What follows when a subject stood last so many periods running, or so many times in the year."""

    what: str
    running: int
    in_year: int


def follows(history: Sequence[bool], rules: Sequence[BottomRule]) -> BottomRule | None:
    """Return the gravest rule that applies after the last period. `history`: the year's periods, whether last in each.

    `rules`: from the mildest to the gravest. None where the last period was not one at the bottom: a rule is applied
    when it is reached, and not again without a new last place.
    """
    if not history or not history[-1]:
        return None
    running = next((n for n, was in enumerate(reversed(history)) if not was), len(history))
    reached = [rule for rule in rules if running >= rule.running or sum(history) >= rule.in_year]
    return reached[-1] if reached else None
