"""The reference county's ratings: enough of its cases to print 99.84 %, and bad ones in every state of the loop.

Counts of the whole county: 25,000 active ratings, 40 of them bad, so 24,960 ÷ 25,000 = 99.84 %. Beside them
stand default ratings (apart for ever) and bad ratings whose appeal was upheld (they no longer count). Every choice
comes from MD5 of the case's number and a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from xinfu.cases import queries as cases
from xinfu.core import holidays
from xinfu.core.actor import system
from xinfu.demo.generate import FIRST, LAST
from xinfu.ratings import actions, queries
from xinfu.ratings.actions.intake import Record

BY = system("demo")
CHINA = ZoneInfo("Asia/Shanghai")
END = datetime.combine(LAST, time(17), CHINA)
LEAST_BAD = 9
REASONS = {
    1: ("108", "109", "110", "111", "113", "114", "115"),
    2: ("207", "208", "209", "210", "213", "214"),
    3: ("307", "308", "309"),
    4: ("406", "407", "408"),
    5: ("510", "511", "512"),
}
CHANNELS = (("3", 42), ("4", 74), ("2", 86), ("6", 93), ("1", 97), ("5", 100))
RECENT = (
    "open",
    "rectifying",
    "appealed",
    "cannot_asked",
    "rejected",
    "extended",
    "refused",
    "cannot",
    "upheld",
)
"""What stands with the latest bad ratings, latest first: each state of the loop at least once."""


@dataclass(frozen=True, slots=True)
class RatingTargets:
    """Active ratings and bad ones among them that must come out, and how many upheld appeals come on top."""

    total: int
    bad: int
    upheld: int
    defaults: int

    @staticmethod
    def scaled(cases_total: int) -> RatingTargets:
        total = cases_total * 5 // 216
        bad = max(LEAST_BAD, total * 16 // 10_000)
        return RatingTargets(total, bad, max(1, bad // 64), total // 50)

    @property
    def good(self) -> int:
        return self.total - self.bad


def plan(targets: RatingTargets) -> list[str]:
    """Return what becomes of each bad rating, latest first."""
    rest = targets.bad + targets.upheld - len(RECENT)
    upheld = {(n + 1) * rest // targets.upheld - 1 for n in range(targets.upheld - 1)}
    kinds = []
    for n in range(rest):
        late, cannot = n % 90 == 40, n % 60 == 20
        kinds.append("upheld" if n in upheld else "late" if late else "cannot" if cannot else "rectified")
    return [*RECENT, *kinds]


def _n(word: str, of: str, below: int) -> int:
    return (
        int.from_bytes(hashlib.md5(f"{of}{word}".encode(), usedforsecurity=False).digest()[:6], "big") % below
    )


def load(cases_total: int, at: datetime) -> int:
    """Take in the county's ratings and return how many; what became of the bad ones, `walk` tells."""
    records = enumerate(_records(RatingTargets.scaled(cases_total)), 1)
    outcome = actions.take_ratings(
        records=records, source="演示县评价（虚构）", sha256=hashlib.sha256(b"demo").hexdigest(),
        origin="local", opens_loops=False, by=BY, at=at,
    )  # fmt: skip
    if outcome.refused:
        raise AssertionError(f"the demonstration's own ratings are bad: {outcome.refusals[:3]}")
    actions.tell(by=BY, at=at)
    return outcome.created


def _records(targets: RatingTargets) -> Iterator[Record]:
    """Pick cases evenly over the period; the bad ones are those whose number comes first by MD5."""
    found = list(
        cases.cases(BY)
        .filter(state="finished", finish_kind__in=("0", "6"), finished_on__lte=LAST, finished_on__gte=FIRST)
        .order_by("pk")
        .values_list("case_no", "finished_at")
    )
    wanted = targets.total + targets.upheld + targets.defaults
    picked = [found[n * len(found) // wanted] for n in range(wanted)]
    del found
    bad_count = targets.bad + targets.upheld
    by_number = sorted(range(wanted), key=lambda n: _n("bad", picked[n][0], 1 << 40))
    bad = frozenset(by_number[:bad_count])
    default = frozenset(by_number[bad_count : bad_count + targets.defaults])
    for n, (number, finished_at) in enumerate(picked):
        assert finished_at is not None
        yield _record(number, finished_at, is_bad=n in bad, is_default=n in default)


def _record(number: str, finished_at: datetime, *, is_bad: bool, is_default: bool) -> Record:
    local = finished_at.astimezone(CHINA)
    later = local + timedelta(days=(0, 0, 0, 1, 2)[_n("day", number, 5)])
    rated_at = later if later.date() <= LAST else local
    share = _n("level", number, 1000)
    if is_default:
        return Record(case_no=number, level=3, rated_at=rated_at, channel="7", is_anonymous=False)
    level = (1 + (share < 600)) if is_bad else 5 if share < 902 else 4 if share < 986 else 3
    anonymous = _n("anonymous", number, 100) < 58
    channel = next(code for code, below in CHANNELS if _n("channel", number, 100) < below)
    reasons = (REASONS[level][_n("reason", number, len(REASONS[level]))],) if is_bad or share % 3 == 0 else ()
    return Record(
        case_no=number, level=level, rated_at=rated_at, channel=channel, reasons=reasons,
        text="演示数据：办理情况与承诺不符" if is_bad else "", is_anonymous=anonymous,
        may_publish=not is_bad and share % 10 == 0, name="" if anonymous else "王演示",
        phone="" if anonymous else f"120{_n('phone', number, 10**8):08}",
    )  # fmt: skip


# --- the loops -----------------------------------------------------------------------------------


def walk(cases_total: int) -> int:
    """Open the loop of each bad rating and take it as far as the plan says; return how many."""
    latest_first = list(queries.bad_without_loop(BY).reverse())
    kinds = plan(RatingTargets.scaled(cases_total))
    # A stopped demonstration goes on: what is left are the latest, since the oldest are taken first.
    pairs = list(zip(latest_first, kinds, strict=False))
    for rating, kind in reversed(pairs):
        _walk_one(rating, kind)
    return len(pairs)


def _received(rating: Any) -> datetime:
    """Return when the office got it: at once by name, at the next working day's start without."""
    if not rating.is_anonymous:
        at: datetime = rating.rated_at
        return at
    day: date = rating.rated_on + timedelta(days=1)
    while not holidays.calendar().is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(0, 10), CHINA)


WAYS: dict[str, tuple[tuple[str, int], ...]] = {
    "open": (),
    "rectifying": (("accept", 1),),
    "appealed": (("appeal", 1),),
    "cannot_asked": (("accept", 1), ("cannot", 3)),
    "rejected": (("appeal", 1), ("reject", 3)),
    "extended": (("accept", 1), ("extend", 2)),
    "refused": (("accept", 1), ("cannot", 2), ("refuse", 4)),
    "cannot": (("accept", 1), ("cannot", 2), ("allow", 4)),
    "upheld": (("appeal", 1), ("uphold", 3)),
    "late": (("accept", 1), ("finish", 29)),
    "rectified": (("accept", 1), ("finish", 6)),
}
"""The moves of each way, and how many days after receipt each is made."""
NOTES = {
    "accept": "演示：核实属实",
    "appeal": "演示：经核实，评价人点错了选项",
    "uphold": "演示：已向评价人核实，确为误评",
    "reject": "演示：所述情况与办件记录不符，请整改",
    "finish": "演示：已向评价人致歉并改正，窗口已培训",
    "extend": "演示：涉及两个部门，需要时间",
    "cannot": "演示：涉及上位规定，本县不能改变",
    "allow": "演示：情况属实，已向评价人说明",
    "refuse": "演示：可以改进的部分请继续整改",
}


def _walk_one(rating: Any, kind: str) -> None:
    received = _received(rating)
    loop = actions.open_loop(rating=rating, by=BY, at=received)
    if kind == "open":
        return
    named = not rating.is_anonymous
    if named:
        _call(loop, "first", received + timedelta(hours=2))
    for move, days in WAYS[kind]:
        at = min(received + timedelta(days=days, hours=1), max(END, received + timedelta(hours=days + 3)))
        if move == "uphold" and named:
            _call(loop, "appeal", at)
        due_on = loop.rectify_due_on + timedelta(days=7) if move == "extend" else None
        loop = actions.move_loop(loop=loop, move=move, note=NOTES[move], due_on=due_on, by=BY, at=at)


def _call(loop: Any, kind: str, at: datetime) -> None:
    actions.call_back(
        loop=loop, kind=kind, is_reached=True, said="演示：已听取评价人说明，对方愿意配合", by=BY, at=at
    )
