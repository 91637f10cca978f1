"""The committed description of the API is tried with made-up requests, good and bad, at every operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
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
from tests.assignments import gatherings, items
from tests.cases.test_push import CASE as CASE_IN
from tests.indicators import proposals
from tests.indicators.conftest import _home  # noqa: F401 -- snapshots are files
from tests.papers.conftest import BLOCKS, FIGURE
from tests.ratings import loops
from tests.ratings.test_tablet import PUSH
from tests.security.test_matrix import undone
from xinfu.assignments.flow import MeetingStatus
from xinfu.cases import actions as cases
from xinfu.catalog.models import ItemVersion
from xinfu.core import clock, tries
from xinfu.core.access import Role, permissions_of
from xinfu.core.actor import Actor
from xinfu.indicators.actions import refresh_snapshot
from xinfu.indicators.flow import PROPOSAL_FLOW, ProposalStatus
from xinfu.papers import actions as papers
from xinfu.people.models import ApiToken
from xinfu.people.session import actor_of_token
from xinfu.ratings import pushing
from xinfu.ratings.actions import pushes, tablets
from xinfu.site.api import api

SECRET, CSRF = "s" * 40, "c" * 32
DAY = date(2023, 6, 29)
LEADER = "陈主任"
DONE = {"case_no": PUSH["affairSerialNo"], "finished_at": "2023-06-28T10:00:00+08:00", "window": "A01"}
CASE = {**CASE_IN, **DONE}
DESCRIPTION = json.loads((settings.ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
HELD = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]

# --- who tries, and with what words ----------------------------------------------------------------

ASKED = (Role.SYSTEM_TOKEN, Role.GENERAL, Role.UNIT_LIAISON)
"""An operation is tried by the first of these who may call it."""
STEPS = {
    "/api/v1/assignments/{pk}/moves": "assignments.confirm",
    "/api/v1/proposals/{pk}/moves": "indicators.review_proposals",
    "/api/v1/ratings/loops/{code}/moves": "ratings.handle",
}
"""Whoever sees a thing may call these, but a step asks for a permission of its own."""
WORDS: dict[str, list[Any]] = {
    "ItemMoveIn.move": items.MOVES, "MeetingMoveIn.move": gatherings.MOVES, "MoveIn.move": loops.MOVES,
    "ProposalMoveIn.move": [move.name for move in PROPOSAL_FLOW.moves], "note": ["说明"], "title": ["压减受理超时"],
    "department": ["县市场监管局"], "partners": [["县人力社保局"]], "chair": [LEADER], "note_taker": [LEADER],
    "place": ["三楼会议室"], "from": ["2023-01-01"], "to": ["2023-05-31"],
    "starts_at": ["2023-07-03T14:30:00+08:00"], "due_on": ["2023-07-31"], "decided_on": ["2023-06-29"],
    **{f"CaseIn.{part}": [value] for part, value in CASE.items()},
    **{f"PushIn.{part}": [value] for part, value in PUSH.items()},
}  # fmt: skip
"""Words that mean something here and that nobody makes up by chance, by field."""


def _prepare() -> dict[str, Role]:
    """Put the words into the description as examples; return who tries each operation."""
    for name, kind in DESCRIPTION["components"]["schemas"].items():
        for part, told in kind.get("properties", {}).items():
            words = WORDS.get(f"{name}.{part}") or WORDS.get(part)
            if name.endswith("In") and words:
                told["examples"] = words
    permissions = {
        api.get_openapi_operation_id(operation): str(getattr(operation.view_func, "permission", ""))
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    }
    found = {}
    for path, methods in DESCRIPTION["paths"].items():
        for method, told in methods.items():
            for part in told.get("parameters", []):
                part["schema"] |= {"examples": WORDS[part["name"]]} if part["name"] in WORDS else {}
            needed = STEPS.get(path, permissions[told["operationId"]])
            role = next(role for role in ASKED if needed in {"signed_in", *permissions_of(role)})
            found[f"{method.upper()} {path}"] = role
    return found


TRIED_BY = _prepare()
schema = schemathesis.openapi.from_dict(DESCRIPTION)
schema.app = get_wsgi_application()
schema.config.generation.update(with_security_parameters=False)  # whoever tries is known

# --- what there is ---------------------------------------------------------------------------------


def _meeting(county: make.Office, by: Actor) -> dict[str, Any]:
    return {"pk": gatherings.meeting(county, state=MeetingStatus.NOTIFIED, by=by).pk}


def _decision(county: make.Office, by: Actor) -> dict[str, Any]:
    by = by if by.may("assignments.meet") else gatherings.caller(county)
    found = gatherings.meeting(county, state=MeetingStatus.HELD, by=by)
    return {"pk": found.pk, "decision": gatherings.decision(county, found, by, due_on=DAY).pk}


def _given(county: make.Office, by: Actor) -> dict[str, Any]:
    return {"pk": items.item(county, by=by if by.may("assignments.give") else None).pk}


def _paper(county: make.Office, by: Actor) -> dict[str, Any]:
    drafter = make.actor(Role.GENERAL, county.general)
    said: dict[str, Any] = {
        "kind": "notice",
        "title": "关于规范延时服务的通知",
        "blocks": BLOCKS,
        "figures": [FIGURE],
    }
    return {"pk": papers.draft_paper(**said, by=drafter, at=clock.now()).pk}


def _case(county: make.Office, by: Actor) -> dict[str, Any]:
    cases.push_case(record=CASE, by=make.SYSTEM, at=clock.now())
    return {"case_no": CASE["case_no"]}


def _item(county: make.Office, by: Actor) -> dict[str, Any]:
    item = proposals.item()
    ItemVersion.objects.create(
        item=item, version=1, name="企业变更登记", since=make.SINCE, imported_at=clock.now()
    )
    return {"code": item.code}


def _tablet(county: make.Office, by: Actor) -> dict[str, Any]:
    at = clock.now()
    made = tablets.prepare_tablet(window_id=county.window_a1.pk, name="1号平板", by=make.SYSTEM, at=at)
    tablets.pair(token=tablets.pairing_token(made, at), at=at)
    return _case(county, by)


def _push(county: make.Office, by: Actor) -> dict[str, Any]:
    _tablet(county, by)
    return {"code": pushes.push(said=pushing.read_push(PUSH), by=by, at=clock.now()).code}


def _indicator(county: make.Office, by: Actor) -> dict[str, Any]:
    _case(county, by)
    refresh_snapshot(by=make.SYSTEM, at=clock.now())
    return {"code": "cases_total"}


THERE: dict[str, Callable[[make.Office, Actor], dict[str, Any]]] = {
    "/assignments/meetings/{pk}/moves": _meeting,
    "/assignments/meetings": _decision,
    "/assignments": _given,
    "/cases": _case,
    "/indicators": _indicator,
    "/items": _item,
    "/papers": _paper,
    "/proposals": lambda county, by: {"pk": proposals.proposal(county, state=ProposalStatus.COUNTY).pk},
    "/ratings/exchange": lambda county, by: {},
    "/ratings/loops": lambda county, by: {"code": loops.loop(county, items.AT).rating.code},
    "/ratings/windows/push/{code}": _push,
    "/ratings/windows": _tablet,
    "/ratings": lambda county, by: {"code": loops.rating(county, items.AT).code},
    "/me": lambda county, by: {},
}
"""What is made for the operations below an address (the first that fits): what their paths are to name."""


@dataclass
class Trial:
    """What every request of one operation is sent with, what the path of a good one names, how all were answered."""

    sent: dict[str, Any]
    named: dict[str, Any]
    answers: set[int] = field(default_factory=set)

    def note(self, context: Any, response: Any, case: Any) -> None:
        self.answers.add(response.status_code)


@pytest.fixture
def trial(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch, office: make.Office
) -> Iterator[Trial]:
    """Someone who may call the operation, and rows to call it for; fails where it never once served."""
    settings.DEMO_DAY = DAY
    monkeypatch.setattr(tries, "count", lambda names, **_: [0] * len(names))  # nobody has asked too often
    make.person(Role.LEADER, office.root, LEADER)
    label = request.node.operation_label
    if TRIED_BY[label] == Role.SYSTEM_TOKEN:
        ApiToken.objects.create(
            name="试探", digest=hashlib.sha256(SECRET.encode()).digest(), department=office.unit_a,
            scopes=sorted(permissions_of(Role.SYSTEM_TOKEN)), made_at=timezone.now(), made_by="测试",
        )  # fmt: skip
        by, sent = actor_of_token(SECRET), {"headers": {"Authorization": f"Bearer {SECRET}"}}
    else:
        client = make.client_of(office, TRIED_BY[label])
        cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": CSRF}
        # The cookies are what is sent; by the header alone schemathesis knows that it did not make up the session.
        said = "; ".join(f"{name}={value}" for name, value in cookies.items())
        by, sent = client.actor, {"cookies": cookies, "headers": {"X-CSRFToken": CSRF, "Cookie": said}}
    path = label.partition("/api/v1")[2]
    rows = next(rows for above, rows in THERE.items() if path.startswith(above))
    found = Trial(sent, rows(office, by))
    yield found
    assert 200 in found.answers, f"whoever tried this operation was never served: {found.answers}"


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
def test_whatever_is_sent_is_answered_as_described(case: Any, trial: Trial) -> None:
    if case.meta.generation.mode.is_positive:
        case.path_parameters.update({k: v for k, v in trial.named.items() if k in case.path_parameters})
    with undone():  # one request must not find the traces of another
        case.call_and_validate(checks=[*HELD, trial.note], **trial.sent)


def test_a_bare_text_is_no_suggestion(as_role: Callable[..., Any]) -> None:
    """A suggestion needs no more than its `title`, which every text of Python's has too."""
    answer = as_role(Role.UNIT_LIAISON).post("/api/v1/proposals", '"题"', content_type="application/json")
    assert "应为对象" in answer.json()["detail"]


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
