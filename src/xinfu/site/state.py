"""The state of the system: queue, schedule, journal, disk, clocks; what operators and machines watch, in real time."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from croniter import croniter
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from xinfu.core import journal, tasks
from xinfu.core.actor import Actor
from xinfu.core.models import DueRun, EventCursor
from xinfu.core.permissions import Can
from xinfu.core.ui import text


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the state of the system: what, how it is, its light, and what to do."""

    code: str
    label: str
    value: str
    light: str = "ok"
    advice: str = ""


def queue(now: datetime) -> tuple[dict[str, int], float | None]:
    """Return how many tasks are in each state, and the seconds that the oldest runnable one has waited."""
    rows = list(
        DBTaskResult.objects.order_by().values("status").annotate(n=Count("id"), first=Min("enqueued_at"))
    )
    first = next((row["first"] for row in rows if row["status"] == "READY"), None)
    waited = None if first is None else max(0.0, (now - first).total_seconds())
    return {str(row["status"]): row["n"] for row in sorted(rows, key=lambda row: row["status"])}, waited


def clock_drift() -> float:
    """Return by how many seconds the database's clock is ahead of this process."""
    with connection.cursor() as cursor:
        before = time.time()
        if connection.vendor == "postgresql":
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        else:
            cursor.execute("SELECT (julianday('now') - 2440587.5) * 86400.0")
        value = float(cursor.fetchone()[0])
        return value - (before + time.time()) / 2


def pending_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _queue(now: datetime) -> Fact:
    counts, waited = queue(now)
    said = f"等待 {counts.get('READY', 0)}，进行 {counts.get('RUNNING', 0)}，失败 {counts.get('FAILED', 0)}"
    if waited is not None and waited > 300:
        return Fact(
            "queue",
            "后台任务",
            f"{said}；最早的已等 {int(waited // 60)} 分钟",
            "bad",
            "检查后台进程是否在运行（manage serve）。",
        )
    failed = counts.get("FAILED", 0)
    return Fact(
        "queue",
        "后台任务",
        said,
        "warn" if failed else "ok",
        "失败的任务会自动重试，最多3次。" if failed else "",
    )


def _disk() -> Fact:
    usage = shutil.disk_usage(settings.HOME)
    share = usage.free / usage.total
    said = f"可用 {usage.free / 2**30:.1f} GB，共 {usage.total / 2**30:.1f} GB"
    light = "bad" if share < 0.05 else "warn" if share < 0.15 else "ok"
    return Fact("disk", "磁盘空间", said, light, "请清理或扩容数据目录所在磁盘。" if light != "ok" else "")


def _drift() -> Fact:
    drift = clock_drift()
    said = f"相差 {abs(drift):.2f} 秒"
    return Fact(
        "clock",
        "程序与数据库时钟",
        said,
        "bad" if abs(drift) > 1 else "ok",
        "请校准服务器时间（NTP）。" if abs(drift) > 1 else "",
    )


def _checkpoint(now: datetime) -> Fact:
    last, size = journal.latest_checkpoint(), journal.size()
    if last is None:
        light = "warn" if size else "ok"
        return Fact(
            "checkpoint",
            "日志检查点",
            f"还没有检查点，日志 {size:,} 条",
            light,
            "检查点由定时任务每5分钟生成。" if size else "",
        )
    behind, old = size - last.size, now - last.made_at
    late = behind > 0 and old > timedelta(minutes=15)
    said = f"{text.when(last.made_at)}，签到第 {last.size:,} 条，日志共 {size:,} 条"
    return Fact(
        "checkpoint", "日志检查点", said, "bad" if late else "ok", "定时任务没有按时运行。" if late else ""
    )


def _migrations() -> Fact:
    pending = pending_migrations()
    if pending:
        return Fact(
            "migrations", "数据库结构", f"有 {len(pending)} 项未更新", "bad", "请运行 manage migrate。"
        )
    return Fact("migrations", "数据库结构", "已是最新")


def _listeners() -> Fact:
    stuck = EventCursor.objects.filter(failures__gt=0).count()
    if stuck:
        return Fact("events", "事件分发", f"有 {stuck} 个环节连续失败", "bad", "请查看运行日志中的错误。")
    return Fact("events", "事件分发", "正常")


def _database() -> Fact:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database()), current_setting('server_version')")
            size, named = cursor.fetchone()
        return Fact("database", "数据库", f"PostgreSQL {named}，{size / 2**20:,.0f} MB")
    path = Path(str(settings.DATABASES["default"]["NAME"]))
    size = path.stat().st_size if path.is_file() else 0
    return Fact(
        "database",
        "数据库",
        f"SQLite，{size / 2**20:,.0f} MB",
        advice="多台服务器或多人同时写入较多时，请改用 PostgreSQL。",
    )


def system_facts(actor: Actor, now: datetime, version: str) -> list[Fact]:
    """Return the state of the system, each thing with its light; `now` is real time, also on a demonstration's day."""
    actor.require(Can.SEE_STATUS)
    return [
        Fact("version", "版本", version),
        _database(),
        _migrations(),
        _queue(now),
        _listeners(),
        _checkpoint(now),
        _disk(),
        Fact(
            "backup",
            "备份",
            "尚未配置备份",
            "warn",
            "本版本还不能自动备份，请用数据库自带工具备份，并复制数据目录。",
        ),
        _drift(),
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the schedule: last run and its outcome, next run."""

    label: str
    cron: str
    started_at: datetime | None
    finished_at: datetime | None
    error: str
    next_at: datetime

    @property
    def light(self) -> str:
        if self.started_at is None:
            return "none"
        return "bad" if self.error else "ok" if self.finished_at else "warn"

    @property
    def outcome(self) -> str:
        if self.started_at is None:
            return "还没有运行过"
        return f"失败：{self.error}" if self.error else "成功" if self.finished_at else "进行中"


def schedule_lines(actor: Actor, now: datetime) -> list[Line]:
    actor.require(Can.SEE_STATUS)
    runs = DueRun.objects.in_bulk()
    lines = []
    for due in tasks.schedule():
        run = runs.get(due.name)
        after = croniter(due.cron, timezone.localtime(now)).get_next(datetime)
        lines.append(
            Line(
                due.label,
                due.cron,
                run.started_at if run else None,
                run.finished_at if run else None,
                run.error if run else "",
                after,
            )
        )
    return lines
