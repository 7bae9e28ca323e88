from pathlib import Path

from django.db import migrations

from routerhub.tenancy.owners import by_account
from routerhub.tenancy.policies import protected

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_row_security")]

    operations = [
        migrations.RunSQL(
            (SQL / "windows.sql").read_text(),
            """
            DROP TRIGGER written ON analytics_feedback;
            ALTER TABLE analytics_feedback DROP COLUMN written_in;
            DROP INDEX analytics_record_written;
            DROP TABLE analytics_window, analytics_cross;
            DROP AGGREGATE sum_buckets(bigint[]), total(bigint);
            DROP FUNCTION add_buckets, tidy_many_buckets, tidy_buckets, count_errors, sum_errors, note_writing;
            DROP TYPE analytics_figures;
            """,
        ),
        protected("analytics_window", by_account()),
        protected("analytics_cross", by_account()),
        migrations.RunSQL(
            """
            SELECT protect_partition(inhparent::regclass, inhrelid::regclass)
            FROM pg_inherits WHERE inhparent IN ('analytics_window'::regclass, 'analytics_cross'::regclass)
            """,
            migrations.RunSQL.noop,
        ),
    ]
