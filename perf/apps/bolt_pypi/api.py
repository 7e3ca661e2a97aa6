"""The cases in django-bolt 0.13, as published."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from airports.models import Airport
from django.conf import settings
from django_bolt.datastructures import UploadFile
from django_bolt.param_functions import Body, File, Form
from django_bolt.views import APIView
from msgspec import Struct
from ticks import Ticks

from django_bolt import BoltAPI, Request, StreamingResponse
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.responses import FileResponse, PlainText, Redirect

PAGE_SIZE = 20
#: Never: the name is there for the analysis that looks for calls that block.
REALLY_BLOCKS = False

api = BoltAPI(enable_logging=False, compression=False)
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


@api.get("/hello-sync")
def hello_sync() -> Message:
    return Message("Hello, world!")


@api.view("/hello-controller")
class Hello(APIView):
    async def get(self, request: Request) -> Message:
        return Message("Hello, world!")


@api.get("/blocking")
def blocking() -> Message:
    # A `def` goes to a thread where a call that may block is found in its source.
    if REALLY_BLOCKS:
        time.sleep(1)
    return Message("Hello, world!")


@api.get("/sleep")
async def sleep():
    await asyncio.sleep(0.001)
    return {"slept": True}


@api.get("/text")
async def text():
    return PlainText("Hello, world!")


@api.get("/redirect")
async def redirect():
    return Redirect("/hello")


@api.get("/airports/{code}/runways/{number}")
async def runway(code: str, number: int, surface: str, limit: int, lit: bool) -> Runway:
    return Runway(code, number, surface, limit, lit)


@api.post("/items")
async def item(item: Item) -> Total:
    return Total(item.name, item.price * item.quantity)


@api.post("/items/bulk")
async def items(items: Annotated[list[Item], Body()]) -> Stock:
    return Stock(len(items), sum(item.quantity for item in items))


@api.post("/form")
async def form(order: Annotated[Order, Form()]) -> Order:
    return order


@api.post("/upload")
async def upload(note: Annotated[str, Form()], photo: Annotated[UploadFile, File()]) -> Photo:
    return Photo(note, photo.filename, photo.size)


@api.get("/file")
async def file():
    return FileResponse(str(settings.DATA / "file-100k.bin"))


@api.get("/events")
async def events():
    async def numbers() -> AsyncIterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    return StreamingResponse(numbers(), media_type="text/event-stream")


@api.get("/ticks")
async def all_ticks():
    async def numbers() -> AsyncIterator[str]:
        async for number in ticks.numbers():
            yield f"data: {number}\n\n"

    return StreamingResponse(numbers(), media_type="text/event-stream")


@api.get("/me/hs256", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def me_hs256(request: Request):
    return {"user": request.context["user_id"]}


@api.get(
    "/me/rs256",
    auth=[
        JWTAuthentication(
            public_key=(settings.DATA / "rs256.pub.pem").read_text(), algorithms=["RS256"]
        )
    ],
    guards=[IsAuthenticated()],
)
async def me_rs256(request: Request):
    return {"user": request.context["user_id"]}


@api.get(
    "/me/es256",
    auth=[
        JWTAuthentication(
            public_key=(settings.DATA / "es256.pub.pem").read_text(), algorithms=["ES256"]
        )
    ],
    guards=[IsAuthenticated()],
)
async def me_es256(request: Request):
    return {"user": request.context["user_id"]}


@api.get("/db/airports/page")
async def airport_page(page: int = 1) -> AirportPage:
    found = Airport.objects.order_by("pk")
    start = (page - 1) * PAGE_SIZE
    count = await found.acount()
    rows = [
        AirportOut(row.id, row.name, row.city, row.country, row.elevation)
        async for row in found[start : start + PAGE_SIZE]
    ]
    return AirportPage(count, rows)


@api.get("/db/airports/{pk}")
def airport(pk: int) -> AirportOut:
    row = Airport.objects.get(pk=pk)
    return AirportOut(row.id, row.name, row.city, row.country, row.elevation)


@api.get("/db/airports")
async def airports() -> list[AirportOut]:
    return Airport.objects.order_by("pk")[:10]
