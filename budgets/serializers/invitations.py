"""Invitations as JSON."""

from typing import Any

from rest_framework import serializers

from budgets.models import Invitation
from budgets.people.invitations import why_closed
from routerhub.audit.serializers import Reasoned, Strict


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Without its link, which is told once or mailed."""

    accepted_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    is_open = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields = [
            "id", "email", "role", "is_open", "created_at", "expires_at", "revoked_at", "accepted_at", "accepted_by",
        ]  # fmt: skip
        read_only_fields = ["revoked_at", "accepted_at", "created_at"]

    def get_is_open(self, row: Invitation) -> bool:
        return not why_closed(row)


class NewInvitationSerializer(Reasoned, Strict, InvitationSerializer):
    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "reason"]
        extra_kwargs = {"expires_at": {"required": False}}
