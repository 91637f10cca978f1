"""One SQL text for every engine: DuckDB's dialect, carried to PostgreSQL and Spark, and one hash for its answers.

An indicator is written once. `carry` translates it, `check_select_only` keeps it to reading, `predicate_columns`
tells what a row condition depends on, and `result_hash` shows that two engines answered the same.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from xinfu.lib.canon import canon

Engine = Literal["postgres", "spark"]

_WRITES = (exp.DML, exp.DDL, exp.Into, exp.Lock, exp.Command, exp.Copy)
_TABLE_FUNCTIONS = (exp.GenerateSeries, exp.Unnest, exp.Explode)
_REACHES_OUT = re.compile(
    r"(read|write|parquet|sniff|duckdb|pragma|pg|lo|dblink|sqlite|postgres|mysql|iceberg|delta|http|load|query)_"
    r"|(glob|getenv|query|dblink|set_config|current_setting|nextval|setval)$"
)


class SqlError(ValueError):
    """A text that is not the SQL it should be, or that cannot be carried; the message is one Chinese sentence."""


@lru_cache(maxsize=1024)
def carry(sql: str, to: Engine) -> str:
    """Return the one DuckDB statement in another engine's dialect.

    Raises SqlError where the text is not one statement, or says something that the other engine cannot.
    """
    tree = _parse(sql)
    for group in tree.find_all(exp.Group):
        if group.args.get("all"):
            raise SqlError("GROUP BY ALL 不能移植，请写明分组列")
    for star in tree.find_all(exp.Star):
        if any(star.args.values()):
            raise SqlError("星号的 EXCLUDE、REPLACE 不能移植，请写明各列")
    try:
        return tree.sql(dialect=to, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise SqlError(f"不能移植到 {to}：{error}") from None


def predicate_columns(sql: str) -> frozenset[str]:
    """Return the names of the columns that a row condition reads, such as ``finished_on <= due_on``.

    Raises SqlError for what is no condition on one row: a statement, a subquery, an aggregate, a window.
    """
    tree = _parse(sql)
    whole = (exp.Query, exp.AggFunc, exp.Window, *_WRITES)
    if not isinstance(tree, exp.Condition) or isinstance(tree, whole) or any(tree.find_all(*whole)):
        raise SqlError("这不是逐行判断的条件")
    return frozenset(column.name for column in tree.find_all(exp.Column))


def check_select_only(sql: str, *, tables: Collection[str] | None = None) -> None:
    """Check that the text is one SELECT that reads named views only; SqlError says what else it is.

    Refused: several statements, anything that writes or locks, files and functions that reach out of the
    database, qualified names, and, where `tables` is given, every other name.
    """
    tree = _parse(sql)
    if not isinstance(tree, exp.Query) or any(tree.find_all(*_WRITES)):
        raise SqlError("只允许一条 SELECT 语句")
    for function in tree.find_all(exp.Anonymous):
        if _REACHES_OUT.match(function.name.lower()):
            raise SqlError(f"不允许使用函数 {function.name}")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, _TABLE_FUNCTIONS):
            continue
        if not isinstance(table.this, exp.Identifier) or table.db or not re.fullmatch(r"\w+", table.name):
            raise SqlError(f"只能读取已登记的视图，不能读取 {table.sql(dialect='duckdb')}")
        if tables is not None and table.name not in own and table.name not in tables:
            raise SqlError(f"没有登记名为 {table.name} 的视图")


def result_hash(rows: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 over the rows in sorted order, the same for every engine that gave the same answer.

    Integers and decimals of the same value are the same (5 and 5.00), instants are compared in UTC, and None is
    its own value. Raises TypeError for floats, which engines round differently, and for any other type.
    """
    lines = sorted(canon([_tagged(value) for value in row]) for row in rows)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _tagged(value: object) -> list[str]:
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", str(value).lower()]
    if isinstance(value, int | Decimal) and Decimal(value).is_finite():
        return ["number", _plain_decimal(Decimal(value))]
    if isinstance(value, datetime):
        return ["time", (value.astimezone(UTC) if value.tzinfo else value).isoformat(timespec="microseconds")]
    if isinstance(value, date | str):
        return ["text", value] if isinstance(value, str) else ["date", value.isoformat()]
    raise TypeError(f"no place in a result hash: {type(value).__name__}")


def _plain_decimal(value: Decimal) -> str:
    """Write the exact value without exponent, closing zeros or a minus before zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _parse(sql: str) -> exp.Expr:
    try:
        statements = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except SqlglotError as error:
        raise SqlError(f"不是合法的 SQL：{str(error).splitlines()[0]}") from None
    if len(statements) != 1:
        raise SqlError(f"应为一条语句，实有 {len(statements)} 条")
    return statements[0]
