"""The screens of reports: who gets in, progress, results, refusals in the page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import make
from tests.reports.conftest import AS_OF, FROM, TO
from tests.reports.test_reports import enter
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.permissions import OFFICE
from xinfu.papers.models import Paper
from xinfu.reports.access import Can
from xinfu.reports.models import DraftCheck, EnteredFigure, ReportRun

PERIOD = {"frm": "2023-01-01", "to": "2023-05-31", "as_of": "2023-06-30"}


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.OUTSIDE, Role.SYSTEM_TOKEN)])
def test_each_screen_opens_to_the_roles_of_its_permission_only(
    role: Role, as_role: Callable[..., Any]
) -> None:
    client = as_role(role)
    for name, permission in (
        ("list", Can.SEE), ("new", Can.MAKE), ("entered", Can.SEE), ("entered_new", Can.ENTER), ("checks", Can.CHECK),
        ("check_new", Can.CHECK),
    ):  # fmt: skip
        status = client.get(reverse(f"reports:{name}")).status_code
        assert status == (200 if client.actor.may(permission) else 403), name
    assert client.actor.may(Can.SEE) == (role in OFFICE)


def test_a_report_is_asked_for_made_in_the_background_and_opened(
    county: make.Office, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.GENERAL)
    asked = client.post(reverse("reports:new"), {"kind": "half_year", **PERIOD})
    run = ReportRun.objects.get()
    assert asked["Location"] == reverse("reports:run", args=[run.pk])
    progress = reverse("reports:run_progress", args=[run.pk])
    assert "排队中" in client.get(progress).content.decode()
    assert progress in client.get(asked["Location"]).content.decode()
    run_tasks()
    paper = Paper.objects.get()
    opened = reverse("papers:detail", args=[paper.pk])
    assert opened in client.get(progress).content.decode()
    assert opened in client.get(asked["Location"]).content.decode()
    assert paper.title in client.get(reverse("reports:list")).content.decode()
    assert paper.unit == county.root
    assert "办理政务服务事项" in client.get(opened).content.decode()


def test_a_report_that_failed_says_why(
    office: make.Office, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.GENERAL)
    client.post(reverse("reports:new"), {"kind": "half_year", **PERIOD})
    run_tasks()
    run = ReportRun.objects.get()
    assert run.refusal
    assert run.refusal in client.get(reverse("reports:run", args=[run.pk])).content.decode()
    assert run.refusal in client.get(reverse("reports:run_progress", args=[run.pk])).content.decode()


def test_days_in_the_wrong_order_are_refused_in_the_form(as_role: Callable[..., Any]) -> None:
    page = as_role(Role.GENERAL).post(
        reverse("reports:new"), {"kind": "half_year", **PERIOD, "frm": "2023-06-01", "as_of": "2023-07-01"}
    )
    assert page.status_code == 422
    assert "请对调" in page.content.decode()
    assert not ReportRun.objects.exists()


def test_a_figure_is_entered_with_its_file_corrected_and_shown(as_role: Callable[..., Any]) -> None:
    client = as_role(Role.TRADING)
    given = {
        "subject": "trading", "title": "成交额", "shown": "30.83亿元", "definition": "合计", "frm": "2023-01-01", "to": "2023-05-31",
        "cutoff_on": "2023-05-31", "evidence": "月报",
    }  # fmt: skip
    file = SimpleUploadedFile("月报.pdf", b"%PDF-1.7 report")
    made = client.post(reverse("reports:entered_new"), {**given, "file": file})
    row = EnteredFigure.objects.get()
    assert made["Location"] == reverse("reports:entered_detail", args=[row.pk])
    got = client.get(reverse("reports:entered_file", args=[row.pk]))
    assert b"".join(got.streaming_content) == b"%PDF-1.7 report"
    again = f"{reverse('reports:entered_new')}?replaces={row.pk}"
    assert "30.83亿元" in client.get(again).content.decode()
    wrong = client.post(again, {**given, "shown": "若干"})
    assert wrong.status_code == 422
    assert "数值应是一个带单位的数" in wrong.content.decode()
    client.post(again, {**given, "shown": "30.84亿元"})
    said = client.get(reverse("reports:entered")).content.decode()
    assert "30.84亿元" in said
    assert "30.83亿元" not in said
    assert "已更正" in client.get(reverse("reports:entered_detail", args=[row.pk])).content.decode()
    new = EnteredFigure.objects.get(replaces=row)
    assert client.get(reverse("reports:entered_file", args=[new.pk])).status_code == 404


def test_a_checked_draft_shows_every_verdict_as_word_and_list(
    county: make.Office, as_role: Callable[..., Any], clerk: Actor, now: datetime
) -> None:
    enter(clerk, now, title="成交额")
    client = as_role(Role.LEADER)
    text = "全县办理政务服务事项11件，成交额30.83亿元，培训7期。\n=没有公式"
    made = client.post(
        reverse("reports:check_new"), {**PERIOD, "file": SimpleUploadedFile("稿.txt", text.encode())}
    )
    row = DraftCheck.objects.get()
    page = client.get(made["Location"]).content.decode()
    for word in ("相符", "不符", "未找到", "应为", "10件"):
        assert word in page
    listed = list(
        csv.reader(
            io.StringIO(client.get(reverse("reports:check_csv", args=[row.pk])).content.decode("utf-8-sig"))
        )
    )
    assert [line[4] for line in listed[1:]] == ["×不符", "√相符", "？未找到"]
    document = docx.Document(io.BytesIO(client.get(reverse("reports:check_docx", args=[row.pk])).content))
    assert [c.text for c in document.tables[0].rows[1].cells][4] == "×不符"
    assert "稿.txt" in client.get(reverse("reports:checks")).content.decode()


def test_a_file_that_is_no_draft_is_refused_in_the_page(
    county: make.Office, as_role: Callable[..., Any]
) -> None:
    page = as_role(Role.GENERAL).post(
        reverse("reports:check_new"), {**PERIOD, "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")}
    )
    assert page.status_code == 422
    assert "只能上传" in page.content.decode()


@pytest.mark.parametrize("name", ["list", "entered", "checks"])
def test_lists_cost_few_queries(
    name: str, office: make.Office, as_role: Callable[..., Any], clerk: Actor, now: datetime
) -> None:
    client = as_role(Role.GENERAL)
    client.get(reverse(f"reports:{name}"))
    for _ in range(3):
        enter(clerk, now)
        ReportRun.objects.create(
            kind="weekly",
            frm=FROM,
            to=TO,
            as_of_on=AS_OF,
            started_at=now,
            started_by="x",
            started_by_name="x",
        )
    with CaptureQueriesContext(connection) as seen:
        client.get(reverse(f"reports:{name}"))
    assert len(seen) <= 12


def test_what_is_not_there_is_not_found(as_role: Callable[..., Any]) -> None:
    client = as_role(Role.GENERAL)
    for name in ("run", "run_progress", "entered_detail", "check", "check_csv"):
        assert client.get(reverse(f"reports:{name}", args=[9])).status_code == 404
