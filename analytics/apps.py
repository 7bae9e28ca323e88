from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from analytics.measuring import facts
        from analytics.records.sealing import RECORDS
        from budgets.limits import names
        from models_registry import availability
        from models_registry.catalogue import compiler
        from routerhub.audit.chain import tables

        tables.register(RECORDS)
        names.KNOWN |= {"model": lambda: set(compiler.model_names().values()), "provider": compiler.provider_names}
        availability.measure_by(facts.facts)
