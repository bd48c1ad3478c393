"""Images, masks and prompts as the user gives them, made to fit a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.spec.sections.sampling import SamplingSpec
from flows.tools.drawing import prompts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.generation.denoising import Conditions
    from components.networks.checkpoint import Checkpoint

DRAWN = 128
"""The grey value from which a mask's pixel says: draw this anew."""


def read_images(
    paths: Sequence[Path], model: "Checkpoint"
) -> "tuple[NDArray[np.uint8], list[str]]":
    """Image files at the size and with the channels that ``model`` draws.

    Returns:
        (n, height, width, channel) uint8, and a sentence for each file that is shown otherwise
        than it is.

    Raises:
        AlphabarError: a file is missing or is none of the images that `open_image` reads.
    """
    import numpy as np

    from components.data.images import is_animated, square_pixels

    channels, size, _ = model.image_shape
    notes = []
    for path in paths:
        width, height, mode = _header(path)
        wanted = "L" if channels == 1 else "RGB"
        if is_animated(path):
            notes.append(f"{path.name}: the first of several frames is taken")
        if (width, height, mode) != (size, size, wanted):
            cropped = ", its central square" if width != height else ""
            kind = "grey" if channels == 1 else "RGB"
            notes.append(
                f"{path.name}: {width} x {height} {mode}{cropped} taken as {size} x {size} {kind}"
            )
    images = [square_pixels(path, size, grey=channels == 1) for path in paths]
    return np.stack(images), notes


def read_mask(path: Path, image: Path, model: "Checkpoint") -> "NDArray[np.bool_]":
    """What of ``image`` is to be drawn: (height, width), True where the mask is white.

    Raises:
        AlphabarError: the file is no image, it fits neither the image file nor the model, or it
            leaves nothing to draw.
    """
    import numpy as np

    from components.data.images import square_pixels

    _, size, _ = model.image_shape
    width, height, _ = _header(path)
    of_image = _header(image)[:2]
    if (width, height) not in (of_image, (size, size)):
        raise AlphabarError(
            f"the mask {path} is {width} x {height} pixels, the image {of_image[0]} x "
            f"{of_image[1]}, and the model draws {size} x {size}",
            "give a mask of the image's size",
        )
    drawn: NDArray[np.bool_] = square_pixels(path, size, grey=True)[..., 0] >= DRAWN
    if not drawn.any():
        raise AlphabarError(
            f"the mask {path} is black all over: it leaves nothing to draw",
            "make white what is to be drawn",
        )
    return drawn


def conditions_of(
    model: "Checkpoint", sampling: SamplingSpec, prompts: Sequence[str], count: int
) -> "Conditions":
    """What ``count`` images are asked for: ``prompts`` in turn, or nothing where there are none.

    Raises:
        AlphabarError: a prompt is no class, the model has no conditions, or guidance has nothing
            to guide to.
    """
    from components.generation.denoising import encode_conditions
    from components.generation.edit import no_condition

    config: dict[str, Any] = model.config
    conditional = config["conditioning"]["encoder"] != "none"
    if prompts and not conditional:
        raise AlphabarError(
            f"the model is unconditional: it cannot be told `{prompts[0]}`", "leave --prompt out"
        )
    if prompts:
        chosen = prompts_of(config, list(prompts), count)
        return encode_conditions(model, sampling, chosen.classes, chosen.captions)
    if sampling.guidance != 1 or sampling.negative_prompt:
        raise AlphabarError(
            "guidance needs something to guide to",
            "give a --prompt, or --guidance 1" if conditional else "leave guidance out",
        )
    return no_condition(model, count)


def _header(path: Path) -> tuple[int, int, str]:
    """(width, height, mode) of an image file."""
    from components.data.images import open_image

    if not path.is_file():
        raise AlphabarError(f"there is no image {path}", "give the path of an image file")
    with open_image(path) as image:
        return image.width, image.height, image.mode
