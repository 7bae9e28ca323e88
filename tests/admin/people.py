"""Who comes to the admin, and who is let in."""

from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.cast import UserFactory


def some_staff(*permissions: str) -> Client:
    """Logged in as staff who may do just this."""
    user = UserFactory.create(username=f"clerk {' '.join(permissions)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def check_doors(path: str, staff: Client, outsider: User) -> None:
    """A page is open for staff; strangers and those who are no staff are sent to the login, staff without a right away."""
    assert staff.get(path).status_code == 200
    client = Client()
    for _ in range(2):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")
        client.force_login(outsider)
    assert some_staff().get(path).status_code == 403
