from django.db import migrations

from routerhub.tenancy.owners import by_account
from routerhub.tenancy.policies import protected


class Migration(migrations.Migration):
    dependencies = [("storage", "0001_initial"), ("tenancy", "0001_policies")]

    operations = [protected("storage_item", by_account()), protected("storage_file", by_account())]
