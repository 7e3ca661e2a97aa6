"""As many routes as ``BENCH_ROUTES`` says, each with a handler of its own."""

from __future__ import annotations

import os

from django_bolt import BoltAPI

api = BoltAPI()


@api.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, world!"}


def add(number: int) -> None:
    @api.get(f"/kinds/{number}/things/{{pk}}", name=f"thing-{number}")
    async def thing(pk: int) -> dict[str, int]:
        return {"kind": number, "pk": pk}


for number in range(int(os.environ["BENCH_ROUTES"])):
    add(number)
