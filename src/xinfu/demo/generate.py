"""Made-up case records of January–May 2023 as the files that a county's hub would hand over.

Deterministic: every choice comes from MD5 of the case's number and a word, in integers, so that the same files come
out on every machine. The structure is lively on purpose: weekdays, seasons, the lunar new year, weak departments,
a weak first quarter. The totals are calibrated (`Targets`); a calibrated county proves the arithmetic only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from xinfu.demo.county import INSTANT_STEMS, TOWNS, UNITS, VARIANTS
from xinfu.lib.workdays import Calendar, national_calendar

FIRST, LAST = date(2023, 1, 1), date(2023, 5, 31)
QUARTER_END = date(2023, 3, 31)
NEW_YEAR = (date(2023, 1, 14), date(2023, 1, 29))
SEASON = {1: 92, 2: 98, 3: 113, 4: 106, 5: 101}
SHARE_OF_TOWNS = 38
"""Of 100 cases, how many are taken in by a township's convenience centre."""
CHANNELS = (("1", 315), ("2", 262), ("3", 322), ("4", 9), ("5", 61), ("6", 22), ("9", 9))
OUTSIDE_CHANNELS = ("4", "6", "9")
Q1_OUTSIDE = 873
"""Of 1,000 cases taken in outside the platform, how many fall into the first quarter."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What must come out of the pipeline: cases, cases of 2.0 items, and those of them taken in on the platform."""

    total: int
    base: int
    unified: int

    @staticmethod
    def scaled(total: int) -> Targets:
        """Return the reference county's figures (108万, 37万, 99.11 %), or the same shares of a smaller total."""
        base = 373_323 * total // 1_080_000
        return Targets(total, base, base - 3_323 * total // 1_080_000)


def day_weights(calendar: Calendar) -> list[tuple[date, int]]:
    """Return each day's relative number of cases."""
    out = []
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        weight = SEASON[day.month] * (100 if calendar.is_workday(day) else 9)
        if calendar.is_workday(day) and day.weekday() == 0:
            weight = weight * 118 // 100
        if not calendar.is_workday(day) and day.weekday() == 5:
            weight = weight * 2
        if NEW_YEAR[0] <= day <= NEW_YEAR[1]:
            weight = weight * 45 // 100
        out.append((day, weight))
    return out


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Share out `total` by weights in whole numbers: floors first, the largest remainders get the rest."""
    whole = sum(weights)
    shares = [total * w // whole for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares


def identity(serial: str) -> str:
    """Return the made-up 统一社会信用代码 of a unit, with its check character (GB 32100-2015)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"11330624{serial}".ljust(17, "0")[:17]
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


@dataclass(frozen=True, slots=True)
class MadeItem:
    """One item of the demonstration's catalogue."""

    code: str
    basic: str
    name: str
    main: str
    unit: int
    weight: int
    instant: bool
    statutory: int
    promise: int


def items() -> list[MadeItem]:
    """Return the made-up catalogue: every stem of every unit in its variants."""
    out = []
    for unit_no, unit in enumerate(UNITS):
        for stem_no, stem in enumerate(unit.stems):
            for variant_no, (variant, share, often_instant) in enumerate(VARIANTS):
                instant = stem in INSTANT_STEMS or often_instant
                statutory = (20, 15, 10, 30, 45)[(unit_no + stem_no) % 5]
                promise = 0 if instant else (1, 2, 3, 5, 1, 2, 4)[(stem_no * 3 + variant_no + unit_no) % 7]
                basic = f"33{'07' if instant else '01'}{unit_no + 1:02}{stem_no + 1:03}{variant_no + 1:03}"
                weight = unit.volume * int(share * 100) * 40 // (stem_no + 2)
                code = f"{identity(unit.serial)}4{basic}"
                out.append(
                    MadeItem(
                        code,
                        basic,
                        f"{stem}（{variant}）",
                        stem,
                        unit_no,
                        weight,
                        instant,
                        statutory,
                        promise,
                    )
                )
    return out


def _cumulative(connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[tuple[object, int]]) -> int:
    """Make a table (pick, low) of running totals, for an ASOF join; return the whole weight."""
    connection.execute(f"CREATE TEMP TABLE {name} (pick VARCHAR, low BIGINT)")
    low = 0
    for pick, weight in rows:
        connection.execute(f"INSERT INTO {name} VALUES (?, ?)", [str(pick), low])
        low += weight
    return low


def _prepare(connection: duckdb.DuckDBPyConnection, targets: Targets, calendar: Calendar) -> dict[str, int]:
    days = day_weights(calendar)
    counts = allot(targets.total, [w for _, w in days])
    wholes = {
        "days": _cumulative(connection, "days", [(d, n) for (d, _), n in zip(days, counts, strict=True)])
    }
    made = items()
    wholes["picks"] = _cumulative(connection, "picks", [(i, item.weight) for i, item in enumerate(made)])
    wholes["towns"] = _cumulative(connection, "town_picks", [(c, int(w * 100)) for c, _, w in TOWNS])
    wholes["channels"] = _cumulative(connection, "channels", CHANNELS)
    connection.execute(
        "CREATE TEMP TABLE items (no INTEGER, code VARCHAR, basic VARCHAR, name VARCHAR, unit INTEGER, instant BOOLEAN,"
        " promise INTEGER)"
    )
    connection.executemany(
        "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(n, i.code, i.basic, i.name, i.unit, i.instant, i.promise) for n, i in enumerate(made)],
    )
    connection.execute(
        "CREATE TEMP TABLE units (no INTEGER, code VARCHAR, name VARCHAR, late INTEGER, late_q1 INTEGER,"
        " outside INTEGER, windows VARCHAR[])"
    )
    window_no = 1
    for no, unit in enumerate(UNITS):
        windows = [f"W{window_no + n:02}" for n in range(len(unit.windows))]
        window_no += len(windows)
        row = [no, identity(unit.serial), unit.name, unit.late, unit.late_q1, unit.outside, windows]
        connection.execute("INSERT INTO units VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("CREATE TEMP TABLE calendar (day DATE, works BOOLEAN, ordinal INTEGER)")
    connection.executemany(
        "INSERT INTO calendar VALUES (?, ?, ?)",
        calendar.rows(FIRST - timedelta(days=10), LAST + timedelta(days=120)),
    )
    connection.execute(
        "CREATE TEMP TABLE workdays AS SELECT ordinal, min(day) AS day FROM calendar WHERE works GROUP BY 1"
    )
    return wholes


# A whole number below `n` from the case's number and a word.
_H = "(md5_number_lower({i}::VARCHAR || '{word}') % ({n})::UBIGINT)::BIGINT"


def _h(word: str, n: int | str, i: str = "i") -> str:
    return _H.format(word=word, n=n, i=i)


def _drawn(targets: Targets, wholes: dict[str, int]) -> str:
    """Return the SELECT that draws day, item, place and channel of each case."""
    return f"""
    CREATE TEMP TABLE drawn AS
    SELECT c.i, days.pick::DATE AS day, picks.pick::INTEGER AS item, channels.pick AS channel,
           CASE WHEN {_h("place", 100, "c.i")} < {SHARE_OF_TOWNS} AND channels.pick <> '5' THEN town_picks.pick END AS town
    FROM (SELECT i, {_h("item", wholes["picks"])} AS a, {_h("channel", wholes["channels"])} AS b,
                 {_h("town", wholes["towns"])} AS c FROM range({targets.total}) t(i)) c
    ASOF JOIN days ON c.i >= days.low
    ASOF JOIN picks ON c.a >= picks.low
    ASOF JOIN channels ON c.b >= channels.low
    ASOF JOIN town_picks ON c.c >= town_picks.low
    """


def _platform(targets: Targets) -> str:
    """Return the SELECT that says which cases are of 2.0 items, and which of those came in outside the platform."""
    outside = targets.base - targets.unified
    first_quarter = outside * Q1_OUTSIDE // 1000
    return f"""
    CREATE TEMP TABLE platform AS
    WITH base AS (
      SELECT d.i, d.day <= DATE '{QUARTER_END}' AS early, u.outside,
             md5_number_lower(d.i::VARCHAR || 'outside') // (1 + u.outside * 40)::UBIGINT AS urge
      FROM drawn d JOIN items ON items.no = d.item JOIN units u ON u.no = items.unit
      WHERE d.channel NOT IN {OUTSIDE_CHANNELS}
      ORDER BY md5_number_lower(d.i::VARCHAR || 'base'), d.i LIMIT {targets.base}),
    ranked AS (SELECT i, early, row_number() OVER (PARTITION BY early ORDER BY urge, i) AS place FROM base)
    SELECT i, place > CASE WHEN early THEN {first_quarter} ELSE {outside - first_quarter} END AS unified FROM ranked
    """


def _timed() -> str:
    """Return the SELECT that gives each case its days and its way through the office."""
    late = f"CASE WHEN d.day <= DATE '{QUARTER_END}' THEN u.late_q1 ELSE u.late END"
    return f"""
    CREATE TEMP TABLE timed AS
    SELECT d.*, m.code, m.basic, m.name, m.instant, m.promise, u.code AS unit_code, u.name AS unit_name,
           CASE WHEN d.town IS NULL THEN u.windows[1 + {_h("window", "len(u.windows)", "d.i")}] END AS window_code,
           p.i IS NOT NULL AS unified_item, coalesce(p.unified, false) AS unified,
           CASE WHEN d.channel IN ('1', '4', '6') THEN 30600 + {_h("second", 29000, "d.i")}
                ELSE 25200 + {_h("second", 54000, "d.i")} END AS second,
           c.ordinal AS received_ordinal,
           CASE WHEN m.instant THEN 0
                WHEN {_h("slow", 10000, "d.i")} < CASE WHEN d.day <= DATE '{QUARTER_END}' THEN 190 ELSE 22 END
                THEN 6 + {_h("slowness", 3, "d.i")}
                ELSE {_h("accept", 100, "d.i")} // 88 END AS accept_days,
           CASE WHEN m.instant THEN 0
                WHEN {_h("late", 1000, "d.i")} < {late} THEN m.promise + 1 + {_h("lateness", 6, "d.i")}
                ELSE ({_h("handle", "(m.promise + 1)", "d.i")} * (40 + {_h("speed", 61, "d.i")})) // 100 END AS handle_days,
           CASE WHEN NOT m.instant AND {_h("pause", 1000, "d.i")} < 9 THEN 2 + {_h("paused", 8, "d.i")} ELSE 0 END AS pause_days,
           {_h("ending", 10000, "d.i")} AS ending
    FROM drawn d JOIN items m ON m.no = d.item JOIN units u ON u.no = m.unit
    JOIN calendar c ON c.day = d.day LEFT JOIN platform p ON p.i = d.i
    """


def _ended() -> str:
    """Return the SELECT that turns days into instants, cut at the end of the period, and numbers the cases."""
    minutes = f"INTERVAL (300 + {_h('minutes', 5400)}) SECOND"
    return f"""
    CREATE TEMP TABLE ended AS
    WITH starts AS (
      SELECT t.*, t.day + t.second * INTERVAL 1 SECOND AS received_at,
             CASE WHEN t.instant THEN t.day + least(t.second + 60 + {_h("minute", 600)}, 86300) * INTERVAL 1 SECOND
                  ELSE greatest(t.day + (t.second + 120) * INTERVAL 1 SECOND,
                                w.day + (30600 + {_h("accepted", 27000)}) * INTERVAL 1 SECOND) END AS accepted_at,
             CASE WHEN t.instant THEN NULL ELSE w.ordinal END AS accepted_ordinal
      FROM timed t LEFT JOIN workdays w ON w.ordinal = t.received_ordinal + t.accept_days
        + CASE WHEN (SELECT works FROM calendar WHERE calendar.day = t.day) THEN 0 ELSE 1 END),
    finishes AS (
      SELECT s.*, pause.day AS pause_from, resume.day AS pause_to,
             CASE WHEN s.instant THEN least(s.accepted_at + {minutes}, s.day + INTERVAL 86390 SECOND)
                  WHEN s.handle_days + s.pause_days = 0 THEN greatest(s.accepted_at + {minutes}, s.accepted_at)
                  ELSE f.day + (31000 + {_h("finished", 28000)}) * INTERVAL 1 SECOND END AS would_finish_at
      FROM starts s
      LEFT JOIN workdays f ON f.ordinal = s.accepted_ordinal + s.handle_days + s.pause_days
      LEFT JOIN workdays pause ON pause.ordinal = s.accepted_ordinal AND s.pause_days > 0
      LEFT JOIN workdays resume ON resume.ordinal = s.accepted_ordinal + s.pause_days AND s.pause_days > 0)
    SELECT *, code || strftime(day, '%Y%m%d')
              || lpad(row_number() OVER (PARTITION BY day ORDER BY received_at, i)::VARCHAR, 5, '0') AS case_no,
           CASE WHEN would_finish_at < DATE '{LAST}' + INTERVAL 1 DAY THEN would_finish_at END AS finished_at,
           accepted_at < DATE '{LAST}' + INTERVAL 1 DAY AS is_accepted
    FROM finishes
    """


def make(connection: duckdb.DuckDBPyConnection, targets: Targets) -> None:
    """Fill the table `ended` with the made-up cases."""
    connection.execute("SET threads = 2; SET memory_limit = '1GB'; SET preserve_insertion_order = false")
    wholes = _prepare(connection, targets, national_calendar())
    for statement in (_drawn(targets, wholes), _platform(targets), _timed(), _ended()):
        connection.execute(statement)


def check(connection: duckdb.DuckDBPyConnection, targets: Targets) -> None:
    """Raise where the made-up records miss their targets (a fault of this module)."""
    found = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE unified_item), count(*) FILTER (WHERE unified),"
        " count(DISTINCT case_no) FROM ended"
    ).fetchall()[0]
    if found != (targets.total, targets.base, targets.unified, targets.total):
        raise AssertionError(f"made {found}, wanted {targets}")


SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁俞章丁潘石吕盛裘"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉鑫宇晨浩琳雪梅玲峰"
FIRMS = ("轴承", "胶囊", "丝绸", "茶业", "机械", "电子", "建材", "物流", "餐饮", "医药")
REASONS = (
    (9_860, "0", ""),
    (9_930, "6", ""),
    (9_960, "1", "材料不符合受理条件，已一次性告知"),
    (9_985, "2", "申请人重复提交"),
    (10_000, "5", "逾期未补正"),
)
"""(below this of 10,000, kind of finish, reason written)."""


def _identity_number(i: str) -> str:
    """Return SQL of a made-up identity number: division 99 does not exist, the check character is right."""
    body = (
        f"('99' || lpad({_h('id-area', 9999, i)}::VARCHAR, 4, '0')"
        f" || strftime(DATE '1950-01-01' + {_h('id-day', 20000, i)}::INTEGER, '%Y%m%d')"
        f" || lpad({_h('id-serial', 999, i)}::VARCHAR, 3, '0'))"
    )
    weights = [pow(2, 17 - n, 11) for n in range(17)]
    total = " + ".join(f"substr(body, {n + 1}, 1)::INTEGER * {w}" for n, w in enumerate(weights))
    return f"(SELECT body || substr('10X98765432', 1 + ({total}) % 11, 1) FROM (SELECT {body} AS body))"


def _written(where: str) -> str:
    """Return the SELECT in the field names of the hub's case table (mapping zj-case)."""
    kind = " ".join(f"WHEN ending < {below} THEN '{code}'" for below, code, _ in REASONS)
    reason = " ".join(f"WHEN ending < {below} THEN '{text}'" for below, _, text in REASONS)
    stamp = "'%Y-%m-%d %H:%M:%S'"
    person = (
        f"substr('{SURNAMES}', 1 + {_h('surname', len(SURNAMES))}, 1)"
        f" || substr('{GIVEN}', 1 + {_h('given', len(GIVEN))}, 1)"
        f" || CASE WHEN {_h('two', 10)} < 7 THEN substr('{GIVEN}', 1 + {_h('given-two', len(GIVEN))}, 1) ELSE '' END"
    )
    firms = "[" + ", ".join(f"'{firm}'" for firm in FIRMS) + "]"
    firm = f"'新昌县' || {person} || {firms}[1 + {_h('firm', len(FIRMS))}] || '有限公司'"
    legal = f"{_h('kind', 100)} < 24"
    return f"""
    SELECT case_no AS project_no, 1 AS data_version, code AS task_code, name AS task_name,
           name || '（演示数据）' AS project_name, CASE WHEN instant THEN '1' ELSE '2' END AS project_type,
           channel AS apply_type, unified::INTEGER AS is_unified, unified_item::INTEGER AS is_unified_item,
           unit_code AS org_code, unit_name AS org_name, coalesce(window_code, '') AS window_code,
           coalesce(town, '') AS town_code, CASE WHEN {legal} THEN '2' ELSE '1' END AS applyer_type,
           CASE WHEN {legal} THEN {firm} ELSE {person} END AS applyer_name,
           {_identity_number("i")} AS applyer_page_code,
           '120' || lpad({_h("phone", 99999999)}::VARCHAR, 8, '0') AS contact_mobile,
           strftime(received_at, {stamp}) AS receive_time,
           CASE WHEN is_accepted THEN strftime(accepted_at, {stamp}) ELSE '' END AS accept_date,
           CASE WHEN finished_at IS NULL THEN '' ELSE strftime(finished_at, {stamp}) END AS result_date,
           promise AS promise_value,
           CASE WHEN finished_at IS NOT NULL THEN '90' WHEN NOT is_accepted THEN '26'
                WHEN pause_to > DATE '{LAST}' THEN '37' ELSE '40' END AS status,
           CASE WHEN finished_at IS NULL THEN '' {kind} END AS finish_kind,
           CASE WHEN finished_at IS NULL THEN '' {reason} END AS finish_reason
    FROM ended WHERE {where} ORDER BY received_at, i
    """


def write(folder: Path, targets: Targets) -> tuple[list[Path], Path]:
    """Write the made-up files, a month each, and the file of special procedures; return their paths.

    The files have the field names of the mappings zj-case and zj-pause.
    """
    folder.mkdir(parents=True, exist_ok=True)
    months = []
    with duckdb.connect() as connection:
        make(connection, targets)
        check(connection, targets)
        for month in range(FIRST.month, LAST.month + 1):
            path = folder / f"cases-{FIRST.year}-{month:02}.csv"
            connection.execute(
                f"COPY ({_written(f'month(day) = {month}')}) TO '{path}' (HEADER, DELIMITER ',')"
            )
            months.append(path)
        pauses = folder / "pauses.csv"
        connection.execute(
            f"""COPY (
            SELECT case_no AS project_no, '2' AS special_type, '专家评审' AS special_name,
                   strftime(pause_from + INTERVAL 16 HOUR, '%Y-%m-%d %H:%M:%S') AS special_time,
                   CASE WHEN pause_to <= DATE '{LAST}'
                        THEN strftime(pause_to + INTERVAL 9 HOUR, '%Y-%m-%d %H:%M:%S') ELSE '' END AS end_time,
                   '需要专家评审，时间已书面告知申请人' AS special_reason
            FROM ended WHERE pause_days > 0 AND is_accepted AND pause_from <= DATE '{LAST}' ORDER BY i
            ) TO '{pauses}' (HEADER, DELIMITER ',')"""
        )
    return months, pauses
