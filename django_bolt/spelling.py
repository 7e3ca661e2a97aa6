"""Names that were probably meant: what every refusal of an unknown name suggests."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

#: How alike two whole names must be, and how alike each pair of their words.
NAME_CUTOFF = 0.88
WORD_CUTOFF = 0.75


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name nearest to ``name``, or ``""``."""
    nearest = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` misspells, or ``None`` for a name of its own.

    Stricter than :func:`suggestion`, since here the likeness itself is the fault: the names must
    have the same words, each of them close (``get_permission`` misspells ``get_permissions``;
    ``set_permissions`` and ``get_user_permissions`` do not), or differ in underscores only.
    """
    best: tuple[float, str] | None = None
    for candidate in known:
        likeness = _likeness(name, candidate)
        if likeness >= NAME_CUTOFF and (best is None or likeness > best[0]):
            best = (likeness, candidate)
    return best[1] if best else None


#: Words of their own that a slip would make of a short name.
_WORDS = frozenset({"had", "option", "path", "pos", "pot", "race"})


def slip(name: str, known: Iterable[str]) -> str | None:
    """Return the short known word that ``name`` is with one slip of the fingers, or ``None``.

    Other letter case, two neighbours swapped, a letter doubled, or one left out of four or more
    (``psot``, ``gett``, ``delte``). For words too short for :func:`misspelt`, which has hardly
    anything to go by there: ``set`` and ``host`` are as near to ``get`` and ``post``.
    """
    lowered = name.lower()
    for candidate in known:
        if name != candidate and lowered in _slips(candidate):
            return None if name in _WORDS else candidate
    return None


def _slips(word: str) -> set[str]:
    places = range(len(word))
    swapped = {word[:at] + word[at : at + 2][::-1] + word[at + 2 :] for at in places}
    doubled = {word[:at] + word[at] + word[at:] for at in places}
    shortened = {word[:at] + word[at + 1 :] for at in places} if len(word) > 3 else set()
    return {word} | swapped | doubled | shortened


def _likeness(name: str, candidate: str) -> float:
    name = name.lower()
    if name.replace("_", "") == candidate.replace("_", ""):
        return 1.0
    words, expected = name.split("_"), candidate.split("_")
    if len(words) != len(expected):
        return 0.0
    if any(_ratio(word, other) < WORD_CUTOFF for word, other in zip(words, expected, strict=True)):
        return 0.0
    return _ratio(name, candidate)


def _ratio(left: str, right: str) -> float:
    if sorted(left) == sorted(right):  # letters in another order: the commonest slip
        return max(NAME_CUTOFF, SequenceMatcher(None, left, right).ratio())
    return SequenceMatcher(None, left, right).ratio()
