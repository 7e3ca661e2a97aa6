"""The site's tokens: a quarter of an hour for requests, a week for the next pair."""

from __future__ import annotations

from django_bolt.auth import DjangoORMRevocation, TokenIssuer

#: Who logged out is remembered in the database, so that it holds for every process at once.
TOKENS = TokenIssuer(revocation=DjangoORMRevocation())
AUTHENTICATION = TOKENS.authentication()
