from django.urls import path
from sync_api import api

urlpatterns = [path("", api.urls)]
