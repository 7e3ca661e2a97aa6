"""What the synchronous and the asynchronous cases share; orjson as the documentation advises."""

import orjson
from airports.models import Airport
from django.http import HttpRequest
from ninja import ModelSchema, NinjaAPI, Schema
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from ninja.security import HttpBearer
from tokens import user_of

PAGE_SIZE = 20


class Runway(Schema):
    code: str
    number: int
    surface: str
    limit: int
    lit: bool


class Item(Schema):
    name: str
    price: float
    quantity: int
    tags: list[str]


class Total(Schema):
    name: str
    total: float


class Stock(Schema):
    count: int
    quantity: int


class Order(Schema):
    name: str
    quantity: int


class Photo(Schema):
    note: str
    name: str
    size: int


class User(Schema):
    user: str


class AirportOut(ModelSchema):
    class Meta:
        model = Airport
        fields = ["id", "name", "city", "country", "elevation"]


class AirportPage(Schema):
    count: int
    results: list[AirportOut]


class Bearer(HttpBearer):
    def __init__(self, algorithm: str) -> None:
        super().__init__()
        self.algorithm = algorithm

    def authenticate(self, request: HttpRequest, token: str) -> str | None:
        return user_of(token, self.algorithm)


class ORJSONParser(Parser):
    def parse_body(self, request: HttpRequest) -> object:
        return orjson.loads(request.body)


class ORJSONRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: object, *, response_status: int) -> bytes:
        return orjson.dumps(data)


def new_api() -> NinjaAPI:
    return NinjaAPI(renderer=ORJSONRenderer(), parser=ORJSONParser(), openapi_url=None)
