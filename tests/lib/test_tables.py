"""Strangers' tables: told by content, read row by row, and no bad row takes a good one with it."""

import codecs
import csv
import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinfu.lib.tables import (
    NARROW,
    ROW_COLUMN,
    WIDE,
    Kind,
    TableError,
    clean,
    encoding_of,
    open_table,
    safe_cell,
    sniff,
    to_utf8_csv,
    write_csv,
    write_xlsx,
)

HEADER = ["办件编号", "事项", "备注"]
ROWS = [["1", "公积金提取", "无"], ["2", "户口迁移", "急"], ["3", "残疾人证", ""]]
TEXT = "".join(",".join(row) + "\n" for row in [HEADER, *ROWS])


@pytest.fixture
def file(tmp_path):
    """Write a file whose name says nothing about its content."""

    def write(content, name="upload.tmp"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def ask(sql, parameters=()):
    with duckdb.connect() as connection:
        return connection.execute(sql, parameters).fetchall()


def read(path, **options):
    """Read a table as a person would see it, and make sure that the clean CSV says the same."""
    with open_table(path, **options) as table:
        rows = list(table.rows)
    out = path.with_name("normalised.csv")
    normalised = to_utf8_csv(path, out, **options)
    assert (normalised.header, normalised.bad) == (table.header, table.bad)
    assert normalised.header_row == table.header_row
    assert normalised.rows == len(rows)
    found = ask(f"SELECT * FROM {normalised.relation()} ORDER BY {ROW_COLUMN}")
    assert [(number, ["" if cell is None else cell for cell in cells]) for number, *cells in found] == rows
    return table, rows


def cells_of(rows):
    return [cells for _, cells in rows]


def refused(path, **options):
    with pytest.raises(TableError) as caught, open_table(path, **options) as table:
        list(table.rows)
    return caught.value


def zipped(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name.replace("__", "/").replace("_", "."))  # always of the same day
            archive.writestr(entry, content)
    return packed.getvalue()


def ole(stream):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le") + bytes(100)


# ---- what a file is


@pytest.mark.parametrize(
    "content, code, said",
    [
        (b"", "empty", "空的"),
        (b"\xef\xbb\xbf \r\n", "empty", "空的"),
        (b"%PDF-1.7\n", "pdf", "PDF 文件"),
        (b"\x89PNG\r\n\x1a\n", "image", "图片"),
        (b"\xff\xd8\xff\xe0JFIF", "image", "图片"),
        (b"Rar!\x1a\x07", "archive", "压缩包"),
        (b"SQLite format 3\x00", "binary", "数据库"),
        (b"<!DOCTYPE html><table>", "html", "网页"),
        (b"\xef\xbb\xbf\n<HTML>", "html", "网页"),
        (b"<table><tr><td>1</td></tr></table>", "html", "网页"),
        (b'<?xml version="1.0"?><Workbook/>', "xml", "XML"),
        (b"[{}]", "json", "每行一个对象"),
        (b'{\n "a": 1\n}', "json", "每行一个对象"),
        (bytes(range(1, 9)) * 20, "binary", "无法识别"),
        ("id,name\n".encode("utf-16-le"), "encoding", "没有标记的 UTF-16"),
        (zipped(a_txt="x"), "archive", "压缩包"),
        (zipped(word__document_xml="x"), "word", "不是表格"),
        (b"PK\x03\x04broken", "damaged", "损坏"),
        (zipped(xl__workbook_xml="x"), "damaged", "损坏"),
        (ole("WordDocument"), "word", "不是表格"),
        (ole("EncryptedPackage"), "locked", "打开密码"),
        (ole("Workbook"), "damaged", "损坏"),
        (b"PAR1broken", "damaged", "Parquet"),
        (gzip.compress(b" \n", mtime=0), "empty", "空的"),
        (gzip.compress(zipped(xl__workbook_xml="x"), mtime=0), "gzip", "请解压"),
        (gzip.compress(b"%PDF-1.7", mtime=0), "pdf", "PDF"),
        (b"\x1f\x8bbroken", "damaged", "损坏"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-12], "damaged", "损坏"),
        (b"a,b\n1,2\n\xff\xff\n", "encoding", "第 9 个字节"),
        (codecs.BOM_UTF8 + b"a,b\n\xb1\xe0,2\n", "encoding", "第 8 个字节"),
        (b"\n,,\n \n", "empty", "没有任何内容"),
        (b'{"a":\n', "json", "每行一个对象"),
        (b"{}\n{}\n", "empty", "没有任何内容"),
    ],
)
def test_what_is_no_table_is_refused_by_name(content, code, said, file):
    error = refused(file(content))
    assert error.code == code
    assert said in error.reason


@pytest.mark.parametrize(
    "content, kind",
    [
        (TEXT, Kind.CSV),
        ("PK,编号\n1,2\n", Kind.CSV),
        (TEXT.encode("gb18030"), Kind.CSV),
        (TEXT.encode("utf-16"), Kind.CSV),
        (gzip.compress(TEXT.encode(), mtime=0), Kind.CSV),
        ('{"a":1}\n{"a":2}\n', Kind.NDJSON),
        ('{"a":"' + "x" * 70_000 + '"}', Kind.NDJSON),
        (zipped(xl__workbook_xml="x"), Kind.XLSX),
        (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), Kind.ODS),
        (ole("Workbook"), Kind.XLS),
        (b"PAR1", Kind.PARQUET),
    ],
)
def test_the_kind_is_told_by_content(content, kind, file):
    assert sniff(file(content, "report.pdf")) is kind


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(file):
    packed = bytearray(zipped(xl__workbook_xml="x"))
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 24 : directory + 28] = (3 << 30).to_bytes(4, "little")
    assert refused(file(packed)).code == "too_large"


def test_a_line_that_no_memory_should_hold_is_refused(file):
    assert refused(file(b"a,b\n1," + b"x" * (33 << 20))).code == "line_too_long"


# ---- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_usual_encoding_is_understood(encoding, pack, file):
    path = file(pack(TEXT.encode(encoding)))
    table, rows = read(path)
    assert table.encoding == encoding == encoding_of(path)
    assert (table.header, cells_of(rows)) == (HEADER, ROWS)


def test_a_character_cut_by_a_block_of_reading_is_no_fault(file):
    content = ("a,b\n" + "1,编号\n" * 200_000).encode()
    assert encoding_of(file(content)) == "utf-8"
    assert encoding_of(file(content.decode().encode("gb18030"))) == "gb18030"


@pytest.mark.parametrize("offset", [3, 1 << 20, (1 << 20) + 1, 1_500_000])
def test_the_place_of_a_foreign_byte_is_named(offset, file):
    content = bytearray(b"a" * 99 + b"\n") * 20_000
    content[offset] = 0xFF
    assert f"第 {offset + 1} 个字节" in refused(file(content)).reason


def test_a_character_cut_at_the_end_is_a_fault(file):
    assert "第 6 个字节" in refused(file(b"a,b\n1\xe7")).reason


def test_a_packed_file_that_breaks_off_late_is_damaged(file):
    text = "".join(f"{number},{number * 7919 % 1_000_003}\n" for number in range(50_000))
    assert refused(file(gzip.compress(f"a,b\n{text}".encode(), mtime=0)[:-1000])).code == "damaged"


# ---- headers


@pytest.mark.parametrize(
    "text, delimiter",
    [
        ("a,b;c,d\n1,2;3,4\n", ","),
        ("a;b\n1,5;2,5\n3,5;4\n", ";"),
        ("a\tb, c\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
    ],
)
def test_the_delimiter_is_the_one_that_makes_the_rows_agree(text, delimiter, file):
    table, rows = read(file(text))
    first, second = text.split("\n")[:2]
    assert table.header == first.split(delimiter)
    assert rows[0] == (2, second.split(delimiter))


def test_excels_line_about_the_delimiter_is_obeyed(file):
    table, rows = read(file("sep=|\r\n编号|事项,名称\r\n1|2\r\n"))
    assert (table.header, rows) == (["编号", "事项,名称"], [(2, ["1", "2"])])


def test_names_are_cleaned_and_unnamed_columns_are_numbered(file):
    table, rows = read(file("\ufeff 办件\u3000编号 ,ＩＤ１,,\u200b备注,,\n1,2,3,4,,\n"))
    assert table.header == ["办件 编号", "ID1", "第3列", "备注"]
    assert rows == [(2, ["1", "2", "3", "4"])]


def test_a_table_of_one_column_is_a_table(file):
    table, rows = read(file("编号\n1\n\n2\n"))
    assert (table.header, rows) == (["编号"], [(2, ["1"]), (4, ["2"])])


@pytest.mark.parametrize("text", ["编号,事项,编号\n", "ID,x,id\n", "编号,第3列,\u3000,x\n"])
def test_a_name_twice_is_refused(text, file):
    error = refused(file(text))
    assert (error.code, error.row) == ("header_duplicate", 1)
    assert "重复" in error.reason


TITLED = "新昌县办件表,,\n,,\n统计日期：5月,,\n办件编号,事项,备注\n1,2,3\n"


def test_a_header_is_found_below_titles(file):
    for expected in ([], ["办件编号", "没有的列"]):
        table, rows = read(file(TITLED), expected=expected)
        assert (table.header, table.header_row, rows) == (HEADER, 4, [(5, ["1", "2", "3"])])


def test_a_header_may_have_cells_of_several_lines(file):
    table, rows = read(file('"办件\n编号",事项\n1,2\n'))
    assert (table.header, rows) == (["办件 编号", "事项"], [(2, ["1", "2"])])


def test_a_missing_header_is_named(file):
    error = refused(file(TITLED), expected=["受理时间", "办结时间"])
    assert error.code == "header_not_found"
    assert "受理时间、办结时间" in error.reason


def test_the_name_of_the_row_column_is_ours(file, tmp_path):
    with pytest.raises(TableError, match="系统保留"):
        to_utf8_csv(file("_ROW,a\n1,2\n"), tmp_path / "out.csv")


# ---- rows of a CSV


@pytest.mark.parametrize(
    "text, good, bad",
    [
        ("1,2,3\n4,5\n6,7,8\n", ["1", "6"], [(3, "", "4,5", "应有 3 列，实有 2 列")]),
        ("1,2,3,4\n6,7,8\n", ["6"], [(2, "", "1,2,3,4", "应有 3 列，实有 4 列")]),
        ("1,2,3,,\n6,7,8\n", ["1", "6"], []),
        ('1,2,"3",,\n6,7,8\n', ["1", "6"], []),
        ("1,2,3\n\n,,\n , ,\t\n6,7,8\n\x1a", ["1", "6"], []),
        ('"1",2,3\n"","",""\n6,7,8\n', ["1", "6"], []),
        ('1,2,"open\n6,7,8\n', ["6"], [(2, "", '1,2,"open', "引号不成对")]),
        ('1,2,3\n4,5,"open\n6,7,8\n9,9,9', ["1", "6", "9"], [(3, "", '4,5,"open', "引号不成对")]),
        ('1,2,"open\n4,"5",6\n7,8,9\n', ["4", "7"], [(2, "", '1,2,"open', "引号不成对")]),
        ('1,2,"a"b\n6,7,8\n', ["6"], [(2, "", '1,2,"a"b', "引号后面还有文字")]),
        ('1,"two\nlines"\n6,7,8\n', ["6"], [(2, "", '1,"two', "应有 3 列，实有 2 列")]),
        (
            '1,"x\n4,5,6\n7,y"\n8,8,8\n',
            ["4", "8"],
            [(2, "", '1,"x', "实有 2 列"), (4, "", '7,y"', "实有 2 列")],
        ),
        ("1,2\0,3\n6,7,8\n", ["6"], [(2, "事项", "1,2␀,3", "空字符")]),
        ("1,2,3,4\0\n6,7,8\n", ["6"], [(2, "", "1,2,3,4␀", "空字符")]),
        ("1,2,3\r\n6,7,8\r9,9,9\r\n", ["1", "6", "9"], []),
        ('1,"two\nlines ""quoted"", here",3\n6,7,8\n', ["1", "6"], []),
        ('1,5" pipe,3\n6,7,8\n', ["1", "6"], []),
        ("1,2,=cmd|' /C calc'!A0\n", ["1"], []),
    ],
)
def test_a_torn_row_is_reported_and_the_others_are_kept(text, good, bad, file):
    table, rows = read(file(",".join(HEADER) + "\n" + text))
    assert [cells[0] for _, cells in rows] == good
    assert [row[:3] for row in table.bad] == [row[:3] for row in bad]
    for found, wanted in zip(table.bad, bad, strict=True):
        assert wanted[3] in found.reason


def test_two_ditto_marks_do_not_pair_up_over_the_rows_between(file):
    table, rows = read(file('a,b,c,d\n1,",3,4\n5,6,7,8\n9,",3,4\n9,",3,4\n5,6,7,8\n'))
    assert [number for number, _ in rows] == [3, 6]
    assert [(bad.row, bad.value) for bad in table.bad] == [(2, '1,",3,4'), (4, '9,",3,4'), (5, '9,",3,4')]


def test_a_cell_may_hold_lines_quotes_and_delimiters(file):
    _, rows = read(file('编号,事项,备注\n1,"a\r\nb\rc","say ""no"", please"\n2,3,4\n'))
    assert rows == [(2, ["1", "a\r\nb\rc", 'say "no", please']), (3, ["2", "3", "4"])]


@pytest.mark.parametrize("opening, closing", [("", ""), ('"', '"'), ('"', '\n"')])
def test_a_cell_of_ten_megabytes_is_reported_with_its_size(opening, closing, file):
    cell = "长" * (10 << 20 >> 2) + "x" * (10 << 18)
    table, rows = read(file(f"编号,事项,备注\n1,2,3\n4,{opening}{cell}{closing},6\n7,8,9\n"))
    (bad,) = table.bad
    assert cells_of(rows) == [["1", "2", "3"], ["7", "8", "9"]]
    assert (bad.row, bad.column, bad.value) == (3, "事项", "长" * 200)
    assert bad.reason == "单元格有 10.0 MB，超过 1 MB 的上限"


def test_a_cell_just_below_the_limit_is_kept(file):
    _, rows = read(file(f"编号,事项\n1,{'长' * 349_525}\n"))
    assert len(rows) == 1


def test_a_row_that_is_too_large_as_a_whole_is_reported(file):
    table, rows = read(file("编号,事项,备注\n" + ",".join(["x" * 1_000_000] * 3) + "\n7,8,9\n"))
    assert cells_of(rows) == [["7", "8", "9"]]
    assert table.bad[0].reason == "整行有 2.9 MB，超过上限"


def test_an_open_quote_cannot_swallow_the_rest_of_a_long_file(file):
    lines = [f"{number},{number},{number}\n" for number in range(60_000)]
    lines[1000] = '1000,"open,1000\n'
    table, rows = read(file("a,b,c\n" + "".join(lines)))
    assert len(rows) == 59_999
    assert [bad.row for bad in table.bad] == [1002]


def test_a_quote_left_open_for_longer_than_a_line_may_be_is_torn(file):
    filler = "x" * 1000 + "\n"
    path = file('a,b\n1,"open\n' + filler * 34_000 + '2,"q"\n')
    with open_table(path) as table:
        assert list(table.rows)[-1][1] == ["2", "q"]
    assert len(table.bad) == 34_001


word = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=8)
sound_rows = st.lists(st.tuples(st.integers(0, 99).map(str), word, word).map(list), min_size=1, max_size=20)


@given(
    rows=sound_rows,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_csv_writer_writes_is_read_back(rows, delimiter, quoting, end, encoding, tmp_path):
    path = tmp_path / "table"
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end)
        writer.writerows([HEADER, *rows])
    table, found = read(path)
    assert (table.header, table.bad) == (HEADER, [])
    assert found == list(enumerate(rows, 2))


torn = st.sampled_from(['9,9,"open', '9,"open,9', "9,9", "9,9,9,9", '9,9,"a"b', "9,\0,9", '"9,9,9', ""])


@given(numbers=st.lists(st.integers(0, 9), max_size=12), data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_torn_row_takes_a_good_one_with_it(numbers, data, tmp_path):
    lines = [(f"{number},x,y", True) for number in numbers]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines)))
        lines.insert(place, (data.draw(torn), False))
    path = tmp_path / "table"
    path.write_text("\n".join(["a,b,c", *(line for line, _ in lines)]))
    table, rows = read(path)
    wanted = [(row, line.split(",")) for row, (line, is_good) in enumerate(lines, 2) if is_good]
    opened = [row for row, (line, _) in enumerate(lines, 2) if line.count('"') % 2]
    if len(opened) < 2:  # two open quotes may pair up into one cell that nobody can tell from a meant one
        assert rows == wanted
        assert len(table.bad) == sum(1 for line, is_good in lines if not is_good and line)


def test_real_exports_are_read_to_the_last_row(shared_data):
    for name in ("boston-311-2015-q1.csv.gz", "fuzhou-12345-river-complaints.csv.gz"):
        path = shared_data / "cases" / name
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
            wanted = list(csv.reader(stream))
        with open_table(path) as table:
            rows = list(table.rows)
        assert (table.header, table.bad) == ([" ".join(name.split()) for name in wanted[0]], [])
        assert cells_of(rows) == wanted[1:]


# ---- NDJSON


def test_ndjson_has_the_columns_of_all_its_objects(file):
    lines = [
        {"编号": "1", "n": 5, "ok": True, "none": None},
        {},
        {"编号": "12345678901234567890", "nested": {"名": ["a", 1.50]}, "n": 12345678901234567890},
    ]
    content = (
        "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        + '\n{"n": 1.50, "编号": "x,\\"y"}\n'
    )
    table, rows = read(file(content))
    assert table.header == ["编号", "n", "ok", "none", "nested"]
    assert rows == [
        (1, ["1", "5", "true", "", ""]),
        (3, ["12345678901234567890", "12345678901234567890", "", "", '{"名":["a",1.5]}']),
        (4, ['x,"y', "1.50", "", "", ""]),
    ]


@pytest.mark.parametrize(
    "line, column, reason",
    [
        ('{"a":1', "", "不是有效的 JSON 对象"),
        ("[1]", "", "不是有效的 JSON 对象"),
        ('{"a":NaN}', "", "不是有效的 JSON 对象"),
        ('{"a":' + "[" * 5000, "", "不是有效的 JSON 对象"),
        ('{"a":"\\u0000"}', "a", "空字符"),
        ('{"a":"\\ud800"}', "a", "残缺的字符"),
        ('{"a":"' + "x" * 1_100_000 + '"}', "a", "单元格有 1.0 MB"),
    ],
)
def test_a_line_that_is_no_row_is_reported(line, column, reason, file):
    table, rows = read(file('{"a":"\\u7532"}\n' + line + '\n{"a":"3"}\n'))
    assert rows == [(1, ["甲"]), (3, ["3"])]
    (bad,) = table.bad
    assert (bad.row, bad.column) == (2, column)
    assert reason in bad.reason
    assert len(bad.value) <= 200


def test_keys_that_differ_in_case_only_are_refused(file):
    assert refused(file('{"ID":1}\n{"id":2}\n')).code == "header_duplicate"


# ---- workbooks


@pytest.fixture
def workbook(tmp_path):
    """Write a workbook, its sheets given as functions of a sheet and a way to make formats."""

    def write(**sheets):
        path = tmp_path / "book.tmp"
        book = xlsxwriter.Workbook(str(path))
        for name, fill in sheets.items():
            fill(book.add_worksheet(name), lambda mask: book.add_format({"num_format": mask}))
        book.close()
        return path

    return write


def test_a_workbook_reads_as_a_person_sees_it(workbook):
    def fill(sheet, as_format):
        sheet.merge_range("B3:H3", "新昌县办件表")
        sheet.write_row("B4", ["办件编号", "受理时间", "日期", "时刻", "份数", "比率", "是否"])
        sheet.write_string("B5", "330624000123050600017")
        sheet.write_datetime("C5", datetime(2023, 5, 6, 9, 29, 59, 999600), as_format("yyyy-mm-dd hh:mm"))  # noqa: DTZ001
        sheet.write_datetime("D5", date(2023, 5, 6), as_format("yyyy/m/d"))
        sheet.write_datetime("E5", time(9, 30), as_format("h:mm"))
        sheet.write_number("F5", 123456789012345)
        sheet.write_number("G5", 0.0000001)
        sheet.write_boolean("H5", True)
        sheet.write_string("B7", "2")
        sheet.write_formula("F7", "=1+1", None, 2)
        sheet.write_datetime("E7", timedelta(hours=30), as_format("[h]:mm"))
        sheet.set_row(6, options={"hidden": True})

    table, rows = read(workbook(办件=fill))
    assert (table.kind, table.header_row) == (Kind.XLSX, 4)
    assert rows == [
        (
            5,
            [
                *("330624000123050600017", "2023-05-06 09:30:00", "2023-05-06", "09:30:00"),
                *("123456789012345", "0.0000001", "TRUE"),
            ],
        ),
        (7, ["2", "", "", "1 day, 6:00:00", "2", "", ""]),
    ]


def test_a_number_of_more_than_fifteen_digits_is_refused(workbook):
    def fill(sheet, as_format):
        sheet.write_row("A1", ["编号", "事项"])
        sheet.write_row("A2", [330624198001011234, "x"])
        sheet.write_row("A3", ["330624198001011234", "y", 1e16])
        sheet.write_row("A4", ["330624198001011234", "y"])
        sheet.write_row("A5", ["5", "z", "", "旁注"])

    table, rows = read(workbook(甲=fill))
    assert rows == [(4, ["330624198001011234", "y"])]
    assert [(bad.row, bad.column) for bad in table.bad] == [(2, "编号"), (3, ""), (5, "")]
    assert "超过 15 位" in table.bad[0].reason
    assert "表头以外的第 4 列" in table.bad[2].reason


def test_the_first_visible_sheet_with_content_is_read_unless_one_is_named(workbook):
    def hidden(sheet, as_format):
        sheet.hide()
        sheet.write_row("A1", ["暗", "x"])

    def shown(sheet, as_format):
        sheet.write_row("A1", ["明", "x"])

    path = workbook(空=lambda sheet, as_format: sheet.activate(), 隐=hidden, 显=shown)
    assert read(path)[0].header == ["明", "x"]
    assert read(path, sheet="隐")[0].header == ["暗", "x"]
    error = refused(path, sheet="无")
    assert (error.code, "空、隐、显" in error.reason) == ("sheet_not_found", True)
    assert refused(workbook(空=lambda sheet, as_format: None)).code == "empty"


def test_an_old_workbook_is_read():
    with open_table(Path(__file__).parent / "data" / "cases.xls") as table:
        assert table.kind is Kind.XLS
        assert list(table.rows) == [(2, ["33062400012305060001", "2023-05-06 09:30:00", "2"])]
    assert table.header == ["办件编号", "受理时间", "份数"]


CONTENT = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="T"><table:table-row><table:table-cell office:value-type="string"><text:p>编号</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>7</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""
MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""


def test_an_old_workbook_with_a_password_is_refused(file):
    content = bytearray((Path(__file__).parent / "data" / "cases.xls").read_bytes())
    first_record = content.index(b"\x09\x08")
    second_record = first_record + 4 + content[first_record + 2]
    content[second_record : second_record + 2] = b"\x2f\x00"  # FILEPASS
    assert refused(file(content)).code == "locked"


def test_an_open_document_with_a_password_is_refused(file):
    manifest = MANIFEST.replace("/>", "><manifest:encryption-data/></manifest:manifest>")
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    assert refused(file(zipped(mimetype=mimetype, **{"META-INF__manifest_xml": manifest}))).code == "locked"


def test_an_open_document_sheet_is_read(file):
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    table, rows = read(
        file(zipped(mimetype=mimetype, content_xml=CONTENT, **{"META-INF__manifest_xml": MANIFEST}))
    )
    assert (table.kind, rows) == (Kind.ODS, [(2, ["7"])])


# ---- Parquet


def parquet(path, sql):
    ask(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return path


def test_parquet_reads_as_text(tmp_path):
    path = parquet(
        tmp_path / "a[1]*.parquet",
        """SELECT '0012' AS "办件 编号", 5.0::DOUBLE AS n, 0.25::FLOAT AS r, 12345678901234567890::DECIMAL(20, 0) AS big,
        DATE '2023-05-06' AS d, TIMESTAMP '2023-05-06 09:30:00' AS t, TIMESTAMPTZ '2023-05-06 09:30:00+08' AS z,
        NULL::VARCHAR AS nothing, {'a': 1} AS s, ['x'] AS l, true AS ok, 'say "no", please' AS q""",
    )
    table, rows = read(path)
    assert table.header[:2] == ["办件 编号", "n"]
    assert rows == [
        (
            1,
            [
                *("0012", "5", "0.25", "12345678901234567890", "2023-05-06", "2023-05-06 09:30:00"),
                *("2023-05-06 01:30:00+00", "", '{"a":1}', '["x"]', "true", 'say "no", please'),
            ],
        )
    ]


def test_a_row_of_parquet_that_cannot_be_kept_is_reported(tmp_path):
    path = parquet(
        tmp_path / "a.parquet",
        """SELECT * FROM (VALUES ('a', 1.5::DOUBLE, 'x'), ('b', 330624198001011234, 'x'), ('c', 'nan'::DOUBLE, 'x'),
        ('d' || chr(0), 1, 'x'), (repeat('x', 1100000), 1, 'x'), (repeat('x', 1000000), 2, repeat('x', 1000000)),
        ('g', NULL, NULL)) AS t("名""称", "数", "文")""",
    )
    table, rows = read(path)
    assert rows == [(1, ["a", "1.5", "x"]), (7, ["g", "", ""])]
    assert [(bad.row, bad.column) for bad in table.bad] == [
        (2, "数"),
        (3, "数"),
        (4, '名"称'),
        (5, '名"称'),
        (6, ""),
    ]
    assert table.bad[2].value == "d␀"


def test_progress_runs_to_the_end(tmp_path, file, workbook):
    def fill(sheet, as_format):
        for row in range(5000):
            sheet.write_row(row, 0, ["编号", "事项"])

    long_text = "a,b\n" + "1,2\n" * 200_000
    long_json = '{"a":1}\n' * 10_000
    paths = [file(long_text), file(gzip.compress(long_text.encode(), mtime=0), "b"), file(long_json, "c")]
    paths += [workbook(办件=fill), parquet(tmp_path / "p", "SELECT 1 AS a")]
    for path in paths:
        seen = []
        to_utf8_csv(path, tmp_path / "out.csv", progress=seen.append)
        assert seen == sorted(seen)
        assert 0 < seen[0] <= seen[-1] == 1.0


def test_parquet_tells_how_far_it_is(tmp_path):
    path = parquet(tmp_path / "p", "SELECT range AS a FROM range(12000)")
    with open_table(path) as table:
        assert sum(1 for _ in table.rows) == 12_000


# ---- cells and exports


@pytest.mark.parametrize(
    "text, cleaned",
    [
        ("\u3000３３０６２４１９８０ｘＸ \ufeff", "330624198 0xX".replace(" ", "")),
        ("２０２３－０５－０６\u3000０９：３０", "2023-05-06 09:30"),
        ("１．５／２", "1.5/2"),
        ("地址：人民中路（东）１号", "地址：人民中路（东）1号"),
        ("a\u200bb\xa0c", "ab c"),
        ("", ""),
    ],
)
def test_full_width_text_is_understood(text, cleaned):
    assert clean(text) == cleaned


def test_the_database_narrows_the_same_letters():
    assert ask("SELECT translate(?, ?, ?)", ["ＡｂＺ０９\u3000", WIDE, NARROW]) == [("AbZ09 ",)]


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(start):
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert safe_cell(f"甲{start}") == f"甲{start}"


EXPORT = [
    ["330624198001011234", "=1+1", 5, Decimal("1.50"), date(2023, 5, 6), None],
    ["00123", "x", 10**15, Decimal(-2), datetime(2023, 5, 6, 9, 30, tzinfo=UTC), "y"],
]
COLUMNS = ["编号", "-文", "整数", "小数", "日期", "空"]


def test_a_csv_export_opens_in_chinese_and_without_formulas(tmp_path):
    path = tmp_path / "out.csv"
    assert write_csv(path, COLUMNS, EXPORT) == 2
    assert path.read_bytes().decode() == (
        "\ufeff编号,'-文,整数,小数,日期,空\r\n"
        "330624198001011234,'=1+1,5,1.50,2023-05-06,\r\n"
        "00123,x,1000000000000000,-2,2023-05-06 09:30:00,y\r\n"
    )


def test_a_workbook_export_keeps_numbers_of_things_as_text(tmp_path):
    path = tmp_path / "out.xlsx"
    assert write_xlsx(path, COLUMNS, EXPORT) == 2
    table, rows = read(path)
    assert table.header == COLUMNS
    assert cells_of(rows) == [
        ["330624198001011234", "'=1+1", "5", "1.5", "2023-05-06", ""],
        ["00123", "x", "1000000000000000", "-2", "2023-05-06 09:30:00", "y"],
    ]


def test_exports_can_be_made_in_memory_and_without_rows(tmp_path):
    for write in (write_csv, write_xlsx):
        out = io.BytesIO()
        assert write(out, ["编号", "事项"], []) == 0
        path = tmp_path / "out"
        path.write_bytes(out.getvalue())
        assert read(path)[0].header == ["编号", "事项"]


def test_an_export_names_each_column_once(tmp_path):
    with pytest.raises(ValueError, match="twice"):
        write_xlsx(tmp_path / "out.xlsx", ["a", "a"], [])


def test_a_sheet_cannot_hold_more_than_a_million_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("xinfu.lib.tables.writing.SHEET_ROWS", 4)
    assert write_xlsx(tmp_path / "out.xlsx", ["a"], [["x"]] * 3) == 3
    with pytest.raises(TableError, match=r"上限（3 行）"):
        write_xlsx(tmp_path / "out.xlsx", ["a"], [["x"]] * 4)
