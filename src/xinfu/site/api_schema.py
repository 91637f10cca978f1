"""What the description of the API says of every operation: how it is opened, and how each kind of no reads."""

from __future__ import annotations

from typing import Any

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457；detail 与页面上给人看的是同一句话，code 不随文字改变",
    "required": ["type", "title", "status", "detail", "code", "request"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request": {"type": "string", "description": "报给管理员即可查到日志"},
        "field": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
OFTEN = {
    "400": "内容读不出来",
    "401": "没有登录，或令牌无效",
    "403": "没有权限",
    "404": "没有找到，或无权查看",
    "409": "情况不允许",
    "422": "填写需要修改",
    "429": "请求得太频繁",
}
WRITING = {"413": "内容超过上限"}
METHODS = {"get", "post", "put", "patch", "delete"}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description with the ways in and the problems that every operation may answer with."""
    parts = schema.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "系统的接口令牌"},
        "session": {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "人员的登录状态"},
    }
    schema["security"] = [{"token": []}, {"session": []}]
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            if method in METHODS:
                _answers(operation, OFTEN if method == "get" else OFTEN | WRITING)
    return schema


def _answers(operation: dict[str, Any], words: dict[str, str]) -> None:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, word in words.items():
        operation["responses"].setdefault(status, {"description": word, "content": content})
    if operation.get("responses"):
        operation["responses"] = {str(k): v for k, v in operation["responses"].items()}
