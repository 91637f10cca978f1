"""The rules of people and log-in, as tables with the reason of each row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.people import rules
from xinfu.people.rules import Count

AT = datetime(2023, 5, 18, 1, 0, tzinfo=UTC)
bodies = st.tuples(
    st.text(rules.USCC_LETTERS, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(rules.USCC_LETTERS, min_size=9, max_size=9),
).map("".join)


@pytest.mark.parametrize(
    "code, fault, why",
    [
        ("91350100M000100Y43", None, "the example of the standard's own tables"),
        ("91350100M000100Y4", "18位", "one too short"),
        ("91350100M000100Y433", "18位", "one too long"),
        ("91350100M000100Y44", "校验位", "another check character"),
        ("91350100O000100Y43", "“O”", "O is never used, it looks like 0"),
        ("9135O100M000100Y43", "“O”", "nor in the division code"),
        ("91A50100M000100Y43", "第3至8位", "the division code is digits"),
    ],
)
def test_a_credit_code_is_checked(code: str, fault: str | None, why: str) -> None:
    found = rules.uscc_fault(code)
    assert (found is None) if fault is None else (found is not None and fault in found), why


@given(bodies)
def test_every_body_has_one_check_character_that_fits(body: str) -> None:
    fitting = [c for c in rules.USCC_LETTERS if rules.uscc_fault(body + c) is None]
    assert fitting == [rules.uscc_check(body)]


@given(bodies, st.integers(8, 17), st.sampled_from(rules.USCC_LETTERS))
def test_one_wrong_character_is_always_found(body: str, place: int, other: str) -> None:
    code = body + rules.uscc_check(body)
    changed = code[:place] + other + code[place + 1 :]
    assert (rules.uscc_fault(changed) is None) == (changed == code)


@given(bodies, st.integers(8, 16))
def test_two_neighbours_swapped_are_always_found(body: str, place: int) -> None:
    code = body + rules.uscc_check(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert (rules.uscc_fault(swapped) is None) == (swapped == code)


@pytest.mark.parametrize(
    "failures, since, limit, locked, why",
    [
        (0, None, 5, False, "the first failure"),
        (3, AT, 5, False, "the fourth of five"),
        (4, AT, 5, True, "the fifth locks"),
        (4, AT - timedelta(minutes=15), 5, False, "a quarter of an hour later counting starts anew"),
        (4, AT - timedelta(minutes=14, seconds=59), 5, True, "a second before that it still counts"),
        (0, None, 1, True, "with a limit of one the first locks"),
    ],
)
def test_failures_lock_at_the_limit_within_the_time(
    failures: int, since: datetime | None, limit: int, locked: bool, why: str
) -> None:
    after = rules.after_failure(Count(failures, since), AT, limit=limit, minutes=15)
    assert after.is_locked(AT) == locked, why
    if locked:
        assert after.locked_until == AT + timedelta(minutes=15)


def test_a_lock_ends_at_its_very_moment_and_counting_starts_anew() -> None:
    locked = Count(5, AT, AT + timedelta(minutes=15))
    end = AT + timedelta(minutes=15)
    assert locked.is_locked(end - timedelta(microseconds=1))
    assert not locked.is_locked(end)
    assert rules.after_failure(locked, end, limit=5, minutes=15).failures == 1


@pytest.mark.parametrize(
    "address, key, why",
    [
        ("10.1.2.3", "10.1.2.3", "an address stands for itself"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "a household changes its IPv6 address at will"),
        ("::ffff:10.1.2.3", "10.1.2.3", "an IPv4 address in the clothes of IPv6"),
        ("", "unknown", "a socket without an address"),
        ("nonsense", "unknown", "a forged header"),
    ],
)
def test_addresses_are_counted_under_one_key(address: str, key: str, why: str) -> None:
    assert rules.address_key(address) == key, why


@pytest.mark.parametrize(
    "peer, forwarded, proxies, client, why",
    [
        ("9.9.9.9", "1.1.1.1", (), "9.9.9.9", "a forwarded header of a stranger is not believed"),
        ("10.0.0.1", "1.1.1.1", ("10.0.0.1",), "1.1.1.1", "our proxy names the client"),
        (
            "10.0.0.1",
            "6.6.6.6, 1.1.1.1",
            ("10.0.0.1",),
            "1.1.1.1",
            "what stands before was sent by the client",
        ),
        ("10.0.0.1", "1.1.1.1, 10.0.0.2", ("10.0.0.1", "10.0.0.2"), "1.1.1.1", "two proxies of ours"),
        ("10.0.0.1", "", ("10.0.0.1",), "10.0.0.1", "the proxy itself asks"),
    ],
)
def test_the_client_is_the_last_address_that_no_proxy_of_ours_has(
    peer: str, forwarded: str, proxies: tuple[str, ...], client: str, why: str
) -> None:
    assert rules.client_address(peer, forwarded, frozenset(proxies)) == client, why


@pytest.mark.parametrize(
    "password, faults, why",
    [
        ("Abcdefgh12", 0, "ten places, three kinds"),
        ("Abcdefg12", 1, "nine places"),
        ("abcdefgh12", 1, "two kinds"),
        ("abc", 2, "short and plain"),
        ("Wang-hua-2023", 1, "the account's name is in it"),
        ("密码Abcdefgh12", 0, "Chinese characters are one more kind"),
    ],
)
def test_passwords_are_measured_by_the_local_numbers(password: str, faults: int, why: str) -> None:
    assert len(rules.password_faults(password, username="hua", length=10, kinds=3)) == faults, why


@pytest.mark.parametrize("days, old", [(90, False), (91, True)])
def test_a_password_is_good_through_its_last_day(days: int, old: bool) -> None:
    assert rules.is_too_old(AT - timedelta(days=days), AT, 90) == old
    assert rules.is_too_old(None, AT, 90)


@pytest.mark.parametrize(
    "text, cleaned", [(" Ｗａｎｇ．Hua ", "wang.hua"), ("LI_na", "li_na"), ("a b", "ab")]
)
def test_a_pasted_account_name_is_cleaned(text: str, cleaned: str) -> None:
    assert rules.clean_username(text) == cleaned
    assert (rules.username_fault(cleaned) is None) == (len(cleaned) >= 3)


@pytest.mark.parametrize(
    "phone, fault",
    [
        ("13900001234", None),
        ("0575-86021234", None),
        ("１３９ ００００ １２３４", None),
        ("1390000123", "11位数字，现在是10位"),
        ("8602", "7至12位"),
        ("86021234转8", "只能有数字"),
    ],
)
def test_a_phone_is_eleven_digits_or_a_fixed_line(phone: str, fault: str | None) -> None:
    found = rules.phone_fault(rules.clean_phone(phone))
    assert (found is None) if fault is None else (found is not None and fault in found)


@pytest.mark.parametrize("name", ["𬱟", "㛃", "䶮", "𠅤", "𠮷野家"])
def test_rare_characters_survive_cleaning(name: str) -> None:
    assert rules.clean_name(f"　{name} ") == name


@pytest.mark.parametrize(
    "parents, known, closed, bad, why",
    [
        ({"B": "A"}, {"A": ""}, (), {}, "under a unit that is there"),
        ({"C": "B", "B": "A", "A": ""}, {}, (), {}, "the parent may come later in the list"),
        ({"B": "X"}, {}, (), {"B"}, "no such parent"),
        ({"C": "B", "B": "X"}, {}, (), {"B", "C"}, "under a bad one is bad too"),
        ({"A": "B", "B": "A"}, {}, (), {"A", "B"}, "a circle"),
        ({"A": "A"}, {}, (), {"A"}, "its own parent"),
        ({"A": "C"}, {"A": "", "B": "A", "C": "B"}, (), {"A"}, "moving under one's own subtree"),
        ({"B": "A"}, {"A": ""}, ("A",), {"B"}, "under a closed unit"),
        ({"A": ""}, {"A": ""}, ("A",), {"A"}, "a closed unit itself"),
        ({str(n): str(n - 1) if n else "" for n in range(9)}, {}, (), {"8"}, "the ninth level"),
    ],
)
def test_a_list_of_units_must_hang_together(
    parents: dict[str, str], known: dict[str, str], closed: tuple[str, ...], bad: set[str], why: str
) -> None:
    assert set(rules.tree_faults(parents, known, closed)) == set(bad), why


@pytest.mark.parametrize(
    "agent, words",
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/90.0 Safari/537.36", "Windows · Chrome"),
        ("Mozilla/5.0 (Linux; Android 9) Chrome/66 MicroMessenger/7.0", "安卓 · 微信"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/110 Edg/110", "Linux · Edge"),
        ("curl/8", "未知设备"),
    ],
)
def test_a_device_is_named_so_that_its_owner_knows_it(agent: str, words: str) -> None:
    assert rules.device(agent) == words


def test_days_in_the_wrong_order_are_named() -> None:
    assert rules.days_fault(date(2023, 5, 2), date(2023, 5, 1))
    assert rules.days_fault(date(2023, 5, 2), date(2023, 5, 2)) is None
    assert rules.days_fault(date(2023, 5, 2), None) is None
