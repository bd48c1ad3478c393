"""Our figures as `torchmetrics.Metric`: for any training loop, a Lightning module's own included.

``update`` takes images uint8 (n, channel, height, width), as torchmetrics' image metrics do, and
``compute`` gives a flat dict of float64 scalars, ready for ``self.log_dict``: the figure by its
usual name and the ends of its interval, such as ``fd_efficientnet_lite0``,
``fd_efficientnet_lite0_low`` and ``fd_efficientnet_lite0_high``. All are what the judge finds.

The extractor computes on the device that it was made for; ``to`` moves what is kept. Several
processes give what one would that saw the first one's images first.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from components.evaluation.extractors import Extractor
from components.evaluation.families import MEASURES
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.metrics.clip_score import clip_cosines, scores_of
from components.evaluation.metrics.frechet import frechet_of_moments
from components.evaluation.metrics.manifold import NEIGHBOURS
from components.evaluation.metrics.moments import Moments, merge_moments, moments_of
from components.evaluation.view import View
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.per_image import mean_of_images
from components.spec.metrics import METRICS, metric_name

CONFIDENCE = 0.95


class TwoSets(Metric):
    """Figures of what one extractor sees in generated and in real images.

    Args:
        extractor: as `components.evaluation.extractors.build_extractor` makes it.
        reset_real_features: whether `reset` forgets the real images too.
        kwargs: torchmetrics' own, such as ``compute_on_cpu``.
    """

    is_differentiable = False
    full_state_update = True  # forward takes a batch against real images that reset has kept

    def __init__(
        self, extractor: Extractor, reset_real_features: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.extractor, self.reset_real_features = extractor, reset_real_features

    def update(self, images: Tensor, real: bool = False) -> None:
        """Take a batch (n, channel, height, width) uint8, of real images or of generated ones.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, or there are none.
        """
        self._add("real" if real else "generated", self.extractor(_channels_last(images)))

    def reset(self) -> None:
        """Forget the images; the real ones only where ``reset_real_features`` says so."""
        kept = {} if self.reset_real_features else {"real": self._defaults.pop("real")}
        super().reset()
        self._defaults |= kept

    @abstractmethod
    def _add(self, name: str, features: NDArray[np.float32]) -> None:
        """Keep a batch's features in the state ``name``."""


class FeatureMetric(TwoSets):
    """Figures with intervals, of the features of each image.

    Metrics of one extractor in a `torchmetrics.MetricCollection` share their features, which are
    extracted once: torchmetrics finds that their states are the same.

    Args:
        extractor, kwargs: as of `TwoSets`.
        confidence: level of the intervals.
        neighbours: which neighbour the balls of precision and its kin reach to.
    """

    families: ClassVar[tuple[str, ...]]
    real_are_training = False
    """Whether the real images are those that the model has learnt from."""

    generated: list[Tensor]
    real: list[Tensor]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "families" in vars(cls):
            better = {METRICS[family].better for family in cls.families} - {"neither"}
            cls.higher_is_better = better == {"higher"}

    def __init__(
        self,
        extractor: Extractor,
        confidence: float = CONFIDENCE,
        neighbours: int = NEIGHBOURS,
        **kwargs: Any,
    ) -> None:
        super().__init__(extractor, **kwargs)
        self.confidence, self.neighbours = confidence, neighbours
        self.add_state("generated", [], dist_reduce_fx="cat")
        self.add_state("real", [], dist_reduce_fx="cat")

    def compute(self) -> dict[str, Tensor]:
        """Each figure with its interval.

        Raises:
            AlphabarError: there are too few images.
        """
        seen, real = self._set(self.generated), self._set(self.real)
        training = real if self.real_are_training else None
        asked, bank = frozenset(self.families), FeatureBank(self.extractor.device)
        view = View(seen, real, training, bank, self.confidence, self.neighbours, asked)
        found: dict[str, Tensor] = {}
        for family in self.families:
            if finding := MEASURES[family](view):
                name = metric_name(family, self.extractor.name)
                found |= _figure(name, finding.measured.estimate, self.device)
        return found

    def _add(self, name: str, features: NDArray[np.float32]) -> None:
        getattr(self, name).append(torch.from_numpy(features).to(self.device))

    def sync(self, *args: Any, **kwargs: Any) -> None:
        """As torchmetrics', also where one process has seen no images of a kind."""
        for name in ("generated", "real"):
            empty = torch.empty(0, self.extractor.dimension, device=self.device)
            setattr(self, name, [*getattr(self, name)] or [empty])
        super().sync(*args, **kwargs)

    def _set(self, features: list[Tensor]) -> FeatureSet:
        empty = np.empty((0, self.extractor.dimension), np.float32)
        values = dim_zero_cat(features).cpu().numpy() if len(features) else empty
        return FeatureSet(values, self.extractor.name, self.extractor.resize, "", self.extractor)


class FrechetDistance(FeatureMetric):
    """FID by Inception, `fd_<name>` by others; `MomentFrechetDistance` needs less memory."""

    families = ("fd",)


class FrechetDistanceInfinity(FeatureMetric):
    """The Fréchet distance, extrapolated to endless images."""

    families = ("fd_infinity",)


class KernelDistance(FeatureMetric):
    """KID by Inception, over all pairs of images."""

    families = ("kd",)


class KernelDistanceOverSubsets(FeatureMetric):
    """KID by Inception as clean-fid takes it."""

    families = ("kd_subsets",)


class CMMD(FeatureMetric):
    """The kernel distance of CLIP embeddings; the extractor is an open_clip model."""

    families = ("cmmd",)


class Overlap(FeatureMetric):
    """Precision, recall, density and coverage, of one pass."""

    families = ("precision", "recall", "density", "coverage")


class Authenticity(FeatureMetric):
    """Whether images are copies: ``real`` are the training images here."""

    families = ("authenticity", "neighbour_ratio")
    real_are_training = True


class InceptionScore(FeatureMetric):
    """How clear and how many the classes of generated images are; real ones do not count."""

    families = ("inception_score",)


class VendiScore(FeatureMetric):
    """How many images the generated ones are worth; real ones do not count."""

    families = ("vendi",)


class MomentFrechetDistance(TwoSets):
    """The Fréchet distance without interval, which each image's features would be needed for.

    Keeps the moments of both sets alone, (d + 1)² numbers each however many images there are;
    those of several processes merge exactly.
    """

    higher_is_better = False
    generated: Tensor
    real: Tensor

    def __init__(self, extractor: Extractor, **kwargs: Any) -> None:
        super().__init__(extractor, **kwargs)
        for name in ("generated", "real"):
            nothing = torch.from_numpy(Moments.none(extractor.dimension).packed())
            self.add_state(name, nothing, dist_reduce_fx=merged)

    def compute(self) -> dict[str, Tensor]:
        """The distance under its name.

        Raises:
            AlphabarError: there are fewer than two images of a kind.
        """
        seen, real = (Moments.unpacked(each.cpu().numpy()) for each in (self.generated, self.real))
        name, value = metric_name("fd", self.extractor.name), frechet_of_moments(seen, real)
        return {name: torch.tensor(value, dtype=torch.float64, device=self.device)}

    def _add(self, name: str, features: NDArray[np.float32]) -> None:
        new = torch.from_numpy(moments_of(features).packed()).to(self.device)
        setattr(self, name, merged(torch.stack([getattr(self, name), new])))


class Clip(Protocol):
    """An open_clip model or the domain's: embeddings (n, d) of images and of captions."""

    suffix: str

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]: ...

    def encode_captions(self, captions: Sequence[str]) -> NDArray[np.float32]: ...


class CLIPScore(Metric):
    """100 times the cosine of each image and its caption, at least 0; one number an image is kept.

    Args:
        clip: `extractors.clip.OpenClip`, or `domain_clip.load_scorer`'s.
        confidence: level of the interval.
        kwargs: torchmetrics' own.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    cosines: list[Tensor]

    def __init__(self, clip: Clip, confidence: float = CONFIDENCE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clip, self.confidence = clip, confidence
        self.add_state("cosines", [], dist_reduce_fx="cat")

    def update(self, images: Tensor, texts: Sequence[str]) -> None:
        """Take a batch (n, channel, height, width) uint8 with the caption of each image.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, or there are none.
        """
        seen, read = self.clip(_channels_last(images)), self.clip.encode_captions(texts)
        self.cosines.append(torch.from_numpy(clip_cosines(seen, read)).to(self.device))

    def compute(self) -> dict[str, Tensor]:
        """The score with its interval.

        Raises:
            AlphabarError: there are fewer than two images.
        """
        cosines = dim_zero_cat(self.cosines).cpu().numpy() if len(self.cosines) else np.empty(0)
        estimate = mean_of_images(scores_of(cosines), self.confidence).estimate
        return _figure(metric_name("clip_score", self.clip.suffix), estimate, self.device)


def merged(stacked: Tensor) -> Tensor:
    """(k, d + 1, d + 1) → (d + 1, d + 1): packed moments of several sets as those of one."""
    whole = merge_moments(Moments.unpacked(each) for each in stacked.cpu().numpy())
    return torch.from_numpy(whole.packed()).to(stacked.device)


def _channels_last(images: Tensor) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = images.detach().cpu().numpy()
    return np.ascontiguousarray(np.moveaxis(array, 1, -1)) if array.ndim == 4 else array


def _figure(name: str, estimate: Estimate, device: torch.device) -> dict[str, Tensor]:
    parts = {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
    return {
        f"{name}{end}": torch.tensor(value, dtype=torch.float64, device=device)
        for end, value in parts.items()
    }
