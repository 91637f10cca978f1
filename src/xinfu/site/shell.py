"""What every page's frame needs: navigation, search box, display modes, the person's own links."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from xinfu.core import clock, registry
from xinfu.core.actor import ANONYMOUS, Actor, Kind
from xinfu.core.ui import text, views

GROUPS = ("工作台", "办件", "评价", "事项", "指标", "公文", "报告", "机构人员", "系统")
COOKIE_DAYS = 365
TYPE, CONTRAST, KEYS = "xinfu_type", "xinfu_contrast", "xinfu_keys"


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a menu."""

    label: str
    url: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One subject of the navigation."""

    label: str
    items: list[Link]


@dataclass(frozen=True)
class Shell:
    """The frame of one page for one person."""

    actor: Actor
    path: str
    q: str
    help: str
    is_large: bool
    is_high: bool
    keys: bool
    now: datetime
    county: str = settings.COUNTY
    office: str = settings.OFFICE
    idle_minutes: int = settings.IDLE_MINUTES
    request: HttpRequest | None = field(default=None, repr=False)

    @property
    def is_known(self) -> bool:
        return self.actor.kind != Kind.ANONYMOUS

    @property
    def css(self) -> str:
        modes = (("type-large", self.is_large), ("contrast-high", self.is_high))
        return " ".join(name for name, on in modes if on)

    @property
    def demo(self) -> str:
        """Return the line that tells a demonstration from the office's own records; nothing elsewhere."""
        if settings.DEMO_DAY:
            return f"演示：记录均为编造，日期按{text.day_cn(settings.DEMO_DAY)}显示。"
        return "演示：记录均为编造。" if settings.DEMO else ""

    @cached_property
    def groups(self) -> list[Group]:
        return navigation(self.actor, self.path) if self.is_known else []

    @property
    def pins(self) -> list[views.Shown]:
        """Return the views that the reader pinned to the rail."""
        return views.pinned(views.of_request(self.request)) if self.request and self.is_known else []

    @property
    def own(self) -> list[Link]:
        wanted = (
            ("下载中心", "site:downloads"),
            ("批量办理", "site:bulk_runs"),
            ("常用语", "site:phrases"),
            ("修改密码", "people:password"),
            ("登录记录", "people:own_logins"),
        )
        return [Link(label, url) for label, name in wanted if (url := address(name))]

    @property
    def login(self) -> str:
        return address(settings.LOGIN_URL)

    @property
    def logout(self) -> str:
        return address("people:logout")

    @property
    def version(self) -> str:
        return version_of_house()


@cache
def version_of_house() -> str:
    try:
        return version("xinfu")
    except PackageNotFoundError:
        return "0.1.0"


@cache
def address(name: str) -> str:
    """Return the address of a named screen, or nothing where this installation leaves its app out."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def navigation(actor: Actor, path: str) -> list[Group]:
    """Return the subjects that the actor may open, in the office's order; the longest matching entry is here."""
    allowed = [
        (item, url)
        for item in sorted(registry.navigation, key=lambda i: i.order)
        if (item.permission == "signed_in" or actor.may(item.permission)) and (url := address(item.url_name))
    ]
    here = max((url for _, url in allowed if _is_under(path, url)), key=len, default="")
    names = [*GROUPS, *sorted({item.group for item, _ in allowed} - set(GROUPS))]
    found = [
        Group(name, [Link(i.label, url, url == here) for i, url in allowed if i.group == name])
        for name in names
    ]
    return [group for group in found if group.items]


def _is_under(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


def context(request: HttpRequest) -> dict[str, Any]:
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    account = getattr(request, "account", None)
    match = request.resolver_match
    by_account = "large" if account and account.large_type else "normal"
    shell = Shell(
        actor=actor,
        path=request.path,
        q=request.GET.get("q", "") if match and match.view_name == "site:search" else "",
        help=(match.view_name if match else "").replace(":", "-"),
        is_large=request.COOKIES.get(TYPE, by_account) == "large",
        is_high=request.COOKIES.get(CONTRAST) == "high",
        keys=request.COOKIES.get(KEYS) != "off",
        now=clock.now(),
        request=request,
    )
    return {"actor": actor, "shell": shell}
