"""How often one caller may ask within a minute: a system, an account, a stranger's address. Whoever asks more waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from xinfu.core import county, local, once, tries
from xinfu.core.actor import Kind
from xinfu.core.permissions import Can
from xinfu.people.session import actor_of, address_of
from xinfu.site import errors
from xinfu.site.middleware import Respond

MINUTE = timedelta(minutes=1)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_HERE = ("/ratings/r/", "/ratings/tablet/")
"""The rating form has an hourly limit of its own; a hall's tablets share one address, and unpaired ones do nothing."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A local number of requests a minute, and what is said past it."""

    code: str
    title: str
    default: int
    source: str
    said: str


SYSTEM = Limit(
    "site.system_a_minute",
    "一个接口令牌一分钟内最多请求接口",
    600,
    "默认值：平均每秒十次；大量办件用批量接口",
    "接口请求太频繁：一个接口令牌一分钟最多{most}次，请一分钟后再试。",
)
KEYLESS = Limit(
    "site.keyless_a_minute",
    "没有有效令牌、未登录的，同一网络地址一分钟内最多请求接口",
    60,
    "默认值：没有有效令牌的请求只会被拒绝",
    "接口请求太频繁：没有有效令牌的，同一网络地址一分钟最多{most}次，请一分钟后带上有效的接口令牌再试。",
)
ACCOUNT = Limit(
    "site.account_a_minute",
    "同一账号一分钟内最多提交（含上传、导出）",
    120,
    "默认值：手工办理达不到每秒两次",
    "提交得太频繁：同一账号一分钟最多{most}次，请一分钟后返回上一页再提交。",
)
STRANGER = Limit(
    "site.stranger_a_minute",
    "未登录的，同一网络地址一分钟内最多提交（含登录，不含评价）",
    300,
    "默认值：早上几十人从同一网络地址登录，一次登录提交两回",
    "提交得太频繁：未登录的，同一网络地址一分钟最多{most}次，请一分钟后返回上一页再提交。",
)
for _limit in (SYSTEM, KEYLESS, ACCOUNT, STRANGER):
    local.declare(
        _limit.code,
        title=_limit.title,
        default=_limit.default,
        unit="次",
        source=_limit.source,
        check=local.whole(10, 100000),
        permission=Can.SET_LOCAL_RULES,
    )


class Limits:
    """Answer 429 to whoever asked more than the county's number within a minute, before anything else is done.

    Stands outside the guard of the API's GETs: it counts by writing.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        counted = _counted(request)
        refused = _refused(request, *counted) if counted is not None else None
        return refused if refused is not None else self.get_response(request)


def _counted(request: HttpRequest) -> tuple[Limit, str] | None:
    """Return which limit a request counts for, and as whose; None where it is not counted.

    Forms go by the session's account: to ask who acts would fix the answer before the log-in form has logged in.
    """
    is_sent = request.method not in SAFE
    if errors.is_api(request):
        kind = actor_of(request).kind
        if kind == Kind.TOKEN:
            return SYSTEM, actor_of(request).key
        if kind == Kind.ANONYMOUS:
            return KEYLESS, address_of(request)
    elif request.path.startswith(NOT_HERE):
        return None
    if not is_sent:
        return None
    account = request.session.get(SESSION_KEY)
    return (ACCOUNT, str(account)) if account else (STRANGER, address_of(request))


def _refused(request: HttpRequest, limit: Limit, who: str) -> HttpResponse | None:
    """Count the request; return the refusal where it is one too many."""
    at = timezone.now()  # noqa: TID251 -- locks live in real time, as in middleware.py
    (many,) = tries.count([f"{limit.code} {who}"], at=at, within=MINUTE)
    most = _most(limit, at)
    if many <= most:
        return None
    answer = errors.page(request, 429, limit.said.format(most=most), "too_many_requests")
    answer["Retry-After"] = "60"
    return answer


def _most(limit: Limit, at: datetime) -> int:
    """Return the county's number, from what the process read in the last two seconds."""
    with once.per_request():
        county.keep_recent()
        return int(local.on(limit.code, timezone.localdate(at)).value)
