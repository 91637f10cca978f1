"""Messages to people outside: kept with their change, sent once, tried again, wiped; the office sees no text."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from tests import make
from tests.conftest import CHINA
from xinfu.core import inbox, jobs, local, messages, privacy, senders
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry, MessageState, OutMessage
from xinfu.core.refusal import Forbidden, Refused
from xinfu.people import actions as people

AT = datetime(2023, 6, 29, 10, 0, tzinfo=CHINA)
NUMBER, TEXT = "13800001234", "请评价：https://example.org/r/1"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty outbox, and one kind of message."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "keys").symlink_to(settings.HOME / "keys")
    settings.HOME = tmp_path
    kinds = messages.Registry[str]("message kind")
    kinds.add("test", "试发")
    monkeypatch.setattr(messages, "kinds", kinds)


def queue(key: str = "test:1", **changes: Any) -> bool:
    with transaction.atomic():
        said = {"kind": "test", "to": NUMBER, "text": TEXT, "by": make.SYSTEM, "at": AT, **changes}
        return messages.queue(key=key, **said)


def outbox(home: Path) -> list[dict[str, str]]:
    return [json.loads(path.read_text()) for path in sorted((home / "outbox").glob("*"))]


# --- keeping and sending -------------------------------------------------------------------------


def test_a_message_is_sealed_and_leaves_once(tmp_path: Path) -> None:
    assert queue()
    row = OutMessage.objects.get()
    assert NUMBER.encode() not in bytes(row.to_sealed)
    assert messages.deliver(at=AT) == 1
    assert messages.deliver(at=AT + timedelta(days=1)) == 0
    assert outbox(tmp_path) == [{"key": "test:1", "to": NUMBER, "text": TEXT}]
    row.refresh_from_db()
    assert (row.state, row.sender, row.attempts, row.lease_until) == ("sent", "console", 1, None)


def test_the_same_key_is_the_same_message(tmp_path: Path) -> None:
    assert queue()
    assert not queue(to="13900000000")
    messages.deliver(at=AT)
    assert len(outbox(tmp_path)) == 1


def test_a_change_that_fails_sends_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue()
        raise ZeroDivisionError
    assert not OutMessage.objects.exists()


def test_a_worker_is_woken_after_the_commit(
    django_capture_on_commit_callbacks: Any, run_tasks: Callable[[], int], tmp_path: Path, settings: Any
) -> None:
    settings.DEMO_DAY = AT.date() + timedelta(days=1)
    with django_capture_on_commit_callbacks(execute=True):
        queue()
    assert run_tasks() == 1
    assert len(outbox(tmp_path)) == 1


def test_what_the_schedule_calls_sends_and_wipes(settings: Any, tmp_path: Path) -> None:
    queue()
    settings.DEMO_DAY = AT.date() + timedelta(days=1)
    jobs.deliver_messages(AT)
    assert len(outbox(tmp_path)) == 1
    settings.DEMO_DAY = AT.date() + timedelta(days=40)
    jobs.wipe_messages(AT)
    assert OutMessage.objects.get().wiped_at is not None


def test_a_lease_that_ran_out_is_taken_again_and_one_that_runs_is_not(tmp_path: Path) -> None:
    queue()
    OutMessage.objects.update(state="sending", lease_until=AT + messages.LEASE, attempts=1)
    assert messages.deliver(at=AT + messages.LEASE - timedelta(seconds=1)) == 0
    assert messages.deliver(at=AT + messages.LEASE) == 1
    assert len(outbox(tmp_path)) == 1


def test_a_clock_that_was_put_back_leaves_no_message_behind() -> None:
    queue(at=AT + timedelta(days=1))
    assert messages.deliver(at=AT) == 1


def test_the_outbox_is_for_the_machine_alone(tmp_path: Path) -> None:
    queue()
    messages.deliver(at=AT)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert not list((tmp_path / "tmp").iterdir())


def test_an_unknown_sender_is_told_at_once(settings: Any) -> None:
    settings.MESSAGE_SENDER = "pigeon"
    with pytest.raises(ImproperlyConfigured, match="pigeon"):
        senders.current()


# --- the gateway ---------------------------------------------------------------------------------


class Gateway(ThreadingHTTPServer):
    """A real gateway on this machine: answers as it is told, counts what it took by key."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.taken: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), Taker)


class Taker(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, **dict(self.headers.items())})
        status = self.server.answers.pop(0) if self.server.answers else 202
        if status == 202:
            self.server.taken.setdefault(self.headers["Idempotency-Key"], body)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def gateway(settings: Any) -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.MESSAGE_SENDER = "http"
    settings.MESSAGE_URL = f"http://127.0.0.1:{server.server_port}/messages?county=330624"
    settings.MESSAGE_TOKEN = "secret"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_gateway_gets_number_text_key_and_token(gateway: Gateway) -> None:
    queue()
    assert messages.deliver(at=AT) == 1
    ((key, body),) = gateway.taken.items()
    assert body == {"key": key, "to": NUMBER, "text": TEXT}
    (asked,) = gateway.asked
    assert asked["Authorization"] == "Bearer secret"
    assert asked["path"] == "/messages?county=330624"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_message_that_the_gateway_refuses_is_not_tried_again(gateway: Gateway, status: int) -> None:
    gateway.answers = [status]
    queue()
    assert messages.deliver(at=AT) == 0
    row = OutMessage.objects.get()
    assert (row.state, row.error) == ("failed", f"短信平台拒收（HTTP {status}）。")
    assert JournalEntry.objects.filter(event="message.failed").count() == 1
    assert messages.deliver(at=AT + timedelta(days=1)) == 0


@pytest.mark.parametrize("status", [500, 503, 429, 401, 302])
def test_what_is_the_gateways_own_fault_is_tried_again_after_a_pause(gateway: Gateway, status: int) -> None:
    gateway.answers = [status]
    queue()
    assert messages.deliver(at=AT) == 0
    assert messages.deliver(at=AT + timedelta(seconds=30)) == 0
    assert messages.deliver(at=AT + timedelta(minutes=2)) == 1
    assert len(gateway.taken) == 1


def test_pauses_grow_and_end_with_a_failure(gateway: Gateway) -> None:
    gateway.answers = [500] * 20
    queue()
    at, waits = AT, []
    for _ in range(8):
        messages.deliver(at=at)
        row = OutMessage.objects.get()
        waits.append(round((row.next_at - at).total_seconds() / 60))
        at = row.next_at + timedelta(seconds=1)
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 64]
    assert (row.state, row.attempts) == ("failed", 8)


def test_the_number_of_tries_is_the_countys(gateway: Gateway) -> None:
    local.set_rule(
        code="messages.most_tries", since=AT.date(), value=1, source="县办通知", by=make.SYSTEM, at=AT
    )
    gateway.answers = [500]
    queue()
    messages.deliver(at=AT)
    assert OutMessage.objects.get().state == MessageState.FAILED


def test_a_gateway_that_is_down_is_asked_three_times_and_not_for_each_message(
    settings: Any, gateway: Gateway
) -> None:
    settings.MESSAGE_URL = "http://127.0.0.1:1/"
    for n in range(10):
        queue(f"test:{n}")
    assert messages.deliver(at=AT) == 0
    tried = OutMessage.objects.filter(attempts=1)
    assert tried.count() == 3
    assert {row.error for row in tried} == {"短信平台没有应答。"}


@pytest.mark.parametrize("url", ["", "ftp://example.org/", "https://"])
def test_a_gateway_without_an_address_says_so(settings: Any, url: str) -> None:
    settings.MESSAGE_SENDER, settings.MESSAGE_URL = "http", url
    queue()
    messages.deliver(at=AT)
    assert OutMessage.objects.get().error == "没有设置短信平台的地址（XINFU_MESSAGE_URL）。"


def test_a_countys_own_sender_that_breaks_puts_nothing_personal_into_the_log(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(senders.ConsoleSender):
        name = "broken"

        def send(self, key: str, to: str, text: str) -> None:
            raise RuntimeError(f"cannot send {text} to {to}")

    monkeypatch.setitem(senders.senders._things, "broken", Broken())
    settings.MESSAGE_SENDER = "broken"
    queue()
    with caplog.at_level(logging.ERROR):
        messages.deliver(at=AT)
    assert "RuntimeError" in caplog.text
    assert NUMBER not in caplog.text
    assert OutMessage.objects.get().state == MessageState.QUEUED


# --- what is kept --------------------------------------------------------------------------------


def test_number_and_text_are_gone_after_the_countys_days(tmp_path: Path, as_role: Any) -> None:
    queue()
    messages.deliver(at=AT)
    assert messages.wipe(at=AT + timedelta(days=30)) == 0
    assert messages.wipe(at=AT + timedelta(days=30, minutes=1)) == 1
    assert messages.wipe(at=AT + timedelta(days=31)) == 0
    row = OutMessage.objects.get()
    assert (bytes(row.to_sealed), bytes(row.text_sealed), row.state) == (b"", b"", "sent")
    assert outbox(tmp_path) == []
    assert "已清除" in as_role(Role.GENERAL).get("/messages/").content.decode()


def test_a_change_of_key_seals_waiting_messages_anew(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "keys").unlink()
    (tmp_path / "keys").mkdir()
    privacy._cipher.cache_clear()
    try:
        queue()
        people.rotate_key(by=make.SYSTEM, at=AT)
        assert sum(people.rows_behind().values()) == 2
        people.reseal(by=make.SYSTEM, at=AT)
        row = OutMessage.objects.get()
        assert {bytes(row.to_sealed)[0], bytes(row.text_sealed)[0]} == {2}
        assert messages.deliver(at=AT) == 1
    finally:
        privacy._cipher.cache_clear()


# --- the office ----------------------------------------------------------------------------------


def failed() -> OutMessage:
    queue()
    OutMessage.objects.update(state="failed", error="短信平台拒收（HTTP 400）。", attempts=1)
    return OutMessage.objects.get()


def test_the_office_sees_state_kind_and_masked_number_but_no_text(as_role: Any) -> None:
    failed()
    page = as_role(Role.GENERAL).get("/messages/").content.decode()
    for said in ("发送失败", "试发", "138****1234", "HTTP 400"):
        assert said in page
    assert NUMBER not in page
    assert "example.org/r/1" not in page


def test_failed_messages_are_one_line_of_the_inbox_of_those_in_charge(as_role: Any) -> None:
    failed()
    titles = [t.title for t in inbox.todos(as_role(Role.GENERAL).actor, AT)]
    assert "1条短信发送失败" in titles
    assert not [t for t in inbox.todos(as_role(Role.WINDOW_CLERK).actor, AT) if t.kind == "短信"]


def test_a_failed_message_is_sent_again_and_others_are_not(as_role: Any, tmp_path: Path) -> None:
    row, actor = failed(), as_role(Role.GENERAL).actor
    messages.retry(row, by=actor, at=AT)
    assert messages.deliver(at=AT) == 1
    with pytest.raises(Refused, match="已发送"):
        messages.retry(row, by=actor, at=AT)
    with pytest.raises(Forbidden):
        messages.retry(row, by=as_role(Role.WINDOW_CLERK).actor, at=AT)
    assert JournalEntry.objects.filter(event="message.retried").count() == 1


def test_a_wiped_message_cannot_be_sent_again(as_role: Any) -> None:
    row = failed()
    messages.wipe(at=AT + timedelta(days=31))
    with pytest.raises(Refused, match="不能重发"):
        messages.retry(row, by=as_role(Role.GENERAL).actor, at=AT)


def test_who_is_not_in_charge_sees_no_messages(as_role: Any) -> None:
    assert as_role(Role.WINDOW_CHIEF).get("/messages/").status_code == 403
