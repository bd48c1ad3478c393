"""What images are judged against."""

from dataclasses import dataclass
from pathlib import Path

from components.evaluation.images.image_set import ImageSet
from components.figures.protocol import NOTHING
from components.spec.metric_family import Need


@dataclass(frozen=True)
class References:
    """The sets of images behind figures; real ones, unless it is said.

    Attributes:
        holdout: real images that the model has not seen; None where there are none to compare
            with.
        training: those that it has learnt from; None where they are not known.
        base: what the model that it was tuned from has drawn, image for image of the same seeds and
            prompts; None for others.
    """

    holdout: ImageSet | None
    training: ImageSet | None = None
    base: ImageSet | None = None

    @property
    def known(self) -> frozenset[Need]:
        """The sets that there are."""
        sets: dict[Need, ImageSet | None] = {
            "real images": self.holdout,
            "training images": self.training,
            "base images": self.base,
        }
        return frozenset(need for need, images in sets.items() if images is not None)

    @property
    def data_hash(self) -> str:
        """Of the real images; `NOTHING` where there are none."""
        return NOTHING if self.holdout is None else self.holdout.data_hash

    @classmethod
    def of_data(cls, directory: Path) -> "References":
        """Both splits of a prepared directory."""
        return cls(ImageSet.load(directory, "holdout"), ImageSet.load(directory, "train"))

    def behind(self, against: str) -> ImageSet | None:
        """The set that a figure ``against`` reference, training or base was measured against."""
        sets = {"reference": self.holdout, "training": self.training, "base": self.base}
        return sets.get(against)

    def name(self, against: str) -> str:
        """What the record calls it; what is no set of images has the name that it came with."""
        images = self.behind(against)
        return images.name if images else against
