"""What is done with papers: success, each refusal, and the journal's line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests import make
from tests.papers.conftest import BLOCKS, FIGURE, People
from xinfu.core import files, inbox, journal, local
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.lib import canon
from xinfu.papers import actions, queries, render
from xinfu.papers.flow import Status
from xinfu.papers.models import NumberSeries, Paper, PaperStep, PaperVersion, Recipient

PaperAt = Callable[..., Paper]


def last_entry(event: str) -> dict[str, Any]:
    entry = JournalEntry.objects.filter(event=event).order_by("-n").first()
    assert entry is not None, event
    body = canon.parse(bytes(entry.body))
    assert isinstance(body, dict)
    return body


def refusal(call: Callable[..., Any], **kwargs: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        call(**kwargs)
    return refused.value


# --- drafting ---------------------------------------------------------------------------------------


def test_a_draft_keeps_its_first_version_and_the_journal_its_digest(
    paper_at: PaperAt, people: People
) -> None:
    paper = paper_at()
    assert paper.version is not None
    assert (paper.status, paper.version.number, paper.unit) == ("draft", 1, people.county.appraisal)
    entry = last_entry("paper.drafted")
    assert entry["data"]["digest"] == paper.version.digest
    assert entry["subject"] == f"papers.Paper:{paper.pk}"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": "  "}, "no_title"),
        ({"kind": "order"}, "unknown_kind"),
        ({"blocks": [{"kind": "picture"}]}, "bad_text"),
        ({"blocks": [{"kind": "heading", "level": 5, "text": "x"}]}, "bad_text"),
        ({"blocks": [{"kind": "paragraph", "runs": [{"text": "1件", "figure": "unknown"}]}]}, "bad_text"),
        ({"figures": [{**FIGURE, "snapshot": ""}]}, "bad_text"),
        ({"figures": [{**FIGURE, "origin": "entered"}]}, "bad_text"),
        ({"figures": [{**FIGURE, "cutoff": ""}]}, "bad_text"),
        ({"figures": [FIGURE, FIGURE]}, "bad_text"),
        (
            {"recipients": [actions.Party("县供电公司"), actions.Party("县供电公司", role="copy")]},
            "recipient_twice",
        ),
    ],
)
def test_a_draft_that_is_not_well_formed_is_refused(
    change: dict[str, Any], code: str, people: People, now: datetime
) -> None:
    given = {"kind": "notice", "title": "通知", "blocks": BLOCKS, "figures": [FIGURE], **change}
    assert refusal(actions.draft_paper, **given, by=people.drafter, at=now).code == code
    assert not Paper.objects.exists()


def test_a_unit_outside_the_office_may_not_draft(people: People, now: datetime) -> None:
    assert isinstance(
        refusal(actions.draft_paper, kind="notice", title="通知", blocks=BLOCKS, by=people.liaison, at=now),
        Forbidden,
    )


def test_a_revision_is_a_new_version_and_the_old_one_stays(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at()
    actions.revise(
        paper=paper,
        seen=1,
        title="新标题",
        blocks=BLOCKS[:2],
        by=people.colleague,
        at=now + timedelta(hours=1),
    )
    assert [v.number for v in paper.versions.order_by("number")] == [1, 2]
    assert Paper.objects.get(pk=paper.pk).title == "新标题"
    assert last_entry("paper.revised")["data"]["version"] == 2


def test_two_people_who_edit_the_same_version_do_not_overwrite_each_other(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at()
    actions.revise(
        paper=paper, seen=1, title="甲", blocks=BLOCKS, figures=[FIGURE], by=people.drafter, at=now
    )
    no = refusal(actions.revise, paper=paper, seen=1, title="乙", blocks=BLOCKS, by=people.colleague, at=now)
    assert no.code == "changed_meanwhile"
    assert "王拟稿" in no.reason


def test_another_section_may_not_revise_and_a_sent_paper_is_not_revised(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    given = {"seen": 1, "title": "改", "blocks": BLOCKS, "at": now}
    assert refusal(actions.revise, paper=paper_at(), by=people.reviewer, **given).code == "not_yours"
    assert (
        refusal(actions.revise, paper=paper_at(Status.REVIEW), by=people.drafter, **given).code
        == "not_a_draft"
    )
    assert (
        refusal(actions.revise, paper=paper_at(Status.SIGNED), by=people.drafter, **given).code
        == "not_a_draft"
    )


def test_parties_are_named_anew_in_a_draft_each_once(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at()
    unit = people.county.unit_b
    actions.name_parties(
        paper=paper,
        cosigners=[unit.pk, unit.pk],
        recipients=[actions.Party("县委办")],
        by=people.drafter,
        at=now,
    )
    assert [c.department for c in paper.cosigns.all()] == [unit]
    assert [r.name for r in paper.recipients.all()] == ["县委办"]
    assert last_entry("paper.parties_named")["data"]["recipients"] == ["县委办"]


def test_versions_steps_and_what_is_signed_cannot_be_changed_in_the_database(paper_at: PaperAt) -> None:
    paper = paper_at(Status.NUMBERED)
    changes: list[Callable[[], Any]] = [
        lambda: PaperVersion.objects.update(title="改"),
        lambda: PaperStep.objects.update(opinion="改"),
        lambda: Paper.objects.filter(pk=paper.pk).update(title="改"),
        lambda: Paper.objects.filter(pk=paper.pk).update(digest="0" * 64),
        lambda: Paper.objects.filter(pk=paper.pk).update(serial=99),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


# --- review, co-signing, signing ----------------------------------------------------------------------


def test_nobody_reviews_his_own_paper(people: People, now: datetime) -> None:
    paper = actions.draft_paper(kind="notice", title="通知", blocks=BLOCKS[:1], by=people.reviewer, at=now)
    actions.submit(paper=paper, by=people.reviewer, at=now)
    assert "不能核自己的稿" in refusal(actions.pass_review, paper=paper, by=people.reviewer, at=now).reason
    other = make.actor(Role.GENERAL, people.county.general)
    actions.pass_review(paper=paper, by=other, at=now)
    assert paper.status == Status.SIGN


def test_whoever_wrote_the_last_version_does_not_review_it(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    both = make.actor(Role.GENERAL, people.county.appraisal)
    paper = paper_at()
    actions.revise(paper=paper, seen=1, title="改", blocks=BLOCKS[:1], by=both, at=now)
    actions.submit(paper=paper, by=people.drafter, at=now)
    assert "不能核自己的稿" in refusal(actions.pass_review, paper=paper, by=both, at=now).reason


def test_an_empty_paper_is_not_sent_to_review(people: People, now: datetime) -> None:
    paper = actions.draft_paper(kind="notice", title="通知", blocks=[], by=people.drafter, at=now)
    assert "正文还是空的" in refusal(actions.submit, paper=paper, by=people.drafter, at=now).reason


def test_another_section_does_not_send_or_take_back(paper_at: PaperAt, people: People, now: datetime) -> None:
    assert "王拟稿" in refusal(actions.submit, paper=paper_at(), by=people.reviewer, at=now).reason
    assert (
        "王拟稿" in refusal(actions.withdraw, paper=paper_at(Status.SIGN), by=people.reviewer, at=now).reason
    )


def test_a_paper_goes_to_the_signer_when_the_last_named_department_agrees(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    units = [people.county.unit_a.pk, people.county.unit_b.pk]
    paper = paper_at(Status.COSIGN, cosigners=units)
    actions.cosign(paper=paper, department_id=units[0], agree=True, by=people.liaison, at=now)
    assert paper.status == Status.COSIGN
    assert "1个单位未会签" in str(queries.get_paper(people.leader, paper.pk) and _reason(paper, people))
    actions.cosign(paper=paper, department_id=units[1], agree=True, by=people.stranger, at=now)
    assert paper.status == Status.SIGN
    assert last_entry("paper.cosigned")["data"]["left"] == 0


def _reason(paper: Paper, people: People) -> str:
    from xinfu.papers.flow import FLOW

    return refusal(FLOW.check, name="cosigned", thing=paper, actor=people.liaison).reason


def test_a_department_cosigns_once_for_itself_only_and_says_why_not(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    units = [people.county.unit_a.pk, people.county.unit_b.pk]
    paper = paper_at(Status.COSIGN, cosigners=units)
    given = {"paper": paper, "at": now}
    assert isinstance(
        refusal(actions.cosign, department_id=units[1], agree=True, by=people.liaison, **given), Forbidden
    )
    assert (
        refusal(actions.cosign, department_id=units[0], agree=False, by=people.liaison, **given).code
        == "no_opinion"
    )
    actions.cosign(
        department_id=units[0], agree=False, opinion="第二条与现行规定不一致", by=people.liaison, **given
    )
    again = refusal(actions.cosign, department_id=units[0], agree=True, by=people.liaison, **given)
    assert again.code == "already_cosigned"
    assert paper.status == Status.COSIGN
    early = refusal(
        actions.cosign,
        paper=paper_at(Status.REVIEW),
        department_id=units[0],
        agree=True,
        by=people.liaison,
        at=now,
    )
    assert early.code == "wrong_state"


def test_cosignatures_count_no_more_after_the_text_came_back(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at(Status.SIGN)
    actions.send_back(paper=paper, reason="数据请再核", by=people.leader, at=now)
    assert paper.status == Status.DRAFT
    actions.submit(paper=paper, by=people.drafter, at=now)
    assert [c.decision for c in paper.cosigns.all()] == [""]


@pytest.mark.parametrize(
    ("state", "who"), [(Status.REVIEW, "reviewer"), (Status.COSIGN, "reviewer"), (Status.SIGN, "leader")]
)
def test_a_paper_is_sent_back_with_a_reason(
    state: Status, who: str, paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at(state)
    by = getattr(people, who)
    assert refusal(actions.send_back, paper=paper, reason=" ", by=by, at=now).code == "no_reason"
    actions.send_back(paper=paper, reason="请补充依据", by=by, at=now)
    assert paper.status == Status.DRAFT
    assert last_entry("paper.sent_back")["data"]["reason"] == "请补充依据"


def test_a_paper_that_someone_else_moved_is_not_moved_again(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at(Status.SIGN)
    seen = Paper.objects.get(pk=paper.pk)
    actions.sign(paper=paper, by=people.leader, at=now)
    assert refusal(actions.withdraw, paper=seen, by=people.drafter, at=now).code == "changed_meanwhile"


# --- what is signed -----------------------------------------------------------------------------------


def test_signing_freezes_the_text_under_the_digest_of_its_inputs(paper_at: PaperAt, people: People) -> None:
    paper = paper_at(Status.SIGNED)
    entry = last_entry("paper.signed")
    assert paper.version is not None
    assert entry["data"]["digest"] == paper.digest == paper.version.digest
    assert entry["data"]["snapshots"] == [FIGURE["snapshot"]]
    proof = queries.proof(paper)
    assert proof is not None
    assert proof.holds
    assert proof.entry == entry["n"]


def test_a_text_altered_behind_the_program_is_not_signed(
    paper_at: PaperAt, people: People, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = paper_at(Status.SIGN)
    monkeypatch.setattr("xinfu.papers.blocks.digest", lambda document: "0" * 64)
    assert refusal(actions.sign, paper=paper, by=people.leader, at=now).code == "text_changed"


def test_the_final_file_is_kept_and_can_be_made_again_to_the_same_bytes(paper_at: PaperAt) -> None:
    paper = paper_at(Status.ARCHIVED)
    assert paper.file is not None
    with files.open_file(paper.file) as kept:
        content = kept.read()
    assert content == render.docx_bytes(queries.document_of(paper))
    assert last_entry("paper.numbered")["data"]["file"] == paper.file.sha256


def test_a_signed_paper_carries_no_drafting_hints(people: People, paper_at: PaperAt) -> None:
    draft = paper_at(notes=["请补充评价数据"])
    assert "请补充评价数据" in render.plain_text(queries.document_of(draft))
    signed = paper_at(Status.SIGNED, notes=["请补充评价数据"])
    assert "请补充评价数据" not in render.plain_text(queries.document_of(signed))
    assert "送审稿" not in render.plain_text(queries.document_of(signed))


def test_numbers_run_through_the_year_without_gaps_by_prefix(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    first, second = paper_at(Status.NUMBERED), paper_at(Status.NUMBERED)
    letter = paper_at(Status.NUMBERED, kind="letter")
    assert (first.number, second.number) == ("新政务〔2023〕1号", "新政务〔2023〕2号")
    assert letter.number == "新政务函〔2023〕1号"
    actions.void(paper=second, reason="内容有误", by=people.reviewer, at=now)
    assert paper_at(Status.NUMBERED).number == "新政务〔2023〕3号"
    next_year = paper_at(Status.SIGNED)
    later = now.replace(year=2024)
    assert actions.assign_number(paper=next_year, by=people.reviewer, at=later) == "新政务〔2024〕1号"


def test_the_prefix_is_a_dated_local_rule(paper_at: PaperAt, people: People, now: datetime) -> None:
    local.set_rule(
        code="papers.prefix", since=now.date(), value="新审改", source="机关代字表", by=make.SYSTEM, at=now
    )
    assert paper_at(Status.NUMBERED).number == "新审改〔2023〕1号"
    bad = refusal(
        local.set_rule,
        code="papers.prefix",
        since=now.date(),
        value="A1",
        source="无",
        by=make.SYSTEM,
        at=now,
    )
    assert "汉字" in bad.reason


def test_a_failed_numbering_uses_no_number(
    paper_at: PaperAt, people: People, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = paper_at(Status.SIGNED)

    def broken(document: object) -> bytes:
        raise Refused("disk_full", "磁盘已满。")

    with monkeypatch.context() as patch:
        patch.setattr("xinfu.papers.render.docx_bytes", broken)
        refusal(actions.assign_number, paper=paper, by=people.reviewer, at=now)
    assert not NumberSeries.objects.exists()
    assert actions.assign_number(paper=paper, by=people.reviewer, at=now).endswith("〕1号")


# --- sending, receiving, archive, void ------------------------------------------------------------------


def test_a_paper_without_recipients_is_not_sent(paper_at: PaperAt, people: People, now: datetime) -> None:
    paper = paper_at(Status.SEALED, recipients=[])
    assert "没有分送单位" in refusal(actions.dispatch, paper=paper, by=people.reviewer, at=now).reason


def test_each_recipient_signs_for_itself_once(paper_at: PaperAt, people: People, now: datetime) -> None:
    paper = paper_at(Status.DISPATCHED)
    inside, outside = paper.recipients.order_by("pk")
    assert isinstance(refusal(actions.receive, recipient=inside, by=people.stranger, at=now), Forbidden)
    assert isinstance(refusal(actions.receive, recipient=outside, by=people.liaison, at=now), Forbidden)
    actions.receive(recipient=inside, by=people.liaison, at=now)
    actions.receive(recipient=outside, by=people.reviewer, at=now)
    assert refusal(actions.receive, recipient=inside, by=people.liaison, at=now).code == "not_receivable"
    assert Recipient.objects.filter(received_at=None).count() == 0
    assert last_entry("paper.received")["data"]["recipient"] == "县供电公司"


def test_the_archive_needs_a_retention_period(paper_at: PaperAt, people: People, now: datetime) -> None:
    paper = paper_at(Status.DISPATCHED)
    assert (
        refusal(actions.archive, paper=paper, retention="5", by=people.reviewer, at=now).code
        == "no_retention"
    )
    actions.archive(paper=paper, retention="permanent", by=people.reviewer, at=now)
    assert Paper.objects.get(pk=paper.pk).get_retention_display() == "永久"


def test_a_paper_is_voided_with_a_reason_by_its_section_as_a_draft_later_by_the_general_section(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    draft = paper_at()
    assert refusal(actions.void, paper=draft, reason="", by=people.drafter, at=now).code == "no_reason"
    actions.void(paper=draft, reason="重复", by=people.colleague, at=now)
    sent = paper_at(Status.SIGN)
    assert "只有综合科" in refusal(actions.void, paper=sent, reason="重复", by=people.drafter, at=now).reason
    actions.void(paper=sent, reason="重复", by=people.reviewer, at=now)
    gone = paper_at(Status.DISPATCHED)
    assert refusal(actions.void, paper=gone, reason="重复", by=people.reviewer, at=now).code == "wrong_state"
    assert last_entry("paper.voided")["data"]["reason"] == "重复"


def test_a_signed_paper_is_corrected_by_a_new_one_that_names_it(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    wrong = paper_at(Status.DISPATCHED)
    given = {"kind": "notice", "title": "更正通知", "blocks": BLOCKS[:1], "by": people.drafter, "at": now}
    right = actions.draft_paper(**given, corrects=wrong)
    assert f"现对《{wrong.title}》（{wrong.number}）更正如下：" in render.plain_text(
        queries.document_of(right)
    )
    assert list(queries.get_paper(people.drafter, wrong.pk).corrections.all()) == [right]
    early = refusal(actions.draft_paper, **given, corrects=paper_at(Status.SIGNED))
    assert early.code == "not_issued"


# --- who sees what ------------------------------------------------------------------------------------


def test_a_unit_sees_what_it_cosigns_or_received_and_nothing_else(paper_at: PaperAt, people: People) -> None:
    draft, asked, sent = paper_at(), paper_at(Status.COSIGN), paper_at(Status.DISPATCHED)
    only_received = paper_at(Status.DISPATCHED, cosigned=False)
    ids = set(queries.papers(people.liaison).values_list("pk", flat=True))
    assert ids == {asked.pk, sent.pk, only_received.pk}
    assert not queries.papers(people.stranger).exists()
    with pytest.raises(NotFound):
        queries.get_paper(people.liaison, draft.pk)
    assert queries.papers(people.reviewer).count() == 4
    clerk = make.actor(Role.WINDOW_CLERK, people.county.unit_a)
    assert not queries.papers(clerk).exists()


def test_the_data_bureau_sees_its_own_papers_only(paper_at: PaperAt, people: People, now: datetime) -> None:
    paper_at()
    bureau = make.actor(Role.DATA_BUREAU, people.county.data_bureau)
    own = actions.draft_paper(kind="letter", title="函", blocks=BLOCKS[:1], by=bureau, at=now)
    assert list(queries.papers(bureau)) == [own]


@pytest.mark.parametrize(
    ("state", "who", "verb"),
    [
        (Status.REVIEW, "reviewer", "核稿"),
        (Status.COSIGN, "liaison", "会签"),
        (Status.SIGN, "leader", "签发"),
        (Status.SIGNED, "reviewer", "编号"),
        (Status.NUMBERED, "reviewer", "用印"),
        (Status.SEALED, "reviewer", "分送"),
        (Status.DISPATCHED, "reviewer", "归档"),
        (Status.DISPATCHED, "liaison", "签收"),
    ],
)
def test_each_state_waits_in_the_inbox_of_the_one_who_moves_it(
    state: Status, who: str, verb: str, paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper = paper_at(state, due_on=now.date())
    todos = [t for t in inbox.todos(getattr(people, who), now) if t.kind == "papers"]
    assert [(t.verb, t.due_on) for t in todos] == [(verb, now.date())]
    assert paper.title in todos[0].title
    others = (
        {"reviewer", "liaison", "leader"}
        - {who}
        - ({"reviewer", "liaison"} if state == "dispatched" else set())
    )
    for other in others:
        assert not [t for t in inbox.todos(getattr(people, other), now) if t.kind == "papers"]


def test_a_draft_waits_for_its_drafter_only_where_a_day_is_set(
    paper_at: PaperAt, people: People, now: datetime
) -> None:
    paper_at()
    assert not [t for t in inbox.todos(people.drafter, now) if t.kind == "papers"]
    paper_at(due_on=now.date())
    assert [t.verb for t in inbox.todos(people.drafter, now) if t.kind == "papers"] == ["送核"]


def test_search_finds_by_title_and_number_what_the_actor_may_see(paper_at: PaperAt, people: People) -> None:
    paper = paper_at(Status.DISPATCHED)
    paper_at(title="关于延时服务的另一件")
    assert [f.title for f in queries.find(people.liaison, "延时", 5)] == [paper.title]
    assert len(queries.find(people.reviewer, "延时", 5)) == 2
    assert [f.title for f in queries.find(people.reviewer, "〔2023〕1号", 5)] == [paper.title]


def test_every_step_is_noted_in_order_with_who_and_unit(paper_at: PaperAt, people: People) -> None:
    paper = queries.get_paper(people.reviewer, paper_at(Status.ARCHIVED).pk)
    verbs = [s.verb for s in queries.steps(paper)]
    assert verbs == ["拟稿", "送核", "送会签", "会签同意", "签发", "编号", "用印", "分送", "归档"]
    assert queries.steps(paper)[3].unit_name == "县市场监管局"


def test_the_journal_of_a_whole_way_verifies(paper_at: PaperAt) -> None:
    paper_at(Status.ARCHIVED)
    assert list(journal.verify()) == []
    assert connection.vendor in ("sqlite", "postgresql")
