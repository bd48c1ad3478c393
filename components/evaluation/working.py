"""Threads that work for one who waits: dropped at once when he stops, each alone on its core."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def working(
    threads: int, initializer: Callable[[], None] | None = None
) -> Iterator[ThreadPoolExecutor]:
    """So many threads; what they have not begun is dropped as soon as the work ends, well or by
    an error or an interruption.

    Args:
        initializer: what each thread runs first.
    """
    pool = ThreadPoolExecutor(threads, initializer=initializer)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def single_threaded() -> Callable[[], None]:
    """An initializer after which torch computes in a thread with that thread alone.

    OpenMP keeps its number of threads by thread, and torch sets it when a thread first asks; other
    threads stay as they are, which `torch.set_num_threads` would not leave them.
    """
    libraries = ThreadpoolController().select(user_api="openmp")

    def begin() -> None:
        torch.get_num_threads()  # let torch set its own first
        libraries.limit(limits=1)

    return begin
