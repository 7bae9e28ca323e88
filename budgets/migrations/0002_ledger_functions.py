from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("budgets", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [(SQL / name).read_text() for name in ("periods.sql", "reserve_many.sql", "settle_many.sql")],
            "DROP FUNCTION settle_many(jsonb), reserve_many(jsonb), budget_measured, budget_period_end, budget_period_start",
        ),
    ]
