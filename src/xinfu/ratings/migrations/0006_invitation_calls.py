import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("ratings", "0005_exchange"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvitationCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("outcome", models.CharField(choices=[("named", "实名评价"), ("talked", "已通话"), ("unreached", "未接通")], max_length=10, verbose_name="结果")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("by", models.CharField(max_length=80, verbose_name="通话人")),
                ("by_name", models.CharField(max_length=80, verbose_name="通话人姓名")),
                ("invitation", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="calls", to="ratings.invitation", verbose_name="评价邀请")),
            ],
            options={"verbose_name": "电话邀评通话", "ordering": ("at", "id")},
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(condition=models.Q(("kind", "message")), fields=["made_at"], name="invitation_sent"),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(condition=models.Q(("done_at", None), ("kind", "telephone")), fields=["made_at"], name="invitation_to_call"),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(condition=models.Q(("done_at__isnull", False), ("kind", "telephone")), fields=["-done_at", "-id"], name="invitation_called"),
        ),
    ]
