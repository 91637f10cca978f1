"""常用语 (D5): kept by oneself or the unit, offered beside every text box, managed on one small screen."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.template import RequestContext, Template
from django.test import RequestFactory

from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry, Phrase
from xinfu.core.ui import phrases, text


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def add(client: Any, words: str, **more: str) -> Any:
    return client.post("/phrases/", {"text": words, **more})


def words() -> list[str]:
    return list(Phrase.objects.order_by("position").values_list("text", flat=True))


def test_a_phrase_is_added_changed_moved_and_deleted(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CLERK)
    assert "还没有自己的常用语" in text_of(client.get("/phrases/"))
    for said in ("甲", "乙", "丙"):
        add(client, said)
    keys = dict(Phrase.objects.values_list("text", "pk"))
    client.post(f"/phrases/{keys['丙']}/act", {"verb": "up"})
    client.post(f"/phrases/{keys['甲']}/act", {"verb": "down"})
    assert words() == ["丙", "甲", "乙"]
    client.post(f"/phrases/{keys['甲']}/", {"text": "甲二", "version": "1"})
    client.post(f"/phrases/{keys['乙']}/act", {"verb": "remove"})
    assert words() == ["丙", "甲二"]
    offered = text_of(client.get("/phrases/pick"))
    assert offered.index("丙") < offered.index("甲二")
    events = JournalEntry.objects.filter(event__startswith="phrase.").values_list("event", flat=True)
    assert sorted(set(events)) == ["phrase.added", "phrase.changed", "phrase.moved", "phrase.removed"]


def test_the_units_phrases_are_offered_to_the_unit_and_kept_by_who_may_share(
    as_role: Any, office: Any
) -> None:
    chief, clerk = as_role(Role.WINDOW_CHIEF), as_role(Role.WINDOW_CLERK)
    stranger = as_role(Role.WINDOW_CHIEF, office.unit_b)
    add(chief, "请携带身份证原件", for_unit="on")
    key = Phrase.objects.get().pk
    add(clerk, "自己的")
    offered = text_of(clerk.get("/phrases/pick"))
    assert offered.index("自己的") < offered.index("请携带身份证原件")
    assert "请携带身份证原件" not in text_of(stranger.get("/phrases/pick"))
    assert clerk.get(f"/phrases/{key}/").status_code == 403
    assert clerk.post(f"/phrases/{key}/act", {"verb": "remove"}).status_code == 403
    assert stranger.post(f"/phrases/{key}/act", {"verb": "remove"}).status_code == 404
    assert f"/phrases/{key}/act" not in text_of(clerk.get("/phrases/"))
    add(clerk, "冒充本单位的", for_unit="on")
    assert Phrase.objects.get(text="冒充本单位的").unit is None
    with pytest.raises(phrases.Refused, match="您的角色不能维护本单位的常用语"):
        phrases.add(words="丁", for_unit=True, by=clerk.actor, at=clock.now())


def test_others_own_phrases_are_nobody_elses(as_role: Any) -> None:
    one, two = as_role(Role.WINDOW_CHIEF), as_role(Role.WINDOW_CHIEF)
    add(one, "甲")
    assert "甲</button>" not in text_of(two.get("/phrases/pick"))
    assert two.get(f"/phrases/{Phrase.objects.get().pk}/").status_code == 404


@pytest.mark.parametrize(
    "said, why",
    [(" ", "请填写“内容”"), ("长" * 501, "最多500个字，现在是501个字"), ("甲", "已有同样的常用语")],
)
def test_what_is_no_phrase_is_refused_beside_its_field(as_role: Any, said: str, why: str) -> None:
    client = as_role(Role.WINDOW_CLERK)
    add(client, "甲")
    answer = add(client, said)
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert words() == ["甲"]


def test_there_is_a_bound(as_role: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "MOST", 1)
    client = as_role(Role.WINDOW_CLERK)
    add(client, "甲")
    assert "最多1条常用语" in text_of(add(client, "乙"))


def test_of_two_who_change_a_phrase_at_once_the_second_learns_who_was_first(as_role: Any) -> None:
    one, two = as_role(Role.WINDOW_CHIEF), as_role(Role.UNIT_LIAISON)
    add(one, "甲", for_unit="on")
    page = f"/phrases/{Phrase.objects.get().pk}/"
    two.post(page, {"text": "乙", "version": "1"})
    late = one.post(page, {"text": "丙", "version": "1"})
    assert late.status_code == 422
    assert f"该常用语已由{two.actor.name}于" in text_of(late)
    assert "丙</textarea>" in text_of(late)
    assert words() == ["乙"]


def test_places_are_filled_when_offered(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CLERK)
    add(client, "{今天}，{单位}{姓名}：已电话告知 {其他}")
    today = text.day_cn(clock.today())
    said = f"{today}，{client.actor.unit_name}{client.actor.name}：已电话告知 {{其他}}"
    assert said in text_of(client.get("/phrases/pick"))
    assert "{今天}，{单位}" in text_of(client.get("/phrases/"))


def test_many_phrases_can_be_searched(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CLERK)
    for i in range(11):
        add(client, f"第{i}句")
    assert "data-phrases-find" in text_of(client.get("/phrases/pick"))
    assert "data-phrases-find" not in text_of(as_role(Role.AUDITOR).get("/phrases/pick"))


class Boxes(forms.Form):
    first = forms.CharField(label="意见", widget=forms.Textarea)
    second = forms.CharField(label="原因", widget=forms.Textarea(attrs={"data-phrases": "off"}))
    third = forms.CharField(label="名称")


def drawn(source: str, actor: Any) -> str:
    request = RequestFactory().get("/")
    request.actor = actor
    return Template(source).render(RequestContext(request, {"form": Boxes()}))


def test_a_text_box_offers_phrases_unless_told_otherwise(as_role: Any) -> None:
    from xinfu.core.actor import ANONYMOUS

    actor = as_role(Role.WINDOW_CLERK).actor
    said = drawn("{% fields form %}", actor)
    assert said.count("data-phrases-for") == 1
    assert 'data-phrases-for="id_first"' in said
    assert 'href="/phrases/"' in said, "without scripts the list is one click away"
    assert "data-phrases-for" not in drawn("{% field form.first phrases=False %}", actor)
    assert "data-phrases-for" not in drawn("{% fields form %}", ANONYMOUS)
