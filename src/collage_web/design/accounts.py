"""How allauth behaves here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter

__all__ = ["Adapter"]


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody makes an account for themselves: an administrator does."""

    def is_open_for_signup(self, request: Any) -> bool:  # noqa: ARG002  # allauth's signature
        """Return False, whoever asks."""
        return False
