"""Partners' forms: every record survives the way out and back, and the three codes that run against each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.ratings.exchange import CHINA, FORMATS, BadRecord, Record, read_a, read_b, read_d

NAMES = st.sampled_from(["章明明", "新昌县某某有限公司", "欧阳小雨"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=500)
FIRST, LAST = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 -- the zone is added to what is drawn
NUMBERS = st.text("0123456789ABCDEF", min_size=1, max_size=50)


@st.composite
def records(draw: st.DrawFn) -> Record:
    level, anonymous = draw(st.integers(1, 5)), draw(st.booleans())
    tails = draw(st.lists(st.integers(1, 17), unique=True, max_size=8))
    return Record(
        case_no=draw(NUMBERS), level=level,
        rated_at=draw(st.datetimes(FIRST, LAST)).replace(microsecond=0, tzinfo=CHINA),
        channel=draw(st.sampled_from("12345678")), stage=draw(st.sampled_from("012")),
        turn=draw(st.integers(1, 2)), reasons=tuple(f"{level}{tail:02}" for tail in tails), text=draw(TEXTS),
        is_anonymous=anonymous, may_publish=draw(st.booleans()), name="" if anonymous else draw(NAMES),
        phone="" if anonymous else draw(st.sampled_from(["", "13800001234"])),
        identity="" if anonymous else draw(st.sampled_from(["", "330624199001010013"])),
        user_kind=draw(st.sampled_from(["", "person", "organisation"])),
        immediate=draw(st.sampled_from([None, True, False])), number=draw(st.sampled_from(["", "ZJ0001"])),
        item_code="11330624", item_name="企业设立登记", unit_code="11330624MB0011", unit_name="县市场监管局",
        area="330624",
    )  # fmt: skip


LOST: dict[str, dict[str, Any]] = {
    "A": {},
    "B": {"immediate": None, "unit_name": "", "area": ""},
    "D": {
        "reasons": (), "may_publish": False, "phone": "", "identity": "", "user_kind": "", "immediate": None,
        "item_code": "", "item_name": "", "unit_code": "", "unit_name": "",
    },
}  # fmt: skip
"""What a form has no field for."""


@pytest.mark.parametrize("code", "ABD")
@given(record=records())
def test_a_record_survives_the_way_out_and_back_but_for_what_the_form_has_no_field_for(
    code: str, record: Record
) -> None:
    form = FORMATS[code]
    if form.carries(record):
        row = form.write(record)
        assert set(row) <= set(form.columns)
        assert form.read(row) == replace(record, **LOST[code])


A = {"projectNo": "N1", "pf": "4", "satisfaction": "5", "assessTime": "2023-05-04 09:30:00"}
B = {"affairSerialNo": "N1", "satisfaction": "5", "assessTime": "20230504093000"}
D = {"办件编号": "N1", "评价渠道": "大厅平板", "评价时间": "20230504T093000", "满意度代码": "5"}


@pytest.mark.parametrize("code", range(1, 6))
def test_the_level_ascends_in_a_and_b_and_descends_in_the_national_standard(code: int) -> None:
    assert read_a(A | {"satisfaction": str(code)}).level == code
    rated = read_b(B | {"satisfaction": str(code)})
    assert rated is not None
    assert rated.level == code
    assert read_d(D | {"满意度代码": str(code)}).level == 6 - code


def test_word_and_code_of_the_level_must_agree_so_that_a_list_turned_upside_down_is_found() -> None:
    assert read_d(D | {"满意度代码": "1", "满意度": "非常满意"}).level == 5
    with pytest.raises(BadRecord, match="不一致"):
        read_d(D | {"满意度代码": "5", "满意度": "非常满意"})


@pytest.mark.parametrize(("code", "immediate"), [("1", False), ("2", True)])
def test_the_upload_writes_a_promised_case_as_1_and_an_immediate_one_as_2(code: str, immediate: bool) -> None:
    assert read_a(A | {"promiseTime": code}).immediate is immediate


@pytest.mark.parametrize(("kind", "a", "b"), [("person", "1", "0"), ("organisation", "2", "1")])
def test_person_and_legal_person_count_from_1_in_the_upload_and_from_0_at_the_window(
    kind: str, a: str, b: str
) -> None:
    assert read_a(A | {"userProp": a}).user_kind == kind
    rated = read_b(B | {"userType": b})
    assert rated is not None
    assert rated.user_kind == kind


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"satisfaction": "0"}, "satisfaction"),
        ({"satisfaction": ""}, "satisfaction"),
        ({"pf": "8"}, "pf"),
        ({"userProp": "0"}, "userProp"),
        ({"assessNumber": "3"}, "assessNumber"),
        ({"assessTime": "2023-5-4 9:30:00"}, "assessTime"),
        ({"assessTime": "2023-02-30 09:30:00"}, "assessTime"),
        ({"evalDetail": "510,110"}, "evalDetail"),
        ({"evalDetail": "5a0"}, "evalDetail"),
        ({"writingEvaluation": "好" * 501}, "writingEvaluation"),
        ({"projectNo": "1" * 51}, "projectNo"),
    ],
)
def test_what_a_code_or_a_limit_does_not_allow_is_refused_with_the_field(
    row: dict[str, str], field: str
) -> None:
    with pytest.raises(BadRecord) as bad:
        read_a(A | row)
    assert bad.value.field == field


def test_nobody_tapping_for_a_minute_is_no_rating() -> None:
    assert read_b(B | {"satisfaction": "-2"}) is None


def test_a_person_in_the_windows_push_does_not_make_the_rating_one_by_name() -> None:
    pushed = B | {"userName": "章明明", "contactPhone": "13800001234"}
    rated, by_name = read_b(pushed), read_b(pushed | {"anonymityFlag": "0"})
    assert rated is not None
    assert (rated.is_anonymous, rated.name, rated.phone) == (True, "", "")
    assert by_name is not None
    assert by_name.name == "章明明"
