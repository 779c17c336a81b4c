"""Workers of a Dask cluster, started as anyone's: ``dask scheduler``, then ``dask worker``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from synth.errors import InvalidInstruction, Unavailable


class DaskExecutor(Executor):
    """The workers of a Dask scheduler as a ``concurrent.futures`` executor; see ``dask_executor``.

    Leaving it as a context manager, or ``shutdown``, ends the connection and leaves the cluster.
    """

    def __init__(self, client: Any, retries: int) -> None:
        self._client = client
        self._inner = client.get_executor(retries=retries)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` on a worker."""
        return self._inner.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the connection; ``wait`` for what was submitted."""
        self._inner.shutdown(wait=wait and not cancel_futures)
        self._client.close()


def dask_executor(address: str, *, retries: int = 2, seconds: float = 10.0) -> DaskExecutor:
    """Connect to a Dask scheduler.

    Its workers need this package and all that it needs at the same version, and must see the
    batch's photos and its folder under the same paths. A row whose worker dies goes to another
    by the scheduler's own rule (``distributed.scheduler.allowed-failures``, usually three times);
    ``retries`` is for rows that end in an error that is not theirs, such as a full disk.

    Args:
        address: of the scheduler, such as "tcp://127.0.0.1:8786".
        retries: how often such a row is tried again by the cluster.
        seconds: longest wait for the scheduler.

    Raises:
        Unavailable: ``distributed`` is not installed, or no scheduler answers.
        InvalidInstruction: the address makes no sense.
    """
    if not isinstance(address, str) or not address.strip():
        raise InvalidInstruction("Give the scheduler's address, such as tcp://127.0.0.1:8786.")
    try:
        from distributed import Client
    except ImportError:
        raise Unavailable(
            "A cluster needs Dask, which is not installed here. Run: pip install distributed"
        ) from None
    try:
        client = Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise Unavailable(
            f"No Dask scheduler answers at {address[:100]}. Start one with `dask scheduler`, and "
            "workers with `dask worker` and its address."
        ) from error
    except ValueError as error:
        raise InvalidInstruction(
            f"{address[:100]!r} is no address of a scheduler; it looks like tcp://127.0.0.1:8786."
        ) from error
    return DaskExecutor(client, retries)
