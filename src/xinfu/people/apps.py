from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "xinfu.people"
    verbose_name = "机构人员"

    def ready(self) -> None:
        from xinfu.core import actor
        from xinfu.core.ui import bulk
        from xinfu.people import access, identity, limits, session, telling  # noqa: F401  (grants, numbers)

        telling.register()
        identity.register()
        bulk.present_by(session.present)
        actor.name_jobs(
            {
                "import_people": "导入人员",
                "link_provider": "关联统一认证",
                "open_account": "开通账号",
                "reset_factors": "重置第二步验证",
                "reseal": "换密钥",
                "reset_password": "重设密码",
                "unlock": "解锁账号",
            }
        )
