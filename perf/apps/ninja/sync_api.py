"""The cases in Django Ninja, for a WSGI server."""

from collections.abc import Iterator

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

api = new_api()


@api.get("/hello")
def hello(request):
    return {"message": "Hello, world!"}


@api.get("/hello-sync")
def hello_sync(request):
    return {"message": "Hello, world!"}


@api.get("/blocking")
def blocking(request):
    return {"message": "Hello, world!"}


@api.get("/text")
def text(request):
    return HttpResponse("Hello, world!", content_type="text/plain")


@api.get("/redirect")
def redirect(request):
    return HttpResponseRedirect("/hello")


@api.get("/airports/{code}/runways/{number}", response=Runway)
def runway(request, code: str, number: int, surface: str, limit: int, lit: bool):
    return {"code": code, "number": number, "surface": surface, "limit": limit, "lit": lit}


@api.post("/items", response=Total)
def item(request, item: Item):
    return {"name": item.name, "total": item.price * item.quantity}


@api.post("/items/bulk", response=Stock)
def items(request, items: list[Item]):
    return {"count": len(items), "quantity": sum(item.quantity for item in items)}


@api.post("/form", response=Order)
def form(request, order: Form[Order]):
    return order


@api.post("/upload", response=Photo)
def upload(request, note: Form[str], photo: File[UploadedFile]):
    return {"note": note, "name": photo.name, "size": photo.size}


@api.get("/file")
def file(request):
    return FileResponse((settings.DATA / "file-100k.bin").open("rb"))


@api.get("/events")
def events(request):
    def numbers() -> Iterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    # Quicker than `response=SSE[int]`, which puts the events together itself.
    return StreamingHttpResponse(numbers(), content_type="text/event-stream")


@api.get("/me/hs256", auth=Bearer("HS256"), response=User)
def me_hs256(request):
    return {"user": request.auth}


@api.get("/me/rs256", auth=Bearer("RS256"), response=User)
def me_rs256(request):
    return {"user": request.auth}


@api.get("/me/es256", auth=Bearer("ES256"), response=User)
def me_es256(request):
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
