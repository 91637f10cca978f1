"""The day by which the other unit is to judge is kept: it has a light, and who is late with it is told above."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

REVIEWED = ["10", "220"]


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Count the days of what is being judged from the day on which it was asked."""
    from xinfu.core import holidays
    from xinfu.ratings import loop_local, terms

    loops = apps.get_model("ratings", "BadRating")
    for pk, moved_at in loops.objects.filter(status__in=REVIEWED).values_list("pk", "moved_at"):
        asked = timezone.localdate(moved_at)
        days = loop_local.terms_on(asked)
        due = terms.add(holidays.calendar(), asked, days.judge_days, days.count)
        loops.objects.filter(pk=pk).update(judge_due_on=due)


def index(name: str, *fields: str, **condition: object) -> models.Index:
    return models.Index(fields=list(fields), name=name, condition=models.Q(finished_at=None, **condition))


INDEXES = [
    index("bad_rating_due", "due_on", "id", "department", "judge", "status", "raised_to"),
    index("bad_rating_unit_due", "department", "due_on", "id", "status"),
    index("bad_rating_raised_due", "raised_to", "due_on", "id", raised_to__isnull=False),
    index("bad_rating_judge_due", "judge", "due_on", "id", status__in=REVIEWED),
]


class Migration(migrations.Migration):
    dependencies = [("ratings", "0010_narrow_reasons")]
    operations = [
        migrations.AddField("badrating", "judge_due_on", models.DateField(null=True, verbose_name="审核期限")),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *(migrations.RemoveIndex("badrating", one.name) for one in INDEXES),
        # the expression of a generated column cannot be altered
        migrations.RemoveField("badrating", "due_on"),
        migrations.AddField(
            "badrating",
            "due_on",
            models.GeneratedField(
                verbose_name="到期日",
                expression=models.Case(
                    models.When(status="0", then=models.F("verify_due_on")),
                    models.When(status__in=REVIEWED, judge_due_on__isnull=False, then=models.F("judge_due_on")),
                    default=models.F("rectify_due_on"),
                ),
                output_field=models.DateField(),
                db_persist=True,
            ),
        ),
        *(migrations.AddIndex("badrating", one) for one in INDEXES),
    ]
