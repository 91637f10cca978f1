import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_journal_by"),
    ]

    operations = [
        migrations.CreateModel(
            name="Phrase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(db_index=True, max_length=80, verbose_name="所有者")),
                ("unit", models.BigIntegerField(db_index=True, null=True, verbose_name="所属单位")),
                ("text", models.CharField(max_length=500, verbose_name="内容")),
                ("position", models.PositiveIntegerField(verbose_name="位置")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="版本")),
                ("changed_at", models.DateTimeField(verbose_name="修改时间")),
                ("changed_by_name", models.CharField(max_length=80, verbose_name="修改人")),
            ],
            options={
                "verbose_name": "常用语",
                "verbose_name_plural": "常用语",
            },
        ),
        migrations.CreateModel(
            name="BulkRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("list_name", models.CharField(max_length=80, verbose_name="列表")),
                ("verb", models.CharField(max_length=40, verbose_name="动作")),
                ("label", models.CharField(max_length=40, verbose_name="名称")),
                ("back", models.CharField(max_length=2500, verbose_name="返回网址")),
                ("made_by", models.CharField(db_index=True, max_length=80, verbose_name="办理人")),
                ("once", models.CharField(max_length=40, verbose_name="防重复标记")),
                ("asked_at", models.DateTimeField(db_index=True, verbose_name="提出时间")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="完成时间")),
                ("request", models.JSONField(verbose_name="办理人权限和列表参数")),
                ("values_sealed", models.BinaryField(verbose_name="填写内容（加密）")),
                (
                    "retry_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.bulkrun",
                        verbose_name="重试自",
                    ),
                ),
            ],
            options={
                "verbose_name": "批量办理",
                "verbose_name_plural": "批量办理",
            },
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("row", models.BigIntegerField(verbose_name="行")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "待处理"), ("done", "成功"), ("left", "未处理")],
                        default="waiting",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=80, verbose_name="原因代码")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="原因")),
                ("tried_at", models.DateTimeField(null=True, verbose_name="办理时间")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="core.bulkrun",
                        verbose_name="批量办理",
                    ),
                ),
            ],
            options={
                "verbose_name": "批量办理的行",
                "verbose_name_plural": "批量办理的行",
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(db_index=True, max_length=80, verbose_name="所有者")),
                ("owner_name", models.CharField(max_length=80, verbose_name="所有者姓名")),
                ("unit", models.BigIntegerField(null=True, verbose_name="所在单位")),
                ("is_shared", models.BooleanField(default=False, verbose_name="共享给本单位")),
                ("title", models.CharField(max_length=40, verbose_name="名称")),
                ("list_name", models.CharField(max_length=80, verbose_name="列表")),
                ("address", models.CharField(max_length=200, verbose_name="网址")),
                ("args", models.JSONField(default=dict, verbose_name="列表参数")),
                ("query", models.TextField(max_length=2000, verbose_name="条件和顺序")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="版本")),
                ("changed_at", models.DateTimeField(verbose_name="修改时间")),
                ("changed_by_name", models.CharField(max_length=80, verbose_name="修改人")),
            ],
            options={
                "verbose_name": "视图",
                "verbose_name_plural": "视图",
                "indexes": [
                    models.Index(condition=models.Q(("is_shared", True)), fields=["unit"], name="view_shared")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "address", "title"), name="view_title_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Snooze",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(max_length=80, verbose_name="所有者")),
                ("key", models.CharField(max_length=64, verbose_name="待办")),
                ("until", models.DateField(verbose_name="推迟到")),
                ("set_at", models.DateTimeField(verbose_name="设定时间")),
            ],
            options={
                "verbose_name": "推迟的待办",
                "verbose_name_plural": "推迟的待办",
                "constraints": [models.UniqueConstraint(fields=("owner", "key"), name="snooze_once")],
            },
        ),
        migrations.CreateModel(
            name="ViewPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(max_length=80, verbose_name="所有者")),
                ("position", models.PositiveIntegerField(verbose_name="位置")),
                ("is_pinned", models.BooleanField(default=False, verbose_name="固定在左侧栏")),
                (
                    "view",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="places",
                        to="core.savedview",
                        verbose_name="视图",
                    ),
                ),
            ],
            options={
                "verbose_name": "视图位置",
                "verbose_name_plural": "视图位置",
            },
        ),
        migrations.AddConstraint(
            model_name="bulkrun",
            constraint=models.UniqueConstraint(fields=("made_by", "once"), name="bulk_once"),
        ),
        migrations.AddIndex(
            model_name="bulkrow",
            index=models.Index(fields=["run", "state"], name="bulk_row_state"),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(fields=("run", "row"), name="bulk_row_once"),
        ),
        migrations.AddConstraint(
            model_name="viewplace",
            constraint=models.UniqueConstraint(fields=("owner", "view"), name="view_place_once"),
        ),
    ]
