"""Airports, their countries, and what visitors write about them."""
