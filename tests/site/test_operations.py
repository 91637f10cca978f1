"""Journal pages and proofs, health, metrics, the commands that run the house, style sheets."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from tests import make
from xinfu.core import journal
from xinfu.core.access import Role
from xinfu.core.models import DueRun, JournalEntry
from xinfu.core.refusal import Refused
from xinfu.lib import merkle, notes
from xinfu.site import queries, state
from xinfu.site.screens import operations

ROOT = Path(settings.ROOT)
STATIC = ROOT / "src" / "xinfu" / "site" / "static"


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def entries(office: Any) -> list[int]:
    with transaction.atomic():
        return [
            journal.record("test.made", f"test.Thing:{i}", by=make.SYSTEM, at=timezone.now(), step=i)
            for i in range(5)
        ]


# --- journal -------------------------------------------------------------------------------------


def test_an_entry_shows_what_was_said_and_a_proof_that_verifies(as_role: Any, entries: list[int]) -> None:
    page = text_of(as_role(Role.AUDITOR).get(f"/journal/{entries[2]}/"))
    assert "test.made" in page
    assert "上一条" in page
    assert "下一条" in page
    found = re.search(r"<summary>凭证</summary><pre class=\"code\">(.*?)</pre>", page, re.DOTALL)
    assert found
    import html

    assert merkle.verify_proof(html.unescape(found.group(1)).encode())


def test_a_proof_over_http_verifies_without_trust_in_us(client: Any, entries: list[int]) -> None:
    answer = client.get("/journal/proof/inclusion/2")
    assert answer.status_code == 200
    assert "entry" not in answer.json(), "strangers learn nothing of what was done"
    assert merkle.verify_proof(answer.content)
    bridge = client.get("/journal/proof/consistency/2/5")
    assert merkle.verify_proof(bridge.content)


def test_the_entry_itself_goes_to_auditors_and_to_whoever_made_it(as_role: Any, entries: list[int]) -> None:
    clerk = as_role(Role.WINDOW_CLERK)
    with transaction.atomic():
        own = journal.record("test.own", "test.Thing:9", by=clerk.actor, at=timezone.now())
    assert clerk.get(f"/journal/proof/inclusion/{own}").json()["entry"]["event"] == "test.own"
    assert "entry" not in clerk.get("/journal/proof/inclusion/0").json()
    got = as_role(Role.AUDITOR).get("/journal/proof/inclusion/0")
    assert got.json()["entry"]["n"] == 0
    assert merkle.verify_proof(got.content)


@pytest.mark.parametrize(
    "address",
    [
        "/journal/proof/inclusion/99",
        "/journal/proof/consistency/0/3",
        "/journal/proof/consistency/4/2",
        "/journal/checkpoint",
    ],
)
def test_proofs_that_cannot_be_given_are_not_found(client: Any, entries: list[int], address: str) -> None:
    assert client.get(address).status_code == 404


def test_the_checkpoint_is_published_as_it_was_signed(client: Any, entries: list[int]) -> None:
    made = journal.make_checkpoint(at=timezone.now())
    assert made
    answer = client.get("/journal/checkpoint")
    assert text_of(answer) == made.note
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    notes.verify_note(made.note, journal.origin(), journal.public_key())


def test_the_kinds_of_event_are_found_by_index_and_not_by_reading_all(
    entries: list[int], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert queries.journal_events() == ["test.made"]


# --- health --------------------------------------------------------------------------------------


def test_machines_learn_that_the_process_lives_and_is_ready(client: Any, db: None) -> None:
    assert text_of(client.get("/-/live")) == "ok\n"
    assert text_of(client.get("/-/ready")) == "ok\n"


def test_what_is_missing_is_named(client: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_cache(key: str) -> bool:
        raise DatabaseError

    monkeypatch.setattr(state, "pending_migrations", lambda: ["core.0009_x"])
    monkeypatch.setattr(operations.cache, "has_key", no_cache)
    answer = client.get("/-/ready")
    assert answer.status_code == 503
    assert text_of(answer) == "not ready: migrations, cache\n"


def test_operators_get_the_same_facts_as_json(as_role: Any) -> None:
    facts = as_role(Role.SYSTEM_ADMIN).get("/-/health").json()
    assert {"version", "database", "queue", "disk", "backup", "clock", "checkpoint"} <= set(facts["facts"])


def test_metrics_go_to_the_token_of_the_installation(client: Any, db: None, settings: Any) -> None:
    assert client.get("/-/metrics").status_code == 403
    settings.METRICS_TOKEN = "t0ken"
    assert client.get("/-/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    answer = client.get("/-/metrics", headers={"Authorization": "Bearer t0ken"})
    lines = text_of(answer).splitlines()
    assert all(
        re.match(r'(# (HELP|TYPE) xinfu_\w+ .+|xinfu_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [-+.\deE]+)$', x)
        for x in lines
    )
    assert any(x.startswith("xinfu_disk_free_bytes ") for x in lines)


def test_the_state_of_the_system_turns_red_where_something_stands_still(
    as_role: Any, entries: list[int]
) -> None:
    from django_tasks_db.models import DBTaskResult

    from xinfu.core.ui.tasks import make_download

    make_download.enqueue(1)
    DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(hours=1))
    DueRun.objects.create(
        name="checkpoint",
        last_at=timezone.now(),
        started_at=timezone.now(),
        finished_at=timezone.now(),
        error="OSError: 磁盘满",
    )
    page = text_of(as_role(Role.SYSTEM_ADMIN).get("/system/status/"))
    assert "最早的已等 60 分钟" in page
    assert "OSError: 磁盘满" in page
    assert "1 项异常 · 系统状态" in page
    assert "尚未配置备份" in page


def test_the_drift_of_the_databases_clock_is_small_here(db: None) -> None:
    assert abs(state.clock_drift()) < 1


# --- commands ------------------------------------------------------------------------------------


def test_tick_runs_what_is_due_and_says_what(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("tick")
    assert "checkpoint" in capsys.readouterr().out
    call_command("tick")
    assert "没有到期的任务" in capsys.readouterr().out or DueRun.objects.exists()


@pytest.mark.slow
def test_serve_starts_web_worker_and_ticker_and_ends_them_all(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("XINFU_", "DJANGO_", "PYTEST_", "COV_"))}
    env = keep | {
        "XINFU_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "xinfu.site.settings",
        "XINFU_DEBUG": "1",
    }
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], env=env, check=True, cwd=ROOT)
    with subprocess.Popen(
        [sys.executable, "-m", "django", "serve", "--port", str(port)],
        env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ) as served:  # fmt: skip
        assert served.stdout
        assert f"127.0.0.1:{port}" in served.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=20) as answer:
            assert answer.read() == b"ok\n"
        deadline = time.monotonic() + 20
        while len(children_of(served.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        children = children_of(served.pid)
        assert len(children) == 3
        served.send_signal(signal.SIGTERM)
        assert served.wait(40) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(p) for p in listed.read_text().split()] if listed.exists() else []


def test_static_files_are_collected_again_only_when_one_is_newer(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xinfu.site.management.commands import serve

    source = tmp_path / "a.css"
    source.write_text("a{}")
    settings.STATIC_ROOT = tmp_path / "out"
    settings.STATIC_ROOT.mkdir()
    monkeypatch.setattr(serve, "sources", lambda: iter([source]))

    def collect(*_: object, **__: object) -> None:
        (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")

    monkeypatch.setattr(serve, "call_command", collect)
    assert serve.collect_when_changed()
    assert not serve.collect_when_changed()
    later = time.time() + 5
    os.utime(source, (later, later))
    assert serve.collect_when_changed()


# --- Chromium 90 (interface.md §0.1) -------------------------------------------------------------

NEWER = ("color-mix(", ":has(", "oklch(", "oklab(", "lch(", "light-dark(", "@layer", "@container", "@scope", "@property",
         "dvh", "svh", "lvh", "accent-color", "text-wrap:", "subgrid", "color(display-p3", ":user-valid", "inset-area")  # fmt: skip
HARMLESS = "a:hover:has(.icon){text-decoration:none}"


def style_sheets() -> list[Path]:
    return sorted(p for p in STATIC.rglob("*.css"))


@pytest.mark.parametrize("sheet", style_sheets(), ids=lambda p: p.name)
def test_style_sheets_use_nothing_newer_than_the_browser_floor(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = text.replace(HARMLESS, "", 1) if sheet.parent.name == "vendor" else text
    assert not [word for word in NEWER if word in text]


@pytest.mark.parametrize(
    "sheet", [p for p in style_sheets() if p.parent.name != "vendor"], ids=lambda p: p.name
)
def test_our_style_sheets_do_not_nest(sheet: Path) -> None:
    """A rule within a rule is newer than the floor; only @media, @page and the like may hold rules."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    stack: list[str] = []
    for head, mark in re.findall(r"([^{};]*)([{};])", text):
        if mark == "{":
            assert not stack or stack[-1].startswith("@"), f"{head.strip()} stands within {stack}"
            stack.append(head.strip())
        elif mark == "}":
            stack.pop()
    assert not stack


def templates() -> list[Path]:
    return sorted((ROOT / "src").rglob("templates/**/*.html"))


@pytest.mark.parametrize("page", templates(), ids=lambda p: "/".join(p.parts[-2:]))
def test_templates_hold_no_inline_code_or_style(page: Path) -> None:
    """The content security policy forbids both; what it would drop silently fails here."""
    text = page.read_text(encoding="utf-8")
    document = "pdf" in page.parts or "@page" in text or "print" in page.name
    assert document or not re.search(r"<[^>]*\sstyle=", text)
    assert not re.search(r"<[^>]*\son[a-z]+=\"", text)
    assert not re.search(r"<script(?![^>]*(src=|application/json|nonce=))", text)
    assert "javascript:" not in text
    assert "hx-on" not in text


def test_the_frame_sends_the_policy_and_htmx_evaluates_nothing(as_role: Any) -> None:
    answer = as_role(Role.GENERAL).get("/")
    policy = answer["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" not in policy
    config = re.search(r"name=\"htmx-config\" content='([^']*)'", text_of(answer))
    assert config
    known = json.loads(config.group(1))
    assert known["allowEval"] is known["includeIndicatorStyles"] is known["allowScriptTags"] is False


def test_refusals_keep_their_sentence(db: None) -> None:
    with pytest.raises(Refused, match="日志里没有第 7 条"):
        journal.inclusion_proof(7)
    assert JournalEntry.objects.count() == 0


def test_every_event_of_the_house_has_its_words() -> None:
    """What is recorded in the journal reads in Chinese on the auditors' page."""
    import ast

    from xinfu.core.ui import news

    wanted = set()
    for path in sorted((ROOT / "src" / "xinfu").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("journal.record", "record")
                and node.args
            ):
                wanted |= {
                    leaf.value
                    for leaf in ast.walk(node.args[0])
                    if isinstance(leaf, ast.Constant)
                    and isinstance(leaf.value, str)
                    and "." in leaf.value.strip(".")
                }
    assert len(wanted) > 50
    assert sorted(event for event in wanted if news.word(event) == event) == []


def test_what_one_did_stands_under_done_for_oneself_alone(as_role: Any) -> None:
    clerk, other = as_role(Role.WINDOW_CLERK), as_role(Role.WINDOW_CLERK)
    clerk.post("/suggestions/", {"text": "甲"})
    assert "提出投诉建议" in text_of(clerk.get("/done/"))
    assert "还没有办过的事。" in text_of(other.get("/done/"))
