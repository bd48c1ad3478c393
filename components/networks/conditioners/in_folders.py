"""Captions as a CLIP, a T5, or two CLIPs of the user's own read them."""

from collections.abc import Sequence

from components.data.readers import EncoderFolder, folders_of
from components.data.readers.encoder_folder import TOKENIZER_FILES
from components.errors import AlphabarError
from components.networks.conditioners.conditioner import Exported, Given
from components.networks.conditioners.encoders import TextEncoder
from components.networks.conditioners.encoders.convention import (
    SD_CLIP,
    SDXL_CLIP,
    SDXL_CLIP_2,
    T5_ENCODER,
    Convention,
)
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.conditioners.encoders.in_folder import encoder_in
from components.networks.conditioners.encoders.joined import JoinedEncoder
from components.networks.conditioners.exported_text import Part, exported_text
from components.networks.conditioners.text import TextCondition


def clip(
    given: Given, *, encoder: str, max_tokens: int | None, digests: Sequence[str] = ()
) -> TextCondition:
    """A model that is told captions as Stable Diffusion 1 and 2 are: the states of all positions
    of a CLIP, after its final norm, without a mask."""
    return _alone(SD_CLIP, given, encoder, max_tokens, digests)


def t5(
    given: Given, *, encoder: str, max_tokens: int | None, digests: Sequence[str] = ()
) -> TextCondition:
    """A model that is told captions by a T5's states, with their mask."""
    return _alone(T5_ENCODER, given, encoder, max_tokens, digests)


def two_clips(
    given: Given, *, encoder: str, max_tokens: int | None, digests: Sequence[str] = ()
) -> TextCondition:
    """A model that is told captions as SDXL is: the last but one states of two CLIPs side by side,
    and the second's projected vector."""
    first, second = _folders(given, encoder, digests)
    one = encoder_in(first, SDXL_CLIP, given.device)
    two = encoder_in(second, SDXL_CLIP_2, given.device)
    pair = JoinedEncoder(one, two, given.size)
    return _condition(pair, (first, second), given, max_tokens, "StableDiffusionXLPipeline")


def _alone(
    convention: Convention,
    given: Given,
    encoder: str,
    max_tokens: int | None,
    digests: Sequence[str],
) -> TextCondition:
    (folder,) = _folders(given, encoder, digests)
    read = encoder_in(folder, convention, given.device)
    pipeline = "StableDiffusionPipeline" if convention is SD_CLIP else None
    return _condition(read, (folder,), given, max_tokens, pipeline)


def part_of(folder: EncoderFolder, encoder: FrozenEncoder) -> Part:
    """What is written of an encoder where its model is exported."""
    return Part(encoder, folder.tokenizer, TOKENIZER_FILES, folder.family.tokenizer, folder.home)


def _condition(
    encoder: TextEncoder,
    folders: Sequence[EncoderFolder],
    given: Given,
    max_tokens: int | None,
    pipeline: str | None,
) -> TextCondition:
    def export(encoder: TextEncoder, captions: Sequence[str]) -> Exported:
        parts = [part_of(*each) for each in zip(folders, encoder.parts, strict=True)]
        words = " and ".join(part.encoder.convention.loader for part in parts)
        return exported_text(words, parts, encoder.form, captions, pipeline)

    return TextCondition(encoder, max_tokens, tuple(given.captions), export)


def _folders(given: Given, encoder: str, digests: Sequence[str]) -> Sequence[EncoderFolder]:
    """The encoders' folders, which must be those that ``digests`` are of, where there are any."""
    folders = folders_of(encoder, given.weights)
    refuse_other_encoders(folders, digests)
    return folders


def refuse_other_encoders(folders: Sequence[EncoderFolder], digests: Sequence[str]) -> None:
    """Raise AlphabarError unless ``folders`` are those that ``digests`` are of, where there are
    any."""
    for folder, expected in zip(folders, digests, strict=False):
        if folder.digest() != expected:
            raise AlphabarError(
                f"`{folder.name}` in {folder.home} is not the text encoder that the model was "
                "trained with: its content is another",
                "give that one, in the folder of weights or under the same path, or train the "
                "model anew",
            )
