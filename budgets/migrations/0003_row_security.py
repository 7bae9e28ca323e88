from pathlib import Path

from django.db import migrations

from budgets.models.limits import BY_SCOPE
from routerhub.tenancy.owners import by_account, by_user, seen_through, through
from routerhub.tenancy.policies import protected

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("budgets", "0002_ledger_functions"), ("analytics", "0003_row_security")]

    operations = [
        migrations.RunSQL(
            (SQL / "accounts.sql").read_text(), "DROP FUNCTION accounts_of_user, accounts_of_key, owns_limit_of"
        ),
        protected("budgets_membership", by_account() | by_user()),
        protected("budgets_historicalmembership", by_account() | by_user()),
        protected("budgets_account", by_account("id")),
        protected("budgets_historicalaccount", by_account("id")),
        protected("budgets_apikey", by_account()),
        protected("budgets_historicalapikey", by_account()),
        protected("budgets_limit", BY_SCOPE),
        protected("budgets_historicallimit", BY_SCOPE),
        protected("budgets_counter", seen_through("limit_id", "budgets_limit")),
        protected("budgets_hold", by_account()),
        protected("budgets_ledgerentry", by_account()),
        protected("budgets_keyuse", by_account()),
        protected("budgets_invitation", by_account()),
        protected("budgets_historicalinvitation", by_account()),
        protected("budgets_billingrecord", by_account()),
        protected("budgets_billingline", by_account()),
        protected("budgets_billedentry", by_account()),
        protected("budgets_accounthour", by_account()),
        protected("budgets_limithour", seen_through("limit_id", "budgets_limit")),
        protected("budgets_limitforecast", seen_through("limit_id", "budgets_limit")),
        protected("budgets_share", seen_through("limit_id", "budgets_limit")),
        protected("budgets_sharetransfer", seen_through("limit_id", "budgets_limit")),
        protected("budgets_alert", by_account() | by_user()),
        protected("budgets_alertchannel", by_account() | by_user()),
        protected("budgets_historicalalertchannel", by_account() | by_user()),
        protected("budgets_alertrule", by_account()),
        protected("budgets_historicalalertrule", by_account()),
        protected("budgets_delivery", by_account() | by_user()),
        protected("budgets_deliverytry", by_account() | by_user()),
        protected("budgets_slot", through("key_id", "budgets_apikey")),
    ]
