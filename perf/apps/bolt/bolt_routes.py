"""The case in the class style."""

from __future__ import annotations

from api import Message

from django_bolt import Controller, Router


class Hello(Controller):
    async def get(self) -> Message:
        return Message("Hello, world!")


router = Router()
router.register("hello-controller", Hello)
