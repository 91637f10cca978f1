"""Ratings: what citizens send, and what the statistics count. Prints JSON.

posts: rating POSTs a second of the real page `/ratings/r/<token>/` under granian (2 workers × 2 threads, kept
connections) on PostgreSQL, beside a bare Django view that inserts one row of a rating by the ORM into the same table,
with the same server, client and form. On both sides the measured request is the POST alone (its answer leads to the
page of thanks), CSRF protection on, with the cookie and the token of a page that was fetched before; each rating has a
link of its own and comes from an address of its own, as people do, so that the count of tries is kept and refuses none.
Anonymous (as the page proposes) and by name (one line of the journal each).
The sides take turns in rounds, the best round of each counts.
loops, loops_postgresql: a handler's list, its filters and pages over HTTP with 100,000 loops open, p95 below 100 ms.
statistics: the indicators of ratings in all grains over 1,000,000 ratings, beside one hand-written DuckDB query.
`--part NAME`, `--posts N`, `--rows N`, `--rounds N`, `--loops N`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
URL = "XINFU_BENCH_POSTGRES_URL"
CLIENTS = 8
MIN_RATIO, MAX_STATISTICS_RATIO = 0.5, 3.0
PARTS = ("posts", "loops", "loops_postgresql", "statistics")
ON_POSTGRESQL = {"posts", "loops_postgresql"}
CSRF = "a" * 32
AT = datetime.now(UTC)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--posts", type=int, default=4000, help="requests a round and side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--loops", type=int, default=100_000)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        run = {"posts": posts, "statistics": rating_statistics}.get(options.part, open_loops)
        print(json.dumps(run(options)))
        return 0
    found = {part: in_a_process(part, options) for part in ([options.part] if options.part else PARTS)}
    holds = all(one.get("holds", True) for one in found.values())
    print(json.dumps({"bench": "ratings", **found, "holds": holds}, ensure_ascii=False, indent=2))
    return 0 if holds else 1


def in_a_process(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one part in a process with an empty home and, where it is for PostgreSQL, an empty database."""
    if part in ON_POSTGRESQL and not os.environ.get(URL):
        return {"skipped": f"no PostgreSQL ({URL})"}
    with tempfile.TemporaryDirectory(prefix="xinfu-bench-") as home, database(part) as url:
        env = {k: v for k, v in os.environ.items() if not k.startswith("XINFU_")}
        env |= {"DJANGO_SETTINGS_MODULE": "xinfu.site.settings", "XINFU_HOME": home, "XINFU_PROXIES": HOST}
        if part.startswith("loops"):
            env |= {"XINFU_DEMO": "1", "XINFU_DEMO_DAY": "2023-06-01"}
        if url:
            env |= {"XINFU_DATABASE_URL": url, "XINFU_BENCH_DATABASE": url}
        command = [sys.executable, __file__, "--inside", "--part", part]
        for name in ("posts", "rounds", "rows", "loops"):
            command += [f"--{name}", str(getattr(options, name))]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))


@contextlib.contextmanager
def database(part: str) -> Iterator[str]:
    if part not in ON_POSTGRESQL:
        yield ""
        return
    import psycopg

    name, given = f"xinfu_bench_{os.getpid()}", os.environ[URL]
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield given.rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- a county in an empty database ---------------------------------------------------------------


def begin() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_cases(many: int) -> list[int]:
    """Make a unit and finished cases by one statement; return the cases' keys."""
    from django.db import connection

    from xinfu.core.actor import system
    from xinfu.people import actions as people

    names = ["政务办", *(f"单位{n}" for n in range(1, 21))]
    rows = [
        {"code": f"U{n:02}", "name": name, "short_name": name, "kind": "sending_unit" if n else "office",
         "parent": "U00" if n else ""}
        for n, name in enumerate(names)
    ]  # fmt: skip
    people.load_departments(rows=rows, by=system("bench"), at=AT)
    make_one_case()
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'cases_case'")
        others = [name for (name,) in cursor.fetchall() if name not in ("id", "case_no", "case_tail")]
        copied = ", ".join(others)
        cursor.execute(
            f"INSERT INTO cases_case (case_no, case_tail, {copied}) "
            f"SELECT 'BENCH' || n, lpad(n::text, 6, '0'), {copied} FROM cases_case, generate_series(1, %s) n",
            [many],
        )
        cursor.execute("ANALYZE")
        cursor.execute("SELECT id FROM cases_case WHERE case_no LIKE 'BENCH%%'")
        return [pk for (pk,) in cursor.fetchall()]


def make_one_case() -> None:
    from xinfu.cases.models import Case
    from xinfu.core.privacy import seal
    from xinfu.people.models import Department

    received = AT - timedelta(days=3)
    Case.objects.create(
        case_no="FIRST", case_tail="000000", content=b"0" * 16, item_name="企业设立登记", item_code="T1",
        channel="1", project_type="1", department=Department.objects.get(code="U01"), received_at=received,
        received_on=received.date(), finished_at=received, finished_on=received.date(), state="finished",
        changed_at=received, applicant_sealed=seal({"applicant_name": "王某", "phone": "13800001234"}),
    )  # fmt: skip


# --- posts ---------------------------------------------------------------------------------------


def posts(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the page and its peer in turns."""
    begin()
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    from xinfu.core import links
    from xinfu.ratings.ways import FIRST

    per_round, rounds = options.posts, options.rounds
    tokens = (
        links.make(FIRST, str(pk), until=AT + timedelta(days=2))
        for pk in make_cases(2 * per_round * rounds + 4 * CLIENTS)
    )
    ours: dict[str, list[float]] = {"anonymous": [], "by_name": []}
    peer: list[float] = []
    with server("xinfu.site.wsgi:application") as port, server("_rating_peer:application") as other:
        warm_up(port, other, tokens)
        for _ in range(rounds):
            for kind, by_name in (("anonymous", False), ("by_name", True)):
                taken = [next(tokens) for _ in range(per_round)]
                ours[kind].append(a_second(port, taken, by_name=by_name))
            peer.append(a_second(other, [secrets.token_hex(8) for _ in range(per_round)]))
    best = {kind: max(found) for kind, found in ours.items()}
    ratio, worse = best["anonymous"] / max(peer), best["by_name"] / max(peer)
    return {
        "requests_a_round": per_round,
        "rounds": rounds,
        "ours_per_second": round(best["anonymous"], 1),
        "ours_by_name_per_second": round(best["by_name"], 1),
        "peer_per_second": round(max(peer), 1),
        "ratio": round(ratio, 3),
        "ratio_by_name": round(worse, 3),
        "min_ratio": MIN_RATIO,
        "holds": ratio >= MIN_RATIO,
    }


def warm_up(port: int, other: int, tokens: Iterator[str]) -> None:
    for _ in range(2 * CLIENTS):
        a_second(port, [next(tokens)])
        a_second(other, [secrets.token_hex(8)])


@contextlib.contextmanager
def server(application: str) -> Iterator[int]:
    """Start an application as `manage serve` starts the web, and yield its port."""
    from xinfu.site.management.commands.serve import end_with_parent, web

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [*web(HOST, port)[:-1], application]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    running = subprocess.Popen(command, env=env, stdout=sys.stderr, preexec_fn=end_with_parent)  # noqa: PLW1509
    try:
        wait_for(port, running)
        yield port
    finally:
        running.terminate()
        running.wait(30)


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        if running.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit(f"{running.args} did not answer.")


def a_second(port: int, tokens: list[str], *, by_name: bool = False) -> float:
    """Post a rating for each token over kept connections; return how many a second went through."""
    shares = [tokens[n::CLIENTS] for n in range(CLIENTS)]
    faults: list[str] = []
    threads = [
        threading.Thread(target=send, args=(port, share, n, by_name, faults))
        for n, share in enumerate(shares)
        if share
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - begun
    if faults:
        sys.exit(f"{len(faults)} ratings were not taken: {faults[0]}")
    return len(tokens) / taken


def send(port: int, tokens: list[str], client: int, by_name: bool, faults: list[str]) -> None:
    try:
        send_all(port, tokens, client, by_name, faults)
    except OSError as fault:
        faults.append(str(fault))


def send_all(port: int, tokens: list[str], client: int, by_name: bool, faults: list[str]) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    for n, token in enumerate(tokens):
        form = f"csrfmiddlewaretoken={CSRF}&level=5&reasons=510&text="
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={CSRF}",
            "X-Forwarded-For": f"10.{client}.{n >> 8 & 255}.{n & 255}",
        }
        connection.request("POST", f"/ratings/r/{token}/", form + ("&named=on" if by_name else ""), headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 302):
            faults.append(f"{answer.status} {content[:300].decode(errors='replace')}")
            return
    connection.close()


# --- a handler's list -----------------------------------------------------------------------------


def open_loops(options: argparse.Namespace) -> dict[str, Any]:
    import _rating_loops

    return _rating_loops.measure(options.loops)


# --- statistics ----------------------------------------------------------------------------------

FRM, TO = date(2023, 1, 1), date(2023, 5, 31)
ROUNDS = 3
RATINGS = """
SELECT i AS id, lpad(CAST(i AS VARCHAR), 16, '0') AS code,
  DATE '2023-01-01' + CAST(i * 151 // {rows} AS INTEGER) AS rated_on,
  CAST(1 + (h >> 8) % 40 AS BIGINT) AS department_id, CAST(1 + (h >> 8) % 26 AS BIGINT) AS window_id,
  CAST(1 + (h >> 16) % 22 AS BIGINT) AS town_id, CAST(1 + (h >> 20) % 2000 AS BIGINT) AS item_id,
  CAST(1 + (h >> 24) % 7 AS VARCHAR) AS rated_via, '2' AS stage, 1 AS turn, level, h % 100 < 58 AS is_anonymous,
  (h >> 24) % 7 = 6 AS is_default, h % 9973 = 0 AS is_excluded, level >= 3 AS is_good, level <= 2 AS is_bad
FROM (SELECT i, h, CASE WHEN h % 1000 < 1 THEN 1 WHEN h % 1000 < 2 THEN 2 WHEN h % 1000 < 16 THEN 3
      WHEN h % 1000 < 98 THEN 4 ELSE 5 END AS level FROM (SELECT i, hash(i) AS h FROM range({rows}) AS t(i)))
"""
BY_HAND = """
SELECT GROUPING_ID(m, w, department_id, window_id, town_id, item_id) AS g, m, w, department_id, window_id, town_id,
  item_id, count(*) FILTER (is_good) AS good, count(*) AS every, count(*) FILTER (is_bad) AS bad
FROM (SELECT *, date_trunc('month', rated_on) AS m, date_trunc('week', rated_on) AS w FROM ratings
      WHERE rated_on BETWEEN DATE '2023-01-01' AND DATE '2023-05-31' AND NOT is_default AND NOT is_excluded)
GROUP BY GROUPING SETS ((), (m), (w), (department_id), (window_id), (town_id), (item_id))
"""


def rating_statistics(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the indicators over the ratings' view, in all grains, beside the query by hand."""
    import django
    import duckdb

    django.setup()
    folder = Path(os.environ["XINFU_HOME"])
    for month in range(5):
        made = RATINGS.format(rows=options.rows)
        duckdb.execute(
            f"COPY (SELECT * FROM ({made}) WHERE month(rated_on) = {month + 1}) "
            f"TO '{folder}/ratings-{month}.parquet' (COMPRESSION zstd)"
        )
    files = sorted(str(path) for path in folder.glob("ratings-*.parquet"))
    ours, rows = timed(lambda: by_engine(files))
    reference, found = timed(lambda: by_hand(files))
    good = sorted((row[7], row[8]) for row in found)
    if sorted((n, d) for code, n, d in rows if code == "good_rating_rate") != good:
        raise SystemExit("the engine and the hand-written query differ")
    return {
        "rows": options.rows,
        "ours_seconds": round(ours, 3),
        "reference_seconds": round(reference, 3),
        "ratio": round(ours / reference, 2),
        "max_ratio": MAX_STATISTICS_RATIO,
        "holds": ours / reference <= MAX_STATISTICS_RATIO,
    }


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    times, found = [], None
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - begun)
    return min(times), found


def by_engine(files: list[str]) -> list[tuple[str, int, int]]:
    from types import SimpleNamespace

    from xinfu.core.registry import indicators
    from xinfu.indicators import engine

    snapshot: Any = SimpleNamespace(digest="bench", files={"ratings": files})
    wanted = [indicator for indicator in indicators if indicator.view == "ratings"]
    groupings = [(), *((g,) for g in ("month", "week", "department", "window", "town", "item"))]
    rows = engine.compute(snapshot, wanted, FRM, TO, groupings)
    return [(row.indicator, row.numerator, row.denominator or 0) for row in rows]


def by_hand(files: list[str]) -> list[tuple[Any, ...]]:
    import duckdb

    duck = duckdb.connect(config={"memory_limit": "640MB", "threads": 2})
    listed = ", ".join(f"'{file}'" for file in files)
    duck.execute(f"CREATE VIEW ratings AS SELECT * FROM read_parquet([{listed}])")
    return duck.execute(BY_HAND).fetchall()


if __name__ == "__main__":
    sys.exit(main())
