"""The one API at /api/v1/: tokens or sessions, problem+json, documents behind the log-in."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.utils import check_csrf

from xinfu.core.access import signed_in as signed_in_view
from xinfu.core.actor import Actor, Kind
from xinfu.core.api import signed_in
from xinfu.core.refusal import Forbidden, Refused
from xinfu.people.session import actor_of
from xinfu.site import errors
from xinfu.site.api_schema import described
from xinfu.site.shell import version_of_house

MOUNTED = (
    ("cases", "cases"),
    ("items", "catalog"),
    ("indicators", "indicators"),
    ("papers", "papers"),
    ("ratings", "ratings"),
    ("assignments", "assignments"),
)
SAFE = ("GET", "HEAD", "OPTIONS")


def is_there(module: str, app: str) -> bool:
    """Tell whether an app is installed and has the module (a bare folder is none)."""
    found = find_spec(module) if apps.is_installed(f"xinfu.{app}") else None
    return found is not None and found.origin is not None


def _pass(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def known(request: HttpRequest) -> Actor | None:
    """Return who calls: a system by its token, or a person by the session (then with the CSRF token)."""
    actor = actor_of(request)
    if actor.kind == Kind.ANONYMOUS:
        return None
    if actor.kind != Kind.TOKEN and request.method not in SAFE and check_csrf(request, _pass) is not None:
        raise Forbidden("用登录状态调用接口时须带防伪令牌（X-CSRFToken），或改用接口令牌。")
    return actor


class HouseAPI(NinjaAPI):
    """The API with what its description says of every operation."""

    def get_openapi_schema(self, **wanted: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**wanted)
        described(schema)
        return schema


api = HouseAPI(
    title="馨服接口",
    version=version_of_house(),
    description=(
        "系统用接口令牌（Authorization: Bearer …），人员用登录状态。错误一律为 application/problem+json。"
        "POST 可带 Idempotency-Key：同一键重复提交得到同一应答。列表用 cursor 翻页。"
    ),
    urls_namespace="api",
    auth=known,
    docs_decorator=signed_in_view,
)


class Me(Schema):
    """Who calls, and what the caller may do."""

    kind: str
    name: str
    unit: str
    permissions: list[str]


@api.get("/me", response=Me, summary="我是谁，能做什么", tags=["接口"])
@signed_in
def me(request: HttpRequest) -> dict[str, Any]:
    actor = actor_of(request)
    return {
        "kind": str(actor.kind),
        "name": actor.name,
        "unit": actor.unit_name,
        "permissions": sorted(actor.scopes),
    }


for _prefix, _app in MOUNTED:
    if is_there(f"xinfu.{_app}.api", _app):
        api.add_router(f"/{_prefix}", import_module(f"xinfu.{_app}.api").router)
if is_there("xinfu.indicators.proposals_api", "indicators"):
    api.add_router("/proposals", import_module("xinfu.indicators.proposals_api").router)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    more = {"field": refused.field} if refused.field else {}
    return errors.problem(errors.status_of(refused), refused.code, refused.reason, **more)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, fault: AuthenticationError) -> HttpResponse:
    answer = errors.problem(401, "unauthenticated", "请带上有效的接口令牌，或先登录。")
    answer["WWW-Authenticate"] = 'Bearer realm="xinfu"'
    return answer


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, fault: ValidationError) -> HttpResponse:
    """Name each wrong field by its place in the request; never repeat a value, it may be personal."""
    wrong = [{"field": ".".join(str(p) for p in e["loc"]), "detail": _chinese(e)} for e in fault.errors]
    said = "；".join(f"{e['field']}：{e['detail']}" for e in wrong[:5])
    return errors.problem(422, "invalid", f"有 {len(wrong)} 处需要修改：{said}。", errors=wrong[:100])


PYDANTIC = {
    "missing": "缺少",
    "string_type": "应为文本",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_type": "应为真或假",
    "bool_parsing": "应为真或假",
    "date_parsing": "应为日期，如 2026-11-24",
    "date_from_datetime_parsing": "应为日期，如 2026-11-24",
    "datetime_parsing": "应为时间，如 2026-11-24T14:02:00+08:00",
    "datetime_from_date_parsing": "应为时间，如 2026-11-24T14:02:00+08:00",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_attributes_type": "应为对象",
    "extra_forbidden": "没有这个字段",
    "json_invalid": "不是正确的 JSON",
    "string_too_long": "过长",
    "string_too_short": "过短",
    "too_long": "条数过多",
    "too_short": "条数过少",
    "greater_than_equal": "过小",
    "less_than_equal": "过大",
    "literal_error": "不是允许的值",
    "enum": "不是允许的值",
}


def _chinese(fault: dict[str, Any]) -> str:
    return PYDANTIC.get(str(fault.get("type", "")), "填写不符合要求")


@api.exception_handler(Http404)
def _missing(request: HttpRequest, fault: Http404) -> HttpResponse:
    return errors.problem(404, "not_found", errors.SAID[404].sentence)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, fault: HttpError) -> HttpResponse:
    status = fault.status_code
    sentence = errors.SAID[status].sentence if status in errors.SAID else errors.SAID[400].sentence
    return errors.problem(status, f"http_{status}", sentence)
