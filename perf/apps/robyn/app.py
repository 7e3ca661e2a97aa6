"""The cases in Robyn; bodies are validated by Pydantic, as its documentation has it."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from pydantic import BaseModel, RootModel, ValidationError
from robyn import Headers, Request, Response, Robyn, SSEMessage, SSEResponse, SubRouter, serve_file
from robyn.authentication import AuthenticationHandler, BearerGetter, Identity
from ticks import Ticks
from tokens import DATA, user_of

JSON = Headers({"Content-Type": "application/json"})

app = Robyn(__file__)
ticks = Ticks()


class Item(BaseModel):
    name: str
    price: float
    quantity: int
    tags: list[str]


class Items(RootModel):
    root: list[Item]


class Order(BaseModel):
    name: str
    quantity: int


class Bearer(AuthenticationHandler):
    def __init__(self, algorithm: str) -> None:
        super().__init__(BearerGetter())
        self.algorithm = algorithm

    def authenticate(self, request: Request) -> Identity | None:
        token = self.token_getter.get_token(request)
        user = None if token is None else user_of(token, self.algorithm)
        return None if user is None else Identity({"user": user})


@app.get("/hello")
async def hello():
    return {"message": "Hello, world!"}


@app.get("/hello-sync")
def hello_sync():
    return {"message": "Hello, world!"}


@app.get("/sleep")
async def sleep():
    await asyncio.sleep(0.001)
    return {"slept": True}


@app.get("/text")
async def text():
    return "Hello, world!"


@app.get("/redirect")
async def redirect():
    return Response(302, Headers({"Location": "/hello"}), "")


@app.get("/airports/:code/runways/:number")
async def runway(code: str, number: int, surface: str, limit: int, lit: bool):
    return {"code": code, "number": number, "surface": surface, "limit": limit, "lit": lit}


@app.post("/items")
async def item(item: Item):
    return {"name": item.name, "total": item.price * item.quantity}


@app.post("/items/bulk")
async def items(items: Items):
    return {"count": len(items.root), "quantity": sum(item.quantity for item in items.root)}


@app.post("/form")
async def form(request: Request):
    # Robyn itself reads multipart forms only.
    try:
        order = Order.model_validate(dict(parse_qsl(request.body)))
    except ValidationError as error:
        return Response(422, JSON, error.json())
    return {"name": order.name, "quantity": order.quantity}


@app.post("/upload")
async def upload(request: Request):
    (name, content), *_ = request.files.items()
    return {"note": request.form_data["note"], "name": name, "size": len(content)}


@app.get("/file")
async def file():
    return serve_file(str(DATA / "file-100k.bin"))


@app.get("/events")
async def events():
    async def numbers() -> AsyncIterator[str]:
        for number in range(10):
            yield SSEMessage(str(number))

    return SSEResponse(numbers())


@app.get("/ticks")
async def all_ticks():
    async def numbers() -> AsyncIterator[str]:
        async for number in ticks.numbers():
            yield SSEMessage(str(number))

    return SSEResponse(numbers())


def me(algorithm: str) -> SubRouter:
    """Return a router of its own: authentication is set up for a whole one."""
    router = SubRouter(prefix=f"/me/{algorithm.lower()}")
    router.configure_authentication(Bearer(algorithm))

    @router.get("/", auth_required=True)
    async def user(request: Request):
        return {"user": request.identity.claims["user"]}

    return router


for algorithm in ("HS256", "RS256", "ES256"):
    app.include_router(me(algorithm))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    options, _ = parser.parse_known_args()  # the others are Robyn's own
    app.start(host=options.host, port=options.port)
