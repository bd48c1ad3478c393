"""Images beside their captions, as whoever reads captions sees them."""

from components.errors import AlphabarError
from components.evaluation.captions import CaptionView, Clip
from components.evaluation.images.image_set import ImageSet
from components.evaluation.preferences.model import PreferenceModel
from components.evaluation.preferences.scores import PreferenceView
from components.runtime import Progress, silent
from components.spec.reading import Reading

OF_CAPTIONS = (CaptionView, PreferenceView)
"""Whose figures captions alone give."""


def of_clip(
    clip: Clip | None, images: ImageSet, confidence: float, reading: Reading | None
) -> CaptionView | None:
    """Images and captions in the CLIP's space; None without one.

    Raises:
        AlphabarError: an image has no caption.
    """
    if clip is None:
        return None
    _refuse_bare(images, "clip")
    return CaptionView.of(clip, images.images, images.captions, confidence, reading)


def of_preference(
    model: PreferenceModel | None,
    images: ImageSet,
    confidence: float,
    reading: Reading | None,
    progress: Progress = silent,
) -> PreferenceView | None:
    """Images and captions as a preference model scores them; None without one.

    Raises:
        AlphabarError: an image has no caption, or the model's weights are broken.
    """
    if model is None:
        return None
    _refuse_bare(images, "preference")
    parts = (images.images, images.captions, confidence, reading, progress)
    return PreferenceView.of(model, *parts)


def _refuse_bare(images: ImageSet, key: str) -> None:
    """Raise AlphabarError where only some of the images have captions."""
    if bare := sum(not caption for caption in images.captions):
        raise AlphabarError(
            f"{bare} of {len(images)} images have no caption",
            f"give every image a caption, or set `evaluation.{key}: none`",
        )
