"""The addresses of signing in, below /accounts/: ours first, then django-allauth's."""

from allauth.account.signals import user_signed_up
from allauth.mfa.signals import authenticator_added
from django.urls import include, path

from budgets.people.sign_in import accounts, openid, pages

user_signed_up.connect(accounts.invited_is_member, dispatch_uid="invited")
authenticator_added.connect(accounts.sessions_end, dispatch_uid="second-factor")

urlpatterns = [
    path("", pages.Home.as_view(), name="people_home"),
    path("invitations/<str:secret>/", pages.InvitationPage.as_view(), name="invitation"),
    path("oidc/<str:provider_id>/login/", openid.login, name="openid_connect_login"),
    path("oidc/<str:provider_id>/login/callback/", openid.callback, name="openid_connect_callback"),
    path("", include("allauth.urls")),
]
