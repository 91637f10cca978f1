"""Import of made-up cases from CSV with every check and due date, beside the bare load of the accepted rows.

Reference: COPY (PostgreSQL) or executemany (SQLite) of the accepted rows into an empty table with the same columns,
constraints and indexes. Prints JSON: seconds of both and their ratio, for each engine. `--rows N`, `--engine E`.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

ROWS = 1_080_000
MAX_RATIO = 2.0
UNITS, WINDOWS, TOWNS, ITEMS = 40, 26, 12, 300
AT = datetime(2023, 6, 15, 1, 0, tzinfo=UTC)
URL = "XINFU_BENCH_POSTGRES_URL"

CASES = """
SELECT 'ITEM' || lpad(CAST(1 + (h >> 20) % {items} AS VARCHAR), 4, '0')
         || strftime(received, '%Y%m%d') || lpad(CAST(i AS VARCHAR), 7, '0') AS project_no,
  'ITEM' || lpad(CAST(1 + (h >> 20) % {items} AS VARCHAR), 4, '0') AS task_code,
  '事项' || (1 + (h >> 20) % {items}) AS task_name, '关于办理事项的申请' || i AS project_name,
  CASE WHEN promise = 0 THEN '1' ELSE '2' END AS project_type, CAST(1 + (h >> 24) % 6 AS VARCHAR) AS apply_type,
  CASE WHEN h % 1000 < 343 THEN '1' ELSE '0' END AS is_unified,
  CASE WHEN h % 1000 < 346 THEN '1' ELSE '0' END AS is_unified_item,
  'UNIT' || lpad(CAST(1 + (h >> 8) % {units} AS VARCHAR), 3, '0') AS org_code,
  CASE WHEN h % 3 > 0 THEN 'W' || lpad(CAST(1 + (h >> 8) % {windows} AS VARCHAR), 2, '0') END AS window_code,
  CASE WHEN h % 3 = 0 THEN 'TOWN' || lpad(CAST(1 + (h >> 16) % {towns} AS VARCHAR), 2, '0') END AS town_code,
  '经办人' || h % 300 AS handle_user_name, '1' AS applyer_type, '申请人' || h % 9000 AS applyer_name,
  '身份证' AS applyer_page_type,
  '330624' || CAST(1950 + h % 55 AS VARCHAR) || '0101' || lpad(CAST(i % 1000 AS VARCHAR), 3, '0') || 'X'
    AS applyer_page_code,
  '138' || lpad(CAST(h % 100000000 AS VARCHAR), 8, '0') AS contact_mobile, '某街道某路' || h % 500 || '号' AS address,
  strftime(received, '%Y-%m-%d %H:%M:%S') AS receive_time,
  strftime(received + INTERVAL 1 HOUR * CAST((h >> 4) % 30 AS INTEGER), '%Y-%m-%d %H:%M:%S') AS accept_date,
  CASE WHEN h % 100 < 96 THEN strftime(received + INTERVAL 1 HOUR * CAST((h >> 4) % 30 + (h >> 12) % 200 AS INTEGER),
    '%Y-%m-%d %H:%M:%S') END AS result_date,
  CAST(promise AS VARCHAR) AS promise_value, CASE WHEN h % 100 < 96 THEN '90' ELSE '30' END AS status,
  CASE WHEN h % 100 < 96 THEN '0' END AS finish_kind
FROM (
  SELECT i, h, CAST(((h >> 32) % 6) * 2 AS INTEGER) AS promise,
    TIMESTAMP '2023-01-01 08:30:00' + to_days(CAST(i * 120 // {rows} AS INTEGER)) + to_seconds(h % 28000) AS received
  FROM (SELECT i, hash(i) AS h FROM range({rows}) AS t(i))
) ORDER BY received
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        print(json.dumps(one_engine(options.file)))
        return
    results = []
    with tempfile.TemporaryDirectory(prefix="xinfu-bench-") as folder:
        file = Path(folder) / "cases.csv"
        query = CASES.format(rows=options.rows, units=UNITS, windows=WINDOWS, towns=TOWNS, items=ITEMS)
        duckdb.execute(f"COPY ({query}) TO '{file}' (HEADER, DELIMITER ',')")
        for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
            if engine == "postgresql" and not os.environ.get(URL):
                results.append({"bench": "import", "engine": engine, "skipped": f"no PostgreSQL ({URL})"})
                continue
            results.append(in_a_process(engine, file, Path(folder)))
    print(json.dumps(results, ensure_ascii=False, indent=2))


def in_a_process(engine: str, file: Path, folder: Path) -> dict[str, Any]:
    """Measure one engine in a process with an empty home and an empty database."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "xinfu.site.settings", "XINFU_HOME": str(folder / engine)}
    env.pop("XINFU_DATABASE_URL", None)
    name = f"xinfu_bench_{os.getpid()}"
    if engine == "postgresql":
        import psycopg

        server = psycopg.connect(os.environ[URL], autocommit=True)
        server.execute(f"CREATE DATABASE {name}")
        env["XINFU_DATABASE_URL"] = os.environ[URL].rpartition("/")[0] + f"/{name}"
    try:
        command = [sys.executable, __file__, "--file", str(file)]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        return dict(json.loads(done.stdout))
    finally:
        if engine == "postgresql":
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def one_engine(file: Path) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    make_masters()
    from xinfu.cases import actions
    from xinfu.cases.intake import mapping
    from xinfu.core.actor import system

    steps: dict[str, float] = {}
    begun = time.monotonic()

    def progress(step: str, share: float) -> None:
        steps[step] = round(time.monotonic() - begun, 1)

    batch = actions.import_path(
        path=file, mapping=mapping.get("zj-case"), by=system("bench"), at=AT, progress=progress
    )
    ours = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    reference = copy_again() if connection.vendor == "postgresql" else executemany_again()
    return {
        "bench": "import",
        "engine": connection.vendor,
        "ours_seconds": round(ours, 2),
        "reference_seconds": round(reference, 2),
        "ratio": round(ours / reference, 2),
        "max_ratio": MAX_RATIO,
        "rows": batch.read,
        "accepted": batch.created,
        "rejected": batch.rejected,
        "peak_mib": peak,
        "seconds_until": steps,
    }


def make_masters() -> None:
    """Make the units, windows, towns and items that the cases name."""
    import io

    from django.core.management import call_command

    from xinfu.core.actor import system
    from xinfu.people import actions as people

    by = system("bench")
    units = [("UNIT{:03}", "单位{}", "sending_unit", UNITS), ("TOWN{:02}", "街道{}", "township", TOWNS)]
    rows = [{"code": "ROOT", "name": "政务办", "short_name": "政务办", "kind": "office", "parent": ""}]
    for code, label, kind, number in units:
        rows += [
            {
                "code": code.format(i),
                "name": label.format(i),
                "short_name": label.format(i),
                "kind": kind,
                "parent": "ROOT",
            }
            for i in range(1, number + 1)
        ]
    people.load_departments(rows=rows, by=by, at=AT)
    windows = [
        {"code": f"W{i:02}", "name": f"窗口{i}", "department": f"UNIT{i:03}"} for i in range(1, WINDOWS + 1)
    ]
    people.load_windows(rows=windows, by=by, at=AT)
    path = Path(os.environ["XINFU_HOME"]) / "items.csv"
    lines = [f"ITEM{i:04},事项{i},01,2,{i % 10},工作日" for i in range(1, ITEMS + 1)]
    path.write_text(
        "\n".join(["实施编码,事项名称,事项类型,办件类型,承诺办结时限,承诺时限单位", *lines]), encoding="utf-8"
    )
    call_command("import_items", str(path), mapping="zj-item", stdout=io.StringIO())


def copy_again() -> float:
    """COPY the accepted rows into an empty table like cases_case, foreign keys included."""
    from django.db import connection, transaction

    path = Path(os.environ["XINFU_HOME"]) / "rows.copy"
    with connection.cursor() as cursor:
        with path.open("wb") as out, cursor.copy("COPY cases_case TO STDOUT") as copy:
            out.writelines(copy)
        cursor.execute("CREATE TABLE reference_case (LIKE cases_case INCLUDING ALL)")
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'cases_case'::regclass AND contype = 'f'"
        )
        for (definition,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE reference_case ADD {definition}")
    begun = time.monotonic()
    copy_in = "COPY reference_case FROM STDIN"
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        path.open("rb") as rows,
        cursor.copy(copy_in) as copy,
    ):
        while block := rows.read(1 << 20):
            copy.write(block)
    return time.monotonic() - begun


def executemany_again() -> float:
    """Insert the accepted rows by executemany into an empty table like cases_case."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'cases_case' AND sql IS NOT NULL ORDER BY type DESC"
        )
        for (sql,) in cursor.fetchall():
            cursor.execute(
                sql.replace('"cases_case"', '"reference_case"').replace('INDEX "', 'INDEX "reference_')
            )
        cursor.execute("SELECT * FROM cases_case")
        rows = cursor.fetchall()
        marks = ", ".join(["%s"] * len(rows[0]))
    begun = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO reference_case VALUES ({marks})", rows)
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
