"""Outside organisations: owners, bidders, agencies, intermediaries, banks."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import rules
from xinfu.people.access import Can
from xinfu.people.actions.departments import filled, phone_or_refuse
from xinfu.people.actions.persons import contact
from xinfu.people.actions.sessions import end_all
from xinfu.people.models import Account, Organisation, OrganisationKind


def _kind(kind: str) -> str:
    if kind not in OrganisationKind.values:
        raise Refused("bad_kind", "请从列表中选择单位类别。", field="kind")
    return kind


@transaction.atomic
def add_organisation(
    *, uscc: str, name: str, kind: str, phone: str = "", by: Actor, at: datetime
) -> Organisation:
    """Register an organisation by its 统一社会信用代码. Refuses a code with a wrong check character or a taken one."""
    by.require(Can.ORGANISATIONS)
    code = rules.clean_code(uscc)
    fault = rules.uscc_fault(code)
    if fault:
        raise Refused("bad_uscc", fault, field="uscc")
    row = Organisation(
        uscc=code,
        name=filled(name, "单位名称", "name", 200),
        kind=_kind(kind),
        contact_sealed=contact(phone_or_refuse(phone))["contact_sealed"],
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            "uscc_taken", f"统一社会信用代码 {code} 已登记，请查询后使用。", field="uscc"
        ) from error
    journal.record("organisation.added", row, by=by, at=at, uscc=code, name=row.name, kind=kind)
    return row


def _locked(organisation: Organisation) -> Organisation:
    found = Organisation.objects.select_for_update(of=("self",)).filter(pk=organisation.pk).first()
    if found is None:
        raise NotFound()
    if found.closed_on is not None:
        raise Refused("already_closed", f"“{found.name}”已于{found.closed_on}停用。")
    return found


@transaction.atomic
def change_organisation(*, organisation: Organisation, name: str, kind: str, by: Actor, at: datetime) -> None:
    """Correct an organisation's name or kind; the code never changes."""
    by.require(Can.ORGANISATIONS)
    row = _locked(organisation)
    wanted = {"name": filled(name, "单位名称", "name", 200), "kind": _kind(kind)}
    before = {key: getattr(row, key) for key, value in wanted.items() if getattr(row, key) != value}
    if not before:
        return
    after = {key: wanted[key] for key in before}
    Organisation.objects.filter(pk=row.pk).update(**after)
    journal.record("organisation.changed", row, by=by, at=at, before=before, after=after)


@transaction.atomic
def close_organisation(*, organisation: Organisation, by: Actor, at: datetime) -> None:
    """Stop an organisation; its accounts close and their sessions end."""
    by.require(Can.ORGANISATIONS)
    row = _locked(organisation)
    accounts = list(Account.objects.filter(organisation=row, is_active=True).order_by("pk"))
    for account in accounts:
        end_all(account)
    Account.objects.filter(pk__in=[account.pk for account in accounts]).update(is_active=False)
    Organisation.objects.filter(pk=row.pk).update(closed_on=timezone.localdate(at))
    journal.record("organisation.closed", row, by=by, at=at, accounts_closed=len(accounts))
