from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                (SQL / "types.sql").read_text(),
                (SQL / "record.sql").read_text(),
                (SQL / "functions.sql").read_text(),
                (SQL / "partitions.sql").read_text(),
                "SELECT extend_partitions('analytics_record', 4)",
            ],
            """
            DROP FUNCTION unknown_answer, amend_records, record_many, extend_partitions, make_partition;
            DROP TABLE analytics_record;
            DROP TYPE analytics_answer, analytics_request;
            """,
        ),
    ]
