"""The half-year report of a small county: every figure counted by hand, traced, and the same again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from tests import make
from tests.reports.conftest import AS_OF, FROM, TO
from xinfu.cases.models import Case, MonthRevision
from xinfu.core import files, journal
from xinfu.core.access import Role
from xinfu.core.actor import Actor, system
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, Refused
from xinfu.core.registry import Section, sections
from xinfu.indicators import actions as indicators
from xinfu.indicators import snapshots
from xinfu.papers import actions as papers
from xinfu.papers import queries as paper_queries
from xinfu.papers.models import Paper
from xinfu.reports import actions, queries, rules
from xinfu.reports.models import EnteredFigure, ReportRun


def made(by: Actor, now: datetime, **change: Any) -> Paper:
    return actions.make_report(
        **{"kind": "half_year", "frm": FROM, "to": TO, "as_of": AS_OF, "by": by, "at": now, **change}
    )


def text_of(paper: Paper) -> str:
    from xinfu.papers import render

    return render.plain_text(paper_queries.document_of(paper))


def source(paper: Paper, title: str) -> dict[str, str]:
    assert paper.version is not None
    return next(f for f in paper.version.figures if f["title"] == title)


def enter(by: Actor, now: datetime, **change: Any) -> EnteredFigure:
    given = {
        "subject": "trading", "title": "县级交易成交额", "shown": "30.83亿元", "definition": "县公共资源交易中心四类交易成交额合计",
        "frm": FROM, "to": TO, "cutoff_on": TO, "evidence": "公共资源交易月报", **change,
    }  # fmt: skip
    return actions.enter_figure(**given, by=by, at=now)


# --- the report ---------------------------------------------------------------------------------------


def test_the_figures_of_the_text_are_those_of_the_records(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now)
    said = text_of(paper)
    assert (
        "2023年1—5月，全县共办理政务服务事项10件[1]，其中通过政务服务2.0平台办理8件[2]，“一网通办”率80.00%[3]。"
        in said
    )
    assert "一季度为50.00%" in said
    assert "4—5月为100.00%" in said
    assert "比一季度上升50.00个百分点" in said
    assert "超期受理率：一季度为25.00%" in said
    assert "比一季度下降25.00个百分点" in said
    assert (paper.kind, paper.status, paper.title) == (
        "report",
        "draft",
        "新昌县政务服务办公室2023年上半年工作总结",
    )


def test_every_figure_carries_definition_period_parts_digest_cutoff_and_origin(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now)
    assert paper.version is not None
    rate = source(paper, "一网通办率")
    assert (rate["numerator"], rate["denominator"], rate["text"]) == ("8", "10", "80.00%")
    assert (rate["period"], rate["cutoff"]) == ("2023年1月1日至2023年5月31日", "2023年5月31日")
    assert rate["snapshot"].startswith("sha256:")
    assert "2.0" in rate["definition"]
    for figure in paper.version.figures:
        assert figure["definition"]
        assert figure["cutoff"]
        assert figure["snapshot"] or figure["origin"] != "computed"
    keys = {f["key"] for f in paper.version.figures}
    used = {
        r["figure"]
        for b in paper.version.blocks
        if b["kind"] == "paragraph"
        for r in b["runs"]
        if "figure" in r
    }
    cells = {
        c["figure"]
        for b in paper.version.blocks
        if b["kind"] == "table"
        for row in b["rows"]
        for c in row
        if isinstance(c, dict)
    }
    assert used | cells == keys


def test_the_table_of_departments_leads_from_each_cell_to_its_source(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now)
    assert paper.version is not None
    (table,) = [b for b in paper.version.blocks if b["kind"] == "table"]
    assert [[c if isinstance(c, str) else c["text"] for c in row][:3] for row in table["rows"]] == [
        ["县人力社保局", "5", "3"], ["县市场监管局", "5", "5"],
    ]  # fmt: skip
    assert source(paper, "县人力社保局一网通办率")["denominator"] == "5"


def test_every_computed_figure_opens_to_its_own_numerator_and_denominator(
    county: make.Office, clerk: Actor, now: datetime, as_role: Callable[..., Any]
) -> None:
    paper = made(clerk, now)
    client = as_role(Role.GENERAL)
    for title in ("一网通办率", "县人力社保局一网通办率", "一网通办率变化"):
        figure = source(paper, title)
        page = client.get(figure["url"])
        assert page.status_code == 200, figure["url"]
        if title != "一网通办率变化":
            said = page.content.decode()
            assert figure["numerator"] in said
            assert figure["denominator"] in said
    assert source(paper, "县人力社保局一网通办率")["definition"] == "同“一网通办率”口径"


def test_no_number_is_written_without_a_source(county: make.Office, clerk: Actor, now: datetime) -> None:
    from xinfu.reports import numbers

    paper = made(clerk, now)
    assert paper.version is not None
    for block in paper.version.blocks:
        for run in block.get("runs", []):
            if not run.get("figure"):
                assert numbers.tokens(run["text"]) == [], run["text"]


def test_the_same_inputs_give_the_same_draft_and_no_second_paper(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    first = made(clerk, now)
    second = made(clerk, now + timedelta(hours=3))
    assert second.pk == first.pk
    assert Paper.objects.count() == 1
    papers.submit(paper=Paper.objects.get(pk=first.pk), by=clerk, at=now)
    third = made(clerk, now)
    assert third.pk != first.pk
    assert paper_queries.docx_of(third).replace(b"x", b"x") == paper_queries.docx_of(
        Paper.objects.get(pk=third.pk)
    )
    assert third.text_digest == first.text_digest


def test_a_changed_case_changes_the_next_draft_and_never_a_signed_one(
    county: make.Office, case: Callable[..., Any], clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now)
    reviewer = make.actor(Role.GENERAL, county.general)
    leader = make.actor(Role.LEADER, county.root)
    papers.submit(paper=paper, by=clerk, at=now)
    papers.pass_review(paper=paper, by=reviewer, at=now)
    papers.sign(paper=paper, by=leader, at=now)
    papers.assign_number(paper=paper, by=reviewer, at=now)
    signed = Paper.objects.get(pk=paper.pk)
    assert signed.file is not None
    with files.open_file(signed.file) as kept:
        frozen = kept.read()
    case(date(2023, 5, 30), county.unit_a, unified=False)
    later = made(clerk, now)
    assert "办理政务服务事项11件" in text_of(later)
    again = paper_queries.docx_of(Paper.objects.get(pk=paper.pk))
    assert again == frozen
    assert hashlib.sha256(again).hexdigest() == signed.file.sha256
    assert "起草提示" not in text_of(Paper.objects.get(pk=paper.pk))
    proof = paper_queries.proof(Paper.objects.get(pk=paper.pk))
    assert proof is not None
    assert proof.holds


def test_a_period_within_the_first_quarter_has_nothing_to_compare(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now, to=date(2023, 3, 31), as_of=date(2023, 3, 31))
    assert "比一季度" not in text_of(paper)
    assert any("盯牢关键晾晒指标" in note for note in paper.version.notes)  # type: ignore[union-attr]


def test_subjects_that_are_not_run_here_are_named_as_hints_and_never_invented(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now)
    assert paper.version is not None
    notes = "\n".join(paper.version.notes)
    for subject in rules.SUBJECTS:
        missing = (
            f"“{subject.heading}”在" if subject.code in sections else f"本系统尚未记录“{subject.heading}”"
        )
        assert missing in notes
    body = "".join(str(b) for b in paper.version.blocks)
    assert "好评率" not in body
    assert "成交额" not in body


def test_a_subject_that_registers_its_section_is_written_and_no_longer_missing(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    section = Section(
        "appraisal",
        "进驻窗口考评",
        50,
        lambda writing: [{"kind": "paragraph", "runs": [{"text": "考评平稳。"}]}],
    )
    sections.add("appraisal", section)
    try:
        paper = made(clerk, now)
    finally:
        del sections._things["appraisal"]
    assert "考评平稳。" in text_of(paper)
    assert "本系统尚未记录“进驻窗口考评”" not in "\n".join(paper.version.notes)  # type: ignore[union-attr]


def test_an_entered_figure_is_printed_with_its_own_cutoff_evidence_and_mark(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    enter(clerk, now)
    enter(
        clerk, now, subject="suggestions", title="有效建议被省采纳", shown="12条", cutoff_on=AS_OF, to=AS_OF
    )
    paper = made(clerk, now)
    said = text_of(paper)
    assert "县级交易成交额30.83亿元" in said
    assert "（截至2023年5月31日）" in said
    assert "有效建议被省采纳12条" in said
    assert "（截至2023年6月30日）" in said
    figure = source(paper, "县级交易成交额")
    assert figure["origin"] == "entered"
    assert "公共资源交易月报" in figure["evidence"]
    assert "人工填报：公共资源交易月报" in said


def test_figures_that_stand_later_than_the_as_of_day_stay_out_and_the_latest_before_it_counts(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    old = enter(clerk, now, title="恳谈会", subject="concerns", shown="2次", cutoff_on=date(2023, 4, 30))
    enter(clerk, now, title="恳谈会", subject="concerns", shown="3次", cutoff_on=AS_OF)
    enter(
        clerk,
        now,
        title="恳谈会",
        subject="concerns",
        shown="4次",
        cutoff_on=date(2023, 7, 31),
        to=date(2023, 7, 31),
    )
    assert [row.shown for row in queries.entered_for(clerk, FROM, TO, AS_OF)] == ["3次"]
    assert [row.shown for row in queries.entered_for(clerk, FROM, TO, date(2023, 5, 1))] == [old.shown]


def test_a_period_without_cases_gives_no_report(office: make.Office, clerk: Actor, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        made(clerk, now)
    assert "请" in refused.value.reason
    run = ReportRun.objects.get()
    assert (run.status, run.paper) == ("failed", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "yearly"}, "unknown_report"),
        ({"frm": TO, "to": FROM}, "period_reversed"),
        ({"as_of": date(2022, 12, 31)}, "as_of_too_early"),
    ],
)
def test_a_report_that_cannot_be_is_refused(
    change: dict[str, Any], code: str, clerk: Actor, now: datetime
) -> None:
    given = {"kind": "half_year", "frm": FROM, "to": TO, "as_of": AS_OF, **change}
    with pytest.raises(Refused) as refused:
        actions.start_report(**given, by=clerk, at=now)
    assert refused.value.code == code


def test_only_the_general_section_and_the_data_bureau_make_reports(
    office: make.Office, now: datetime
) -> None:
    liaison = make.actor(Role.UNIT_LIAISON, office.unit_a)
    with pytest.raises(Forbidden):
        actions.start_report(kind="half_year", frm=FROM, to=TO, as_of=AS_OF, by=liaison, at=now)


def test_a_report_is_noted_in_the_journal_with_paper_snapshot_and_digest(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(clerk, now)
    entry = JournalEntry.objects.filter(event="report.made").get()
    body = bytes(entry.body).decode()
    assert paper.text_digest in body
    assert ReportRun.objects.get().snapshot in body
    assert list(journal.verify()) == []


def test_the_snapshot_of_a_report_outlives_the_pruning(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    """A number of an old report still opens: the files that it stands on are kept with the paper."""
    made(clerk, now)
    digest = ReportRun.objects.get().snapshot
    later = now + timedelta(days=60)
    MonthRevision.objects.update(revision=F("revision") + 1)
    Case.objects.filter(pk=Case.objects.order_by("pk").values("pk")[:1]).update(promise_days=9)
    fresh = indicators.refresh_snapshot(by=system("tests"), at=later)
    assert fresh.digest != digest
    indicators.prune(by=system("tests"), at=later)
    assert snapshots.load(digest) is not None
    assert snapshots.damaged(digest) == []


def test_work_that_runs_twice_makes_one_paper(county: make.Office, clerk: Actor, now: datetime) -> None:
    run = actions.start_report(kind="half_year", frm=FROM, to=TO, as_of=AS_OF, by=clerk, at=now)
    first = actions.run_report(run=ReportRun.objects.get(pk=run.pk), at=now)
    second = actions.run_report(run=ReportRun.objects.get(pk=run.pk), at=now)
    assert first == second
    assert Paper.objects.count() == 1


# --- the command --------------------------------------------------------------------------------------


def command(out: Path, *more: str) -> str:
    told = io.StringIO()
    call_command(
        "report", "half_year", "--from", "2023-01-01", "--to", "2023-05-31", "--as-of", "2023-06-30", "--out", str(out), *more,
        stdout=told,
    )  # fmt: skip
    return told.getvalue()


def test_the_command_writes_the_same_bytes_each_time_and_lists_the_hints(
    county: make.Office, tmp_path: Path
) -> None:
    told = command(tmp_path / "a.docx")
    command(tmp_path / "b.docx")
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    assert "须由考评科补充" in told
    document = docx.Document(io.BytesIO((tmp_path / "a.docx").read_bytes()))
    paragraphs = [p.text for p in document.paragraphs]
    assert "数据来源表" in paragraphs
    assert any(p.startswith("起草提示") or "起草提示" in p for p in paragraphs)
    assert Paper.objects.get().drafted_by == system("report").key


@pytest.mark.pdf
def test_the_command_writes_a_pdf_beside_it(county: make.Office, tmp_path: Path) -> None:
    told = command(tmp_path / "a.docx", "--pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert "代替" in told


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"--out": "a.txt"}, ".docx"),
        ({"--out": "/nowhere/a.docx"}, "不存在"),
        ({"--to": "2023年5月"}, "2023-05-31"),
        ({"--to": "2022-05-31"}, "请对调"),
    ],
)
def test_the_command_says_what_is_wrong(
    change: dict[str, str], word: str, county: make.Office, tmp_path: Path
) -> None:
    given = {"--from": "2023-01-01", "--to": "2023-05-31", "--out": str(tmp_path / "a.docx"), **change}
    with pytest.raises(CommandError, match=word.replace(".", "\\.")):
        call_command("report", "half_year", *(part for pair in given.items() for part in pair))


# --- entered figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": "weather"}, "unknown_subject"),
        ({"title": " "}, "missing_word"),
        ({"definition": ""}, "missing_word"),
        ({"evidence": ""}, "missing_word"),
        ({"shown": "很多"}, "no_single_number"),
        ({"shown": "3次、4次"}, "no_single_number"),
        ({"shown": "约30亿元"}, "no_single_number"),
        ({"frm": TO, "to": FROM}, "period_reversed"),
        ({"cutoff_on": date(2022, 1, 1)}, "cutoff_too_early"),
        ({"numerator": 3}, "half_a_ratio"),
        ({"numerator": 3, "denominator": 0}, "no_denominator"),
        ({"shown": "99.84%", "numerator": 9983, "denominator": 10000}, "ratio_differs"),
    ],
)
def test_an_entered_figure_needs_one_number_words_days_and_evidence(
    change: dict[str, Any], code: str, clerk: Actor, now: datetime
) -> None:
    with pytest.raises(Refused) as refused:
        enter(clerk, now, **change)
    assert refused.value.code == code
    assert not EnteredFigure.objects.exists()


@pytest.mark.parametrize(
    ("shown", "value", "unit"),
    [("30.83亿元", 3_083_000_000, "元"), ("第1", 1, "名次"), ("十二条", 12, "条"), ("1,080件", 1080, "件")],
)
def test_an_entered_figure_is_understood_as_it_is_written(
    shown: str, value: int, unit: str, clerk: Actor, now: datetime
) -> None:
    row = enter(clerk, now, shown=shown)
    assert (row.value, row.unit) == (value, unit)


def test_a_ratio_is_entered_with_its_parts(clerk: Actor, now: datetime) -> None:
    row = enter(clerk, now, shown="99.84%", numerator=9984, denominator=10000)
    assert (row.numerator, row.denominator) == (9984, 10000)


def test_a_correction_is_a_new_row_and_the_old_one_stays(clerk: Actor, now: datetime) -> None:
    old = enter(clerk, now)
    new = enter(clerk, now, shown="30.84亿元", replaces=old)
    assert list(queries.entered(clerk)) == [new]
    assert EnteredFigure.objects.count() == 2
    with pytest.raises(Refused) as refused:
        enter(clerk, now, replaces=old)
    assert refused.value.code == "already_corrected"
    assert JournalEntry.objects.filter(event="report.figure_entered").count() == 2


def test_a_unit_outside_the_office_enters_nothing(office: make.Office, now: datetime) -> None:
    with pytest.raises(Forbidden):
        enter(make.actor(Role.UNIT_LIAISON, office.unit_a), now)


# --- checking a draft ----------------------------------------------------------------------------------


def checked(text: str, by: Actor, now: datetime) -> Any:
    return actions.check_draft(
        name="稿.txt", chunks=[text.encode()], frm=FROM, to=TO, as_of=AS_OF, by=by, at=now
    )


def test_each_number_of_a_draft_is_ticked_struck_or_unknown(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    enter(clerk, now, title="成交额")
    row = checked(
        "1—5月，全县办理政务服务事项10件，“一网通办”率79.00%。\n县人力社保局办件5件，成交额30.8亿元。\n开展培训7期。\n",
        clerk,
        now,
    )
    found = {m["text"]: (m["verdict"], m["printed"]) for m in row.marks}
    assert found == {
        "10件": ("ticked", "10件"),
        "79.00%": ("struck", "80.00%"),
        "5件": ("ticked", "5件"),
        "30.8亿元": ("ticked", "30.83亿元"),
        "7期": ("unknown", ""),
    }
    assert (row.ticked, row.struck, row.unknown) == (3, 1, 1)
    entry = JournalEntry.objects.filter(event="report.draft_checked").get()
    assert b'"struck":1' in bytes(entry.body)


def test_our_own_report_is_ticked_throughout(county: make.Office, clerk: Actor, now: datetime) -> None:
    paper = made(clerk, now)
    row = actions.check_draft(
        name="报告.docx",
        chunks=[paper_queries.docx_of(paper)],
        frm=FROM,
        to=TO,
        as_of=AS_OF,
        by=clerk,
        at=now,
    )
    assert row.struck == 0, [m for m in row.marks if m["verdict"] == "struck"]


def test_a_file_that_is_no_draft_is_not_checked(county: make.Office, clerk: Actor, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        actions.check_draft(
            name="a.pdf", chunks=[b"%PDF-1.7"], frm=FROM, to=TO, as_of=AS_OF, by=clerk, at=now
        )
    assert refused.value.code == "not_a_draft_file"
    with pytest.raises(Forbidden):
        checked("x", make.actor(Role.UNIT_LIAISON, county.unit_a), now)


# --- bulletins ------------------------------------------------------------------------------------------


def test_a_weekly_bulletin_is_a_paper_with_traced_figures(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(
        clerk, now, kind="weekly", frm=date(2023, 5, 8), to=date(2023, 5, 14), as_of=date(2023, 5, 14)
    )
    said = text_of(paper)
    assert paper.kind == "bulletin"
    assert "2023年5月8日至5月14日（第19周）" in said
    assert "关键指标" in said
    assert paper.version is not None
    assert paper.version.figures


def test_a_monthly_analysis_names_who_lost_and_asks_for_causes(
    county: make.Office, clerk: Actor, now: datetime
) -> None:
    paper = made(
        clerk, now, kind="monthly", frm=date(2023, 2, 1), to=date(2023, 2, 28), as_of=date(2023, 2, 28)
    )
    said = text_of(paper)
    assert "2023年2月" in paper.title
    assert "县人力社保局" in said
    assert any("须由相关单位补写" in note for note in paper.version.notes)  # type: ignore[union-attr]
    assert "逐月情况" in said


# --- periods --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frm", "to", "text", "why"),
    [
        (date(2023, 1, 1), date(2023, 5, 31), "2023年1—5月", "whole months"),
        (date(2023, 1, 1), date(2023, 6, 30), "2023年上半年", "a half"),
        (date(2023, 7, 1), date(2023, 12, 31), "2023年下半年", "the other half"),
        (date(2023, 1, 1), date(2023, 12, 31), "2023年", "a year"),
        (date(2024, 2, 1), date(2024, 2, 29), "2024年2月", "a leap month"),
        (date(2023, 5, 8), date(2023, 5, 14), "2023年5月8日至5月14日", "a week"),
        (date(2022, 12, 26), date(2023, 1, 1), "2022年12月26日至2023年1月1日", "over the year"),
    ],
)
def test_a_period_reads_as_the_office_writes_it(frm: date, to: date, text: str, why: str) -> None:
    assert rules.period_text(frm, to) == text


@pytest.mark.parametrize(
    ("frm", "to", "later", "why"),
    [
        (date(2023, 1, 1), date(2023, 3, 31), None, "only the first quarter"),
        (date(2023, 1, 1), date(2023, 4, 1), (date(2023, 4, 1), date(2023, 4, 1)), "one day beyond"),
        (date(2023, 1, 2), date(2023, 5, 31), None, "does not begin with the year"),
        (date(2023, 1, 1), date(2024, 1, 1), None, "goes into another year"),
    ],
)
def test_the_first_quarter_is_set_apart_where_the_period_holds_it(
    frm: date, to: date, later: tuple[date, date] | None, why: str
) -> None:
    parts = rules.split_at_quarter(frm, to)
    assert (parts[1] if parts else None) == later
