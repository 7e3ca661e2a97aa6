"""The cases in Django REST framework. Its views are synchronous, those of `async` cases too."""

from __future__ import annotations

from collections.abc import Iterator

from airports.models import Airport
from authentication import ES256Authentication, JWTAuthentication, RS256Authentication
from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from rest_framework.decorators import api_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from serializers import AirportOut, ItemIn, OrderIn, PhotoIn, RunwayQuery


@api_view(["GET"])
def hello(request: Request) -> Response:
    return Response({"message": "Hello, world!"})


class Hello(APIView):
    def get(self, request: Request) -> Response:
        return Response({"message": "Hello, world!"})


@api_view(["GET"])
def text(request: Request) -> HttpResponse:
    return HttpResponse("Hello, world!", content_type="text/plain")


@api_view(["GET"])
def redirect(request: Request) -> HttpResponse:
    return HttpResponseRedirect("/hello")


@api_view(["GET"])
def runway(request: Request, code: str, number: int) -> Response:
    query = RunwayQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    return Response({"code": code, "number": number, **query.validated_data})


@api_view(["POST"])
def item(request: Request) -> Response:
    serializer = ItemIn(data=request.data)
    serializer.is_valid(raise_exception=True)
    item = serializer.validated_data
    return Response({"name": item["name"], "total": item["price"] * item["quantity"]})


@api_view(["POST"])
def items(request: Request) -> Response:
    serializer = ItemIn(data=request.data, many=True)
    serializer.is_valid(raise_exception=True)
    items = serializer.validated_data
    return Response({"count": len(items), "quantity": sum(item["quantity"] for item in items)})


@api_view(["POST"])
def form(request: Request) -> Response:
    serializer = OrderIn(data=request.data)
    serializer.is_valid(raise_exception=True)
    return Response(serializer.validated_data)


@api_view(["POST"])
def upload(request: Request) -> Response:
    serializer = PhotoIn(data=request.data)
    serializer.is_valid(raise_exception=True)
    photo = serializer.validated_data["photo"]
    return Response(
        {"note": serializer.validated_data["note"], "name": photo.name, "size": photo.size}
    )


@api_view(["GET"])
def file(request: Request) -> FileResponse:
    return FileResponse((settings.DATA / "file-100k.bin").open("rb"))


@api_view(["GET"])
def events(request: Request) -> StreamingHttpResponse:
    def numbers() -> Iterator[str]:
        for number in range(10):
            yield f"data: {number}\n\n"

    return StreamingHttpResponse(numbers(), content_type="text/event-stream")


class Me(APIView):
    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.pk})


class MeRS256(Me):
    authentication_classes = [RS256Authentication]


class MeES256(Me):
    authentication_classes = [ES256Authentication]


class AirportDetail(RetrieveAPIView):
    queryset = Airport.objects.all()
    serializer_class = AirportOut


class AirportList(APIView):
    def get(self, request: Request) -> Response:
        return Response(AirportOut(Airport.objects.order_by("pk")[:10], many=True).data)


class Pages(PageNumberPagination):
    page_size = 20


class AirportPage(ListAPIView):
    queryset = Airport.objects.order_by("pk")
    serializer_class = AirportOut
    pagination_class = Pages
