"""A directory of the world's airports: a Django project that shows what django_bolt does."""
