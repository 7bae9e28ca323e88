from pathlib import Path

from django.db import migrations

from analytics.models.views import SHARED
from routerhub.tenancy.owners import by_account, by_user
from routerhub.tenancy.policies import protected

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_record_table"), ("tenancy", "0001_policies")]

    operations = [
        migrations.RunSQL((SQL / "functions.sql").read_text(), migrations.RunSQL.noop),
        protected("analytics_body", by_account()),
        protected("analytics_dashboard", by_account() | by_user()),
        protected("analytics_export", by_account() | by_user()),
        protected("analytics_feedback", by_account()),
        protected("analytics_historicaldashboard", by_account() | by_user()),
        protected("analytics_historicalsavedview", by_user() | SHARED),
        protected("analytics_hourfigures", by_account()),
        protected("analytics_record", by_account()),
        protected("analytics_savedview", by_user() | SHARED),
        protected("analytics_selection", by_account()),
        protected("analytics_touched", by_account()),
        migrations.RunSQL(
            """
            SELECT protect_partition('analytics_record', inhrelid::regclass)
            FROM pg_inherits WHERE inhparent = 'analytics_record'::regclass
            """,
            migrations.RunSQL.noop,
        ),
    ]
