"""Independent pieces of arithmetic on several cores at once.

A decomposition hardly gains from a second thread of its BLAS, and two of them side by side, each
with one thread, take half the time of one after the other.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from threadpoolctl import ThreadpoolController

Work = Callable[[], object]

_LIMITED = Lock()
"""Held while BLAS has fewer threads, which is so for the whole process: one caller at a time."""


def side_by_side(work: Sequence[Work]) -> None:
    """Do all of it, in this order as threads are free; they share BLAS's threads evenly.

    Raises:
        BaseException: what the first piece that failed raised, or an interruption, once those
            that run have ended; those that wait are dropped.
    """
    with _LIMITED:
        blas = ThreadpoolController().select(user_api="blas")
        threads = max((library["num_threads"] for library in blas.info()), default=1)
        workers = min(threads, len(work))
        if workers < 2:
            for alone in work:
                alone()
            return
        with blas.limit(limits=threads // workers), ThreadPoolExecutor(workers) as pool:
            pieces = [pool.submit(piece) for piece in work]
            try:
                for piece in pieces:
                    piece.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
