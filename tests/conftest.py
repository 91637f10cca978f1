"""The harness (design.md §6): what every test gets, and what no test may do."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.test import Client

hypothesis.settings.register_profile("house", deadline=None)  # machines are shared: never a time limit
hypothesis.settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent
CHINA = ZoneInfo("Asia/Shanghai")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="run only the tests that use the database (the second run)",
    )


def _uses_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return bool(
        names & {"db", "transactional_db", "live_server", "office"}
        or item.get_closest_marker("django_db")
        or item.get_closest_marker("races")
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    needs_postgres = pytest.mark.skip(reason="two connections at once: runs on PostgreSQL only")
    kept, dropped = [], []
    for item in items:
        if hasattr(item, "operation_label"):  # one function, a test for each operation of the API
            assert item.parent is not None
            item._id = item.parent.id.child(item.name)
        if "races" in Path(str(item.path)).parts:
            item.add_marker("races")
            item.add_marker(pytest.mark.django_db(transaction=True))
        if item.get_closest_marker("races") and not postgres:
            item.add_marker(needs_postgres)
        unwanted = config.getoption("--database-only") and (
            not _uses_database(item) or item.get_closest_marker("journey")
        )
        (dropped if unwanted else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
    assert len({item.nodeid for item in items}) == len(items), "of two tests of one name workers run only one"


@pytest.fixture(autouse=True, scope="session")
def _journal_can_be_flushed_by_tests() -> None:
    """Lift the journal's triggers on SQLite for the test flush, and for nothing else."""
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def lifted(self: Any, sql_list: list[str]) -> None:
        if self.connection.vendor != "sqlite":
            flush(self, sql_list)
            return
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'core_%'"
            )
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        try:
            flush(self, sql_list)
        finally:
            with self.connection.cursor() as cursor:
                for _, sql in triggers:
                    cursor.execute(sql)

    operations.execute_sql_flush = lifted  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _unordered_querysets_are_shuffled() -> Iterator[None]:
    """A queryset without an order has none: code that relies on one fails here."""
    fetch = QuerySet._fetch_all

    def shuffled(self: QuerySet[Any]) -> None:
        fresh = self._result_cache is None
        fetch(self)
        if fresh and not self.ordered and isinstance(self._result_cache, list):
            random.shuffle(self._result_cache)

    QuerySet._fetch_all = shuffled  # type: ignore[method-assign]
    yield
    QuerySet._fetch_all = fetch  # type: ignore[method-assign]


class UndefinedVariable(str):
    """Fails when a template prints a variable that is not there."""

    __slots__ = ()

    def __contains__(self, key: object) -> bool:
        return True

    def __mod__(self, variable: Any) -> str:
        raise AssertionError(f"undefined template variable {variable}")


@pytest.fixture(autouse=True, scope="session")
def _undefined_template_variables_fail() -> None:
    from django.template import engines

    engines["django"].engine.string_if_invalid = UndefinedVariable("%s")  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _cache_is_empty(request: pytest.FixtureRequest) -> Iterator[None]:
    from xinfu.core import county

    county._recent.clear()
    yield
    if "transactional_db" in request.fixturenames:
        from django.core.cache import cache

        request.getfixturevalue("django_db_blocker")
        with request.getfixturevalue("django_db_blocker").unblock():
            cache.clear()


@pytest.fixture(autouse=True)
def _registries_stay_as_they_were() -> Iterator[None]:
    """What a test declares goes with it: a later test reads the same house, whatever the order."""
    from xinfu.core import access, inbox, local
    from xinfu.core.ui import news

    kept = (local._DECLARED, access._GRANTS, inbox._SOURCES, news._SUBJECTS, news._WORDS, news._NAMES)
    before = [dict(registry) for registry in kept]
    yield
    assert list(kept) == before, "a test left something in a registry: change a copy by monkeypatch"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data that strangers published; never part of the repository."""
    path = Path(os.environ.get("XINFU_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip("the real data of other publishers is not on this machine (XINFU_SHARED_DATA)")
    return path


@pytest.fixture
def now() -> datetime:
    """A working morning of the reference half-year: Thursday 2023-05-18, 09:00."""
    return datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)


@pytest.fixture
def office(db: None) -> Any:
    """A small county made through actions (tests/make.py)."""
    from tests import make

    return make.office()


@pytest.fixture
def as_role(office: Any) -> Callable[..., Client]:
    """Return `as_role(Role.X, department=None) -> Client` logged in with that role; `client.actor` acts alike."""
    from tests import make

    def log_in(role: Any, department: Any = None) -> Client:
        return make.client_of(office, role, department)

    return log_in


@pytest.fixture
def run_tasks(db: None) -> Callable[[], int]:
    """Return a function that runs every waiting background task in this process and counts them."""
    from tests import make

    return make.run_tasks
