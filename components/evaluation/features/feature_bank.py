"""Features once per image set and extractor, whoever asks and however often."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from components.errors import AlphabarError
from components.evaluation.extractors import Extractor, build_extractor
from components.evaluation.extractors.clip import OpenClip
from components.evaluation.extractors.onnx_runtime import of_any_threads
from components.evaluation.features.feature_store import (
    Arrays,
    Values,
    read_arrays,
    read_values,
    write_arrays,
    write_values,
)
from components.evaluation.images.image_files import ImageFiles, Pictures, digest_of
from components.evaluation.images.pixels import check_images
from components.runtime import Progress, silent

VERSION = 3
"""Part of every key; raise it when features or what is derived from them come out otherwise:
an extractor's code, the decoding of files, radii of manifolds or gaps of training images."""

MEMORY = 2**29
"""Features kept in memory for the next who asks, bytes; the newest set is always kept."""

_ROWS = 4096  # classified at a time


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """What an extractor sees in a set of images.

    Attributes:
        values: (n, d) float32, finite, not to be written to.
        extractor: its name.
        resize: how images were brought to the size at which it looks.
        key: SHA-256 of the images and of the extractor's identity.
    """

    values: Values
    extractor: str
    resize: str
    key: str
    _source: Extractor = field(repr=False)

    @property
    def engine(self) -> str:
        """What computed them, for records."""
        return self._source.engine

    def probability_blocks(self) -> Iterator[NDArray[np.float32]] | None:
        """(rows, classes) of the extractor's own classifier, in blocks made one at a time.

        None where it has none. Rows sum to 1. Inception's are those of the published Inception
        Score: 1,008 classes, without the classifier's bias.
        """
        if self._source.logits(self.values[:1]) is None:
            return None
        starts = range(0, len(self.values), _ROWS)
        parts = (self.values[start : start + _ROWS] for start in starts)
        return (softmax(self._source.logits(part), axis=1) for part in parts)

    def probabilities(self) -> NDArray[np.float32] | None:
        """(n, classes): all of `probability_blocks` at once, for a set that is not large."""
        blocks = self.probability_blocks()
        return None if blocks is None else np.concatenate(list(blocks))


class FeatureBank:
    """Extracts features once, and keeps them in memory and on disk by what they depend on.

    A set's key is the SHA-256 of its pixels, shape and type, the extractor's name, size, resize,
    weights and `VERSION`, and what computes: the engine and the kind of device, since a GPU rounds
    otherwise than a CPU and one engine than another; and torch's threads, where torch is the
    engine. What follows from features is kept by threads, too: sums are split among them.

    Args:
        device: where networks compute.
        cache: a folder shared with other processes; None keeps nothing on disk.
        progress: told of images done.
        weights: a folder of files of weights; see `components.evaluation.extractors`.
    """

    def __init__(
        self,
        device: torch.device | str,
        cache: Path | None = None,
        progress: Progress = silent,
        weights: Path | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.folder = None if cache is None else cache / "features"
        self.progress = progress
        self.weights = weights
        self._extractors: dict[tuple[str, int | None], Extractor] = {}
        self._sets: OrderedDict[str, FeatureSet] = OrderedDict()
        self._lock = Lock()

    def features(
        self,
        images: Pictures,
        extractor: str,
        size: int | None = None,
        digest: str | None = None,
    ) -> FeatureSet:
        """What ``extractor`` sees in ``images`` (n, height, width, 1 or 3) uint8, or in files.

        Args:
            size: side at which it looks, pixels, where the extractor leaves the choice.
            digest: `digest_of` the images, where it is known.

        Raises:
            AlphabarError: there is no such extractor or it lacks its weights, the images are
                none, or the features are not finite.
        """
        source = self.extractor(extractor, size)
        if not isinstance(images, ImageFiles):
            check_images(images)
        digest = digest or digest_of(images)
        key = hashlib.sha256(f"{digest} {_identity(source)}".encode()).hexdigest()
        with self._lock:
            found = self._sets.get(key)
        if found is None:
            values = self._stored(key, images, source)
            found = FeatureSet(values, source.name, source.resize, key, source)
        self._remember(found)
        return found

    def derived(
        self,
        features: FeatureSet,
        name: str,
        shapes: Mapping[str, tuple[int, ...]],
        make: Callable[[], Arrays],
    ) -> Arrays:
        """What follows from features alone and takes long: made once, and kept on disk.

        Args:
            features: what it follows from; without a key it is always made.
            name: what it is, with all that it depends on besides.
            shapes: of its arrays by name; a file of others is made anew.
            make: makes it.
        """
        if self.folder is None or not features.key:
            return make()
        path = self.folder / f"{features.key}-{name}-{torch.get_num_threads()}.npz"
        known = read_arrays(path)
        if known is not None and {n: a.shape for n, a in known.items()} == dict(shapes):
            return known
        arrays = make()
        write_arrays(path, arrays)
        return arrays

    def extractor(self, name: str, size: int | None = None) -> Extractor:
        """The extractor that `features` uses, made once; raises AlphabarError as it does."""
        if (name, size) not in self._extractors:
            self._extractors[name, size] = build_extractor(name, size, self.device, self.weights)
        return self._extractors[name, size]

    def clip(self, name: str) -> OpenClip:
        """The model of ``clip:MODEL:WEIGHTS``, for its captions; raises AlphabarError."""
        found = self.extractor(name)
        if not isinstance(found, OpenClip):
            raise AlphabarError(
                f"the extractor `{name}` reads no captions", "choose clip:MODEL:WEIGHTS"
            )
        return found

    def _stored(self, key: str, images: Pictures, source: Extractor) -> Values:
        """From disk, or else from the network and then to disk."""
        path = None if self.folder is None else self.folder / f"{key}.npy"
        values = read_values(path, (len(images), source.dimension)) if path else None
        if values is None:
            values = self._extracted(images, source)
            if path:
                write_values(path, values)
        values.flags.writeable = False
        return values

    def _extracted(self, images: Pictures, source: Extractor) -> Values:
        if not isinstance(images, ImageFiles):
            if min(images.strides) < 0:
                return self._turned(images, source)
            return source(images, self.progress)
        with closing(images.windows()) as windows:
            parts = chain.from_iterable(windows)
            return source.of_parts(parts, len(images), self.progress)

    def _turned(self, images: NDArray[np.uint8], source: Extractor) -> Values:
        """Of a mirrored view, which is copied part by part: torch takes no negative strides."""
        rows = np.arange(len(images))
        starts = range(0, len(images), _ROWS)
        chosen = (slice(start, start + _ROWS) for start in starts)
        parts = ((rows[part], np.ascontiguousarray(images[part])) for part in chosen)
        return source.of_parts(parts, len(images), self.progress)

    def _remember(self, found: FeatureSet) -> None:
        with self._lock:
            self._sets[found.key] = found
            self._sets.move_to_end(found.key)
            held = sum(other.values.nbytes for other in self._sets.values())
            while held > MEMORY and len(self._sets) > 1:
                held -= self._sets.popitem(last=False)[1].values.nbytes


def _identity(source: Extractor) -> str:
    threads = 0 if of_any_threads(source.engine) else torch.get_num_threads()
    computes = (source.engine, source.device.type, threads)
    parts = (source.name, source.size, source.resize, source.weights_digest, *computes)
    return " ".join(map(str, (VERSION, *parts)))
