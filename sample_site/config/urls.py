"""Addresses that Django serves itself; the API's routes stand in ``bolt_routes.py``/``api.py``."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
