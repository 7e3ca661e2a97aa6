"""The cases in Django Ninja, for an ASGI server."""

import asyncio
from collections.abc import AsyncIterator

from airports.models import Airport
from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from ninja import File, Form
from ninja.files import UploadedFile
from parts import (
    PAGE_SIZE,
    AirportOut,
    AirportPage,
    Bearer,
    Item,
    Order,
    Photo,
    Runway,
    Stock,
    Total,
    User,
    new_api,
)
from ticks import Ticks

api = new_api()
ticks = Ticks()


@api.get("/hello")
async def hello(request):
    return {"message": "Hello, world!"}


@api.get("/hello-sync")
def hello_sync(request):
    return {"message": "Hello, world!"}


@api.get("/blocking")
def blocking(request):
    return {"message": "Hello, world!"}


@api.get("/sleep")
async def sleep(request):
    await asyncio.sleep(0.001)
    return {"slept": True}


@api.get("/text")
async def text(request):
    return HttpResponse("Hello, world!", content_type="text/plain")


@api.get("/redirect")
async def redirect(request):
    return HttpResponseRedirect("/hello")


@api.get("/airports/{code}/runways/{number}", response=Runway)
async def runway(request, code: str, number: int, surface: str, limit: int, lit: bool):
    return {"code": code, "number": number, "surface": surface, "limit": limit, "lit": lit}


@api.post("/items", response=Total)
async def item(request, item: Item):
    return {"name": item.name, "total": item.price * item.quantity}


@api.post("/items/bulk", response=Stock)
async def items(request, items: list[Item]):
    return {"count": len(items), "quantity": sum(item.quantity for item in items)}


@api.post("/form", response=Order)
async def form(request, order: Form[Order]):
    return order


@api.post("/upload", response=Photo)
async def upload(request, note: Form[str], photo: File[UploadedFile]):
    return {"note": note, "name": photo.name, "size": photo.size}


@api.get("/file")
async def file(request):
    return FileResponse((settings.DATA / "file-100k.bin").open("rb"))


@api.get("/events")
async def events(request):
    async def numbers() -> AsyncIterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    # Quicker than `response=SSE[int]`, which puts the events together itself.
    return StreamingHttpResponse(numbers(), content_type="text/event-stream")


@api.get("/ticks")
async def all_ticks(request):
    async def numbers() -> AsyncIterator[str]:
        async for number in ticks.numbers():
            yield f"data: {number}\n\n"

    return StreamingHttpResponse(numbers(), content_type="text/event-stream")


@api.get("/me/hs256", auth=Bearer("HS256"), response=User)
async def me_hs256(request):
    return {"user": request.auth}


@api.get("/me/rs256", auth=Bearer("RS256"), response=User)
async def me_rs256(request):
    return {"user": request.auth}


@api.get("/me/es256", auth=Bearer("ES256"), response=User)
async def me_es256(request):
    return {"user": request.auth}


@api.get("/db/airports/page", response=AirportPage)
def airport_page(request, page: int = 1):
    found = Airport.objects.order_by("pk")
    start = (page - 1) * PAGE_SIZE
    return {"count": found.count(), "results": list(found[start : start + PAGE_SIZE])}


@api.get("/db/airports/{int:pk}", response=AirportOut)
def airport(request, pk: int):
    return Airport.objects.get(pk=pk)


@api.get("/db/airports", response=list[AirportOut])
def airports(request):
    return Airport.objects.order_by("pk")[:10]
