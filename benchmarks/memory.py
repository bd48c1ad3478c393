"""Peak memory of the Fréchet distance, with its interval, of 50,000 images of 2,048 numbers.

The limit that is asked of it is 1.5 GiB, the stored features of both sets not counted twice: the
reference here has 2,000 images, as a holdout does.
"""

import argparse
import resource
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from components.evaluation.metrics.frechet import frechet_measured

NUMBERS = 2048
GIB = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=50_000)
    options = parser.parse_args()
    generated, reference = features(options.images, 1), features(2000, 2)
    before, start = peak(), time.perf_counter()
    found = frechet_measured(generated, reference, 0.95).estimate
    print(f"{options.images} x {NUMBERS}: {found.value:.4f} [{found.low:.4f}, {found.high:.4f}] in "
          f"{time.perf_counter() - start:.0f} s")  # fmt: skip
    print(f"features {(generated.nbytes + reference.nbytes) / GIB:.2f} GiB; peak of the process "
          f"{before:.2f} GiB before, {peak():.2f} GiB after")  # fmt: skip


def features(n: int, seed: int) -> NDArray[np.float32]:
    """Features (n, 2048), drawn in float32."""
    generator = np.random.default_rng(seed)
    found = generator.standard_normal((n, NUMBERS), np.float32)
    found *= np.arange(1, NUMBERS + 1, dtype=np.float32) ** -0.5
    return found


def peak() -> float:
    """The largest resident memory so far, GiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB


class Anonymous:
    """The most anonymous memory of this process while it is entered, bytes: what is read through a
    mapped file is not in it. From Linux's /proc."""

    SECONDS = 0.005
    """Between two looks."""

    def __init__(self) -> None:
        self.before = self.most = 0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Anonymous":
        self.before = self.most = anonymous()
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        self._watch.join()
        self.most = max(self.most, anonymous())

    @property
    def grown(self) -> int:
        """How much more there was than before, bytes."""
        return self.most - self.before

    def _look(self) -> None:
        while not self._over.wait(self.SECONDS):
            self.most = max(self.most, anonymous())


def anonymous() -> int:
    """The anonymous memory of this process, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line for line in lines if line.startswith("RssAnon:"))
    return int(found.split()[1]) * 1024


if __name__ == "__main__":
    main()
