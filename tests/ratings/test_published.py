"""What everybody may read of ratings: whole months, no small groups, nothing that tells who wrote."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.conftest import CHINA
from tests.ratings import crowd
from xinfu.catalog.models import Item, ItemVersion
from xinfu.core import local
from xinfu.ratings.models import Channel, Rating
from xinfu.ratings.queries import published as queries

TODAY = date(2023, 6, 29)
AT = datetime(2023, 6, 29, 10, 0, tzinfo=CHINA)
_serial = itertools.count(1)
Load = Callable[..., None]


def _window() -> int:
    """Return the one window whose ratings were loaded."""
    return int(Rating.objects.order_by().values("window_id").distinct().get()["window_id"])


@pytest.fixture(autouse=True)
def _day(time_machine: Any) -> None:
    time_machine.move_to(AT)


@pytest.fixture
def item(office: make.Office) -> Item:
    made = Item.objects.create(code="11330624MB001140001", department=office.unit_a)
    ItemVersion.objects.create(
        item=made,
        version=1,
        since=date(2020, 1, 1),
        name="食品经营许可",
        department=office.unit_a,
        imported_at=AT,
    )
    return made


@pytest.fixture
def load(office: make.Office, item: Item) -> Load:
    """Return `load(times, level=5, on=…, **changes)`: ratings of one window and item, taken in as the office does."""

    def rated(times: int, level: int = 5, on: date = date(2023, 5, 4), **changes: Any) -> None:
        values: dict[str, Any] = {
            "case_id": None, "rated_at": datetime(on.year, on.month, on.day, 9, tzinfo=CHINA), "level": level,
            "channel": Channel.QR_CODE, "reasons": (), "text": "", "is_anonymous": True, "may_publish": False,
            "item_id": item.pk, "item_code": item.code, "item_name": "食品经营许可",
            "department_id": office.unit_a.pk, "window_id": office.window_a1.pk, "town_id": None, **changes,
        }  # fmt: skip
        rows = [crowd.Rated(case_no=f"XC{next(_serial):08}", **values) for _ in range(times)]
        crowd.write(rows)

    return rated


@pytest.fixture
def window_page(office: make.Office, client: Client) -> Callable[..., str]:
    def read(query: str = "") -> str:
        answer = client.get(f"/ratings/public/window/{office.window_a1.pk}/{query}")
        assert answer.status_code == 200
        assert not answer.cookies
        return answer.content.decode()

    return read


def plain(html: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", " ", html))


def test_the_page_counts_levels_and_prints_the_rate_with_two_decimals(
    load: Load, window_page: Callable[..., str]
) -> None:
    load(9988, level=5)
    load(8, level=3, on=date(2022, 6, 1))
    load(16, level=1, on=date(2022, 7, 1))
    load(7, channel=Channel.DEFAULT)
    text = plain(window_page())
    assert "99.84%好评率" in text
    assert "10,012条评价，其中好评9,996条" in text
    assert "2022年6月至2023年5月" in text
    assert "系统默认评价7条" in text
    assert "非常满意9,988" in text
    assert "非常不满意16" in text


def test_whether_fair_counts_as_good_is_the_countys_rule(load: Load, window_page: Callable[..., str]) -> None:
    load(6, level=5)
    load(4, level=3)
    local.set_rule(
        code="ratings.fair_is_good", since=date(2023, 1, 1), value="no", source="省文", by=make.SYSTEM, at=AT
    )
    text = plain(window_page())
    assert "60.00%好评率" in text
    assert "“非常满意”“满意”计为好评" in text


@pytest.mark.parametrize(
    "on, counts, why",
    [
        (date(2022, 5, 31), False, "more than twelve months ago"),
        (date(2022, 6, 1), True, "first day of the first month"),
        (date(2023, 5, 31), True, "last day of the last month that is over"),
        (date(2023, 6, 1), False, "this month: each new one could be watched as it comes"),
    ],
)
def test_only_the_twelve_months_that_are_over_count(
    load: Load, window_page: Callable[..., str], on: date, counts: bool, why: str
) -> None:
    load(5, on=on)
    assert ("5条评价，其中" in plain(window_page())) is counts, why


def test_what_one_customer_chose_cannot_be_watched(load: Load, window_page: Callable[..., str]) -> None:
    load(50)
    before = window_page()
    load(1, level=1, on=TODAY, text="太慢了", may_publish=True)
    queries_of_today = queries.of_window(_window(), TODAY)
    assert queries_of_today.levels == (0, 0, 0, 0, 50)
    assert window_page() == before


def test_a_month_of_four_is_left_out_and_said(load: Load, window_page: Callable[..., str]) -> None:
    load(4, level=1, on=date(2023, 4, 3))
    text = plain(window_page())
    assert "每个月都不足5条评价" in text
    assert "非常不满意" not in text


def test_a_small_month_beside_large_ones_adds_nothing(load: Load, window_page: Callable[..., str]) -> None:
    load(5)
    load(4, level=1, on=date(2023, 4, 3), text="态度不好", may_publish=True)
    text = plain(window_page())
    assert "5条评价，其中好评5条" in text
    assert "有1个这样的月份" in text
    assert "态度不好" not in text


def test_excluded_ratings_do_not_count(load: Load, window_page: Callable[..., str]) -> None:
    load(6)
    load(1, level=1)
    Rating.objects.filter(level=1).update(excluded_at=AT)
    assert "6条评价，其中好评6条" in plain(window_page())


# --- texts -----------------------------------------------------------------------------------------


def test_a_text_shows_its_month_and_no_day_and_hides_its_author(
    load: Load, window_page: Callable[..., str]
) -> None:
    load(5)
    load(1, text="材料一次就收下了", may_publish=True, is_anonymous=False, name="张三丰", phone="13800001234")
    load(1, level=2, text="排队太久", may_publish=True)
    html = window_page()
    text = plain(html)
    assert "2023年5月" in text
    assert "材料一次就收下了" in text
    assert "张**" in text
    assert "匿名用户" in text
    for told in ("张三丰", "13800001234", "2023-05-04", "5月4日", "XC0"):
        assert told not in html
    for code in Rating.objects.values_list("code", flat=True):
        assert code not in html, "a code would lead to the same rating on another page"


@pytest.mark.parametrize(
    "changes",
    [
        {"may_publish": False},
        {"withheld_at": AT, "withheld_by": "某", "withheld_reason": "有他人姓名"},
        {"excluded_at": AT},
    ],
)
def test_a_text_that_may_not_be_published_is_not(
    load: Load, window_page: Callable[..., str], changes: dict[str, Any]
) -> None:
    load(5)
    load(1, text="不要公开这句话", may_publish=True)
    Rating.objects.exclude(text="").update(**changes)
    assert "不要公开这句话" not in window_page()


def test_a_text_withheld_after_the_page_was_kept_goes_at_once(
    load: Load, window_page: Callable[..., str]
) -> None:
    load(5)
    load(1, text="里面有别人的名字", may_publish=True)
    assert "里面有别人的名字" in window_page()
    Rating.objects.exclude(text="").update(withheld_at=AT, withheld_by="某")
    assert "里面有别人的名字" not in window_page()


def test_an_anonymous_text_of_a_day_with_four_stays_away(load: Load, window_page: Callable[..., str]) -> None:
    load(20)
    load(3, on=date(2023, 5, 9))
    load(1, on=date(2023, 5, 9), text="那天只有四个人", may_publish=True)
    load(1, on=date(2023, 5, 10), text="实名说的话", may_publish=True, is_anonymous=False, name="李四")
    html = window_page()
    assert "那天只有四个人" not in html
    assert "实名说的话" in html
    load(1, on=date(2023, 5, 9))
    found = queries.of_window(_window(), TODAY)
    assert "那天只有四个人" in {one.text for one in queries.texts(found.texts)}


def test_on_an_items_page_so_many_must_share_item_window_and_day(
    load: Load, client: Client, item: Item, office: make.Office
) -> None:
    """Else the two pages laid side by side would tell the window of an item's only customer."""
    load(5)
    load(1, window_id=office.window_b1.pk, text="这个窗口只来过一次", may_publish=True)
    load(1, window_id=None, text="省里来的不知窗口", may_publish=True)
    load(1, text="五个人里的一个", may_publish=True)
    html = client.get(f"/ratings/public/item/{item.code}/").content.decode()
    assert "这个窗口只来过一次" not in html
    assert "省里来的不知窗口" not in html
    assert "五个人里的一个" in html
    assert "8条评价" in plain(html)


@pytest.mark.parametrize(
    "said, shown",
    [
        ("我的号是XC20230619000001，等了很久", "我的号是****，等了很久"),
        ("请打 138 0000 1234 找我", "请打 **** 找我"),
        ("身份证11010519491231002X", "身份证****"),
        ("电话８６０４２２３３", "电话****"),
        ("等了2个小时，跑了3次，材料A4纸", "等了2个小时，跑了3次，材料A4纸"),
        ("用 iPhone 14 Pro Max 办的", "用 iPhone 14 Pro Max 办的"),
    ],
)
def test_numbers_that_tell_a_case_or_a_person_are_hidden(said: str, shown: str) -> None:
    assert queries.without_numbers(said) == shown


def test_texts_stand_newest_month_first_and_page(load: Load, window_page: Callable[..., str]) -> None:
    for month in (3, 4, 5):
        load(15, on=date(2023, month, 11), text=f"第{month}月的话", may_publish=True)
    first, last = window_page(), window_page("?page=3")
    assert first.index("2023年5月</h3>") < first.index("2023年4月</h3>")
    assert "第3月的话" not in first
    assert "第3月的话" in last
    assert "共3页" in plain(last)
    for odd in ("?page=0", "?page=x", "?page=99999", "?page=%F0%9F%98%80", "?page=²"):
        assert window_page(odd)


def test_within_a_month_no_order_tells_the_day(load: Load) -> None:
    for day in range(1, 21):
        load(6, on=date(2023, 5, day), text="话", may_publish=True)
    window = _window()
    found = queries.of_window(window, TODAY).texts
    assert list(found) == sorted(found)


def test_a_script_in_a_text_is_text(load: Load, window_page: Callable[..., str]) -> None:
    load(5)
    load(1, text="<script>alert(1)</script>", may_publish=True)
    assert "<script>alert" not in window_page()


# --- choosing, and the page itself -----------------------------------------------------------------


def test_a_window_or_an_item_is_chosen_by_search(client: Client, item: Item, office: make.Office) -> None:
    whole = client.get("/ratings/public/").content.decode()
    assert office.window_a1.name in whole
    found = client.get("/ratings/public/?q=食品").content.decode()
    assert f"/ratings/public/item/{item.code}/" in found
    assert office.window_a1.name not in found
    assert "至少写两个字" in client.get("/ratings/public/?q=不").content.decode()
    assert "没有名称含" in client.get("/ratings/public/?q=不存在的窗口").content.decode()
    assert client.get("/ratings/public/?q=%00<b>").status_code == 200


@pytest.mark.parametrize("address", ["window/999999/", "item/none/", "item/%00/"])
def test_what_is_not_there_says_so(client: Client, db: None, address: str) -> None:
    answer = client.get(f"/ratings/public/{address}")
    assert answer.status_code == 404
    assert "重新查找" in answer.content.decode()


def test_where_the_province_collects_the_page_still_reads_and_says_where_to_rate(
    load: Load, window_page: Callable[..., str]
) -> None:
    load(6)
    local.set_rule(
        code="ratings.local_pages", since=date(2023, 1, 1), value="off", source="省文", by=make.SYSTEM, at=AT
    )
    html = window_page()
    assert "100.00%" in html
    assert "浙里办" in html
    assert "二维码" not in html


def test_large_type_needs_no_cookie_and_stays_in_the_links(window_page: Callable[..., str]) -> None:
    html = window_page("?type=large")
    assert re.search(r'<html[^>]*class="[^"]*type-large', html)
    assert 'href="/ratings/public/?type=large"' in html


def test_a_page_read_again_counts_nothing_again(load: Load, window_page: Callable[..., str]) -> None:
    load(5)
    window_page()
    with CaptureQueriesContext(
        connection,
    ) as second:
        window_page()
    assert not [q for q in second if "COUNT(*)" in q["sql"] and "ratings_rating" in q["sql"]]
    assert len(second) <= 8


def test_the_counts_come_by_an_index_of_their_own(load: Load, item: Item, office: make.Office) -> None:
    load(30)
    for rows in (Rating.objects.filter(window=office.window_a1.pk), Rating.objects.filter(item=item.pk)):
        with CaptureQueriesContext(connection) as asked:
            queries._published(rows, TODAY, by_window=True)
        sql = next(q["sql"] for q in asked if "COUNT(*)" in q["sql"])
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(str(row[-1]) for row in cursor.fetchall())
            assert "_counts" in plan
