from django.contrib import admin

from sample_site.flights.models import Airport, Country, Report


@admin.register(Country)
class CountryAdmin(admin.ModelAdmin):
    list_display = ("code", "name")
    search_fields = ["code", "name"]


@admin.register(Airport)
class AirportAdmin(admin.ModelAdmin):
    list_display = ("icao", "iata", "name", "city", "country")
    list_select_related = ("country",)
    search_fields = ["icao", "iata", "name", "city"]
    autocomplete_fields = ["country"]


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    list_display = ("airport", "author", "rating", "visited_on", "created")
    list_filter = ["rating"]
    list_select_related = ("airport", "author")
    autocomplete_fields = ["airport", "author"]
    date_hierarchy = "visited_on"
