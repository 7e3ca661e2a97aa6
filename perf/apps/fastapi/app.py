"""The cases in FastAPI; a declared result is what its documentation calls the quickest."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request, UploadFile
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from ticks import Ticks
from tokens import DATA, user_of

app = FastAPI(openapi_url=None)
ticks = Ticks()


class Message(BaseModel):
    message: str


class Slept(BaseModel):
    slept: bool


class Runway(BaseModel):
    code: str
    number: int
    surface: str
    limit: int
    lit: bool


class Item(BaseModel):
    name: str
    price: float
    quantity: int
    tags: list[str]


class Total(BaseModel):
    name: str
    total: float


class Stock(BaseModel):
    count: int
    quantity: int


class Order(BaseModel):
    name: str
    quantity: int


class Photo(BaseModel):
    note: str
    name: str
    size: int


class User(BaseModel):
    user: str


class Bearer(HTTPBearer):
    """The user of a token of one algorithm; without a token, a 401."""

    def __init__(self, algorithm: str) -> None:
        super().__init__()
        self.algorithm = algorithm

    async def __call__(self, request: Request) -> str:
        credentials = await super().__call__(request)
        user = user_of(credentials.credentials, self.algorithm)
        if user is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return user


@app.get("/hello")
async def hello() -> Message:
    return Message(message="Hello, world!")


@app.get("/hello-sync")
def hello_sync() -> Message:
    return Message(message="Hello, world!")


@app.get("/blocking")
def blocking() -> Message:
    return Message(message="Hello, world!")


@app.get("/sleep")
async def sleep() -> Slept:
    await asyncio.sleep(0.001)
    return Slept(slept=True)


@app.get("/text")
async def text():
    return PlainTextResponse("Hello, world!")


@app.get("/redirect")
async def redirect():
    return RedirectResponse("/hello")


@app.get("/airports/{code}/runways/{number}")
async def runway(code: str, number: int, surface: str, limit: int, lit: bool) -> Runway:
    return Runway(code=code, number=number, surface=surface, limit=limit, lit=lit)


@app.post("/items")
async def item(item: Item) -> Total:
    return Total(name=item.name, total=item.price * item.quantity)


@app.post("/items/bulk")
async def items(items: list[Item]) -> Stock:
    return Stock(count=len(items), quantity=sum(item.quantity for item in items))


@app.post("/form")
async def form(order: Annotated[Order, Form()]) -> Order:
    return order


@app.post("/upload")
async def upload(note: Annotated[str, Form()], photo: UploadFile) -> Photo:
    return Photo(note=note, name=photo.filename, size=photo.size)


@app.get("/file")
async def file():
    return FileResponse(DATA / "file-100k.bin")


@app.get("/events")
async def events():
    async def numbers() -> AsyncIterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    # EventSourceResponse, which puts the events together itself, costs four times as much.
    return StreamingResponse(numbers(), media_type="text/event-stream")


@app.get("/ticks")
async def all_ticks():
    async def numbers() -> AsyncIterator[str]:
        async for number in ticks.numbers():
            yield f"data: {number}\n\n"

    return StreamingResponse(numbers(), media_type="text/event-stream")


@app.get("/me/hs256")
async def me_hs256(user: Annotated[str, Depends(Bearer("HS256"))]) -> User:
    return User(user=user)


@app.get("/me/rs256")
async def me_rs256(user: Annotated[str, Depends(Bearer("RS256"))]) -> User:
    return User(user=user)


@app.get("/me/es256")
async def me_es256(user: Annotated[str, Depends(Bearer("ES256"))]) -> User:
    return User(user=user)
