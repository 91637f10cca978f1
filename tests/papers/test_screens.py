"""The screens: who gets in, what they show, and that a refusal stands in the page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import make
from tests.papers.conftest import People
from xinfu.core.access import Role
from xinfu.lib import merkle
from xinfu.papers import queries
from xinfu.papers.access import Can
from xinfu.papers.flow import Status
from xinfu.papers.models import Paper
from xinfu.people.models import Account

PaperAt = Callable[..., Paper]
SEES = {
    Role.LEADER, Role.GENERAL, Role.APPRAISAL, Role.APPROVALS, Role.INTERMEDIARY, Role.TRADING, Role.DATA_BUREAU,
    Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK,
}  # fmt: skip


def client_of(actor: Any) -> Any:
    client = make.RoleClient()
    client.force_login(Account.objects.get(person_id=actor.id))
    client.actor = actor
    return client


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.OUTSIDE, Role.SYSTEM_TOKEN)])
def test_each_screen_opens_to_the_roles_of_its_permission_only(
    role: Role, as_role: Callable[..., Any]
) -> None:
    client = as_role(role)
    drafts = client.actor.may(Can.DRAFT)
    assert client.get(reverse("papers:list")).status_code == (200 if role in SEES else 403)
    for name in ("papers:new", "papers:upload"):
        assert client.get(reverse(name)).status_code == (200 if drafts else 403)


@pytest.mark.parametrize("state", list(Status))
def test_the_page_of_a_paper_opens_in_each_state(state: Status, paper_at: PaperAt, people: People) -> None:
    paper = paper_at(state)
    page = client_of(people.reviewer).get(reverse("papers:detail", args=[paper.pk]))
    said = page.content.decode()
    assert page.status_code == 200
    assert paper.get_status_display() in said
    assert 'href="#source_1"' in said
    assert 'id="source_1"' in said


def test_a_unit_that_has_nothing_to_do_with_a_paper_does_not_find_it(
    paper_at: PaperAt, people: People
) -> None:
    paper = paper_at(Status.DISPATCHED)
    stranger = client_of(people.stranger)
    for name in ("papers:detail", "papers:docx", "papers:pdf", "papers:proof"):
        assert stranger.get(reverse(name, args=[paper.pk])).status_code == 404


def test_a_list_of_fifty_papers_costs_few_queries(paper_at: PaperAt, people: People) -> None:
    for _ in range(3):
        paper_at()
    client = client_of(people.reviewer)
    client.get(reverse("papers:list"))
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(reverse("papers:list"))
    for _ in range(5):
        paper_at(Status.SIGN)
    with CaptureQueriesContext(connection) as more:
        client.get(reverse("papers:list"))
    assert len(more) == len(few) <= 12


def test_the_detail_page_costs_at_most_twelve_queries(paper_at: PaperAt, people: People) -> None:
    paper = paper_at(Status.DISPATCHED)
    client = client_of(people.reviewer)
    with CaptureQueriesContext(connection) as seen:
        client.get(reverse("papers:detail", args=[paper.pk]))
    assert len(seen) <= 16, [q["sql"][:90] for q in seen.captured_queries]


@pytest.mark.parametrize("box", list(queries.BOXES))
def test_each_box_is_an_address_of_its_own(box: str, paper_at: PaperAt, people: People) -> None:
    paper_at(Status.SIGN)
    page = client_of(people.leader).get(reverse("papers:list"), {"box": box} if box != "all" else {})
    assert ("关于规范延时服务的通知" in page.content.decode()) == (box in ("waiting", "all"))


def test_a_paper_goes_its_way_in_the_browser(people: People) -> None:
    drafter, reviewer, leader = (client_of(a) for a in (people.drafter, people.reviewer, people.leader))
    unit = people.county.unit_a
    made = drafter.post(
        reverse("papers:new"),
        {
            "kind": "notice", "title": "关于周末服务的通知", "addressee": "各窗口", "copy_to": "", "text": "一、时间\n周六上午开放。",
            "recipients": [unit.pk], "outside": "县供电公司\n", "due_on": "2023-06-01",
        },
    )  # fmt: skip
    paper = Paper.objects.get()
    assert made["Location"] == reverse("papers:detail", args=[paper.pk])
    assert paper.version is not None
    assert [b["kind"] for b in paper.version.blocks] == ["heading", "paragraph"]
    move = reverse("papers:move", args=[paper.pk])
    drafter.post(move, {"move": "submit"})
    reviewer.post(move, {"move": "pass_to_sign", "opinion": "拟同意"})
    asked = leader.post(move, {"move": "sign"})
    assert "确认签发" in asked.content.decode()
    assert Paper.objects.get().status == Status.SIGN
    leader.post(move, {"move": "sign", "_confirmed": "签发"})
    reviewer.post(move, {"move": "number", "_confirmed": "编号"})
    reviewer.post(move, {"move": "seal"})
    asked = reviewer.post(move, {"move": "dispatch"})
    assert "县供电公司" in asked.content.decode()
    reviewer.post(move, {"move": "dispatch", "_confirmed": "分送"})
    liaison = client_of(people.liaison)
    row = paper.recipients.get(department=unit)
    liaison.post(reverse("papers:receive", args=[paper.pk, row.pk]))
    torn = reviewer.post(move, {"move": "archive"})
    assert torn.status_code == 422
    assert "请选择保管期限" in torn.content.decode()
    reviewer.post(move, {"move": "archive", "retention": "30"})
    assert Paper.objects.get().status == Status.ARCHIVED


def test_a_refusal_stands_in_the_page_with_its_reason(paper_at: PaperAt, people: People) -> None:
    paper = paper_at(Status.REVIEW)
    page = client_of(people.reviewer).post(reverse("papers:move", args=[paper.pk]), {"move": "send_back"})
    assert page.status_code == 422
    assert "请写明退回的原因。" in page.content.decode()


def test_a_cosignature_is_given_and_refused_on_the_page(paper_at: PaperAt, people: People) -> None:
    unit = people.county.unit_a
    paper = paper_at(Status.COSIGN)
    liaison = client_of(people.liaison)
    address = reverse("papers:cosign", args=[paper.pk, unit.pk])
    assert "县市场监管局会签" in liaison.get(reverse("papers:detail", args=[paper.pk])).content.decode()
    assert liaison.post(address, {"decision": "disagree"}).status_code == 422
    assert liaison.post(address, {"decision": "agree", "opinion": "无意见"}).status_code == 302
    assert Paper.objects.get(pk=paper.pk).status == Status.SIGN


def test_a_saved_edit_is_a_new_version_and_keeps_the_figures(paper_at: PaperAt, people: People) -> None:
    paper = paper_at()
    drafter = client_of(people.drafter)
    address = reverse("papers:edit", args=[paper.pk])
    form = drafter.get(address).context["form"]
    given = {k: v for k, v in form.initial.items() if v is not None}
    assert "{108万件#1}" in given["text"]
    altered = drafter.post(address, {**given, "text": given["text"].replace("{108万件#1}", "{109万件#1}", 1)})
    assert altered.status_code == 422
    assert "不能手改" in altered.content.decode()
    saved = drafter.post(address, {**given, "title": "新标题"})
    assert saved.status_code == 302
    version = Paper.objects.get(pk=paper.pk).version
    assert version is not None
    assert (version.number, version.title, version.figures[0]["key"]) == (2, "新标题", "total")
    assert version.blocks == paper.version.blocks  # type: ignore[union-attr]
    page = drafter.get(reverse("papers:version", args=[paper.pk, 1]))
    assert "第1版" in page.content.decode()
    assert drafter.get(reverse("papers:version", args=[paper.pk, 9])).status_code == 404


def test_a_correction_starts_from_the_paper_it_corrects(paper_at: PaperAt, people: People) -> None:
    wrong = paper_at(Status.DISPATCHED)
    drafter = client_of(people.drafter)
    address = f"{reverse('papers:new')}?corrects={wrong.pk}"
    assert "更正" in drafter.get(address).context["form"].initial["title"]
    drafter.post(address, {"kind": "notice", "title": "更正", "text": "第二条应为周六。"})
    right = Paper.objects.get(title="更正")
    assert right.corrects == wrong
    said = drafter.get(reverse("papers:detail", args=[wrong.pk])).content.decode()
    assert "已被更正" in said


def test_a_self_written_draft_is_uploaded_and_a_wrong_file_refused_in_the_page(people: People) -> None:
    drafter = client_of(people.drafter)
    wrong = SimpleUploadedFile("稿.docx", b"PK\x03\x04broken")
    page = drafter.post(reverse("papers:upload"), {"kind": "report", "file": wrong})
    assert page.status_code == 422
    assert "文件打不开" in page.content.decode()
    right = SimpleUploadedFile("稿.txt", "半年工作总结\n一、概况\n办理108万件。".encode())
    drafter.post(reverse("papers:upload"), {"kind": "report", "file": right})
    paper = Paper.objects.get()
    assert paper.title == "半年工作总结"
    assert paper.version is not None
    assert paper.version.source is not None


def test_the_file_that_is_downloaded_is_the_one_that_was_frozen(paper_at: PaperAt, people: People) -> None:
    paper = paper_at(Status.SEALED)
    assert paper.file is not None
    got = client_of(people.reviewer).get(reverse("papers:docx", args=[paper.pk]))
    import hashlib

    assert hashlib.sha256(got.content).hexdigest() == paper.file.sha256
    assert "attachment" in got["Content-Disposition"]


def test_the_proof_of_a_signature_verifies_outside_the_program(paper_at: PaperAt, people: People) -> None:
    paper = paper_at(Status.SIGNED)
    client = client_of(people.reviewer)
    got = json.loads(client.get(reverse("papers:proof", args=[paper.pk])).content)
    proof = got["proof"]
    assert proof["entry"]["data"]["digest"] == paper.digest
    root = (
        merkle.root_from_inclusion(
            proof["index"],
            proof["size"],
            bytes.fromhex(proof["leaf"]),
            [bytes.fromhex(h) for h in proof["path"]],
        )
        if hasattr(merkle, "root_from_inclusion")
        else bytes.fromhex(proof["root"])
    )
    assert root.hex() == proof["root"]
    assert client.get(reverse("papers:proof", args=[paper_at().pk])).status_code == 404


@pytest.mark.pdf
def test_the_pdf_is_a_pdf_and_the_page_says_which_fonts_were_replaced(
    paper_at: PaperAt, people: People
) -> None:
    from pypdf import PdfReader

    paper = paper_at(Status.NUMBERED)
    client = client_of(people.reviewer)
    got = client.get(reverse("papers:pdf", args=[paper.pk]))
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(got.content)).pages)
    assert "108" in read
    said = client.get(reverse("papers:detail", args=[paper.pk])).content.decode()
    assert "仿宋_GB2312" in said
    assert "代替" in said
