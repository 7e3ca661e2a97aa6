"""The cases in Litestar."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from litestar import Controller, Litestar, MediaType, Request, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import File, Redirect, Stream
from litestar.security.jwt import JWTAuth, Token
from msgspec import Struct
from ticks import Ticks

DATA = Path(os.environ["BENCH_DATA"])
ticks = Ticks()


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


class PhotoIn(Struct):
    note: str
    photo: UploadFile


class Photo(Struct):
    note: str
    name: str
    size: int


async def user_of(token: Token, connection: Any) -> str:
    return token.sub


def bearer(algorithm: str, key: Any) -> Any:
    """Return what lets in callers with a token of one algorithm."""
    auth = JWTAuth[str](token_secret=key, algorithm=algorithm, retrieve_user_handler=user_of)
    return auth.middleware


@get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, world!"}


@get("/hello-sync", sync_to_thread=False)
def hello_sync() -> dict[str, str]:
    return {"message": "Hello, world!"}


class Hello(Controller):
    path = "/hello-controller"

    @get()
    async def hello(self) -> dict[str, str]:
        return {"message": "Hello, world!"}


@get("/blocking", sync_to_thread=True)
def blocking() -> dict[str, str]:
    return {"message": "Hello, world!"}


@get("/sleep")
async def sleep() -> dict[str, bool]:
    await asyncio.sleep(0.001)
    return {"slept": True}


@get("/text", media_type=MediaType.TEXT)
async def text() -> str:
    return "Hello, world!"


@get("/redirect")
async def redirect() -> Redirect:
    return Redirect("/hello")


@get("/airports/{code:str}/runways/{number:int}")
async def runway(code: str, number: int, surface: str, limit: int, lit: bool) -> Runway:
    return Runway(code, number, surface, limit, lit)


@post("/items")
async def item(data: Item) -> Total:
    return Total(data.name, data.price * data.quantity)


@post("/items/bulk")
async def items(data: list[Item]) -> Stock:
    return Stock(len(data), sum(item.quantity for item in data))


@post("/form")
async def form(data: Annotated[Order, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Order:
    return data


@post("/upload")
async def upload(
    data: Annotated[PhotoIn, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Photo:
    return Photo(data.note, data.photo.filename, len(await data.photo.read()))


@get("/file")
async def file() -> File:
    return File(DATA / "file-100k.bin")


@get("/events")
async def events() -> Stream:
    async def numbers() -> AsyncIterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    # A little quicker than ServerSentEvent, which puts the events together itself.
    return Stream(numbers(), media_type="text/event-stream")


@get("/ticks")
async def all_ticks() -> Stream:
    async def numbers() -> AsyncIterator[str]:
        async for number in ticks.numbers():
            yield f"data: {number}\n\n"

    return Stream(numbers(), media_type="text/event-stream")


@get("/me/hs256", middleware=[bearer("HS256", (DATA / "hs256.key").read_text())])
async def me_hs256(request: Request[str, Token, Any]) -> dict[str, str]:
    return {"user": request.user}


@get(
    "/me/rs256",
    middleware=[bearer("RS256", load_pem_public_key((DATA / "rs256.pub.pem").read_bytes()))],
)
async def me_rs256(request: Request[str, Token, Any]) -> dict[str, str]:
    return {"user": request.user}


@get(
    "/me/es256",
    middleware=[bearer("ES256", load_pem_public_key((DATA / "es256.pub.pem").read_bytes()))],
)
async def me_es256(request: Request[str, Token, Any]) -> dict[str, str]:
    return {"user": request.user}


app = Litestar(
    [
        hello,
        hello_sync,
        Hello,
        blocking,
        sleep,
        text,
        redirect,
        runway,
        item,
        items,
        form,
        upload,
        file,
        events,
        all_ticks,
        me_hs256,
        me_rs256,
        me_es256,
    ],
    openapi_config=None,
    logging_config=None,
)
