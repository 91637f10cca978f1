"""One SQL text: carried, kept to reading, and answered with one hash."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.lib.sql import SqlError, carry, check_select_only, predicate_columns, result_hash

MIDNIGHT = datetime(2023, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "sql, postgres, spark, why",
    [
        (
            "SELECT a / b AS r FROM v",
            "SELECT CAST(a AS DOUBLE PRECISION) / b AS r FROM v",
            "SELECT a / b AS r FROM v",
            "a slash divides exactly in DuckDB and cuts in PostgreSQL",
        ),
        (
            "SELECT count(*) FILTER (WHERE late) FROM v",
            "SELECT COUNT(*) FILTER(WHERE late) FROM v",
            "SELECT COUNT(*) FILTER(WHERE late) FROM v",
            "conditional counts",
        ),
        (
            "FROM v SELECT a ORDER BY a DESC",
            "SELECT a FROM v ORDER BY a DESC NULLS LAST",
            "SELECT a FROM v ORDER BY a DESC",
            "what is missing stands last everywhere",
        ),
        (
            "SELECT strftime(d, '%Y-%m') FROM v",
            "SELECT TO_CHAR(d, 'YYYY-MM') FROM v",
            "SELECT DATE_FORMAT(d, 'yyyy-MM') FROM v",
            "each engine names its months differently",
        ),
    ],
)
def test_a_text_is_carried_to_the_other_engines(sql, postgres, spark, why):
    assert carry(sql, "postgres") == postgres, why
    assert carry(sql, "spark") == spark, why


@pytest.mark.parametrize(
    "sql, reason",
    [
        ("SELECT a, count(*) FROM v GROUP BY ALL", "GROUP BY ALL"),
        ("SELECT * EXCLUDE (a) FROM v", "星号"),
        ("PIVOT v ON a USING sum(b)", "不能移植到 postgres"),
        ("SELECT 1; SELECT 2", "实有 2 条"),
        ("", "实有 0 条"),
        ("SELECT (", "不是合法的 SQL"),
    ],
)
def test_what_cannot_be_carried_is_refused(sql, reason):
    with pytest.raises(SqlError, match=reason):
        carry(sql, "postgres")


def test_a_plain_star_and_a_plain_grouping_are_carried():
    assert carry("SELECT * FROM v", "spark") == "SELECT * FROM v"
    assert carry("SELECT a FROM v GROUP BY a", "postgres") == "SELECT a FROM v GROUP BY a"


def test_a_condition_names_the_columns_it_reads():
    condition = (
        "finished_on <= due_on AND c.channel IN ('1', '2') AND NOT is_paused AND coalesce(kind, '') <> ''"
    )
    assert predicate_columns(condition) == {"finished_on", "due_on", "channel", "is_paused", "kind"}
    assert predicate_columns("TRUE") == frozenset()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM v",
        "a IN (SELECT b FROM v)",
        "EXISTS (SELECT 1)",
        "count(*) > 1",
        "row_number() OVER () = 1",
        "DELETE FROM v",
        "PRAGMA x",
    ],
)
def test_what_is_no_condition_on_a_row_is_refused(sql):
    with pytest.raises(SqlError, match="条件"):
        predicate_columns(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM cases",
        "WITH late AS (SELECT * FROM cases WHERE is_late) SELECT count(*) FROM late JOIN items USING (code)",
        "SELECT 1 UNION ALL (SELECT 2)",
        "SELECT * FROM (SELECT a FROM cases) AS inner_cases",
        "SELECT n, list_sum([1, 2]) FROM range(10) AS days(n), unnest([1, 2]) AS u(x)",
    ],
)
def test_reading_registered_views_is_allowed(sql):
    check_select_only(sql)
    check_select_only(sql, tables={"cases", "items"})


@pytest.mark.parametrize(
    "sql, reason",
    [
        ("SELECT 1; DROP TABLE cases", "实有 2 条"),
        ("DELETE FROM cases", "只允许一条 SELECT"),
        ("INSERT INTO cases SELECT 1 RETURNING 1", "只允许一条 SELECT"),
        ("WITH gone AS (DELETE FROM cases RETURNING 1) SELECT * FROM gone", "只允许一条 SELECT"),
        ("SELECT a INTO copy FROM cases", "只允许一条 SELECT"),
        ("SELECT a FROM cases FOR UPDATE", "只允许一条 SELECT"),
        ("COPY cases TO 'out.csv'", "只允许一条 SELECT"),
        ("ATTACH 'other.db' AS other", "只允许一条 SELECT"),
        ("PRAGMA database_list", "只允许一条 SELECT"),
        ("SET threads = 1", "只允许一条 SELECT"),
        ("SELECT * FROM read_csv('secret.csv')", "不能读取"),
        ("SELECT * FROM parquet_metadata('x')", "parquet_metadata"),
        ("SELECT * FROM 'secret.parquet'", "不能读取"),
        ('SELECT * FROM "/etc/passwd"', "不能读取"),
        ("SELECT * FROM information_schema.tables", "不能读取"),
        ("SELECT * FROM query('SELECT 1')", "query"),
        ("SELECT getenv('HOME')", "getenv"),
        ("SELECT pg_catalog.pg_read_file('x')", "pg_read_file"),
        ("SELECT * FROM sleepy()", "不能读取"),
        ("SELECT * FROM people", "没有登记名为 people"),
    ],
)
def test_anything_but_reading_registered_views_is_refused(sql, reason):
    with pytest.raises(SqlError, match=reason):
        check_select_only(sql, tables={"cases"})


def test_without_a_list_of_views_any_plain_name_may_be_read():
    check_select_only("SELECT * FROM people")


def test_an_unknown_statement_is_refused(caplog):
    with pytest.raises(SqlError):
        check_select_only("EXPLAIN SELECT 1")


@pytest.mark.parametrize(
    "left, right, why",
    [
        ([(5, "a")], [(Decimal("5.00"), "a")], "a sum is an integer here and a decimal there"),
        ([(Decimal("0.10"),)], [(Decimal("0.1"),)], "closing zeros"),
        ([(Decimal("-0.00"),)], [(0,)], "there is one zero"),
        ([(Decimal("1E+3"),)], [(1000,)], "an exponent"),
        ([(1,), (2,)], [(2,), (1,)], "the order of rows"),
        (
            [(datetime(2023, 5, 6, 9, tzinfo=timezone(timedelta(hours=8))),)],
            [(datetime(2023, 5, 6, 1, tzinfo=UTC),)],
            "one instant in two zones",
        ),
    ],
)
def test_the_same_answer_has_the_same_hash(left, right, why):
    assert result_hash(left) == result_hash(right), why


@pytest.mark.parametrize(
    "left, right, why",
    [
        ([(1,)], [("1",)], "a number is no text"),
        ([(1,)], [(True,)], "nor a truth value"),
        ([(None,)], [("",)], "nothing is no empty text"),
        ([(date(2023, 5, 6),)], [(datetime(2023, 5, 6, tzinfo=UTC),)], "a day is no instant"),
        ([(MIDNIGHT.replace(tzinfo=None),)], [(MIDNIGHT,)], "local time is no instant"),
        ([(1,)], [(1,), (1,)], "a row more"),
        ([(1, 2)], [(1,), (2,)], "other rows"),
        ([], [()], "no rows, or one without columns"),
    ],
)
def test_another_answer_has_another_hash(left, right, why):
    assert result_hash(left) != result_hash(right), why


@pytest.mark.parametrize("value", [0.5, Decimal("NaN"), b"x", timedelta(1)])
def test_what_engines_render_differently_has_no_hash(value):
    with pytest.raises(TypeError, match="result hash"):
        result_hash([(value,)])


cells = (
    st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.dates() | st.booleans()
)


@given(st.lists(st.tuples(cells, cells)), st.randoms())
def test_the_order_of_rows_never_matters(rows, shuffler):
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert result_hash(rows) == result_hash(shuffled)


def test_duckdb_answers_hash():
    rows = duckdb.sql(
        "SELECT 1, sum(x), 1.10::DECIMAL(9,2), DATE '2023-05-06', NULL FROM (VALUES (2), (3)) t(x)"
    )
    assert result_hash(rows.fetchall()) == result_hash([(1, 5, Decimal("1.1"), date(2023, 5, 6), None)])
