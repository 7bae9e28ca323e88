from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from django.conf import settings

        from analytics.measuring import facts
        from analytics.records.retention import Kind, before_drop, register
        from analytics.records.sealing import RECORDS, seal
        from analytics.windows.keeping import keep_uncounted
        from budgets.limits import names
        from models_registry import availability
        from models_registry.catalogue import compiler
        from routerhub.audit.chain import tables

        tables.register(RECORDS)
        before_drop(keep_uncounted)
        before_drop(seal)
        names.KNOWN |= {"model": lambda: set(compiler.model_names().values()), "provider": compiler.provider_names}
        availability.measure_by(facts.facts)

        def days() -> int:
            return int(settings.ANALYTICS_RETENTION_DAYS)

        register(Kind(name="records", table="analytics_record", days=days, is_partitioned=True))
        register(Kind(name="bodies", table="analytics_body", days=lambda: settings.ANALYTICS_BODY_RETENTION_DAYS))
        register(Kind(name="feedback", table="analytics_feedback", days=days, column="reported_at"))
