"""Two sendings of the same thing at the same moment: one is done, both get an answer."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import RequestFactory

from xinfu.core.actor import Actor, Kind
from xinfu.site.middleware import ApiOnce, Once

WHO = Actor(kind=Kind.TOKEN, id=1, name="系统")


def both(call: Any) -> list[HttpResponse]:
    """Call twice at once, each on a connection of its own, and return the answers."""
    start, answers = threading.Barrier(2), []

    def run() -> None:
        start.wait()
        try:
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_idempotency_key_sent_twice_at_once_is_done_once() -> None:
    done: list[int] = []

    def view(request: HttpRequest) -> HttpResponse:
        done.append(1)
        time.sleep(0.2)
        return HttpResponse('{"n": 1}', status=201, content_type="application/json")

    def send() -> Any:
        request = RequestFactory().post(
            "/api/v1/x", "{}", content_type="application/json", headers={"Idempotency-Key": "same-key"}
        )
        request.actor = WHO  # type: ignore[attr-defined]
        return ApiOnce(view)(request)

    statuses = sorted(answer.status_code for answer in both(send))
    assert len(done) == 1
    assert statuses in ([201, 201], [201, 409])


def test_one_form_sent_twice_at_once_is_done_once_and_both_come_to_the_same_place() -> None:
    done: list[int] = []

    def view(request: HttpRequest) -> HttpResponse:
        done.append(1)
        time.sleep(0.3)
        return HttpResponseRedirect("/there/")

    def send() -> Any:
        request = RequestFactory().post("/x/", {"_once": "same-form-key"})
        request.actor = WHO  # type: ignore[attr-defined]
        once = Once(lambda asked: once.process_view(asked, view, (), {}) or view(asked))
        return once(request)

    answers = both(send)
    assert len(done) == 1
    assert {answer["Location"] for answer in answers} == {"/there/"}
