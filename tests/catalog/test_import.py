"""Files as strangers send them: each fault has its sentence, good rows are kept, a batch can be taken back."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.catalog.conftest import CODE, OTHER, ROW, Bring, csv_bytes, day
from xinfu.catalog import actions, mapping, queries, workbook
from xinfu.catalog.actions import checking, writing
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemVersion
from xinfu.core.actor import ANONYMOUS, system
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, Refused
from xinfu.lib import tables

GOOD = {**ROW, "task_code": OTHER, "task_name": "食品生产许可"}
SYSTEM = system("tests")


def rejected(batch: ItemBatch) -> list[tuple[int, str, str]]:
    return [(f.row, f.column, f.reason) for f in queries.findings(batch) if f.level == "rejected"]


# --- one bad value ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column, value, said",
    [
        ("task_name", "", "事项名称不能为空"),
        ("task_code", "", "实施编码不能为空"),
        ("task_code", "1.1440232E+30", "科学计数法"),
        ("task_code", "含 空格", "字符"),
        ("task_code", "1" * 61, "60"),
        ("task_type", "许可证", "事项类型不在代码表里"),
        ("project_type", "3", "1 即办件"),
        ("server_type", "1,7", "服务对象不在代码表里"),
        ("task_name", "=HYPERLINK(1)", "公式"),
        ("task_name", "名" * 1001, "最长 1000 字"),
        ("task_name", "乱\x01码", "控制字符"),
        ("anticipate_day", "尽快", "20个工作日"),
        ("limit_scene_num", "两次", "正整数"),
        ("is_entry_center", "也许", "是”或“否"),
        ("plan_effective_date", "2023-02-30", "2026-11-24"),
        ("plan_effective_date", "1900-01-01", "1949"),
        ("promise_day", "21", "承诺不得超过法定"),
        ("dept_code", "1.1E+17", "科学计数法"),
    ],
)
def test_a_bad_value_is_refused_with_its_place_and_the_good_row_is_kept(
    bring: Bring, column: str, value: str, said: str
) -> None:
    batch = bring([{**ROW, column: value}, GOOD])
    assert (batch.read, batch.created, batch.rejected) == (2, 1, 1)
    ((row, head, reason),) = rejected(batch)
    assert row == 2
    assert head == column
    assert said in reason
    assert list(Item.objects.values_list("code", flat=True)) == [OTHER]


def test_values_come_in_as_the_office_writes_them(bring: Bring) -> None:
    row = {
        **ROW,
        "task_type": "１",
        "server_type": "企业法人、自然人",
        "anticipate_day": "1个月",
        "promise_day": "５",
        "is_entry_center": "进驻".replace("进驻", "是"),
        "plan_effective_date": "2022年3月1日",
        "limit_scene_num": "0次",
    }
    bring([row])
    version = ItemVersion.objects.get()
    assert (version.task_type, version.server_types) == ("01", "1,2")
    assert (version.statutory_days, version.statutory_kind, version.promise_days) == (1, "month", 5)
    assert version.is_entry_center
    assert version.since == date(2022, 3, 1)
    assert version.visits == 0


def test_names_are_one_line_and_long_texts_keep_their_lines(bring: Bring) -> None:
    bring([{**ROW, "task_name": "食品\r\n 经营许可", "materials": "申请表\r\n身份证"}])
    version = ItemVersion.objects.get()
    assert version.name == "食品 经营许可"
    assert version.details["materials"] == "申请表\n身份证"


# --- rows against each other -----------------------------------------------------------------------


def test_a_row_twice_counts_once_and_is_said(bring: Bring) -> None:
    batch = bring([ROW, ROW])
    assert (batch.read, batch.created, batch.unchanged, batch.rejected) == (2, 1, 1, 0)
    assert [(f.row, f.kind) for f in queries.findings(batch) if f.kind == "repeated"] == [(3, "repeated")]


def test_rows_that_contradict_each_other_are_all_refused(bring: Bring) -> None:
    batch = bring([ROW, {**ROW, "promise_day": "3"}, GOOD])
    assert (batch.created, batch.rejected) == (1, 2)
    assert [row for row, _, _ in rejected(batch)] == [2, 3]
    assert "承诺办结时限" in rejected(batch)[0][2]


# --- whole files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "file_empty"),
        (b"%PDF-1.7 not a table", "file_pdf"),
        (b"\x89PNG\r\n\x1a\n0000", "file_image"),
        (b"task_code,task_name,task_type\n", "file_empty"),
        ("task_code,task_name\n1,甲\n".encode(), "column_missing"),
        ("甲,乙\n1,2\n".encode(), "file_header_not_found"),
        (b"task_code,task_name,task_type\n1,\xff\xfe\xfa,01\n", "file_encoding"),
    ],
)
def test_a_file_that_is_no_list_of_items_is_refused_as_a_whole(
    bring: Bring, content: bytes, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        bring(content)
    assert refused.value.code == code
    assert refused.value.reason.endswith("。")
    kept = ItemBatch.objects.values_list("status", "refusal")
    assert list(kept) == ([(BatchStatus.FAILED, refused.value.reason)] if content else [])
    assert not Item.objects.exists()


def test_a_missing_column_is_named_with_what_the_file_has(bring: Bring) -> None:
    with pytest.raises(Refused, match="缺少必需的列：task_type") as refused:
        bring("task_code,task_name\n1,甲\n".encode())
    assert "task_name" in refused.value.reason


def test_a_torn_row_is_refused_and_the_others_kept(bring: Bring) -> None:
    whole = csv_bytes([GOOD]).decode()
    batch = bring((whole + f"{CODE},食品经营许可\n").encode())
    assert (batch.read, batch.created, batch.rejected) == (2, 1, 1)
    assert rejected(batch)[0][0] == 3


def test_gb18030_and_a_workbook_say_the_same_as_utf8(bring: Bring, tmp_path: Path) -> None:
    rows = [{**ROW, "task_name": "㛃𠅤食品经营许可"}, GOOD]
    sheet = tmp_path / "x.xlsx"
    tables.write_xlsx(sheet, list(ROW), [list(row.values()) for row in rows])
    first = bring(csv_bytes(rows))
    again = [bring(csv_bytes(rows, "gb18030")), bring(sheet), bring(csv_bytes(list(reversed(rows))))]
    assert {batch.content_digest for batch in again} == {first.content_digest}
    assert {batch.unchanged for batch in again} == {2}
    assert ItemVersion.objects.filter(name="㛃𠅤食品经营许可").exists()


# --- three steps -----------------------------------------------------------------------------------


def test_checking_writes_no_item_and_writing_gives_what_was_said(bring: Bring) -> None:
    batch = bring([ROW, {**GOOD, "task_type": "?"}], write=False)
    assert batch.status == BatchStatus.CHECKED
    assert (batch.created, batch.rejected) == (1, 1)
    assert not Item.objects.exists()
    done = actions.apply_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    assert (done.status, done.created, done.rejected) == (BatchStatus.DONE, 1, 1)
    assert done.findings.count() == batch.findings.count()
    with pytest.raises(Refused, match="已导入"):
        actions.apply_batch(batch=done, by=SYSTEM, at=day("2023-05-19"))


MANY = [
    {**ROW, "task_code": f"{CODE[:-1]}{n}", "online_handle_url": "网上" if n % 2 else ""} for n in range(6)
]


def said(batch: ItemBatch) -> tuple[Any, ...]:
    """Return all that a batch says of what it did."""
    found = batch.findings.order_by("row", "column", "kind", "reason")
    return (
        batch.status, batch.read, batch.created, batch.updated, batch.unchanged, batch.rejected, batch.marked,
        batch.content_digest, batch.done, batch.total, list(found.values_list("row", "kind", "reason")),
        list(batch.versions.order_by("item__code").values_list("item__code", "since", "digest")),
    )  # fmt: skip


@pytest.mark.parametrize("died_at", [1, 2, 3], ids="before the {}. write".format)
def test_an_import_killed_in_the_middle_and_called_again_ends_as_if_called_once(
    bring: Bring, monkeypatch: pytest.MonkeyPatch, died_at: int
) -> None:
    monkeypatch.setattr(checking, "CHUNK", 2)
    bring([{**MANY[0], "promise_day": "9"}], on="2023-01-01")
    whole = bring(MANY, on="2023-05-19")
    expected = said(whole)
    assert (whole.created, whole.updated) == (5, 1)
    assert whole.marked >= 3
    actions.undo_batch(batch=whole, by=SYSTEM, at=day("2023-05-19"))
    batch = bring(MANY, on="2023-05-19", write=False)
    change, calls = writing._changes, []

    def dies(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == died_at:
            raise KeyboardInterrupt
        return change(*args)

    monkeypatch.setattr(writing, "_changes", dies)
    actions.confirm_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    batch.refresh_from_db()
    with pytest.raises(KeyboardInterrupt):
        actions.write_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    monkeypatch.setattr(writing, "_changes", change)
    batch.refresh_from_db()
    assert (batch.status, batch.done) == (BatchStatus.LOADING, 2 * (died_at - 1))
    done = actions.write_batch(batch=batch, by=SYSTEM, at=day("2023-05-21"))
    assert said(done) == expected
    assert actions.write_batch(batch=done, by=SYSTEM, at=day("2023-05-22")) is done


def test_a_check_killed_in_the_middle_and_called_again_says_the_same(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = said(bring(MANY, write=False))
    batch = started(MANY)
    finish = checking._finish
    monkeypatch.setattr(checking, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        actions.check_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    monkeypatch.setattr(checking, "_finish", finish)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.CHECKING
    assert said(actions.check_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))) == expected
    done = ItemBatch.objects.get(pk=batch.pk)
    assert actions.check_batch(batch=done, by=SYSTEM, at=day("2023-05-18")) is done


def started(rows: list[dict[str, str]]) -> ItemBatch:
    return actions.start_import(
        chunks=[csv_bytes(rows)], name="x.csv", chosen=mapping.find("zj-item"), since=None,
        by=SYSTEM, at=day("2023-05-18"),
    )  # fmt: skip


def test_a_file_given_up_while_it_is_checked_stays_given_up(bring: Bring) -> None:
    batch = started([ROW])
    actions.drop_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    actions.check_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    batch.refresh_from_db()
    assert (batch.status, batch.read) == (BatchStatus.DROPPED, 0)


def test_a_worker_that_finds_another_one_writing_leaves_the_batch_to_it(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "CHUNK", 2)
    batch = bring(MANY, write=False)
    actions.confirm_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    change = writing._changes

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(writing, "_changes", change)
        ItemBatch.objects.filter(pk=batch.pk).update(done=4)
        return change(*args)

    monkeypatch.setattr(writing, "_changes", overtaken)
    batch.refresh_from_db()
    actions.write_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    batch.refresh_from_db()
    assert batch.status == BatchStatus.LOADING


def test_a_batch_half_written_whose_mapping_went_waits_and_is_not_given_up(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = bring(MANY, write=False)
    actions.confirm_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    ItemBatch.objects.filter(pk=batch.pk).update(done=2, mapping="gone")
    batch.refresh_from_db()
    actions.write_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    assert batch.status == BatchStatus.CHECKED
    assert "gone" in batch.refusal
    with pytest.raises(Refused, match="已写入一部分"):
        actions.drop_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))


def test_a_file_whose_mapping_went_before_the_check_is_not_imported(bring: Bring) -> None:
    batch = started([ROW])
    ItemBatch.objects.filter(pk=batch.pk).update(mapping="gone")
    batch.refresh_from_db()
    actions.check_batch(batch=batch, by=SYSTEM, at=day("2023-05-18"))
    batch.refresh_from_db()
    assert batch.status == BatchStatus.FAILED


def test_an_undo_in_the_background_is_refused_where_a_case_came_in_meanwhile(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = bring([ROW])
    actions.start_undo(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    receive_case()
    batch.refresh_from_db()
    actions.finish_undo(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DONE
    assert "已有办件" in batch.refusal
    actions.finish_undo(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    assert ItemVersion.objects.count() == 1


def test_a_checked_file_can_be_given_up(bring: Bring) -> None:
    batch = bring([ROW], write=False)
    actions.drop_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DROPPED
    with pytest.raises(Refused, match="已放弃"):
        actions.apply_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))


def test_an_undone_batch_leaves_the_catalogue_as_it_was(bring: Bring) -> None:
    bring([{**ROW, "plan_cancel_date": "2030-12-31"}], on="2023-01-01")
    before = ItemVersion.objects.values("since", "until", "promise_days", "digest").get()
    batch = bring([{**ROW, "promise_day": "3"}, GOOD], on="2023-05-18")
    assert ItemVersion.objects.count() == 3
    actions.undo_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    assert ItemVersion.objects.values("since", "until", "promise_days", "digest").get() == before
    assert list(Item.objects.values_list("code", flat=True)) == [CODE]
    assert JournalEntry.objects.filter(event="items.import_undone").count() == 1
    again = bring([{**ROW, "promise_day": "2"}], on="2023-05-18")
    assert again.updated == 1, "the day is free again"


def test_a_batch_that_others_build_on_cannot_be_undone(bring: Bring) -> None:
    first = bring([ROW], on="2023-01-01")
    bring([{**ROW, "promise_day": "3"}], on="2023-05-18")
    with pytest.raises(Refused, match="后面的批次"):
        actions.undo_batch(batch=first, by=SYSTEM, at=day("2023-05-19"))
    with pytest.raises(Refused, match="后面的批次"):
        actions.start_undo(batch=first, by=SYSTEM, at=day("2023-05-19"))


def test_a_batch_under_which_a_case_was_received_cannot_be_undone(bring: Bring) -> None:
    batch = bring([ROW])
    receive_case()
    with pytest.raises(Refused, match="已有办件"):
        actions.undo_batch(batch=batch, by=SYSTEM, at=day("2023-05-19"))
    assert ItemVersion.objects.count() == 1


def receive_case() -> None:
    from xinfu.cases.models import Case

    Case.objects.create(
        case_no="1", content=b"", item_name="食品经营许可", item_version=ItemVersion.objects.get(), channel="1",
        received_at=day("2023-05-18"), received_on=date(2023, 5, 18), state="received", changed_at=day("2023-05-18"),
    )  # fmt: skip


def test_undoing_gives_an_item_back_to_its_former_department(bring: Bring, office: Any) -> None:
    bring([ROW])
    batch = bring([{**ROW, "dept_name": "县人力社保局"}], on="2023-06-01")
    assert Item.objects.get().department == office.unit_b
    actions.undo_batch(batch=batch, by=SYSTEM, at=day("2023-06-02"))
    assert Item.objects.get().department == office.unit_a


def test_marked_examples_and_empty_lines_are_passed_over(bring: Bring) -> None:
    heads = "标记,实施编码,事项名称,事项类型"
    lines = f"{heads}\n示例（导入时忽略）,X-1,例,01\n,{CODE},甲,行政许可\n,,,\n"
    batch = bring(lines.encode(), mapping="template")
    assert (batch.read, batch.created) == (1, 1)


def test_a_column_that_stands_twice_for_one_attribute_is_refused(bring: Bring) -> None:
    with pytest.raises(Refused, match="重复"):
        bring("task_code,task_name,task_type,Task_Code\n1,甲,01,2\n".encode())


def test_strangers_bring_nothing_in(bring: Bring) -> None:
    batch = bring([ROW], write=False)
    for call in (
        actions.apply_batch,
        actions.confirm_batch,
        actions.drop_batch,
        actions.start_undo,
        actions.undo_batch,
    ):
        with pytest.raises(Forbidden):
            call(batch=batch, by=ANONYMOUS, at=day("2023-05-19"))
    with pytest.raises(Forbidden):
        actions.check_file(
            chunks=[b"x"],
            name="x",
            chosen=mapping.find("zj-item"),
            since=None,
            by=ANONYMOUS,
            at=day("2023-05-19"),
        )


# --- mappings --------------------------------------------------------------------------------------


def test_a_county_writes_its_own_mapping(bring: Bring, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        """
        title = "本县旧系统"
        [columns]
        code = "编号"
        name = "名称"
        promise_days = "天数"
        since = "启用"
        [values.promise_days]
        "当天" = "0"
        [constants]
        task_type = "20"
        use_level = "4"
        [dates]
        formats = ["%d/%m/%Y"]
        """,
        encoding="utf-8",
    )
    bring("编号,名称,天数,启用\nA-1,查询,当天,31/12/2022\n".encode(), mapping=str(own))
    version = ItemVersion.objects.get()
    assert (version.task_type, version.use_level, version.promise_days) == ("20", "4", 0)
    assert version.since == date(2022, 12, 31)


@pytest.mark.parametrize(
    "text, said",
    [
        (f"code = '{'x' * 61}'\n[columns]\ncode = 'a'", "最长 60 字"),
        ("[columns", "TOML"),
        ("title = 'x'", "缺 \\[columns\\]"),
        ("[columns]\ncode = 'a'\nname = 'b'\ntask_type = 'c'\ncolour = 'd'", "columns.colour"),
        ("[columns]\ncode = 'a'\nname = 'b'", "事项类型"),
        ("[columns]\ncode = 'a'\nname = 'b'\ntask_type = 'c'\n[values.colour]\na = 'b'", "values.colour"),
        ("[columns]\ncode = 'a'\nname = 'b'\ntask_type = 'c'\n[surprise]", "surprise"),
    ],
)
def test_a_faulty_mapping_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        mapping.parse(text, "own")


def test_an_installations_own_mappings_are_found_and_a_faulty_one_stops_nothing(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mappings" / "items"
    folder.mkdir(parents=True)
    good = 'title = "本县"\n[columns]\ncode = "a"\nname = "b"\ntask_type = "c"\n'
    (folder / "own.toml").write_text(good, encoding="utf-8")
    (folder / "guangan.toml").write_text(good, encoding="utf-8")
    (folder / "torn.toml").write_text("[columns", encoding="utf-8")
    settings.HOME = tmp_path
    monkeypatch.setattr(mapping, "mappings", type(mapping.mappings)("item mapping"))
    mapping.register_all()
    assert mapping.mappings.codes() == ["template", "guangan", "own", "zj-item"]
    assert mapping.mappings["guangan"].title == "本县"
    assert "torn.toml" in caplog.text


def test_more_rows_than_one_file_may_have_are_refused(bring: Bring) -> None:
    with pytest.raises(Refused, match="最多导入 1 行"):
        actions.check_file(
            chunks=[csv_bytes([ROW, GOOD])], name="x.csv", chosen=mapping.find("zj-item"), since=None,
            by=SYSTEM, at=day("2023-05-18"), most=1,
        )  # fmt: skip


def test_an_unknown_mapping_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match="guangan、template、zj-item"):
        mapping.find("nothing")


def test_what_the_file_lacks_or_has_too_much_is_said_once(bring: Bring) -> None:
    batch = bring([{**ROW, "心情": "好"}])
    said = [f.reason for f in queries.findings(batch) if f.level == "file"]
    assert len(said) == 2
    assert "主项名称" in said[0]
    assert said[1] == "文件有 1 列没有用上：心情。"


# --- template and files ----------------------------------------------------------------------------


def test_the_template_imports_as_it_is_but_for_its_examples(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(workbook.template())
    with pytest.raises(Refused, match="没有数据行"):
        bring(path, mapping="template")
    with tables.open_table(path) as table:
        head, examples = table.header, [cells for _, cells in table.rows]
    assert len(examples) == 2
    filled = [["", *cells[1:]] for cells in examples]
    sheet = tmp_path / "filled.xlsx"
    tables.write_xlsx(sheet, head, filled)
    batch = bring(sheet, mapping="template")
    assert (batch.created, batch.rejected) == (2, 0)
    second = ItemVersion.objects.get(name__startswith="社会保险")
    assert (second.statutory_kind, second.statutory_days, second.promise_days) == ("none", None, 0)


def test_the_template_explains_every_column_and_its_codes(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(workbook.template())
    with tables.open_table(path, sheet="填写说明") as table:
        rows = {cells[0]: cells for _, cells in table.rows}
    assert "20 公共服务" in rows["事项类型"][3]
    assert "GB/T 39046-2020" in rows["事项类型"][4]
    assert rows["实施编码"][1] == "必填"


def test_refused_rows_come_back_to_correct_and_send_again(bring: Bring, tmp_path: Path) -> None:
    batch = bring([GOOD, {**ROW, "task_type": "?"}])
    path = tmp_path / "again.csv"
    path.write_bytes(workbook.rejected_rows(batch, "csv"))
    with tables.open_table(path) as table:
        head, rows = table.header, [cells for _, cells in table.rows]
    assert head == [*ROW, "错误原因"]
    assert "事项类型不在代码表里" in rows[0][-1]
    path.write_text(path.read_text(encoding="utf-8-sig").replace("?", "01"), encoding="utf-8")
    assert bring(path).created == 1


def test_the_file_of_findings_runs_nothing(bring: Bring) -> None:
    batch = bring([GOOD, {**ROW, "task_name": "=1+1"}])
    text = workbook.findings_file(queries.findings(batch), "csv").decode("utf-8-sig")
    assert "'=1+1" in text
    assert text.splitlines()[0] == "处理,行,列,取值,原因"


# --- the command -----------------------------------------------------------------------------------


def run(*args: str) -> tuple[dict[str, Any], str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_items", *args, stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


def test_the_command_prints_one_object_and_says_what_it_did_not_take(db: None, tmp_path: Path) -> None:
    path, report = tmp_path / "items.csv", tmp_path / "report.csv"
    path.write_bytes(csv_bytes([ROW, {**GOOD, "task_type": "?"}]))
    said, err = run("--mapping", "zj-item", str(path), "--report", str(report))
    assert list(said) == ["read", "created", "updated", "unchanged", "rejected", "seconds"]
    assert (said["read"], said["created"], said["rejected"]) == (2, 1, 1)
    assert "第3行「task_type」" in err
    assert "事项类型不在代码表里" in report.read_text(encoding="utf-8-sig")
    again, _ = run("--mapping", "zj-item", str(path), str(path))
    assert (again["read"], again["unchanged"], again["rejected"]) == (4, 2, 2)


def test_the_command_refuses_in_one_sentence(db: None, tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(CommandError, match="PDF"):
        run("--mapping", "zj-item", str(path))
    with pytest.raises(CommandError, match="打不开"):
        run("--mapping", "zj-item", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="没有名为"):
        run("--mapping", "nothing", str(path))
    with pytest.raises(CommandError, match="2026-11-24"):
        run("--mapping", "zj-item", "--since", "soon", str(path))
