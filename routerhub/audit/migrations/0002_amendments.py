from pathlib import Path

from django.db import migrations

from routerhub.tenancy.owners import by_account, by_user
from routerhub.tenancy.policies import protected

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("tenancy", "0001_policies")]

    operations = [
        migrations.RunSQL((SQL / "amended.sql").read_text(), "DROP FUNCTION audit_keep_amended"),
        migrations.RunSQL((SQL / "horizon.sql").read_text(), "DROP FUNCTION transaction_horizon"),
        protected("audit_amendment", by_account()),
        protected("audit_event", by_account() | by_user()),
    ]
