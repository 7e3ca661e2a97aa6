"""The cases in the function style."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import asymmetric
from airports.models import Airport
from django.conf import settings
from msgspec import Struct
from ticks import Ticks

from django_bolt import BoltAPI, Request, inline
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.params import File, Form
from django_bolt.responses import (
    EventStream,
    FileResponse,
    PlainText,
    Redirect,
    StreamingResponse,
)
from django_bolt.uploads import UploadFile

PAGE_SIZE = 20

api = BoltAPI()
api.include(asymmetric.api)
ticks = Ticks()


class Message(Struct):
    message: str


class Runway(Struct):
    code: str
    number: int
    surface: str
    limit: int
    lit: bool


class Item(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]


class Total(Struct):
    name: str
    total: float


class Stock(Struct):
    count: int
    quantity: int


class Order(Struct):
    name: str
    quantity: int


class Photo(Struct):
    note: str
    name: str
    size: int


class AirportOut(Struct):
    id: int
    name: str
    city: str
    country: str
    elevation: int


class AirportPage(Struct):
    count: int
    results: list[AirportOut]


@api.get("/hello")
async def hello() -> Message:
    return Message("Hello, world!")


@api.get("/hello-request")
async def hello_request(request: Request) -> Message:
    return Message("Hello, world!")


@api.get("/hello-sync")
@inline
def hello_sync() -> Message:
    return Message("Hello, world!")


@api.get("/blocking")
def blocking() -> Message:
    return Message("Hello, world!")


@api.get("/sleep")
async def sleep() -> dict[str, bool]:
    await asyncio.sleep(0.001)
    return {"slept": True}


@api.get("/text")
async def text() -> PlainText:
    return PlainText("Hello, world!")


@api.get("/redirect")
async def redirect() -> Redirect:
    return Redirect("/hello")


@api.get("/airports/{code}/runways/{number}")
async def runway(code: str, number: int, surface: str, limit: int, lit: bool) -> Runway:
    return Runway(code, number, surface, limit, lit)


@api.post("/items")
async def item(item: Item) -> Total:
    return Total(item.name, item.price * item.quantity)


@api.post("/items/bulk")
async def items(items: list[Item]) -> Stock:
    return Stock(len(items), sum(item.quantity for item in items))


@api.post("/form")
async def form(order: Annotated[Order, Form()]) -> Order:
    return order


@api.post("/upload")
async def upload(note: Annotated[str, Form()], photo: Annotated[UploadFile, File()]) -> Photo:
    return Photo(note, photo.filename, photo.size)


@api.get("/file")
async def file() -> FileResponse:
    return FileResponse(settings.DATA / "file-100k.bin")


@api.get("/events")
async def events() -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    return StreamingResponse(numbers(), media_type="text/event-stream")


@api.get("/ticks")
async def all_ticks() -> EventStream:
    async def numbers() -> AsyncIterator[str]:
        async for number in ticks.numbers():
            yield str(number)

    return EventStream(numbers())


@api.get("/me/hs256", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def me(request: Request) -> dict[str, str]:
    return {"user": request.identity.user_id}


@api.get("/db/airports/{pk}")
def airport(pk: int) -> AirportOut:
    return Airport.objects.get(pk=pk)


@api.get("/db/airports")
def airports() -> list[AirportOut]:
    return Airport.objects.order_by("pk")[:10]


@api.get("/db/airports/page")
def airport_page(page: int = 1) -> AirportPage:
    found = Airport.objects.order_by("pk")
    start = (page - 1) * PAGE_SIZE
    return AirportPage(count=found.count(), results=list(found[start : start + PAGE_SIZE]))
