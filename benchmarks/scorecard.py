"""Score cards of a year counted from nothing, beside a plain Python sum over the same entries. Prints JSON.

26 windows × 12 months × 2,000 entries a month by default, by a table of 37 rules in five blocks: fixed points with a
limit a period, chosen points, additions. `month_seconds`: all windows of one month. The sum multiplies points by
times and knows no rule's range, limit, bounds, nor an entry told twice. `--windows N`, `--entries N`, `--rounds N`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import date
from fractions import Fraction

from xinfu.lib.scorecard import score
from xinfu.lib.scoretable import Block, Entry, Kind, Rule, Table

MAX_RATIO, MAX_MONTH = 8.0, 1.0
MONTHS = [(date(2023, month, 1), date(2023, month, 28)) for month in range(1, 13)]
BLOCKS = (
    Block("discipline", "工作纪律", 30_000), Block("site", "现场管理", 20_000), Block("business", "业务规范", 35_000),
    Block("general", "综合工作", 15_000), Block("extra", "加分", 0, cap=5_000),
)  # fmt: skip
FIXED = [Rule(f"d{n}", block.code, f"扣分{n}", Kind.DEDUCT, 10 * n, 10 * n, chief=Fraction(1, 2), limit=2_000)
         for n, block in enumerate(BLOCKS[:4] * 8, 1)]  # fmt: skip
CHOSEN = [Rule(f"c{n}", "business", f"区间{n}", Kind.DEDUCT, 100, 500) for n in range(1, 5)]
ADDED = [Rule("plus", "extra", "加分", Kind.ADD, 1_000, 3_000)]
TABLE = Table("bench", "1", "窗口月度考评", date(2023, 1, 1), BLOCKS, (*FIXED, *CHOSEN, *ADDED), cap=105_000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=26)
    parser.add_argument("--entries", type=int, default=2000, help="entries a window and month")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    year = [[made(options.entries, window, frm) for window in range(options.windows)] for frm, _ in MONTHS]
    ours, reference, month = [], [], []
    for _ in range(options.rounds):
        ours.append(timed(lambda: [[by_card(e, *MONTHS[n]) for e in of] for n, of in enumerate(year)]))
        reference.append(timed(lambda: [[by_sum(e) for e in of] for of in year]))
        month.append(timed(lambda: [by_card(e, *MONTHS[0]) for e in year[0]]))
    lines = timed(lambda: [score([TABLE], e, *MONTHS[0]).lines for e in year[0]])
    ratio = min(ours) / min(reference)
    holds = ratio <= MAX_RATIO and min(month) < MAX_MONTH
    print(json.dumps({
        "bench": "scorecard", "windows": options.windows, "months": len(MONTHS), "entries_a_month": options.entries,
        "ours_seconds": round(min(ours), 3), "reference_seconds": round(min(reference), 3), "ratio": round(ratio, 2),
        "max_ratio": MAX_RATIO, "month_seconds": round(min(month), 3), "max_month_seconds": MAX_MONTH,
        "month_with_every_line_explained_seconds": round(lines, 3), "holds": holds,
    }, indent=2))  # fmt: skip
    return 0 if holds else 1


def made(many: int, window: int, first: date) -> list[Entry]:
    chance = random.Random(f"{window} {first}")
    rules = [*FIXED, *CHOSEN, *ADDED]
    entries = []
    for n in range(many):
        rule = chance.choice(rules)
        points = chance.randint(rule.low, rule.high) if rule.low < rule.high else None
        on = first.replace(day=chance.randint(1, 28))
        entries.append(Entry(f"{window}-{n}", rule.code, on, chance.choice((1, 1, 1, 2)), points))
    return entries


POINTS = {rule.code: -rule.low for rule in FIXED}


def by_sum(entries: list[Entry]) -> int:
    return sum((POINTS[e.rule] if e.points is None else e.points) * e.count for e in entries)


def by_card(entries: list[Entry], frm: date, to: date) -> int:
    return score([TABLE], entries, frm, to).total


def timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
