"""Desks of visitors: private places on the server, each under a name that nobody can guess.

The visitor's browser keeps the name, and whoever does not know it never reaches the desk.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from synth.errors import InvalidInstruction, LimitExceeded

_NAME: Final = re.compile(r"[0-9a-f]{48}")
_MOST_DESKS: Final = 64
_SWEEP_SECONDS: Final = 600.0


class AnyDesk(Protocol):
    """What a registry must know of a desk."""

    id: str
    touched: float

    @property
    def busy(self) -> bool:
        """Whether a job of it runs."""
        ...

    def close(self) -> None:
        """Stop its jobs and delete everything."""
        ...


DeskKind = TypeVar("DeskKind", bound=AnyDesk)


class Registry(Generic[DeskKind]):
    """The desks of one kind of one served page; idle ones go away by themselves."""

    def __init__(
        self, make: Callable[[], DeskKind], *, forget_after: float, full: str, lost: str
    ) -> None:
        """A registry without desks.

        Args:
            make: makes an empty desk.
            forget_after: how long an idle desk is kept, seconds.
            full: what to say where too many are in use; ``{most}`` is how many.
            lost: what to say of a desk that is not here any more.
        """
        self._make = make
        self._forget_after = forget_after
        self._full = full
        self._lost = lost
        self._desks: OrderedDict[str, DeskKind] = OrderedDict()
        self._lock = threading.Lock()
        self._watch: threading.Timer | None = None

    def new(self) -> DeskKind:
        """An empty desk. Raises ``LimitExceeded`` where too many are in use."""
        self._sweep()
        with self._lock:
            if len(self._desks) >= _MOST_DESKS:
                raise LimitExceeded(self._full.format(most=_MOST_DESKS))
            desk = self._make()
            self._desks[desk.id] = desk
            if self._watch is None:
                self._look_again()
        return desk

    def find(self, id: object) -> DeskKind | None:
        """The desk of that name, if it is still here."""
        if not isinstance(id, str) or not _NAME.fullmatch(id):
            return None
        with self._lock:
            desk = self._desks.get(id)
        if desk is not None:
            desk.touched = time.monotonic()
        return desk

    def get(self, id: object) -> DeskKind:
        """The desk of that name; raises ``InvalidInstruction`` when it is not here any more."""
        desk = self.find(id)
        if desk is None:
            raise InvalidInstruction(self._lost)
        return desk

    def forget(self, id: object) -> bool:
        """Delete a desk and all its files; whether there was one."""
        desk = self.find(id)
        if desk is None:
            return False
        with self._lock:
            self._desks.pop(desk.id, None)
        desk.close()
        return True

    def _look_again(self) -> None:
        """Sweep now and then for as long as there are desks; the lock is held."""
        self._watch = threading.Timer(_SWEEP_SECONDS, self._watched)
        self._watch.daemon = True
        self._watch.start()

    def _watched(self) -> None:
        self._sweep()
        with self._lock:
            self._watch = None
            if self._desks:
                self._look_again()

    def _sweep(self) -> None:
        """Delete what nobody used for long and nobody waits for."""
        now = time.monotonic()
        with self._lock:
            old = [
                desk
                for desk in self._desks.values()
                if not desk.busy and now - desk.touched > self._forget_after
            ]
            for desk in old:
                del self._desks[desk.id]
        for desk in old:
            desk.close()
