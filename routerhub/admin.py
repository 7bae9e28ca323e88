"""Users and groups, in the look of the other pages."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from routerhub import inbox
from routerhub.audit.admin import TableAdmin

__all__ = ["inbox"]

admin.site.unregister([User, Group])
admin.site.unregister([EmailAddress, SocialAccount, SocialApp, SocialToken, Authenticator, UserSession])


@admin.register(User)
class UserAdmin(PlainUserAdmin, TableAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, TableAdmin):
    """Groups of staff."""
