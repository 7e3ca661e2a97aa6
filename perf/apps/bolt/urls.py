"""Django serves nothing itself; the routes stand in ``api.py`` and ``bolt_routes.py``."""

urlpatterns: list[object] = []
