from __future__ import annotations

from airports.models import Airport
from rest_framework import serializers


class RunwayQuery(serializers.Serializer):
    surface = serializers.CharField()
    limit = serializers.IntegerField()
    lit = serializers.BooleanField()


class ItemIn(serializers.Serializer):
    name = serializers.CharField()
    price = serializers.FloatField()
    quantity = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())


class OrderIn(serializers.Serializer):
    name = serializers.CharField()
    quantity = serializers.IntegerField()


class PhotoIn(serializers.Serializer):
    note = serializers.CharField()
    photo = serializers.FileField()


class AirportOut(serializers.ModelSerializer):
    class Meta:
        model = Airport
        fields = ("id", "name", "city", "country", "elevation")
        # A serializer that only reads needs no validators.
        read_only_fields = fields
