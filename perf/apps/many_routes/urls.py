"""Django serves nothing itself; the routes stand in ``api.py``."""

urlpatterns: list[object] = []
