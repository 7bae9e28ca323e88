from django.db import migrations

from routerhub.tenancy.owners import by_account
from routerhub.tenancy.policies import protected


class Migration(migrations.Migration):
    dependencies = [("batches", "0001_initial"), ("tenancy", "0001_policies")]

    operations = [protected("batches_batch", by_account())]
