from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                (SQL / "record.sql").read_text(),
                (SQL / "functions.sql").read_text(),
                "SELECT extend_record_partitions(2)",
            ],
            "DROP FUNCTION record_many(jsonb), extend_record_partitions(int); DROP TABLE analytics_record",
        ),
    ]
