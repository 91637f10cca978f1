from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "xinfu.people"
    verbose_name = "机构人员"

    def ready(self) -> None:
        from xinfu.core.ui import bulk
        from xinfu.people import access, limits, session, telling  # noqa: F401  (registers grants and numbers)

        telling.register()
        bulk.present_by(session.present)
