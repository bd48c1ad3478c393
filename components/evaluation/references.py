"""What images are judged against."""

from dataclasses import dataclass
from pathlib import Path

from components.evaluation.images.image_set import ImageSet


@dataclass(frozen=True)
class References:
    """The sets of real images behind figures.

    Attributes:
        holdout: real images that the model has not seen.
        training: those that it has learnt from; None where they are not known.
    """

    holdout: ImageSet
    training: ImageSet | None = None

    @classmethod
    def of_data(cls, directory: Path) -> "References":
        """Both splits of a prepared directory."""
        return cls(ImageSet.load(directory, "holdout"), ImageSet.load(directory, "train"))

    def behind(self, against: str) -> ImageSet | None:
        """The set that a figure ``against`` reference or training was measured against."""
        return {"reference": self.holdout, "training": self.training}.get(against)

    def name(self, against: str) -> str:
        """What the record calls it; what is no set of images has the name that it came with."""
        images = self.behind(against)
        return images.name if images else against
