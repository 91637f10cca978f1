"""All indicators in all grains over made-up cases, beside one hand-written DuckDB query with the same groups.

Prints JSON: seconds of ours and of the reference (best of three, each in a process of its own), their ratio, peak
memory, and how the time grows from 1.08 to 10.8 million cases. Both must give the same numbers.
`--rows N` measures one size only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

SIZES = (1_080_000, 10_800_000)
FRM, TO = date(2023, 1, 1), date(2023, 5, 31)
ROUNDS = 3
MAX_RATIO = 3.0
MAX_MIB = 1024

CASES = """
SELECT i AS id, received_on, received_on + accept_after AS accepted_on,
  CASE WHEN h % 100 < 96 THEN received_on + accept_after + took END AS finished_on,
  received_on + accept_after + promise AS due_on,
  CAST(received_on + accept_after + promise AS TIMESTAMP) + INTERVAL 15 HOUR AS due_at,
  CASE WHEN h % 100 < 96
       THEN CAST(received_on + accept_after + took AS TIMESTAMP) + INTERVAL 1 HOUR * CAST(h % 9 AS INTEGER)
  END AS finished_at,
  received_on + 7 AS accept_due_on, CASE WHEN h % 10 = 0 THEN 'stated' ELSE 'computed' END AS due_kind,
  h % 1000 < 343 AS unified, h % 1000 < 346 AS unified_item,
  CAST(1 + (h >> 8) % 40 AS BIGINT) AS department_id, CAST(1 + (h >> 8) % 26 AS BIGINT) AS window_id,
  CAST(1 + (h >> 16) % 22 AS BIGINT) AS town_id, CAST(1 + (h >> 20) % 2000 AS BIGINT) AS item_id,
  CAST(1 + (h >> 24) % 6 AS VARCHAR) AS channel, CASE WHEN promise = 0 THEN '1' ELSE '2' END AS project_type,
  CASE WHEN h % 100 < 96 THEN 'finished' ELSE 'handling' END AS state,
  CASE WHEN h % 50 = 0 THEN '2' ELSE '0' END AS finish_kind, h % 100 < 96 AND h % 50 <> 0 AS normal_finish,
  promise AS promise_days, 0 AS paused_days, CAST(NULL AS DATE) AS paused_on, CASE WHEN h % 100 < 96 THEN took END AS handling_days,
  h % 997 <> 0 AS clock_ok, CASE WHEN h % 997 = 0 THEN 1 ELSE 0 END AS quality
FROM (
  SELECT i, h, DATE '2023-01-01' + CAST(i * 151 // {rows} AS INTEGER) AS received_on,
    CAST((h >> 4) % 9 AS INTEGER) AS accept_after, CAST((h >> 12) % 12 AS INTEGER) AS took,
    CAST(((h >> 32) % 6) * 2 AS INTEGER) AS promise
  FROM (SELECT i, hash(i) AS h FROM range({first}, {last}) AS t(i))
)
"""

ITEMS = """
SELECT i AS version_id, i AS item_id, DATE '2022-01-01' AS since, CAST(NULL AS DATE) AS until,
  CAST(1 + i % 40 AS BIGINT) AS department_id, '01' AS task_type, i % 20 > 0 AS applied, '2' AS project_type,
  CAST(20 + i % 40 AS INTEGER) AS statutory_workdays, CAST(i % 5 AS INTEGER) AS promise_workdays,
  CAST(i % 3 AS INTEGER) AS visits, i % 40 = 0 AS visits_exempt, i % 3 = 0 AS zero_visit,
  i % 50 > 0 AS online_url_given, i % 100 = 0 AS online_exempt, i % 30 > 0 AS mobile_url_given,
  i % 90 = 0 AS mobile_exempt, true AS is_unified
FROM range(3373) AS t(i)
"""

# What a person who knows DuckDB writes for this board: one statement, counted by day of receipt, of finish, of lateness.
BY_HAND = """
WITH received AS (
  SELECT GROUPING_ID(m, w, department_id, window_id, town_id, item_id, channel) AS g,
         m, w, department_id, window_id, town_id, item_id, channel,
         count(*) AS a, count(*) FILTER (unified) AS b, count(*) FILTER (unified AND unified_item) AS c,
         count(*) FILTER (unified_item) AS d,
         count(*) FILTER (accept_due_on <= DATE '2023-05-31'
           AND (coalesce(accepted_on, finished_on) IS NULL OR coalesce(accepted_on, finished_on) > accept_due_on)) AS e
  FROM (SELECT *, date_trunc('month', received_on) AS m, date_trunc('week', received_on) AS w FROM cases
        WHERE received_on BETWEEN DATE '2023-01-01' AND DATE '2023-05-31')
  GROUP BY GROUPING SETS ((), (m), (w), (department_id), (window_id), (town_id), (item_id), (channel),
    (m, channel), (w, channel), (department_id, channel), (window_id, channel), (town_id, channel), (item_id, channel))
), finished AS (
  SELECT GROUPING_ID(m, w, department_id, window_id, town_id, item_id, channel) AS g,
         m, w, department_id, window_id, town_id, item_id, channel,
         count(*) FILTER (checked AND (CASE WHEN stated THEN finished_at <= due_at ELSE finished_on <= due_on END)) AS a,
         count(*) FILTER (checked AND (CASE WHEN stated THEN finished_at < due_at ELSE finished_on < due_on END)) AS b,
         count(*) FILTER (checked) AS c,
         coalesce(sum(handling_days) FILTER (normal_finish AND clock_ok), 0) AS d,
         count(handling_days) FILTER (normal_finish AND clock_ok) AS e
  FROM (SELECT *, date_trunc('month', finished_on) AS m, date_trunc('week', finished_on) AS w,
               normal_finish AND due_on IS NOT NULL AS checked, due_kind = 'stated' AS stated FROM cases
        WHERE finished_on BETWEEN DATE '2023-01-01' AND DATE '2023-05-31')
  GROUP BY GROUPING SETS ((), (m), (w), (department_id), (window_id), (town_id), (item_id), (channel))
), late AS (
  SELECT GROUPING_ID(m, w, department_id, window_id, town_id, item_id, channel) AS g,
         m, w, department_id, window_id, town_id, item_id, channel,
         count(*) FILTER (overdue OR (done AND normal_finish AND due_on IS NOT NULL
           AND (CASE WHEN due_kind = 'stated' THEN finished_at > due_at ELSE finished_on > due_on END))) AS a,
         count(*) FILTER (overdue OR (done AND normal_finish AND due_on IS NOT NULL)) AS b, 0 AS c, 0 AS d, 0 AS e
  FROM (SELECT *, date_trunc('month', counts_on) AS m, date_trunc('week', counts_on) AS w FROM (
          SELECT *, finished_on <= DATE '2023-05-31' AS done,
            CASE WHEN finished_on <= DATE '2023-05-31' THEN finished_on ELSE due_on END AS counts_on,
            due_on <= DATE '2023-05-31' AND (paused_on IS NULL OR paused_on > due_on)
              AND coalesce(finished_on > DATE '2023-05-31', state IN ('applied', 'received', 'correction',
                'accepted', 'handling', 'suspended')) AS overdue FROM cases)
        WHERE counts_on BETWEEN DATE '2023-01-01' AND DATE '2023-05-31')
  GROUP BY GROUPING SETS ((), (m), (w), (department_id), (window_id), (town_id), (item_id), (channel))
)
SELECT 'received' AS what, * FROM received UNION ALL SELECT 'finished', * FROM finished
UNION ALL SELECT 'late', * FROM late
"""


@dataclass(frozen=True)
class Made:
    """Made-up Parquet files in the form of a snapshot."""

    digest: str
    files: Mapping[str, Sequence[str]]


def make(folder: Path, rows: int) -> None:
    """Write the files of one size: cases by month of receipt, and the items."""
    duck = duckdb.connect(config={"memory_limit": "640MB", "threads": 2, "temp_directory": str(folder)})
    for month in range(5):
        first, last = rows * month // 5, rows * (month + 1) // 5
        text = CASES.format(rows=rows, first=first, last=last)
        duck.execute(f"COPY ({text}) TO '{folder}/cases-{month}.parquet' (COMPRESSION zstd)")
    duck.execute(f"COPY ({ITEMS}) TO '{folder}/items.parquet' (COMPRESSION zstd)")


def files_of(folder: Path) -> dict[str, list[str]]:
    return {
        "cases": sorted(str(p) for p in folder.glob("cases-*.parquet")),
        "items": [str(folder / "items.parquet")],
    }


def ours(folder: Path) -> list[tuple[str, int, int]]:
    from xinfu.core.registry import indicators
    from xinfu.indicators import definitions, engine

    definitions.register()
    groupings = [(), *((grain,) for grain in engine.GRAINS)]
    rows = engine.compute(Made(str(folder), files_of(folder)), list(indicators), FRM, TO, groupings)
    return [(row.indicator, row.numerator, row.denominator or 0) for row in rows]


def reference(folder: Path) -> list[tuple[Any, ...]]:
    duck = duckdb.connect(config={"memory_limit": "640MB", "threads": 2})
    listed = ", ".join(f"'{f}'" for f in files_of(folder)["cases"])
    duck.execute(f"CREATE VIEW cases AS SELECT * FROM read_parquet([{listed}])")
    return duck.execute(BY_HAND).fetchall()


# Which number of which part of the hand-written answer stands for which indicator.
COLUMNS = {
    "cases_total": ("received", 0, None), "cases_unified": ("received", 1, None), "one_net_rate": ("received", 2, 3),
    "late_acceptance_rate": ("received", 4, 0), "on_time_rate": ("finished", 0, 2),
    "early_finish_rate": ("finished", 1, 2), "mean_handling_days": ("finished", 3, 4), "late_finish_rate": ("late", 0, 1),
}  # fmt: skip


def check(by_engine: list[tuple[str, int, int]], by_hand: list[tuple[Any, ...]]) -> None:
    """Stop where the two do not give the same numbers for the same groups."""
    single = {0b1111111, *(0b1111111 ^ (1 << bit) for bit in range(7))}
    for code, (part, top, bottom) in COLUMNS.items():
        mine = sorted((n, d) for name, n, d in by_engine if name == code)
        theirs = sorted(
            (row[9 + top], 0 if bottom is None else row[9 + bottom])
            for row in by_hand
            if row[0] == part and row[1] in single
        )
        if mine != theirs:
            raise SystemExit(f"{code}: the engine and the hand-written query differ")


def peak_kib() -> int:
    """Return this program's own peak; getrusage would tell the parent's where that was larger."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def measure(which: str, folder: Path) -> dict[str, float]:
    """Run one side in this process and tell its best time and its peak memory."""
    run = {"ours": ours, "reference": reference}[which]
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run(folder)
        times.append(time.perf_counter() - start)
    peak = peak_kib() / 1024
    return {"seconds": round(min(times), 3), "first": round(times[0], 3), "peak_mib": round(peak)}


def one_size(rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="xinfu-bench-") as name:
        folder = Path(name)
        make(folder, rows)
        check(ours(folder), reference(folder))
        sides = {}
        for which in ("ours", "reference"):
            done = subprocess.run(
                [sys.executable, __file__, "--measure", which, str(folder)],
                check=True, stdout=subprocess.PIPE, text=True, env=os.environ,
            )  # fmt: skip
            sides[which] = json.loads(done.stdout)
    ratio = sides["ours"]["seconds"] / sides["reference"]["seconds"]
    return {"rows": rows, **sides, "ratio": round(ratio, 2)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--measure", nargs=2, metavar=("SIDE", "FOLDER"))
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], Path(options.measure[1]))))
        return 0
    sizes = [one_size(rows) for rows in options.rows or SIZES]
    per_row = [size["ours"]["seconds"] / size["rows"] for size in sizes]
    growth = round(per_row[-1] / per_row[0], 2)
    within = all(s["ratio"] <= MAX_RATIO and s["ours"]["peak_mib"] < MAX_MIB for s in sizes) and growth <= 1.5
    print(
        json.dumps({"bench": "figures", "sizes": sizes, "growth_per_row": growth, "within": within}, indent=2)
    )
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
