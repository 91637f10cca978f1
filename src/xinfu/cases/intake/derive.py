"""The SQL that joins, derives and marks: one table `ready` with the columns of cases.Case, ordered by case number.

The arithmetic is that of rules.py, set-wise; tests hold the two against each other.
"""

from __future__ import annotations

from xinfu.cases import rules
from xinfu.cases.intake.fields import CASE, SEALED
from xinfu.cases.intake.sql import Frame, hmac, joined, listed, text

HELPERS = frozenset({"accept_action", "over_action", "result", "is_paused", "operation"})
HIDDEN = frozenset(SEALED) - {"id_no", "id_kind", "phone"}
STATED = tuple(name for name in CASE if name not in HELPERS)


def value(frame: Frame, field: str) -> str:
    """Return the converted value of a field, or a typed NULL where the file has no such column."""
    if field in frame.fields:
        return f"v_{field}"
    return {"time": "NULL::TIMESTAMP", "whole": "NULL::BIGINT", "flag": "NULL::BOOLEAN"}.get(
        CASE[field].kind, "NULL::VARCHAR"
    )


def local(frame: Frame, field: str) -> str:
    return f"l_{field}" if field in frame.fields else "NULL::TIMESTAMP"


def stated(frame: Frame) -> str:
    """Return SELECT of the good rows' facts: what the source said, and the state that follows from it."""
    v = {name: value(frame, name) for name in CASE}
    if frame.mapping.unknown_policy("department") == "create":
        v["department"] = (
            f"'{_prefix(frame)}' || left(regexp_replace(upper({v['department']}), '[^A-Z0-9]+', '', 'g'), 20)"
        )
    if frame.mapping.unknown_policy("item") == "create":
        v["item_code"] = f"'{_prefix(frame)}' || upper(left(sha256({v['item_code']}), 10))"
    days = [f"{local(frame, f'{k}_at')}::DATE AS {k}_on" for k in ("received", "accepted", "finished")]
    kind = f"CASE WHEN {v['operation']} = 'delete' THEN '3' ELSE coalesce({v['finish_kind']}, {v['over_action']}, {v['result']}, '') END"
    plain = [name for name in STATED if name not in ("state", "finish_kind", "data_version")]
    return f"""
        SELECT row_no, {", ".join(f"{v[name]} AS {name}" for name in plain if name not in HIDDEN)},
            coalesce({v["data_version"]}, 1) AS data_version, {kind} AS finish_kind,
            {_state(v, kind)} AS state, {", ".join(days)},
            {local(frame, "due_at")}::DATE AS stated_due_on,
            {joined([v[name] for name in plain])} AS said, {_sealed(v)} AS personal
        FROM typed WHERE NOT is_bad"""


def _prefix(frame: Frame) -> str:
    """Return what the codes of created departments and items begin with."""
    return frame.mapping.code.upper()[:18] + "-"


def _state(v: dict[str, str], kind: str) -> str:
    """Mirror rules.derive_state: the source's own word first."""
    ends = " ".join(f"WHEN {text(k)} THEN {text(s)}" for k, s in rules.KIND_STATES.items())
    return f"""CASE WHEN {v["operation"]} = 'delete' THEN 'voided'
        WHEN {v["state"]} IS NOT NULL THEN {v["state"]}
        WHEN {v["finished_at"]} IS NOT NULL AND {kind} <> '' THEN CASE {kind} {ends} END
        WHEN {v["accept_action"]} = 'refuse' THEN 'not_accepted'
        WHEN {v["finished_at"]} IS NOT NULL THEN 'finished'
        WHEN {v["is_paused"]} THEN 'suspended'
        WHEN {v["accepted_at"]} IS NOT NULL THEN 'handling' ELSE 'received' END"""


def _sealed(v: dict[str, str]) -> str:
    """Return the personal fields as the JSON text that is sealed, NULL where there are none."""
    parts = [f"'{text_key(name)}:' || to_json({v[name]})" for name in SEALED]
    body = f"concat_ws(',', {', '.join(parts)})"
    return f"CASE WHEN {body} = '' THEN NULL ELSE '{{' || {body} || '}}' END"


def text_key(name: str) -> str:
    return f'"{name}"'


JOINED = """
    SELECT g.*, i.version_id, i.version_name, i.version_promise, i.version_kind, i.version_type, i.version_limit,
        i.version_unified, i.version_until,
        d.id IS NULL AND dn.id IS NULL AND (g.department IS NOT NULL OR g.org_name IS NOT NULL) AS is_stranger,
        coalesce(d.id, dn.id, w.department_id, CASE WHEN g.department IS NULL AND g.org_name IS NULL
            THEN i.version_department END) AS department_id, w.id AS window_id,
        coalesce(t.id, dt.id) AS town_id, k.code IS NOT NULL AS item_known
    FROM good g
    ASOF LEFT JOIN item_versions i ON g.item_code = i.code AND g.received_on >= i.since
    LEFT JOIN item_codes k ON k.code = g.item_code
    LEFT JOIN department_keys d ON d.key = upper(g.department)
    LEFT JOIN department_keys dn ON dn.key = upper(g.org_name)
    LEFT JOIN windows w ON w.code = upper(g."window")
    LEFT JOIN town_keys t ON t.key = upper(g.town)
    LEFT JOIN town_ids dt ON dt.department_id = coalesce(d.id, dn.id)
"""


def facts(frame: Frame, keys: tuple[bytes, bytes]) -> str:
    """Return SELECT of the rows with their master data, digests, and the length of their terms.

    `keys` are those of the content digest and of the digests by which personal values are found.
    """
    content_key, personal_key = keys
    decided = ["said", "state", "finish_kind", "CASE WHEN is_valid THEN version_id END"]
    decided += ["department_id", "window_id", "town_id"]
    gone = (
        "version_id, version_promise, version_kind, version_limit, version_until, item_name, project_type, "
        "is_unified_item, said, id_no, id_kind, phone"
    )
    return f"""
        SELECT * EXCLUDE ({gone}),
            {hmac(content_key, joined(decided))} AS content,
            {hmac(personal_key, "upper(id_no)")} AS id_digest, coalesce(right(id_no, 4), '') AS id_tail,
            {hmac(personal_key, "upper(phone)")} AS phone_digest, coalesce(right(phone, 4), '') AS phone_tail,
            {bad_identity()} AS has_bad_id,
            coalesce(item_name, version_name) AS item_name,
            CASE WHEN is_valid THEN version_id END AS item_version_id,
            CASE WHEN is_valid THEN version_limit END AS version_limit,
            coalesce(project_type, CASE WHEN is_valid THEN version_type END, '2') AS project_type,
            coalesce(is_unified_item, CASE WHEN is_valid THEN version_unified END, false) AS is_unified_item,
            CASE WHEN promise_days IS NOT NULL THEN promise_days
                 WHEN is_valid AND version_promise IS NOT NULL THEN version_promise
                 WHEN coalesce(project_type, CASE WHEN is_valid THEN version_type END) = '1' THEN 0 END AS term,
            CASE WHEN promise_days IS NULL AND is_valid AND version_promise IS NOT NULL THEN version_kind
                 ELSE 'workday' END AS term_kind
        FROM (SELECT *, version_id IS NOT NULL
                AND (version_until IS NULL OR received_on <= version_until) AS is_valid FROM joined)"""


def clocks(frame: Frame, accept_days: int) -> str:
    """Return SELECT of the rows with both clocks, by joins with the calendar (rules.clocks without stops)."""
    limit = f"least({accept_days}, coalesce(version_limit, {accept_days}))"
    accept = "aw.day" if frame.mapping.has_accept_clock else "NULL::DATE"
    return f"""
        WITH f AS (
            SELECT *, coalesce(accepted_on, CASE WHEN project_type = '1' OR finished_on IS NOT NULL
                THEN received_on END) AS started_on FROM facts)
        SELECT f.*, {accept} AS accept_due_on,
            CASE WHEN term_kind = 'workday' THEN CASE WHEN term = 0 THEN started_on ELSE dw.day END
                 WHEN term_kind = 'calendar' THEN (started_on + to_days(term::INTEGER))::DATE
                 WHEN term_kind = 'month' THEN (started_on + to_months(term::INTEGER))::DATE
                 WHEN term_kind = 'year' THEN (started_on + to_years(term::INTEGER))::DATE END AS promise_on,
            fo.ord - so.ord AS worked
        FROM f
        LEFT JOIN calendar ro ON ro.day = f.received_on
        LEFT JOIN workdays aw ON aw.ord = ro.ord + {limit}
        LEFT JOIN calendar so ON so.day = f.started_on
        LEFT JOIN workdays dw ON dw.ord = so.ord + f.term
        LEFT JOIN calendar fo ON fo.day = f.finished_on"""


def _due_kind(frame: Frame) -> str:
    whens = {
        "stated": "WHEN due_at IS NOT NULL THEN 'stated'",
        "promise": "WHEN promise_on IS NOT NULL THEN 'computed'",
    }
    return f"CASE {' '.join(whens[rule] for rule in frame.mapping.due)} ELSE '' END"


def _quality() -> str:
    bits = {
        1: "finished_at < received_at",
        2: "finished_at < accepted_at",
        4: "accepted_at < received_at",
        8: "is_stranger",
        16: "item_code IS NOT NULL AND NOT item_known",
        32: "finished_at IS NULL AND state IN " + listed(sorted(rules.DONE_STATES)),
        64: "finished_at IS NOT NULL AND state IN " + listed(sorted(rules.OPEN_STATES)),
        128: f"finish_reason IS NULL AND (state IN {listed(sorted(rules.NEEDS_REASON))} "
        f"OR finish_kind IN {listed(sorted(rules.NEEDS_REASON_KINDS))})",
        256: "has_bad_id",
        512: "item_known AND item_version_id IS NULL",
        1024: "due_kind = 'computed' AND stated_due_on <> promise_on",
        2048: '"window" IS NOT NULL AND window_id IS NULL',
        4096: "town IS NOT NULL AND town_id IS NULL",
        8192: "due_kind = 'stated' AND due_at < received_at",
    }
    return " + ".join(f"CASE WHEN {condition} THEN {bit} ELSE 0 END" for bit, condition in bits.items())


def bad_identity() -> str:
    """Return SQL that tells whether an 18-digit identity number has the wrong check digit (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = " + ".join(f"(ascii(id_no[{i}]) - 48) * {w}" for i, w in enumerate(weights, 1))
    return (
        "coalesce(CASE WHEN length(id_no) = 18 AND regexp_full_match(id_no, '[1-9]\\d{16}[\\dXx]') "
        f"THEN upper(id_no[18]) <> substr('10X98765432', ({total}) % 11 + 1, 1) "
        "WHEN id_kind IN ('身份证', '居民身份证', '111') THEN true END, false)"
    )


def ready(frame: Frame) -> str:
    """Return SELECT of the finished rows: the columns of cases.Case under their own names, ordered by number."""
    zone = text(frame.mapping.zone)
    last = f"timezone('UTC', timezone({zone}, due_on + INTERVAL '86399.999999' SECOND))"
    blank = ("item_code", "summary", "org_name", "handler_name", "applicant_kind", "finish_reason")
    return f"""
        WITH k AS (SELECT *, {_due_kind(frame)} AS due_kind FROM clocked),
        d AS (SELECT *, CASE due_kind WHEN 'stated' THEN stated_due_on WHEN 'computed' THEN promise_on END AS due_on
              FROM k),
        q AS (SELECT *, {_quality()} AS marks FROM d)
        SELECT row_number() OVER () AS seq, row_no, case_no, right(case_no, 6) AS case_tail,
            data_version, content,
            {", ".join(f"coalesce({c}, '') AS {c}" for c in blank)}, item_name, item_version_id, project_type,
            channel, coalesce(is_unified, false) AS is_unified, is_unified_item, department_id, window_id, town_id,
            id_digest, id_tail, phone_digest, phone_tail,
            applied_at, received_at, received_on, accepted_at, accepted_on, finished_at, finished_on, state,
            finish_kind, CASE WHEN due_kind = 'stated' THEN promise_days ELSE
                CASE WHEN term_kind = 'workday' THEN term END END AS promise_days,
            due_kind, CASE due_kind WHEN 'stated' THEN due_at WHEN 'computed' THEN {last} END AS due_at,
            due_on, coalesce(due_kind = 'computed' AND due_on > getvariable('known_until'), false) AS due_provisional,
            accept_due_on, NULL::DATE AS paused_on, 0 AS paused_days,
            CASE WHEN marks & 7 = 0 AND worked >= 0 THEN worked END AS handling_days,
            marks AS quality, personal
        FROM (SELECT * FROM q ORDER BY case_no) AS q"""
