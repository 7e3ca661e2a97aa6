"""Every fault of a refused body, in the shape that Django REST framework gives them.

msgspec stops at the first fault, which is right for speed and wrong for people: a form that has
four wrong fields shall say so four times. This module walks the body once more, and only where
msgspec has refused it, so that both always agree on whether there is a fault at all.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from django_bolt.dispatch import messages
from django_bolt.dispatch.body_check import Fault, check
from django_bolt.exceptions import ParseError

#: Where msgspec says that a fault is: `` - at `$.items[0].name` ``, `` - at `key` in `$` ``.
_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\]]*)\]")
_ROOT = "non_field_errors"


class Faults:
    """Gathers the faults of one route's body and merges them with those of its parameters."""

    #: In messages.
    notation = "JSON"

    def __init__(self, annotation: Any, *, name: str, required: bool) -> None:
        self._annotation = annotation
        self._name = name
        self._required = required
        self._decode = msgspec.json.Decoder(annotation).decode

    def __call__(self, body: bytes | None, parameter_faults: bytes) -> bytes:
        """Return all faults as a JSON object, or a list where the body is one and alone faulty.

        ``body`` is ``None`` or empty where none was sent; ``parameter_faults`` is a JSON object of
        names to messages. ``{}`` means that there is no fault. Raises
        :class:`~django_bolt.exceptions.ParseError` for a body that is not JSON.
        """
        parameters: dict[str, Any] = msgspec.json.decode(parameter_faults or b"{}")
        return msgspec.json.encode(merge(self.of_body(body), parameters, self._name))

    def of_body(self, body: bytes | None) -> Fault | None:
        """Return the faults of a body, or ``None`` exactly where msgspec accepts it.

        Text that is not UTF-8 (RFC 8259 section 8.1) is refused even in members that nothing
        declares, at which msgspec does not look.
        """
        if not body:
            return self._of_absent() if self._required else None
        try:
            self._read(body)
        except msgspec.ValidationError as error:
            return self._of_invalid(body, error)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ParseError(f"{self.notation} parse error - {error}") from error
        except RecursionError as error:
            raise ParseError(
                f"{self.notation} parse error - the body is nested too deeply."
            ) from error
        return None

    def _read(self, body: bytes) -> None:
        """Raise what keeps a body from being of its type."""
        body.decode()
        self._decode(body)

    def _plain(self, body: bytes) -> Any:
        """Return a body as JSON has it, whatever its type."""
        return msgspec.json.decode(body)

    def _of_absent(self) -> Fault:
        """Return what is missing, field by field where the body is an object."""
        found = check(msgspec.inspect.type_info(self._annotation), {})
        return found if isinstance(found, dict) and _ROOT not in found else [messages.NO_BODY]

    def _of_invalid(self, body: bytes, error: msgspec.ValidationError) -> Fault:
        try:
            value = self._plain(body)
        except msgspec.ValidationError:
            # A number that only the declared type can hold: msgspec's own words must do.
            return from_message(str(error))
        except (msgspec.DecodeError, UnicodeDecodeError) as malformed:
            raise ParseError(f"{self.notation} parse error - {malformed}") from malformed
        except RecursionError as nested:
            raise ParseError(
                f"{self.notation} parse error - the body is nested too deeply."
            ) from nested
        found = check(msgspec.inspect.type_info(self._annotation), value)
        return from_message(str(error)) if found is None else found


def from_message(message: str) -> Fault:
    """Return msgspec's own message at the place that it names.

    Of a place in a dict it does not say the key (``$.prices[...]``): the fault is the dict's.
    """
    match = _PLACE.search(message)
    if match is None:
        return [message]
    steps = [name or index for name, index in _STEP.findall(match[1].partition("[...]")[0])]
    fault: Fault = [message[: match.start()]]
    for step in reversed(steps):
        fault = {step: fault}
    return fault


def merge(body: Fault | None, parameters: dict[str, Any], name: str) -> Any:
    """Return the faults of body and parameters as one object.

    Messages about the body as a whole stand under ``non_field_errors``. A list of items keeps its
    own shape where the parameters are right, and stands under ``name`` otherwise.
    """
    if body is None:
        return parameters
    if isinstance(body, list):
        if _are_items(body):
            if not parameters:
                return body
            body = {name: body}
        else:
            body = {_ROOT: body}
    merged: dict[str, Any] = dict(body)
    for key, found in parameters.items():
        merged[key] = _both(merged[key], found) if key in merged else found
    return merged


def _both(fault: Any, found: Any) -> Any:
    """Return a field's faults together with those of a parameter of the same name."""
    if isinstance(fault, list) and isinstance(found, list) and not _are_items(fault):
        return [*fault, *found]
    return {**_as_object(fault), **_as_object(found)}


def _as_object(fault: Any) -> dict[str, Any]:
    if isinstance(fault, dict):
        return fault
    if _are_items(fault):
        return {str(index): item for index, item in enumerate(fault) if item}
    return {_ROOT: fault}


def _are_items(fault: list[Any]) -> bool:
    return bool(fault) and isinstance(fault[0], dict)
