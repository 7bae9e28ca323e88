"""Composed dashboards, and their figures, as JSON."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from analytics.models import Dashboard
from routerhub.audit.serializers import Reasoned, Strict

ACCOUNT: Any = Dashboard._meta.get_field("account").remote_field.model


class DashboardSerializer(serializers.ModelSerializer[Dashboard]):
    """`tiles` and `where` are those of docs/dashboards.md."""

    account = serializers.SlugRelatedField[Any](
        slug_field="slug", queryset=ACCOUNT.objects.all(), allow_null=True, default=None
    )
    user = serializers.SlugRelatedField[Any](slug_field="username", queryset=User.objects.all(), required=False)
    where = serializers.DictField(required=False)
    tiles = serializers.ListField(child=serializers.DictField(), required=False)

    class Meta:
        model = Dashboard
        fields = ["id", "account", "user", "name", "visibility", "range", "where", "tiles"]
        validators: list[Any] = []


class NewDashboardSerializer(Reasoned, Strict, DashboardSerializer):
    class Meta(DashboardSerializer.Meta):
        fields = [*DashboardSerializer.Meta.fields, "reason"]


class DashboardChangeSerializer(NewDashboardSerializer):
    """Whose it is stays as it is."""

    class Meta(DashboardSerializer.Meta):
        fields = ["name", "visibility", "range", "where", "tiles", "reason"]


class TileFiguresSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField()
    value = serializers.DictField(allow_null=True, help_text="What the tile shows, as its kind makes it.")
    problem = serializers.CharField(help_text="Why it cannot be shown with these filters; empty: it is.")


class DashboardFiguresSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    zone = serializers.CharField()
    traffic = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    tiles = TileFiguresSerializer(many=True)
