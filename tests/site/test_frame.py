"""Home, search, drafts, display modes, suggestions, local rules: what the frame itself does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from xinfu.core import clock, inbox, journal, local, registry
from xinfu.core.access import Role
from xinfu.core.inbox import Todo
from xinfu.core.models import Draft, LocalRule
from xinfu.core.permissions import Can
from xinfu.core.refusal import Refused
from xinfu.core.registry import Found
from xinfu.core.ui import drafts, jobs, news
from xinfu.site import actions, queries
from xinfu.site.models import Suggestion


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def todo(title: str, due_on: date | None, **changes: Any) -> Todo:
    usual: dict[str, Any] = {
        "verb": "受理", "title": title, "url": "/x/", "asked_by": "窗口", "due_on": due_on,
        "arrived_at": None, "why": "直接", "kind": "case",
    }  # fmt: skip
    return Todo(**{**usual, **changes})


# --- inbox ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "due, due_at, group, why",
    [
        (-1, None, "已超期", "its day has passed"),
        (0, None, "今天到期", "its day is today"),
        (0, -1, "已超期", "its hour has passed, today"),
        (0, 1, "今天到期", "its hour is still to come"),
        (1, None, "3个工作日内", "tomorrow"),
        (30, None, "其余", "far away"),
        (None, None, "其余", "no day at all"),
    ],
)
def test_todos_stand_in_the_group_of_their_day(
    monkeypatch: pytest.MonkeyPatch,
    db: None,
    now: datetime,
    due: int | None,
    due_at: int | None,
    group: str,
    why: str,
) -> None:
    on = None if due is None else now.date() + timedelta(days=due)
    at = None if due_at is None else now + timedelta(hours=due_at)
    monkeypatch.setattr(inbox, "_SOURCES", {"t": lambda actor, moment: [todo("甲", on, due_at=at)]})
    from xinfu.core.actor import system

    groups = queries.grouped_todos(system("t"), now)
    assert [g.label for g in groups] == [group], why


def test_an_empty_inbox_says_so(as_role: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_SOURCES", {})
    page = text_of(as_role(Role.WINDOW_CLERK).get("/"))
    assert "今天没有待办。" in page
    assert "<title>0 条待办 · 馨服</title>" in page


def test_a_row_says_who_asks_why_until_when_and_what_if_not(
    as_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = todo(
        "企业变更",
        clock.today() - timedelta(days=2),
        asked_by="一号窗口",
        consequence="记超期受理1件",
        count=3,
    )
    monkeypatch.setattr(inbox, "_SOURCES", {"t": lambda actor, moment: [late]})
    page = text_of(as_role(Role.WINDOW_CLERK).get("/"))
    for said in (
        "企业变更",
        "一号窗口",
        "直接",
        "逾期不办：记超期受理1件",
        late.due_on.isoformat() if late.due_on else "",
        "3 条",
    ):
        assert said in page
    assert 'aria-label="受理：企业变更"' in page


def test_leaders_see_seven_and_the_rest_behind_more(as_role: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [todo(f"件{i}", clock.today()) for i in range(9)]
    monkeypatch.setattr(inbox, "_SOURCES", {"t": lambda actor, moment: many})
    page = text_of(as_role(Role.LEADER).get("/"))
    seen = page.split("<summary>更多</summary>")
    assert len(seen) == 2
    assert seen[0].count('class="todo"') == 7
    assert seen[1].count('class="todo"') == 2
    assert "<summary>更多</summary>" not in text_of(as_role(Role.WINDOW_CLERK).get("/"))


def test_new_things_are_told_without_moving_rows(as_role: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_SOURCES", {"t": lambda actor, moment: [todo("甲", None, count=4)]})
    client = as_role(Role.WINDOW_CLERK)
    assert "有 3 条新待办，点击刷新" in text_of(client.get("/inbox/news?have=1"))
    assert "新待办" not in text_of(client.get("/inbox/news?have=4"))


# --- search --------------------------------------------------------------------------------------


def test_search_asks_each_subject_as_the_actor_and_marks_where_found(
    as_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def find(actor: Any, words: str, limit: int) -> list[Found]:
        asked.append((actor.key, words, limit))
        return [Found("企业变更登记", "市场监管窗口", "/x/", "事项")]

    fresh: Any = registry.Registry("search")
    fresh.add("t", registry.Searcher("t", "事项", find))
    monkeypatch.setattr(registry, "searchers", fresh)
    client = as_role(Role.WINDOW_CLERK)
    page = text_of(client.get("/search/?q=变更"))
    assert asked == [(client.actor.key, "变更", queries.PER_SOURCE)]
    assert "企业变更登记" in page
    assert "<title>1 条结果 · 搜索“变更” · 馨服</title>" in page
    assert "请输入至少两个字" in text_of(client.get("/search/?q=变"))
    assert len(asked) == 1


def test_search_stops_after_three_tenths_of_a_second_and_says_what_it_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from xinfu.core.actor import ANONYMOUS

    fresh: Any = registry.Registry("search")
    for code, label in (("a", "办件"), ("b", "公文")):
        fresh.add(code, registry.Searcher(code, label, lambda actor, words, limit: []))
    monkeypatch.setattr(registry, "searchers", fresh)
    ticks = iter([0.0, 0.1, 0.5])
    assert queries.search(ANONYMOUS, "ab", lambda: next(ticks)) == ([], ["公文"])


# --- drafts --------------------------------------------------------------------------------------


def test_a_draft_comes_back_to_its_owner_alone_and_is_sealed(as_role: Any) -> None:
    client, other = as_role(Role.GENERAL), as_role(Role.GENERAL)
    sent = client.post(
        "/drafts", {"key": "note-1", "fields": {"text": "写到一半"}}, content_type="application/json"
    )
    assert "草稿已保存" in sent.json()["said"]
    assert client.get("/drafts?key=note-1").json()["fields"] == {"text": "写到一半"}
    assert other.get("/drafts?key=note-1").json()["fields"] == {}
    assert "写到一半".encode() not in bytes(Draft.objects.get().content_sealed)


def test_an_emptied_draft_goes_and_old_ones_too(as_role: Any) -> None:
    client = as_role(Role.GENERAL)
    for fields in ({"text": "一"}, {"text": ""}):
        client.post("/drafts", {"key": "a", "fields": fields}, content_type="application/json")
    assert not Draft.objects.exists()
    drafts.save(key="b", fields={"text": "二"}, by=client.actor, at=clock.now() - timedelta(days=15))
    jobs.cleanup(clock.now())
    assert not Draft.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", '{"key":"a"}', '{"key":"a","fields":1}', "{"])
def test_a_torn_draft_is_refused(as_role: Any, body: str) -> None:
    answer = as_role(Role.GENERAL).post("/drafts", body, content_type="application/json")
    assert answer.status_code == 400


def test_a_draft_too_large_or_without_a_name_is_refused(as_role: Any) -> None:
    client = as_role(Role.GENERAL)
    for asked in ({"key": "", "fields": {"a": "1"}}, {"key": "a", "fields": {"a": "x" * 70_000}}):
        assert client.post("/drafts", asked, content_type="application/json").status_code == 409


def test_a_draft_goes_once_its_form_went_through(as_role: Any) -> None:
    client = as_role(Role.GENERAL)
    client.post("/drafts", {"key": "suggestion", "fields": {"text": "路灯"}}, content_type="application/json")
    client.post("/suggestions/", {"text": "", "_draft": "suggestion"})
    assert Draft.objects.exists(), "the form came back with an error"
    client.post("/suggestions/", {"text": "路灯不亮", "_draft": "suggestion"})
    assert not Draft.objects.exists()


# --- display modes -------------------------------------------------------------------------------


def test_large_type_is_kept_by_cookie_and_account(as_role: Any) -> None:
    from xinfu.people.models import Account

    client = as_role(Role.GENERAL)
    answer = client.post("/display", {"type": "large", "next": "/help/"})
    assert answer["Location"] == "/help/"
    assert 'class="type-large"' in text_of(client.get("/"))
    assert Account.objects.filter(large_type=True).count() == 1
    client.cookies.pop("xinfu_type")
    assert 'class="type-large"' in text_of(client.get("/")), "another browser, the same account"
    client.post("/display", {"type": "normal"})
    assert "type-large" not in text_of(client.get("/"))


def test_high_contrast_is_one_click_for_strangers_too(client: Any, db: None) -> None:
    client.post("/display", {"contrast": "high"})
    assert 'class="contrast-high"' in text_of(client.get("/help/"))


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", ""])
def test_the_switch_leads_nowhere_else(client: Any, db: None, elsewhere: str) -> None:
    assert client.post("/display", {"type": "large", "next": elsewhere})["Location"] == "/"


# --- suggestions ---------------------------------------------------------------------------------


def test_a_suggestion_is_answered_once_and_then_stands_for_all(as_role: Any, client: Any) -> None:
    clerk, general = as_role(Role.WINDOW_CLERK), as_role(Role.GENERAL)
    assert clerk.post("/suggestions/", {"text": "列表字太小，王某某的电话13800001234"}).status_code == 302
    made = Suggestion.objects.get()
    assert "答复" in text_of(general.get("/"))
    place = reverse("site:suggestion", args=[made.pk])
    assert "列表字太小" in text_of(general.get(place))
    assert clerk.get(place).status_code == 403
    wrong = general.post(place, {"question": "列表字号", "answer": " "})
    assert wrong.status_code == 422
    assert general.post(place, {"question": "列表字号", "answer": "已加大。"}).status_code == 302
    assert general.post(place, {"question": "又", "answer": "又"}).status_code == 404
    page = text_of(client.get("/suggestions/"))
    assert "列表字号" in page
    assert "13800001234" not in page
    assert "列表字太小" in text_of(clerk.get("/suggestions/")), "one's own stays in sight"


@pytest.mark.parametrize(
    "question, answer, refusal",
    [
        ("  ", "已加大。", "no_question"),
        ("字号", " ", "no_answer"),
        ("字号", "又答一次。", "answered_meanwhile"),
    ],
)
def test_an_answer_needs_a_public_question_and_words_and_stands_once(
    as_role: Any, question: str, answer: str, refusal: str
) -> None:
    general = as_role(Role.GENERAL).actor
    made = actions.suggest(text="列表字太小", by=general, at=timezone.now())
    if refusal == "answered_meanwhile":
        actions.answer_suggestion(
            suggestion=made, question="字号", answer="已加大。", by=general, at=timezone.now()
        )
    with pytest.raises(Refused) as said:
        actions.answer_suggestion(
            suggestion=made, question=question, answer=answer, by=general, at=timezone.now()
        )
    assert said.value.code == refusal


def test_a_suggestion_without_words_is_refused(as_role: Any) -> None:
    answer = as_role(Role.WINDOW_CLERK).post("/suggestions/", {"text": "   "})
    assert answer.status_code == 422
    with pytest.raises(Refused, match="请写明"):
        actions.suggest(text=" ", by=as_role(Role.WINDOW_CLERK).actor, at=timezone.now())


def test_ten_suggestions_a_day_are_enough(as_role: Any) -> None:
    clerk = as_role(Role.WINDOW_CLERK)
    for i in range(10):
        assert clerk.post("/suggestions/", {"text": f"第{i}条"}).status_code == 302
    answer = clerk.post("/suggestions/", {"text": "第十一条"})
    assert answer.status_code == 422
    assert "今天已提出10条" in text_of(answer)


def test_a_stranger_reads_and_cannot_write(client: Any, db: None) -> None:
    assert "登录后可以在本页提出" in text_of(client.get("/suggestions/"))
    assert client.post("/suggestions/", {"text": "甲"}).status_code == 403


# --- local rules ---------------------------------------------------------------------------------


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_DECLARED", dict(local._DECLARED))
    for code, check, default in (
        ("t.days", local.whole(1, 30), 5),
        ("t.way", local.one_of({"no": "不算", "yes": "算"}), "no"),
    ):
        local.declare(
            code, title=f"试用{code}", default=default, unit="工作日", source="默认口径", check=check,
            permission=Can.SET_LOCAL_RULES,
        )  # fmt: skip


def test_local_rules_are_shown_with_value_source_and_mark(as_role: Any, limits: None) -> None:
    page = text_of(as_role(Role.WINDOW_CLERK).get("/system/rules/"))
    assert "默认口径" in page
    assert "不算" in page, "a coded value is shown by its label"
    assert page.count("默认值") >= 2


def test_all_local_rules_are_read_at_once(as_role: Any, limits: None) -> None:
    client = as_role(Role.WINDOW_CLERK)
    with CaptureQueriesContext(connection) as asked:
        client.get("/system/rules/")
    assert sum("core_localrule" in query["sql"] for query in asked.captured_queries) == 1


def test_a_rule_is_set_by_permission_with_day_and_source(as_role: Any, limits: None) -> None:
    client, other = as_role(Role.GENERAL), as_role(Role.WINDOW_CLERK)
    place = "/system/rules/t.days/"
    good = {"value": "８", "since": "20230101", "source": "县政务办〔2023〕1号"}
    assert "设定新的取值" not in text_of(other.get(place))
    assert other.post(place, good).status_code == 403
    assert client.post(place, good).status_code == 302
    rule = LocalRule.objects.get()
    assert (rule.value, rule.since) == (8, date(2023, 1, 1))
    page = text_of(client.get(place))
    assert "县政务办〔2023〕1号" in page
    assert "本地规定" in page
    assert "设定取值" in text_of(client.get("/news/")), "what changed is told on the first screen"


@pytest.mark.parametrize("value, said", [("x", "请填整数"), ("99", "1 到 30"), ("", "请填写“取值”。")])
def test_a_wrong_value_is_said_beside_its_field(as_role: Any, limits: None, value: str, said: str) -> None:
    answer = as_role(Role.GENERAL).post(
        "/system/rules/t.days/", {"value": value, "since": "2023-01-01", "source": "文"}
    )
    assert answer.status_code == 422
    page = text_of(answer)
    assert "有 1 处需要修改" in page
    assert page.startswith("<!doctype html>")
    assert "<title>错误：" in page
    assert 'href="#id_value"' in page


def test_faults_of_fields_name_the_field_and_say_what_to_do() -> None:
    from django import forms

    class Asked(forms.Form):
        name = forms.CharField(label="名称", max_length=3)
        kind = forms.ChoiceField(label="类别", choices=[("a", "甲")])
        count = forms.IntegerField(label="件数")
        own = forms.CharField(label="电话", error_messages={"required": "电话要填，便于联系。"})

    form = Asked({"name": "甲乙丙丁", "kind": "z", "count": "x"})
    page = Template("{% errors form %}{% fields form %}").render(Context({"form": form}))
    for said in (
        "“名称”最多3个字，现在是4个字。",
        "“类别”请从列出的选项中选择。",
        "“件数”应为整数。",
        "电话要填，便于联系。",
    ):
        assert page.count(said) == 2, said
    empty = Template("{% errors form %}").render(Context({"form": Asked({})}))
    assert "请填写“名称”。" in empty
    assert "请选择“类别”。" in empty


def test_an_unknown_rule_is_not_found(as_role: Any, limits: None) -> None:
    assert as_role(Role.GENERAL).get("/system/rules/no.such/").status_code == 404


# --- news, help, tags ----------------------------------------------------------------------------


def test_the_home_page_asks_for_the_news_after_its_inbox_and_a_page_shows_them_without_scripts(
    as_role: Callable[..., Any],
) -> None:
    client = as_role(Role.GENERAL)
    assert 'hx-get="/news/"' in client.get("/").content.decode()
    whole = client.get("/news/").content.decode()
    part = client.get("/news/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    assert part.strip() in whole


def test_news_are_told_only_to_those_who_may_see_the_subject(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import transaction

    from tests import make
    from xinfu.core.actor import Actor, Kind, Scope

    monkeypatch.setattr(news, "_SUBJECTS", {})
    monkeypatch.setattr(news, "_WORDS", {})
    news.register(
        "t.Thing",
        "t.see",
        "试件",
        lambda key: f"/t/{key}/",
        lambda actor, keys: {k for k in keys if k != "2"},
    )
    news.say({"t.done": "办结"})
    with transaction.atomic():
        for i in (1, 2, 3):
            journal.record("t.done", f"t.Thing:{i}", by=make.SYSTEM, at=clock.now())
    sees = Actor(kind=Kind.PERSON, id=1, name="王", scopes={"t.see": Scope(everything=True)})
    assert [line.url for line in news.latest(sees)] == ["/t/3/", "/t/1/"]
    assert news.latest(Actor(kind=Kind.PERSON, id=2, name="李")) == []


def test_the_help_link_of_every_screen_of_the_frame_has_its_anchor(as_role: Any) -> None:
    client = as_role(Role.AUDITOR)
    manual = text_of(client.get("/help/"))
    for address in (
        "/",
        "/search/?q=ab",
        "/downloads/",
        "/system/rules/",
        "/system/status/",
        "/journal/",
        "/suggestions/",
        "/views/",
        "/bulk/",
        "/phrases/",
        "/inbox/later/",
    ):
        anchor = re.search(r'href="/help/#([\w-]+)"', text_of(client.get(address)))
        assert anchor, address
        assert f'id="{anchor.group(1)}"' in manual, address


@pytest.mark.parametrize(
    "source, said",
    [
        ("{% ratio 9911 10000 %}", "99.11%"),
        ("{% points 7 20 %}", "升0.35个百分点"),
        ("{% rank_change 1 3 %}", "升2"),
        ("{{ 1080000|thousands }} {{ 1080000|wan:'件' }}", "1,080,000 108万件"),
        ("{{ ''|dash }}", "—"),
        ("{{ '13800001234'|mask:'phone' }}", "138****1234"),
        ("{% local 5 '县办发' %}", "依据：县办发"),
        ("{% empty 'forbidden' who='考评科' %}", "可以查看的：考评科"),
        ("{% number_link '99.11%' '/x/' %}", '<a class="opens" href="/x/">99.11%</a>'),
        ("{% progress '/p/' %}", 'hx-get="/p/"'),
        ("{% upload 'f' '选文件' accept='.csv' limit='2 MB' %}", "上限：2 MB"),
        ("{% facts pairs %}", "<dt>甲</dt><dd>—</dd>"),
        ("{% chart 'c' options head rows %}", "查看数据表"),
    ],
)
def test_tags_write_what_the_handbook_says(source: str, said: str) -> None:
    context = {"pairs": [("甲", None)], "options": {"x": "</script>"}, "head": ["月"], "rows": [["1月"]]}
    page = Template(source).render(Context(context))
    assert said in page
    assert '</script>"' not in page


def test_a_demonstration_says_so_on_every_page(client: Any, db: None, settings: Any) -> None:
    assert "演示" not in text_of(client.get("/help/"))
    settings.DEMO = True
    assert "记录均为编造" in text_of(client.get("/help/"))
    settings.DEMO_DAY = date(2023, 5, 18)
    assert "日期按2023年5月18日显示" in text_of(client.get("/help/"))


def test_the_first_screen_asks_the_database_little(as_role: Any, django_assert_max_num_queries: Any) -> None:
    client = as_role(Role.GENERAL)
    client.get("/")
    with django_assert_max_num_queries(40):
        client.get("/")
