"""Two workers at once: each message is claimed by one, sent once."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from tests import make
from tests.conftest import CHINA
from tests.races.test_papers import together
from xinfu.core import messages, senders
from xinfu.core.models import OutMessage

AT = datetime(2023, 6, 29, 10, 0, tzinfo=CHINA)


class Counting(senders.ConsoleSender):
    """Takes messages without a thought of their keys, so that a second sending shows."""

    name = "counting"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.lock = threading.Lock()

    def send(self, key: str, to: str, text: str) -> None:
        with self.lock:
            self.taken.append(key)


def keep(number: int) -> int:
    letters = [messages.Letter(f"test:{n}", "rating_invited", "13800001234", "x") for n in range(number)]
    with transaction.atomic():
        return messages.queue_all(letters, by=make.SYSTEM, at=AT)


def test_four_workers_send_each_of_fifty_messages_once(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    sender = Counting()
    monkeypatch.setitem(senders.senders._things, "counting", sender)
    settings.MESSAGE_SENDER = "counting"
    keep(50)
    sent = together(*[lambda: messages.deliver(at=AT)] * 4)
    assert sum(sent) == 50
    assert sorted(sender.taken) == sorted(f"test:{n}" for n in range(50))
    assert set(OutMessage.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_the_same_message_kept_by_four_at_once_is_kept_once() -> None:
    together(*[lambda: keep(5)] * 4)
    assert OutMessage.objects.count() == 5
