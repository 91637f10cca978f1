"""Canonical JSON: one value has one string of bytes, and what has none is refused."""

import enum
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.lib.canon import CanonError, canon, parse, parse_canonical

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=20,
)


class Kind(enum.StrEnum):
    DRAW = "draw"


class Level(enum.IntEnum):
    TOP = 3


@pytest.mark.parametrize(
    "value, data, why",
    [
        (
            {"b": 1, "a": [True, None, "甲"]},
            '{"a":[true,null,"甲"],"b":1}',
            "keys sorted, no white space, UTF-8",
        ),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\ufb33":2,"\U0001f600":1}', "code points, not UTF-16 units"),
        (
            '\b\t\n\f\r"\\/\x00\x1f\x7f\u2028',
            '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\x7f\u2028"',
            "RFC 8785 escapes",
        ),
        ((1, -5, 2**64), "[1,-5,18446744073709551616]", "tuples are lists, integers of any size"),
        ({Kind.DRAW: [Kind.DRAW, Level.TOP]}, '{"draw":["draw",3]}', "members of enums are their values"),
        ({}, "{}", "nothing"),
    ],
)
def test_a_value_has_exactly_these_bytes(value, data, why):
    assert canon(value) == data.encode(), why


@pytest.mark.parametrize(
    "value, reason",
    [
        (1.0, "float"),
        ({"a": [float("nan")]}, "float"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        ({1: "a"}, "键必须是文字"),
        ("\ud800", "孤立代理项"),
        ({"\udc00": 1}, "孤立代理项"),
    ],
)
def test_a_value_without_a_canonical_form_is_refused(value, reason):
    with pytest.raises(CanonError, match=reason):
        canon(value)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"1.0", "只接受整数"),
        (b"1e3", "只接受整数"),
        (b'{"a":NaN}', "只接受整数"),
        (b"[Infinity]", "只接受整数"),
        (b'{"a":1,"b":2,"a":1}', "键重复：a"),
        (b'"\\ud800"', "孤立代理项"),
        (b'"\xff"', "UTF-8"),
        (b"\xef\xbb\xbf1", "JSON"),
        (b"[1,]", "第 1 行第"),
        (b"1 2", "JSON"),
        (b"", "JSON"),
        ("[1.5]", "只接受整数"),
    ],
)
def test_a_text_without_a_canonical_form_is_refused(data, reason):
    with pytest.raises(CanonError, match=reason):
        parse(data)


def test_what_is_nested_too_deeply_is_refused():
    value = []
    for _ in range(200_000):
        value = [value]
    with pytest.raises(CanonError, match="嵌套过深"):
        canon(value)
    with pytest.raises(CanonError, match="嵌套过深"):
        parse(b"[" * 200_000)


def test_an_integer_of_thousands_of_digits_is_refused():
    with pytest.raises(CanonError, match="整数过长"):
        canon(10**5000)
    with pytest.raises(CanonError, match="整数过长"):
        parse(b"9" * 5000)


def test_reading_is_free_in_white_space_and_order_unless_canonical_bytes_are_asked_for():
    assert parse(b'{ "b": 1,\n "a": "\\u7532" }') == {"a": "甲", "b": 1}
    assert parse_canonical('{"a":"甲","b":1}'.encode()) == {"a": "甲", "b": 1}
    for data in (b'{"b":1,"a":2}', b'{"a": 1}', b'"\\u7532"', b"-0", b'"\\/"'):
        with pytest.raises(CanonError, match="规范化"):
            parse_canonical(data)


@given(values)
def test_what_is_written_is_read_back_and_has_one_form(value):
    data = canon(value)
    assert parse_canonical(data) == value == json.loads(data)
    assert canon(parse(json.dumps(value, indent=1))) == data
