from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class ExperimentsConfig(AppConfig):
    name = "experiments"
    verbose_name = "Experiments"

    def ready(self) -> None:
        from autorouter import keeping
        from experiments import selecting
        from experiments.ab.running import announce_change

        keeping.keep_by(selecting.keep)
        for signal in (post_save, post_delete):
            signal.connect(
                announce_change, sender=self.get_model("Experiment"), dispatch_uid=f"experiments-{id(signal)}"
            )
