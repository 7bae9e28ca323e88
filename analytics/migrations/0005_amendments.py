from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_window_tables"), ("audit", "0002_amendments")]

    operations = [
        migrations.RunSQL((SQL / "amended.sql").read_text(), "DROP TRIGGER keep_amended ON analytics_record"),
    ]
