"""What an import refuses: a clear sentence each, good rows kept, bad rows listed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cases.conftest import HEAD, as_csv, counts, import_cases, row
from xinfu.cases.models import Case, ImportBatch, RejectedRow

pytestmark = pytest.mark.usefixtures("office")
Write = Callable[..., Path]


def listed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"%PDF-1.7 something", "PDF"),
        (b"", "空"),
        (b"\x89PNG\r\n\x1a\n0000", "图片"),
        (b"PK\x03\x04 not a workbook", "已损坏"),
        (b"a,b\n\xff\xfe\xfd\xfc\x81,2\n", "编码"),
        ("姓名,年龄\n张三,30\n".encode(), "没有找到表头，应有“project_no"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes(content)
    result = import_cases(path)
    assert result["exit"] == 1
    assert sentence in result["said"]
    assert counts(result) == (0, 0, 0, 0, 0)
    batch = ImportBatch.objects.get()
    assert (batch.status, sentence in batch.refusal) == ("failed", True)
    assert not Case.objects.exists()


def test_a_missing_column_is_named_with_the_columns_that_are_there(write: Write) -> None:
    result = import_cases(write([row()], head=[h for h in HEAD if h != "办件编号"]))
    assert result["exit"] == 1
    assert "“办件编号”（project_no、projectNo" in result["said"]
    assert "实施编码" in result["said"]


def test_a_bare_doaction_column_is_refused_because_it_means_three_things(write: Write) -> None:
    result = import_cases(write([{**row(), "DOACTION": "1"}], head=[*HEAD, "DOACTION"]))
    assert result["exit"] == 1
    assert "OVER_DOACTION" in result["said"]


def test_an_unknown_mapping_and_a_missing_file_are_said_in_a_sentence(write: Write, tmp_path: Path) -> None:
    assert "可用的有：" in import_cases(write([row()]), mapping="nowhere")["said"]
    missing = import_cases(tmp_path / "none.csv")
    assert (missing["exit"], "没有这个文件" in missing["said"]) == (1, True)


BAD: Mapping[str, tuple[dict[str, str], str, str]] = {
    "no number": ({"办件编号": ""}, "办件编号", "不能为空"),
    "blank required time": ({"收件时间": " "}, "收件时间", "不能为空"),
    "no such day": ({"受理时间": "2023-02-30 09:00:00"}, "受理时间", "不是能识别的日期时间"),
    "2099": ({"受理时间": "2099-12-31 09:00:00"}, "受理时间", "超出合理范围"),
    "1899": ({"收件时间": "1899-12-31"}, "收件时间", "超出合理范围"),
    "unknown channel": ({"申报来源": "鸽子"}, "申报来源", "不在对照表中"),
    "words for a number": ({"承诺工作日": "五天"}, "承诺工作日", "应为整数"),
    "too many days": ({"承诺工作日": "99999"}, "承诺工作日", "应在0到3650之间"),
    "formula": ({"事项名称": '=HYPERLINK("http://x","点")'}, "事项名称", "像是表格公式"),
    "formula with command": ({"原因": "+cmd|' /C calc'!A0"}, "原因", "像是表格公式"),
    "at sign": ({"申请者名称": "@SUM(1+1)"}, "申请者名称", "像是表格公式"),
    "too long": ({"事项名称": "食" * 301}, "事项名称", "最多300个字"),
    "number too long": ({"办件编号": "9" * 51}, "办件编号", "最多50个字"),
    "no name and no item": ({"事项名称": ""}, "事项名称", "没有事项名称"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_listed_with_its_reason_and_the_good_ones_are_kept(
    case: str, write: Write, tmp_path: Path
) -> None:
    changes, column, sentence = BAD[case]
    out = tmp_path / "rejected.csv"
    result = import_cases(write([row(1), row(2, **changes), row(3)]), rejected=out)
    assert (counts(result), result["exit"]) == ((3, 2, 0, 0, 1), 0)
    found = listed(out)
    assert [(f["行号"], f["列"]) for f in found] == [("3", column)]
    assert sentence in found[0]["原因"]
    assert found[0]["原因"].endswith("。")
    assert not found[0]["取值"].startswith(("=", "+", "-", "@")), "the list itself must not carry formulas"
    stored = RejectedRow.objects.get()
    assert (stored.row, stored.column, stored.reason) == (3, column, found[0]["原因"])


def test_several_faults_of_one_row_are_all_listed_and_count_once(write: Write) -> None:
    result = import_cases(write([row(1), row(2, 收件时间="x", 申报来源="鸽子", 承诺工作日="五")]))
    assert result["rejected"] == 1
    assert list(RejectedRow.objects.order_by("column").values_list("column", flat=True)) == [
        "承诺工作日",
        "收件时间",
        "申报来源",
    ]


def test_personal_values_are_masked_in_the_list(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "rejected.csv"
    import_cases(write([row(1, 证件号码="=330624199001011234")]), rejected=out)
    text = out.read_text(encoding="utf-8-sig")
    assert "199001011234" not in text
    assert "*" in listed(out)[0]["取值"]


def test_a_torn_row_is_listed_and_the_others_are_kept(tmp_path: Path) -> None:
    lines = as_csv([row(1), row(2), row(3)]).splitlines()
    lines[2] = lines[2][:40]
    path = tmp_path / "torn.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = import_cases(path)
    assert counts(result) == (3, 2, 0, 0, 1)
    assert RejectedRow.objects.get().row == 3


def test_a_cell_of_ten_megabytes_is_listed_and_the_others_are_kept(write: Write) -> None:
    result = import_cases(write([row(1), row(2, 原因="长" * (10 << 20)), row(3)]))
    assert counts(result) == (3, 2, 0, 0, 1)
    found = RejectedRow.objects.get()
    assert "MB" in found.reason
    assert len(found.value) <= 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_detected(write: Write, encoding: str) -> None:
    result = import_cases(write([row(1, 事项名称="食品经营许可（𫠊）")], encoding=encoding))
    assert counts(result) == (1, 1, 0, 0, 0)
    assert Case.objects.get().item_name == "食品经营许可（𫠊）"


def test_a_number_twice_in_one_file_keeps_the_higher_version_then_the_later_row(write: Write) -> None:
    rows = [
        row(1, 原因="旧", 数据版本="2"),
        row(1, 原因="新", 数据版本="2"),
        row(1, 原因="更旧", 数据版本="1"),
    ]
    result = import_cases(write(rows))
    assert counts(result) == (3, 1, 0, 0, 2)
    assert Case.objects.get().finish_reason == "新"
    reasons = RejectedRow.objects.order_by("row").values_list("row", "reason")
    assert [(n, "已采用第 3 行" in r) for n, r in reasons] == [(2, True), (4, True)]


def test_full_width_digits_and_trailing_blanks_are_understood(write: Write) -> None:
    result = import_cases(
        write([row(1, 收件时间="２０２３－０６－１９ ０９：００：００", 承诺工作日=" ５ ", 申报来源="1 ")])
    )
    assert counts(result) == (1, 1, 0, 0, 0), list(RejectedRow.objects.values_list("reason", flat=True))
    assert Case.objects.get().promise_days == 5


def test_an_import_needs_the_permission(office: Any, as_role: Callable[..., Any], write: Write) -> None:
    from xinfu.cases import actions
    from xinfu.cases.intake import mapping
    from xinfu.core.access import Role
    from xinfu.core.refusal import Forbidden

    clerk = as_role(Role.WINDOW_CLERK).actor
    with pytest.raises(Forbidden):
        actions.import_path(path=write([row()]), mapping=mapping.get("zj-case"), by=clerk, at=None)  # type: ignore[arg-type]
