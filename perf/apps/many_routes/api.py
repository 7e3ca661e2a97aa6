"""As many routes as ``BENCH_ROUTES`` says, each with a handler of its own."""

from __future__ import annotations

import os

from ticks import Ticks

from django_bolt import BoltAPI
from django_bolt.responses import EventStream

api = BoltAPI()
ticks = Ticks()


@api.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, world!"}


@api.get("/ticks")
async def listen() -> EventStream:
    return EventStream(ticks.numbers())


def add(number: int) -> None:
    @api.get(f"/kinds/{number}/things/{{pk}}", name=f"thing-{number}")
    async def thing(pk: int) -> dict[str, int]:
        return {"kind": number, "pk": pk}


for number in range(int(os.environ["BENCH_ROUTES"])):
    add(number)
