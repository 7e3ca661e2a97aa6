"""A Django app: the table of :class:`django_bolt.auth.DjangoORMRevocation`."""
