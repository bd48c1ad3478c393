"""Whether generated images were asked for all that the real ones show, which a figure of the whole
set takes for granted."""

from components.errors import first_of
from components.evaluation.images.image_set import ImageSet


def coverage_words(images: ImageSet, real: ImageSet) -> list[str]:
    """A sentence where ``images`` lack classes of ``real``, or captions where there are no classes;
    none where they have all, or nobody knows.

    Args:
        images: what was generated; its classes are called as those of ``real`` where they have no
            names of their own.
        real: what it is compared with.
    """
    for nouns, ours, theirs in (
        ("classes", _classes(images, images.class_names or real.class_names), _own_classes(real)),
        ("captions", _said(images), _said(real)),
    ):
        if not ours or not theirs:
            continue
        missing = [name for name in theirs if name not in ours]
        if not missing:
            return []
        there = [name for name in theirs if name in ours]
        which = f" ({first_of(there)})" if there and len(there) < len(missing) else ""
        shown = f"{len(there)} of the {len(theirs)} {nouns} of the real images{which}"
        alone = "; those of a group hold it against its own" if nouns == "classes" else ""
        return [
            f"the images were asked for {shown}, and not for {first_of(missing)}: figures of the "
            f"whole set hold them against all {len(theirs)}{alone}"
        ]
    return []


def _own_classes(images: ImageSet) -> dict[str, None]:
    return _classes(images, images.class_names)


def _classes(images: ImageSet, names: tuple[str, ...]) -> dict[str, None]:
    """The classes that occur, by name."""
    numbers = sorted({int(k) for k in images.classes if k >= 0})
    return {names[k] if k < len(names) else str(k): None for k in numbers}


def _said(images: ImageSet) -> dict[str, None]:
    """The captions that occur, in their order."""
    return dict.fromkeys(filter(None, images.captions))
