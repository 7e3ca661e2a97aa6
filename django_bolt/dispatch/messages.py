"""What is said of a wrong value, in the words that Django REST framework uses."""

from __future__ import annotations

REQUIRED = "This field is required."
NULL = "This field may not be null."
UNKNOWN_FIELD = "This field is not known."
NO_BODY = "A request body is required."

NOT_A_STRING = "Not a valid string."
NOT_AN_INTEGER = "A valid integer is required."
NOT_A_NUMBER = "A valid number is required."
NOT_A_BOOLEAN = "Must be a valid boolean."
NOT_A_UUID = "Must be a valid UUID."
NOT_A_DATE = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
NOT_A_DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
NOT_A_TIME = "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]]."
NOT_A_DURATION = "Duration has wrong format. Use an ISO 8601 duration instead, such as P1DT2H."
NOT_BASE64 = "Not valid base64."
NOT_THE_VALUE = "This value is not allowed here."
PATTERN = "This value does not match the required pattern."


def not_a_choice(value: object) -> str:
    """Say that a value is none of a closed list."""
    return f'"{value}" is not a valid choice.'


def not_an_object(value: object) -> str:
    """Say that an object was expected."""
    return f"Invalid data. Expected a dictionary, but got {json_type(value)}."


def not_a_dict(value: object) -> str:
    """Say that a mapping with free keys was expected."""
    return f'Expected a dictionary of items but got type "{json_type(value)}".'


def not_a_list(value: object) -> str:
    """Say that a list was expected."""
    return f'Expected a list of items but got type "{json_type(value)}".'


def at_least(limit: object) -> str:
    """Say that a number is too small."""
    return f"Ensure this value is greater than or equal to {limit}."


def at_most(limit: object) -> str:
    """Say that a number is too large."""
    return f"Ensure this value is less than or equal to {limit}."


def over(limit: object) -> str:
    """Say that a number is not above its bound."""
    return f"Ensure this value is greater than {limit}."


def under(limit: object) -> str:
    """Say that a number is not below its bound."""
    return f"Ensure this value is less than {limit}."


def multiple_of(step: object) -> str:
    """Say that a number is not a multiple."""
    return f"Ensure this value is a multiple of {step}."


def at_least_characters(limit: int) -> str:
    """Say that a text is too short."""
    return f"Ensure this field has at least {limit} characters."


def at_most_characters(limit: int) -> str:
    """Say that a text is too long."""
    return f"Ensure this field has no more than {limit} characters."


def at_least_items(limit: int) -> str:
    """Say that a list has too few items."""
    return f"Ensure this field has at least {limit} elements."


def at_most_items(limit: int) -> str:
    """Say that a list has too many items."""
    return f"Ensure this field has no more than {limit} elements."


def json_type(value: object) -> str:
    """Return the name that Django REST framework uses for a decoded value's type."""
    return type(value).__name__ if value is not None else "null"
