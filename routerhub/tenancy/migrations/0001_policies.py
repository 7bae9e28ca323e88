from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [migrations.RunSQL((SQL / "policies.sql").read_text(), "DROP FUNCTION protect_partition, sees_row")]
