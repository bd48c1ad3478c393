"""Images through a network, a batch at a time, into one array."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.extractors.engine import Engine, Images, Part, Prepare
from components.evaluation.images.pixels import check_images
from components.runtime import Progress, silent

_TOLD = 64  # images between two words on progress


@dataclass(frozen=True)
class Reader:
    """A network with what brings images to it.

    Attributes:
        extractor: whom an error names.
        dimension: of the features.
        prepare: a batch of images to what the network reads.
        engine: the network.
    """

    extractor: str
    dimension: int
    prepare: Prepare
    engine: Engine

    def __call__(self, images: Images, progress: Progress = silent) -> NDArray[np.float32]:
        """Features (n, dimension) float32, in memory once.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
                network gives something that is not a finite number.
        """
        check_images(images)
        return self.of_parts([(np.arange(len(images)), images)], len(images), progress)

    def of_parts(
        self, parts: Iterable[Part], n: int, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """The same of ``n`` images that come part by part, each of one size; the next part is
        asked for while the network is at work.

        Raises:
            AlphabarError: as above; or what ``parts`` raises.
        """
        features = np.empty((n, self.dimension), np.float32)
        done = told = 0
        with closing(self.engine.run(self._batches(parts), self.prepare)) as found:
            for rows, values in found:
                features[rows] = values
                self._check_finite(values, rows)
                done += len(values)
                if done - told >= _TOLD or done == n:
                    told = done
                    progress(done, n, "image features")
        return features

    def _batches(self, parts: Iterable[Part]) -> Iterator[Part]:
        for rows, images in parts:
            for start in range(0, len(images), self.engine.batch):
                chosen = slice(start, start + self.engine.batch)
                yield rows[chosen], images[chosen]

    def _check_finite(self, features: NDArray[np.float32], rows: NDArray[np.intp]) -> None:
        bad = ~np.isfinite(features).all(axis=1)
        if bad.any():
            raise AlphabarError(
                f"the extractor `{self.extractor}` gives NaN or infinite features, first for image "
                f"{rows[bad].min()}",
                "its weights are broken or do not belong to it: give others, or choose another "
                "extractor",
            )
