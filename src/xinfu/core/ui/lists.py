"""Work lists as declarations: filters, sort, paging, columns, export, return (rules L1–L11, X6–X8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString

from xinfu.core import clock
from xinfu.core.actor import Actor
from xinfu.core.models import Preference
from xinfu.core.refusal import Forbidden, Refused
from xinfu.core.registry import Registry
from xinfu.core.ui import paging, text

if TYPE_CHECKING:
    from xinfu.core.ui import views

SIZES = (20, 50, 100)
CONTROLS = ("sort", "size", "page", "after", "before", "count")
RIGHT = ("int", "money", "ratio")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `value` defaults to the attribute `code`; `cell` is HTML for the screen, files hold the value.

    `kind`: text, number (编号), day, when, int, money (fen), ratio (num, den). `sort`: an indexed field.
    """

    code: str
    title: str
    value: Callable[[Any], Any] | None = None
    kind: str = "text"
    cell: Callable[[Any], str] | None = None
    link: Callable[[Any], str] | None = None
    sort: str = ""
    shown: bool = True
    hint: str = ""

    def of(self, row: Any) -> Any:
        return self.value(row) if self.value else getattr(row, self.code)

    @property
    def is_right(self) -> bool:
        return self.kind in RIGHT


@dataclass(frozen=True, slots=True)
class Bulk:
    """A verb for the selected rows (L8): `act(row, by=, at=, **values)` is the normal action of one row.

    Each row is one transaction; what `act` refuses stands on the result page. `form`: values that are asked once for
    all rows. `happens`: what the page before it says will happen.
    """

    code: str
    label: str
    act: Callable[..., object]
    permission: str = ""
    form: type[forms.Form] | None = None
    happens: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec:
    """A list as data; docs/explain/screens.md says what each part does."""

    name: str
    title: str
    rows: Callable[..., QuerySet[Any]]
    columns: Sequence[Column]
    order: str
    unit: str = "条"
    form: Any = None
    narrow: Callable[[QuerySet[Any], dict[str, Any]], QuerySet[Any]] | None = None
    visible: int = 5
    export: str | None = None
    exportable: bool = True
    personal: bool = False
    nothing: str = "这里还没有记录。"
    bulk: Sequence[Bulk] = ()
    per_page: int = 20
    row_class: Callable[[Any], str] | None = None
    tie: str = "pk"
    """The unique field that names a row and breaks ties of the order (paging.Order), where ids are not to be seen."""

    def name_of(self, row: Any) -> Any:
        return getattr(row, self.tie.removeprefix("-"))

    def column(self, code: str) -> Column:
        return next(c for c in self.columns if c.code == code)

    def may_export(self, actor: Actor) -> bool:
        return self.exportable and (self.export is None or actor.may(self.export))


specs: Registry[ListSpec] = Registry("list")


def register(spec: ListSpec) -> ListSpec:
    """Register a list, so that a background export can make it again by name."""
    return specs.add(spec.name, spec)


@dataclass(slots=True)
class State:
    """What one request asks of a list: the filters' form, order, size, columns."""

    spec: ListSpec
    actor: Actor
    query: QueryDict
    args: Mapping[str, Any]
    form: forms.Form | None
    wanted: dict[str, Any]
    order: paging.Order
    size: int
    columns: list[Column]

    def rows(self) -> QuerySet[Any]:
        rows = self.spec.rows(self.actor, **self.args)
        if self.form is not None and not self.form.is_valid():
            return rows.none()
        return self.spec.narrow(rows, self.wanted) if self.spec.narrow and self.wanted else rows

    @property
    def sort(self) -> str:
        return ("-" if self.order.descending else "") + self.order.field

    def link(self, **changes: Any) -> str:
        """Return the query string with changes; a change of anything but the page starts at page one."""
        query = self.query.copy()
        for name in ("page", "after", "before", "count"):
            query.pop(name, None)
        for name, value in changes.items():
            if value is None:
                query.pop(name, None)
            else:
                query[name] = str(value)
        return f"?{query.urlencode()}"


def read(spec: ListSpec, actor: Actor, query: QueryDict, args: Mapping[str, Any] | None = None) -> State:
    """Return what the query asks of the list; unknown sizes and orders fall back to the list's own."""
    state = asked(spec, actor, query, args)
    state.columns = _columns(spec, actor)
    return state


def asked(
    spec: ListSpec,
    actor: Actor,
    query: QueryDict,
    args: Mapping[str, Any] | None = None,
    *,
    like: forms.Form | None = None,
) -> State:
    """Return what the query asks of the rows alone, as a count needs it: no columns, so nothing is read for them.

    `like`: a form of the same list and actor, whose choices are taken over without asking the database again.
    """
    form = _form(spec, actor, query, like)
    wanted = {k: v for k, v in form.cleaned_data.items() if _is_filled(v)} if form and form.is_valid() else {}
    size = int(query.get("size", "")) if query.get("size", "") in {str(s) for s in SIZES} else spec.per_page
    order = query.get("sort", "")
    sortable = {c.sort for c in spec.columns if c.sort}
    chosen = paging.Order.of(order if order.removeprefix("-") in sortable else spec.order, spec.tie)
    return State(spec, actor, query, args or {}, form, wanted, chosen, size, [])


def _form(spec: ListSpec, actor: Actor, query: QueryDict, like: forms.Form | None) -> forms.Form | None:
    if spec.form is None:
        return None
    if like is None:
        extra = {"actor": actor} if getattr(spec.form, "takes_actor", False) else {}
        return spec.form(query, **extra)  # type: ignore[no-any-return]
    again = copy(like)
    again.data = query
    vars(again).update(_errors=None, _bound_fields_cache={})
    return again


def _is_filled(value: Any) -> bool:
    return value.exists() if isinstance(value, QuerySet) else value not in (None, "", [], False)


def _columns(spec: ListSpec, actor: Actor) -> list[Column]:
    kept = Preference.objects.filter(owner=actor.key, name=f"columns:{spec.name}").first()
    codes = set(kept.value) if kept else {c.code for c in spec.columns if c.shown}
    found = [c for c in spec.columns if c.code in codes]
    return found or list(spec.columns)


# --- the page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """The head of one column: where a click sorts, and the present direction."""

    column: Column
    link: str
    direction: str


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter, and the address without it."""

    label: str
    link: str


@dataclass(slots=True)
class ListPage:
    """All that the region's template needs."""

    spec: ListSpec
    state: State
    heads: list[Head]
    rows: list[SafeString]
    chips: list[Chip]
    total: int
    is_exact: bool
    number: int | None
    links: dict[str, str]
    may_export: bool
    bulk: list[Bulk]
    views: views.Menu | None = None
    visible: list[Any] = field(default_factory=list)
    more: list[Any] = field(default_factory=list)

    @property
    def total_text(self) -> str:
        about = "" if self.is_exact else "约 "
        return f"{about}{self.total:,}{'' if self.is_exact else '+'} {self.spec.unit}"

    @property
    def pages(self) -> int | None:
        return max(1, -(-self.total // self.state.size)) if self.is_exact else None

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips) or bool(self.state.form is not None and self.state.form.errors)

    @property
    def clear(self) -> str:
        kept = QueryDict(mutable=True)
        for name, value in self.hidden:
            kept[name] = value
        return f"?{kept.urlencode()}"

    @property
    def sizes(self) -> list[tuple[int, str, bool]]:
        return [(s, self.state.link(size=s), s == self.state.size) for s in SIZES]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Return what a filter form must carry along: order and size."""
        return [
            (name, str(self.state.query[name]))
            for name in ("sort", "size", "view")
            if name in self.state.query
        ]

    @property
    def all_columns(self) -> list[tuple[Column, bool]]:
        return [(c, c in self.state.columns) for c in self.spec.columns]

    @property
    def query(self) -> str:
        return self.state.query.urlencode()


def page_of(state: State) -> ListPage:
    """Return the page that the state asks for."""
    rows = state.rows()
    window, number = _window(state, rows)
    total, is_exact = _total(state, rows, window, number)
    visible, more = _filters(state)
    bulk = [b for b in state.spec.bulk if not b.permission or state.actor.may(b.permission)]
    return ListPage(
        spec=state.spec,
        state=state,
        heads=[_head(state, c) for c in state.columns],
        rows=[_row(state, row, n, has_picks=bool(bulk)) for n, row in enumerate(window.rows, start=1)],
        chips=_chips(state),
        total=total,
        is_exact=is_exact,
        number=number,
        links=_links(state, window, number),
        may_export=state.spec.may_export(state.actor),
        bulk=bulk,
        visible=visible,
        more=more,
    )


def _total(state: State, rows: QuerySet[Any], window: paging.Window, number: int | None) -> tuple[int, bool]:
    """Return how many rows there are and whether exactly; counted only where the page itself does not tell."""
    exact = state.query.get("count") == "exact"
    if not (window.before or window.after):
        return len(window.rows), True
    keyed = "after" in state.query or "before" in state.query
    if window.after and number and not keyed and not exact and number * state.size >= paging.CAP:
        return paging.CAP, False
    return paging.count(rows, exact=exact)


def _window(state: State, rows: QuerySet[Any]) -> tuple[paging.Window, int | None]:
    after, before = state.query.get("after", ""), state.query.get("before", "")
    asked = state.query.get("page", "")
    number = int(asked) if asked.isdecimal() and 0 < len(asked) < 8 and int(asked) > 0 else None
    if after or before:
        return paging.by_key(rows, state.order, after=after, before=before, size=state.size), number
    last = max(1, paging.CAP // state.size)
    number = min(number or 1, last)
    return paging.by_offset(rows, state.order, number, state.size), number


def _links(state: State, window: paging.Window, number: int | None) -> dict[str, str]:
    links: dict[str, str] = {}
    reach = paging.CAP // state.size
    if window.before:
        links["first"] = state.link()
        if number and 1 < number <= reach + 1:
            links["previous"] = state.link(page=number - 1)
        elif window.rows:
            page = number - 1 if number and number > 1 else None
            links["previous"] = state.link(before=paging.cursor_of(window.rows[0]), page=page)
    if window.after:
        keyed = "after" in state.query or "before" in state.query
        if number and number < reach and not keyed:
            links["next"] = state.link(page=number + 1)
        else:
            page = number + 1 if number else None
            links["next"] = state.link(after=paging.cursor_of(window.rows[-1]), page=page)
        links["last"] = state.link(before=paging.END)
    links["exact"] = f"?{_with(state.query, count='exact')}"
    return links


def _with(query: QueryDict, **changes: str) -> str:
    changed = query.copy()
    for name, value in changes.items():
        changed[name] = value
    return changed.urlencode()


def _head(state: State, column: Column) -> Head:
    if not column.sort:
        return Head(column, "", "")
    if column.sort != state.order.field:
        first = "-" if column.kind in ("day", "when", *RIGHT) else ""
        return Head(column, state.link(sort=first + column.sort), "none")
    flipped = column.sort if state.order.descending else f"-{column.sort}"
    return Head(column, state.link(sort=flipped), "descending" if state.order.descending else "ascending")


def _row(state: State, row: Any, number: int, *, has_picks: bool) -> SafeString:
    """Return one row of the table, written here: a template's loop over a hundred rows is half of a page's time."""
    css = state.spec.row_class(row) if state.spec.row_class else ""
    name = state.spec.name_of(row)
    head = format_html('<tr data-row="{}"{}>', name, format_html(' class="{}"', css) if css else "")
    pick = format_html(PICK, name, number) if has_picks else ""
    cells = (
        ('<td class="right">' if c.is_right else "<td>") + _cell(c, row, first=i == 0) + "</td>"
        for i, c in enumerate(state.columns)
    )
    return SafeString(f"{head}{pick}{''.join(cells)}</tr>")


PICK = (
    '<td class="pick"><label class="pick-box"><input type="checkbox" class="form-check-input" value="{}" data-pick'
    ' aria-label="选中第 {} 行"></label></td>'
)


def _cell(column: Column, row: Any, *, first: bool) -> SafeString:
    value = column.of(row) if column.cell is None else None
    if column.cell is not None:
        inner = SafeString(column.cell(row))
    elif column.kind == "number" and value and column.link is None:
        inner = text.number(value)
    elif column.kind == "number" and value:
        inner = format_html('<span title="{}">{}</span>', value, text.tail(value))
    else:
        inner = format_html("{}", text.shown(column.kind, value))
    if column.link is None:
        return inner
    href = column.link(row)
    label = format_html(' aria-label="{}"', value) if column.kind == "number" and value else ""
    copy = format_html(
        ' <button type="button" class="copy" data-copy="{0}" aria-label="复制{0}">复制</button>', value
    )
    return format_html(
        '<a href="{}"{}{}>{}</a>{}',
        href,
        SafeString(" data-open") if first else "",
        label,
        inner,
        copy if column.kind == "number" and value else "",
    )


def _chips(state: State) -> list[Chip]:
    if state.form is None:
        return []
    return [
        Chip(said, state.link(**{name: None}))
        for name, said in zip(state.wanted, filter_words(state), strict=True)
    ]


def filter_words(state: State) -> list[str]:
    """Return the active filters in words, one each."""
    if state.form is None:
        return []
    fields = state.form.fields
    return [f"{fields[name].label}：{_says(fields[name], value)}" for name, value in state.wanted.items()]


def _says(field: forms.Field, value: Any) -> str:
    if isinstance(value, list | tuple | QuerySet):
        return "、".join(_says(field, v) for v in value)
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        flat = {str(k): str(v) for k, v in _flat(field.choices)}
        return flat.get(str(value), str(value))
    return "是" if value is True else str(value)


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    out: list[tuple[Any, Any]] = []
    for key, label in choices:
        out += _flat(label) if isinstance(label, list | tuple) else [(key, label)]
    return out


def _filters(state: State) -> tuple[list[Any], list[Any]]:
    fields = list(state.form) if state.form is not None else []
    return fields[: state.spec.visible], fields[state.spec.visible :]


# --- the screen ----------------------------------------------------------------------------------


def respond(
    request: HttpRequest,
    actor: Actor,
    spec: ListSpec,
    *,
    template: str = "ui/list_page.html",
    context: Mapping[str, Any] | None = None,
    args: Mapping[str, Any] | None = None,
) -> HttpResponseBase:
    """Return the whole screen, the region alone for htmx, or what a POST asks for: a file, or other columns."""
    state, fault = read(spec, actor, request.GET, args), None
    if request.method == "POST":
        answer = _posted(request, state)
        if not isinstance(answer, Refused):
            return answer
        fault = answer
    page = page_of(state)
    page.views = _views(request, state, fault)
    _remember(request, spec)
    wrong = fault is not None or (state.form is not None and bool(state.form.errors))
    htmx = getattr(request, "htmx", None)
    alone = htmx and htmx.target == "list" and not htmx.history_restore_request
    shown = render(
        request,
        "ui/list_region.html" if alone else template,
        {**(context or {}), "page": page, "spec": spec},
        status=422 if wrong else 200,
    )
    patch_vary_headers(shown, ["HX-Request", "HX-Target"])
    return shown


def _views(request: HttpRequest, state: State, fault: Refused | None) -> views.Menu:
    from xinfu.core.ui import views

    return views.menu(request, state, fault)


def _view_posted(request: HttpRequest, state: State) -> HttpResponseBase | Refused:
    from xinfu.core.ui import views

    try:
        view_id, said = views.posted(request, state, clock.now())
    except Forbidden:
        raise
    except Refused as refused:
        return refused
    messages.success(request, said)
    return HttpResponseRedirect(f"{request.path}?{views.kept_query(state)}&view={view_id}")


def _posted(request: HttpRequest, state: State) -> HttpResponseBase | Refused:
    """Do what a POST of the list asks; return its answer, or the refusal that the list is to be shown with."""
    from xinfu.core.ui import bulk, exports

    back = f"{request.path}?{request.GET.urlencode()}"
    if "bulk" in request.POST:
        return bulk.posted(request, state, back)
    if "view" in request.POST:
        return _view_posted(request, state)
    if "columns" in request.POST:
        known = {c.code for c in state.spec.columns}
        chosen = [c for c in request.POST.getlist("column") if c in known]
        Preference.objects.update_or_create(
            owner=state.actor.key, name=f"columns:{state.spec.name}", defaults={"value": chosen}
        )
        return HttpResponseRedirect(back)
    file_format = request.POST.get("export", "")
    if file_format not in exports.FORMATS:
        raise SuspiciousOperation("a list takes exports and columns only")
    if not state.spec.may_export(state.actor):
        raise Forbidden()
    try:
        return exports.answer(state, file_format, reason=request.POST.get("reason", ""), at=clock.now())
    except Refused as refused:
        messages.error(request, refused.reason)
        return HttpResponseRedirect(back)


def _remember(request: HttpRequest, spec: ListSpec) -> None:
    """Keep the list's address in the session, for the way back from a detail (L6)."""
    kept = request.session.get("lists", {})
    query = request.GET.urlencode()
    if kept.get(spec.name) != [request.path, query]:
        request.session["lists"] = {**kept, spec.name: [request.path, query]}


def kept_address(request: HttpRequest, name: str, usual: str) -> str:
    """Return where the list was left, or the usual address."""
    path, query = request.session.get("lists", {}).get(name, [usual, ""])
    return f"{path}?{query}" if query else path


def picked(
    request: HttpRequest, actor: Actor, spec: ListSpec, args: Mapping[str, Any] | None = None
) -> QuerySet[Any]:
    """Return the rows that a bulk POST names: all of the query that was seen (`all=1`), or the ids `picked`.

    Ids count whatever the filters are now: what was selected stays selected, as far as the actor may see it.
    """
    state = asked(spec, actor, QueryDict(request.POST.get("query") or request.GET.urlencode()), args)
    if request.POST.get("all") == "1":
        return paging.in_order(state.rows(), state.order)
    ids = [int(i) for i in ",".join(request.POST.getlist("picked")).split(",") if _is_id(i)]
    return paging.in_order(spec.rows(actor, **state.args).filter(pk__in=ids), state.order)


def _is_id(said: str) -> bool:
    return said.isascii() and said.isdecimal() and len(said) < 19


__all__ = ["Bulk", "Column", "ListSpec", "kept_address", "picked", "read", "register", "respond"]
