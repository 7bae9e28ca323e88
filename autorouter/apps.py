from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class AutorouterConfig(AppConfig):
    name = "autorouter"
    verbose_name = "Auto-router"

    def ready(self) -> None:
        from autorouter.configuration import policies
        from autorouter.configuration.line import ROUTER
        from autorouter.people import daily_alerts  # noqa: F401 - it registers itself
        from autorouter.people.preference_sets import announce_change
        from budgets.limits import names
        from routerhub.releases import store

        store.register(ROUTER)
        names.KNOWN["policy"] = policies.every_name
        for signal in (post_save, post_delete):
            signal.connect(
                announce_change, sender=self.get_model("Preferences"), dispatch_uid=f"preferences-{id(signal)}"
            )
