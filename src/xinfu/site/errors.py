"""Error pages in Chinese: what is wrong, what to do, and the code that finds the log line (c6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string

from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.site.logs import request_id

PROBLEM = "application/problem+json"
ASIDE = {
    "csrfmiddlewaretoken",
    "_once",
    "password",
    "old_password",
    "new_password",
    "new_password1",
    "new_password2",
}


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one kind of error."""

    title: str
    sentence: str


SAID = {
    400: Said("请求有误", "发来的内容读不出来。请返回上一页，刷新后再试。"),
    401: Said("请先登录", "请登录后再打开这一页。"),
    403: Said("没有权限", "您的角色没有这项权限，如需办理请联系本单位管理员。"),
    404: Said("没有找到", "没有找到这一页，或者无权查看。请核对地址，或从首页进入。"),
    405: Said("不能这样打开", "这个地址不接受这种操作。请从页面上的按钮进入。"),
    409: Said("没有办成", "情况已经变化，请刷新后再看。"),
    413: Said("内容过大", "上传的内容超过上限，请拆分后再传。"),
    422: Said("需要修改", "填写的内容需要修改。"),
    429: Said("操作太频繁", "请一分钟后再试。"),
    500: Said("系统暂时出错", "内容已保留。请稍后重试；若仍不行，请把下面的编号告知管理员。"),
}


def status_of(refused: Refused) -> int:
    """Return the status of a refusal: 404, 403, 422 where a field is wrong, else 409."""
    if isinstance(refused, NotFound):
        return 404
    return 403 if isinstance(refused, Forbidden) else 422 if refused.field else 409


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """Return problem+json (RFC 9457) with a stable code and the same sentence that a person would read."""
    body = {
        "type": "about:blank",
        "title": SAID[status].title if status in SAID else detail,
        "status": status,
    }
    body |= {"detail": detail, "code": code, "request": request_id.get(), **more}
    return JsonResponse(body, status=status, content_type=PROBLEM, json_dumps_params={"ensure_ascii": False})


def page(request: HttpRequest, status: int, sentence: str = "", code: str = "") -> HttpResponse:
    """Return the page of an error, or problem+json for the API."""
    said = SAID.get(status, SAID[400])
    if is_api(request):
        return problem(status, code or f"http_{status}", sentence or said.sentence)
    context = {
        "status": status,
        "said": said,
        "sentence": sentence or said.sentence,
        "code": request_id.get(),
    }
    return render(request, "site/error.html", context, status=status)


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Return the page of a refusal that no screen caught."""
    return page(request, status_of(refused), refused.reason, refused.code)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    name = type(exception).__name__ if exception else ""
    return page(request, 413 if name in ("RequestDataTooBig", "TooManyFilesSent") else 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """Return the page of our own fault; it asks nothing of the database, which may be what broke."""
    if is_api(request):
        return problem(500, "broken", SAID[500].sentence)
    context = {"code": request_id.get(), "said": SAID[500]}
    return HttpResponse(render_to_string("site/broken.html", context), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show what was typed again, to be sent with one more press: an old page is no reason to lose work (F11)."""
    if is_api(request):
        return problem(403, "csrf", "缺少防伪令牌，请改用接口令牌。")
    values = _kept(request.POST)
    files = sorted(file.name or "" for name in request.FILES for file in request.FILES.getlist(name))
    context = {"values": values, "files": files, "address": request.get_full_path()}
    return render(request, "site/csrf.html", context, status=403)


def _kept(posted: QueryDict) -> list[tuple[str, str, bool]]:
    """Return the values of a form that may be shown again, and whether each is long."""
    return [
        (name, value, "\n" in value or len(value) > 60)
        for name in posted
        if name not in ASIDE and "password" not in name
        for value in posted.getlist(name)
    ]
