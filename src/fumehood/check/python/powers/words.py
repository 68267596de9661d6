"""Tables of names are written as running text."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """Answer the words of a text."""
    return frozenset(text.split())
