"""Canonical JSON: one value, one string of bytes, so that a hash over it can be re-made by anyone.

Rules (specs: xinfu-draw/1, xinfu-journal/1): UTF-8, keys sorted by Unicode code point, no white space, string
escapes as in RFC 8785, integers only. Floats, exponents, repeated keys and lone surrogates are refused.
"""

import json
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


class CanonError(ValueError):
    """A value or text that has no canonical form; the message is one Chinese sentence."""


def canon(value: object) -> bytes:
    """Return the canonical bytes of None, bool, int, str, lists or tuples, and mappings with text keys.

    Raises CanonError for anything else: floats, other types, keys that are not text, lone surrogates.
    """
    try:
        plain = _plain(value)
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()
    except CanonError:
        raise
    except RecursionError:
        raise CanonError("内容嵌套过深") from None
    except UnicodeEncodeError:
        raise CanonError("文字中含有不完整的字符（孤立代理项）") from None
    except ValueError:
        raise CanonError("整数过长") from None


def parse(data: bytes | str) -> Json:
    """Return the value of a JSON text that could have a canonical form; white space and key order are free.

    Raises CanonError with the reason: not UTF-8, not JSON, a float, a repeated key, a lone surrogate.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        value: Json = json.loads(
            text, parse_float=_refuse_float, parse_constant=_refuse_float, object_pairs_hook=_object
        )
        canon(value)
    except CanonError:
        raise
    except UnicodeDecodeError as error:
        raise CanonError(f"不是 UTF-8 文本（第 {error.start + 1} 个字节）") from None
    except json.JSONDecodeError as error:
        raise CanonError(f"不是 JSON 文本（第 {error.lineno} 行第 {error.colno} 列）") from None
    except RecursionError:
        raise CanonError("内容嵌套过深") from None
    except ValueError:
        raise CanonError("整数过长") from None
    return value


def parse_canonical(data: bytes) -> Json:
    """Return the value of bytes that are exactly its canonical form; raises CanonError where they are not."""
    value = parse(data)
    if canon(value) != data:
        raise CanonError("不是规范化的 JSON")
    return value


def _plain(value: object) -> Json:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    raise CanonError(f"规范化 JSON 不接受这种类型：{type(value).__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise CanonError(f"键必须是文字，不能是 {type(key).__name__}")
    return key


def _refuse_float(token: str) -> NoReturn:
    raise CanonError(f"只接受整数，不接受 {token[:40]}")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    record = dict(pairs)
    if len(record) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise CanonError(f"键重复：{twice[:40]}")
    return record
