import views
from django.urls import path

urlpatterns = [
    path("hello", views.hello),
    path("hello-sync", views.hello),
    path("hello-controller", views.Hello.as_view()),
    path("airports/<str:code>/runways/<int:number>", views.runway),
    path("items", views.item),
    path("items/bulk", views.items),
    path("me/hs256", views.Me.as_view()),
    path("me/rs256", views.MeRS256.as_view()),
    path("me/es256", views.MeES256.as_view()),
    path("blocking", views.hello),
    path("text", views.text),
    path("redirect", views.redirect),
    path("form", views.form),
    path("upload", views.upload),
    path("file", views.file),
    path("events", views.events),
    path("db/airports/<int:pk>", views.AirportDetail.as_view()),
    path("db/airports", views.AirportList.as_view()),
    path("db/airports/page", views.AirportPage.as_view()),
]
