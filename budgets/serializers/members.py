"""Members of an account as JSON."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from budgets.models import Membership
from routerhub.audit.serializers import Reasoned, Strict


class MemberSerializer(serializers.ModelSerializer[Membership]):
    user = serializers.SlugRelatedField[Any](slug_field="username", queryset=User.objects.all())
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ["user", "email", "role", "is_active"]


class NewMemberSerializer(Reasoned, Strict, MemberSerializer):
    class Meta(MemberSerializer.Meta):
        fields = [*MemberSerializer.Meta.fields, "reason"]


class MemberChangeSerializer(NewMemberSerializer):
    """Who somebody is stays as it is."""

    class Meta(NewMemberSerializer.Meta):
        fields = ["role", "is_active", "reason"]
