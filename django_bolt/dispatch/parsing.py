"""Declared bodies in other notations than JSON."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import msgspec

from django_bolt.dispatch.faults import Faults
from django_bolt.parsers import BaseParser


class ParsedFaults(Faults):
    """Gathers the faults of a body that is not JSON: ``decode`` makes its type, ``plain`` any."""

    def __init__(
        self,
        annotation: Any,
        *,
        name: str,
        required: bool,
        notation: str,
        decode: Callable[[bytes], Any],
        plain: Callable[[bytes], Any],
    ) -> None:
        super().__init__(annotation, name=name, required=required)
        self.notation = notation
        self._decode_typed = decode
        self._decode_plain = plain

    def _read(self, body: bytes) -> None:
        self._decode_typed(body)

    def _plain(self, body: bytes) -> Any:
        # As JSON: what the other notations have besides is text there.
        try:
            return msgspec.to_builtins(self._decode_plain(body), str_keys=True, enc_hook=repr)
        except TypeError as error:
            # A key that no object of JSON can have: msgspec's own words about the type must do.
            raise msgspec.ValidationError(str(error)) from error


def plain_decoder(item: type[BaseParser] | BaseParser) -> Callable[[bytes], Any]:
    """Return what reads a body with a parser."""

    def decode(body: bytes) -> Any:
        parser = item() if isinstance(item, type) else item
        return parser.parse(BytesIO(body), parser.media_type, {"request": None})

    return decode


def typed_decoder(plain: Callable[[bytes], Any], annotation: Any) -> Callable[[bytes], Any]:
    """Return what converts a parsed body to its declared type."""

    def decode(body: bytes) -> Any:
        return msgspec.convert(plain(body), annotation)

    return decode
