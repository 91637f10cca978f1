"""Codes, limits, links and contradictions of service items."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.catalog import codes, rules
from xinfu.catalog.rules import Code, Rates

RATES = Rates()
FITS = "91330624MA2D06811" + next(
    c for c in string.digits + string.ascii_uppercase if rules.credit_code_fits("91330624MA2D06811" + c)
)


# --- codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, shape, base, organisation, level, why",
    [
        ("11440232MB2D06811W4000117051000", "national", "000117051000", "11440232MB2D06811W", "4", "18+1+12"),
        ("11440232MB2D06811W400011705100001", "national", "000117051000", "11440232MB2D06811W", "4", "and 2 more"),
        (
            "511Z07001006-511602000000-000-11511301008778183N-1-00",
            "provincial", "511Z07001006", "11511301008778183N", "1", "四川 12",
        ),
        (
            "511A0138000000-511602000000-000-115113010833722043-1-00",
            "provincial", "511A0138000000", "115113010833722043", "1", "四川 14",
        ),
        ("G-000007-001-511602000000-000-115113010833722043-1-00", "provincial", "G-000007-001",
         "115113010833722043", "1", "old base"),
        ("1J-5100-00027-511602000000-000-11511301008778386B-1-00", "provincial", "1J-5100-00027",
         "11511301008778386B", "1", "交通"),
        ("512C0107400001-511602000000-000-00877868-5-1-00", "provincial", "512C0107400001", "00877868-5", "1",
         "an organisation code with its dash"),
        ("E-000021-001-1111111111111111", "short", "E-000021-001", "1111111111111111", "", "no division, no level"),
        ("许可-00123-000", "local", "许可-00123-000", "", "", "浙江 权力基本码"),
        ("0" * 24, "standard", "0" * 24, "", "", "GB/T 39046"),
        ("ABC-12", "other", "", "", "", "unknown structure is kept as it is"),
    ],
)  # fmt: skip
def test_code_shapes_in_use(
    text: str, shape: str, base: str, organisation: str, level: str, why: str
) -> None:
    code = rules.parse_code(text)
    assert code is not None, why
    assert (code.shape, code.base, code.organisation, code.level) == (shape, base, organisation, level), why


def test_a_handle_item_code_is_the_implementation_code_and_two_digits() -> None:
    code = "11440232MB2D06811W4000117051000"
    parsed = rules.parse_code(rules.handle_item(code, 1))
    assert parsed is not None
    assert len(rules.handle_item(code, 1)) == 33
    assert parsed.business == "01"
    assert parsed.is_complete
    assert not Code("short", base="E-000021-001", organisation="11111").is_complete


@given(
    st.text(string.digits + string.ascii_uppercase, min_size=18, max_size=18),
    st.integers(1, 7),
    st.text(string.digits, min_size=12, max_size=12),
    st.integers(0, 99),
)
def test_the_parts_of_a_national_code_come_back(
    organisation: str, level: int, base: str, serial: int
) -> None:
    parsed = rules.parse_code(rules.handle_item(f"{organisation}{level}{base}", serial))
    assert parsed == Code("national", base, "", organisation, str(level), f"{serial:02d}")


@given(st.text(max_size=70))
def test_any_text_is_a_code_or_has_a_fault_said_in_words(text: str) -> None:
    fault = rules.code_fault(text)
    assert (fault is None) == (rules.parse_code(text) is not None and len(text) <= 60 and not _science(text))
    assert fault is None or fault.endswith("。")


def _science(text: str) -> bool:
    return bool(__import__("re").fullmatch(r"[0-9.]+[eE][+]?[0-9]+", text))


def test_codes_that_a_spreadsheet_spoilt_are_refused() -> None:
    assert "科学计数法" in str(rules.code_fault("1.1440232E+30"))
    assert "60" in str(rules.code_fault("1" * 61))
    assert "字符" in str(rules.code_fault("A B"))


def test_the_check_character_of_a_credit_code() -> None:
    assert rules.credit_code_fits(FITS)
    wrong = FITS[:-1] + ("0" if FITS[-1] != "0" else "1")
    assert not rules.credit_code_fits(wrong)
    assert not rules.credit_code_fits("短")
    assert not rules.credit_code_fits("I" * 18)


# --- code sets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codes_, text, code, why",
    [
        (codes.TASK_TYPE, "01", "01", "the code"),
        (codes.TASK_TYPE, "1", "01", "a spreadsheet ate the zero"),
        (codes.TASK_TYPE, "1.0", "01", "and made it a number"),
        (codes.TASK_TYPE, "行政许可", "01", "the label"),
        (codes.TASK_TYPE, "许可", "01", "its short form"),
        (codes.TASK_TYPE, "１０", "10", "full width"),
        (codes.TASK_TYPE, "11", "11", "an extension of a province"),
        (codes.TASK_TYPE, "21", None, "beyond the extensions"),
        (codes.TASK_TYPE, "", None, "nothing"),
        (codes.USE_LEVEL, "县", "4", "level without 级"),
        (codes.POWER_SOURCE, "01", "1", "two digits in the exchange"),
        (codes.PROJECT_TYPE, "即办件", "1", "A.6, not the upload's 2"),
        (codes.DAY_KIND, "自然日", "calendar", "label of a unit"),
    ],
)
def test_code_sets_find_codes_and_labels(
    codes_: codes.CodeSet, text: str, code: str | None, why: str
) -> None:
    assert codes_.find(text) == code, why


def test_code_sets_name_their_source_and_label_extensions() -> None:
    assert "GB/T 39046-2020" in codes.TASK_TYPE.source
    assert codes.TASK_TYPE.label("11") == "地方扩展 11"
    assert codes.TASK_TYPE.label("") == ""


# --- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+A1", "-(1)", "=HYPERLINK(1)"])
def test_formulas_are_known(text: str) -> None:
    assert rules.is_formula(text)


@pytest.mark.parametrize("text", ["-身份证原件", "+86 575 1234", "-1", "食品经营许可", ""])
def test_ordinary_text_is_no_formula(text: str) -> None:
    assert not rules.is_formula(text)


# --- links -----------------------------------------------------------------------------------------

CODE = "511Z07001006-511602000000-000-11511301008778183N-1-00"


@pytest.mark.parametrize(
    "link, said",
    [
        (f"http://www.example.cn/item?itemCode={CODE}", None),
        ("https://www.example.cn/guide/1", None),
        ("www.example.cn/item", "http://"),
        ("http://无/item", "http://"),
        ("http://[::1", "网址"),
        ("http://www.example.cn/a b", "空格"),
        ("http://www.example.cn/item?itemCode=ANOTHER-1", "另一个事项"),
    ],
)
def test_links_that_cannot_lead_to_the_item(link: str, said: str | None) -> None:
    found = rules.link_fault(link, CODE)
    assert found is None if said is None else said in str(found)


def test_a_link_with_a_code_that_lacks_its_parts_opens_no_guide() -> None:
    short = "E-000021-001-1111111111111111"
    assert "缺区划" in str(rules.link_fault(f"http://www.example.cn/x?itemCode={short}", short))


# --- days ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "days, kind, workdays, why",
    [
        (20, "workday", 20, ""),
        (1, "month", 22, "hall.md §3.2"),
        (2, "year", 500, "hall.md §3.2"),
        (7, "calendar", 5, "one week"),
        (8, "calendar", 6, "part of a day is a day"),
        (0, "month", 0, "即办"),
        (None, "workday", None, "unknown"),
        (5, "none", None, "无期限"),
    ],
)
def test_limits_in_working_days(days: int | None, kind: str, workdays: int | None, why: str) -> None:
    assert rules.workdays(days, kind, RATES) == workdays, why


@given(st.integers(0, 9999), st.sampled_from(["workday", "calendar", "month", "year"]))
def test_a_longer_limit_is_never_shorter_in_working_days(days: int, kind: str) -> None:
    more, less = rules.workdays(days + 1, kind, RATES), rules.workdays(days, kind, RATES)
    assert more is not None
    assert less is not None
    assert more >= less
    assert rules.workdays(days, kind, Rates(month=10, year=100, week=7)) is not None


@pytest.mark.parametrize(
    "text, term",
    [
        ("20", (20, None)), ("20个工作日", (20, "workday")), ("7 自然日", (7, "calendar")), ("1个月", (1, "month")),
        ("2年", (2, "year")), ("５天", (5, None)), ("5.0", (5, None)), ("无期限", (None, "none")), ("即办", (0, "workday")),
        ("20个工作日以内", (20, "workday")), ("尽快", None), ("-1", None), ("1.5", None),
    ],
)  # fmt: skip
def test_limits_as_people_write_them(text: str, term: object) -> None:
    assert rules.parse_term(text) == term


# --- contradictions --------------------------------------------------------------------------------


def kinds(**fields: object) -> list[tuple[str, bool]]:
    whole = {"code": FITS + "4000117051000", **fields}
    return [(f.kind, f.rejects) for f in rules.faults_of(whole, RATES)]


@pytest.mark.parametrize(
    "fields, found, why",
    [
        ({"statutory_days": 20, "promise_days": 20}, [], "equal is lawful"),
        ({"statutory_days": 20, "promise_days": 21}, [("promise", True)], "longer is not"),
        (
            {"statutory_days": 1, "statutory_kind": "month", "promise_days": 23},
            [("promise", True)],
            "23 > one month of 22",
        ),
        ({"statutory_days": 1, "statutory_kind": "month", "promise_days": 22}, [], "one month is 22"),
        ({"statutory_kind": "none", "promise_days": 90}, [], "no statutory limit to break"),
        (
            {"statutory_days": 20, "promise_kind": "none"},
            [("promise", True)],
            "an endless promise breaks a limit",
        ),
        ({"promise_days": 5, "project_type": "1"}, [("instant", False)], "即办件 with days is marked"),
        ({"promise_days": 0, "project_type": "1"}, [], "0 is 即办"),
        ({"promise_days": 0, "project_type": "2"}, [("instant", False)], "承诺件 without days is marked"),
        ({"visits": 1}, [("visits", False)], "a visit needs its reason"),
        ({"visits": 1, "visits_reason": "面签"}, [], "and has it"),
        ({"visits": 0}, [], "跑零次"),
        ({"online_url": "x"}, [("link", False)], "a bad link is marked, not refused"),
        ({"mobile_url": "x"}, [("link", False)], "on the phone too"),
        ({"code": "11440232MB2D06811X4000117051000"}, [("organisation", False)], "check character"),
        ({"code": CODE, "division_code": "511602000000"}, [], "the district's own"),
        ({"code": CODE, "division_code": "510000"}, [], "within the province"),
        ({"code": CODE, "division_code": "330624"}, [("division", False)], "another district's"),
        ({"code": "?"}, [], "what is no code has no parts"),
    ],
)
def test_what_contradicts_itself(fields: dict[str, object], found: list[tuple[str, bool]], why: str) -> None:
    assert kinds(**fields) == found, why


@pytest.mark.parametrize(
    "visits, depth, counts, zero",
    [
        (0, "", False, True),
        (1, "5", False, False),
        (1, "5", True, True),
        (1, "1,7", True, True),
        (1, "4", True, False),
        (None, "", False, False),
    ],
)
def test_zero_visits_by_number_and_by_the_vendors_reading(
    visits: int | None, depth: str, counts: bool, zero: bool
) -> None:
    assert rules.zero_visit(visits, depth, depth_counts=counts) is zero
