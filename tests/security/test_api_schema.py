"""The committed description of the API is tried with made-up requests, good and bad, at every operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, get_args

import hypothesis
import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from ninja import Schema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests import make
from xinfu.core.access import Role, permissions_of
from xinfu.people.models import ApiToken
from xinfu.site.api import api

SECRET = "s" * 40
DESCRIPTION = json.loads((settings.ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
schema = schemathesis.openapi.from_dict(DESCRIPTION)
schema.app = get_wsgi_application()
HELD = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]


@pytest.fixture
def token(db: None) -> ApiToken:
    """A system that may do whatever a system may be granted, in a county with units, items and cases."""
    make.office()
    return ApiToken.objects.create(
        name="试探",
        digest=hashlib.sha256(SECRET.encode()).digest(),
        scopes=sorted(permissions_of(Role.SYSTEM_TOKEN)),
        made_at=timezone.now(),
        made_by="测试",
    )


@pytest.fixture(autouse=True)
def _requests_share_the_tests_connection() -> Iterator[None]:
    """The whole application is asked: its requests must not close the connection that holds the test's rows."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@hypothesis.settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
def test_whatever_a_system_sends_is_answered_as_described(case: Any, token: ApiToken) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {SECRET}"}, checks=HELD)


def test_two_operations_never_describe_different_things_by_one_name() -> None:
    """A name used twice would silently describe one of them by the other's fields."""
    named: dict[str, set[str]] = {}
    for router in api._get_bound_routers():
        for path in router.path_operations.values():
            for operation in path.operations:
                for kind in _schemas(operation):
                    named.setdefault(kind.__name__, set()).add(kind.__module__)
    assert {name: sorted(places) for name, places in named.items() if len(places) > 1} == {}


def _schemas(operation: Any) -> set[type[Schema]]:
    found: set[type[Schema]] = set()
    answers = [kind for kind in operation.response_models.values() if isinstance(kind, type)]
    asked = [*operation.models, *answers]
    waiting = [field.annotation for model in asked for field in model.model_fields.values()]
    while waiting:
        kind = waiting.pop()
        waiting += list(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, Schema) and kind not in found:
            found.add(kind)
            waiting += [field.annotation for field in kind.model_fields.values()]
    return found
