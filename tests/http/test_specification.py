"""The examples of the project's first document, each in a project of its own, as written there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.test import override_settings

from django_bolt.auth import create_jwt_for_user
from tests.http.cases import Case
from tests.http.conftest import Serve

PACKAGE = "tests.http.specification"
APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_bolt"]
REQUIRED = ["This field is required."]
NOT_AN_INTEGER = ["A valid integer is required."]


@pytest.fixture
def project(
    request: pytest.FixtureRequest, transactional_db: None, serve: Serve
) -> Iterator[httpx.Client]:
    """Serve what is discovered in the project that the test names."""
    urlconf = f"{PACKAGE}.{request.param}.urls"
    with override_settings(ROOT_URLCONF=urlconf, INSTALLED_APPS=APPS):
        yield serve()


def serving(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("project", [name], indirect=True)


def check(client: httpx.Client, *cases: Case) -> None:
    for case in cases:
        case.check(client)


@serving("first_api")
def test_run_your_first_api(project: httpx.Client) -> None:
    user = User.objects.create(username="ann")
    check(
        project,
        # The declared ``id`` is text, and the handler gives the primary key as it is.
        Case("GET", f"/users/{user.pk}", body={"id": str(user.pk), "username": "ann"}),
        Case("GET", f"/users/{user.pk}/", body={"id": str(user.pk), "username": "ann"}),
        Case("GET", "/users/0", status=404, body={"detail": "Not found."}),
        Case("GET", "/users/ann", status=400, body={"user_id": NOT_AN_INTEGER}),
        Case("GET", "/users", status=404),
        Case(
            "POST", f"/users/{user.pk}", status=405, reply_headers={"allow": "GET, HEAD, OPTIONS"}
        ),
    )


@serving("basic_routes")
def test_basic_routes(project: httpx.Client) -> None:
    person = {"username": "ann", "email": "ann@example.org", "age": 41}
    check(
        project,
        Case("GET", "/hello", body={"message": "Hello, World!"}),
        Case("GET", "/users/7", body={"user_id": 7}),
        Case("GET", "/users/seven", status=400, body={"user_id": NOT_AN_INTEGER}),
        Case("GET", "/search?q=rust", body={"query": "rust", "limit": 10}),
        Case("GET", "/search?q=a%20b&limit=3", body={"query": "a b", "limit": 3}),
        Case("GET", "/search", status=400, body={"q": REQUIRED}),
        Case("GET", "/search?limit=x", status=400, body={"q": REQUIRED, "limit": NOT_AN_INTEGER}),
        Case("POST", "/users", json=person, body=person),
        Case("POST", "/users", json={**person, "is_staff": True}, body=person),
        Case(
            "POST",
            "/users",
            json={"username": 1, "age": "41"},
            status=400,
            body={
                "username": ["Not a valid string."],
                "email": REQUIRED,
                "age": NOT_AN_INTEGER,
            },
        ),
        Case(
            "POST",
            "/users",
            status=400,
            body={"username": REQUIRED, "email": REQUIRED, "age": REQUIRED},
        ),
        Case(
            "POST",
            "/users",
            content=b"username=ann",
            headers={"content-type": "application/x-www-form-urlencoded"},
            status=415,
        ),
        Case("GET", "/users", status=405, reply_headers={"allow": "OPTIONS, POST"}),
    )


UNAUTHENTICATED = {"detail": "Authentication credentials were not provided."}
FORBIDDEN = {"detail": "You do not have permission to perform this action."}


def bearer(user: User, **options: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_jwt_for_user(user, **options)}"}


@serving("authentication")
def test_authentication_and_guards(project: httpx.Client) -> None:
    ann = User.objects.create(username="ann")
    root = User.objects.create(username="root", is_superuser=True)
    author = User.objects.create(username="author")
    # Django's permissions belong to models; the example's would be one of an app of its own.
    ContentType.objects.create(app_label="articles", model="article").permission_set.create(
        codename="create", name="Can create articles"
    )
    author.user_permissions.add(Permission.objects.get(codename="create"))
    challenged = {"www-authenticate": 'Bearer realm="api"'}
    hello = {"message": f"Hello, user {ann.pk}"}
    admin = {"message": "Admin access"}
    created = {"message": "Article created"}
    as_ann, as_root, as_author = bearer(ann), bearer(root), bearer(author)
    wrong = {"Authorization": "Bearer nonsense"}
    check(
        project,
        Case("GET", "/protected", status=401, body=UNAUTHENTICATED, reply_headers=challenged),
        Case("GET", "/protected", headers=wrong, status=401, body={"detail": "Invalid token."}),
        Case("GET", "/protected", headers=as_ann, body=hello),
        Case("GET", "/admin", status=401, body=UNAUTHENTICATED, reply_headers=challenged),
        Case("GET", "/admin", headers=as_ann, status=403, body=FORBIDDEN),
        Case("GET", "/admin", headers=as_root, body=admin),
        Case("POST", "/articles", status=401, body=UNAUTHENTICATED, reply_headers=challenged),
        Case("POST", "/articles", headers=as_ann, status=403, body=FORBIDDEN),
        Case("POST", "/articles", headers=as_root, body=created),
        # The token does not say, and so the user is asked.
        Case("POST", "/articles", headers=as_author, body=created),
        Case(
            "POST",
            "/articles",
            headers=bearer(ann, permissions=["articles.create"]),
            body=created,
        ),
    )


@serving("authentication")
def test_login(project: httpx.Client) -> None:
    ann = User.objects.create(username="ann")
    # Parameters of a scalar type are read from the query string, in a POST too.
    reply = Case("POST", "/login?username=ann&password=secret").check(project)
    answer = reply.json()
    assert answer["token_type"] == "bearer"
    check(
        project,
        Case(
            "GET",
            "/protected",
            headers={"Authorization": f"Bearer {answer['access_token']}"},
            body={"message": f"Hello, user {ann.pk}"},
        ),
        Case("POST", "/login?username=nobody&password=secret", status=404),
        Case("POST", "/login", status=400, body={"username": REQUIRED, "password": REQUIRED}),
    )


@pytest.fixture
def articles(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Model]]:
    """Have the app ``myapp``, whose articles have a table."""
    models = importlib.import_module(f"{PACKAGE}.myapp.models")
    monkeypatch.setitem(sys.modules, "myapp", importlib.import_module(f"{PACKAGE}.myapp"))
    monkeypatch.setitem(sys.modules, "myapp.models", models)
    article = models.Article
    with connection.schema_editor() as editor:
        editor.create_model(article)
    yield article
    with connection.schema_editor() as editor:
        editor.delete_model(article)


@serving("django_orm")
def test_django_orm_integration(articles: Any, project: httpx.Client) -> None:
    ann = User.objects.create(username="ann", email="ann@example.org")
    made = [articles.objects.create(title=title, author=ann) for title in "ab"]
    listed = [{"id": one.pk, "title": one.title, "author": "ann"} for one in made]
    check(
        project,
        Case(
            "GET",
            f"/users/{ann.pk}",
            body={"id": ann.pk, "username": "ann", "email": "ann@example.org"},
        ),
        Case("GET", "/articles", body=listed),
        Case("GET", "/articles?limit=1", body=listed[:1]),
        Case("GET", "/articles?limit=0", body=[]),
    )
    articles.objects.all().delete()
