"""The text encoders of a diffusers pipeline's directory, as its family names and reads them."""

from pathlib import Path

from components.data.readers.encoder_folder import EncoderFolder
from components.data.readers.family import FAMILIES
from components.errors import AlphabarError, shortened
from components.files.hub import ABSENT, DOWNLOAD, find_folder
from components.spec.pipelines.folder import INDEX, PipelineFolder, read_pipeline


def find_pipeline(given: str, key: str, weights: Path | None = None) -> PipelineFolder:
    """The pipeline of a directory or hub id.

    Args:
        key: where it is named, for messages.
        weights: the folder that is looked through first.

    Raises:
        AlphabarError: there is none, or it is not whole.
    """
    found = find_folder(given, Path(), weights)
    if found is None or not (found / INDEX).is_file():
        what = ABSENT if found is None else f"has no {INDEX}"
        raise AlphabarError(
            f"`{key}: {shortened(given, 200)}` {what}",
            f"give the directory of a diffusers pipeline, or {DOWNLOAD}",
        )
    return read_pipeline(found.absolute())


def encoders_of(pipeline: PipelineFolder) -> tuple[EncoderFolder, ...]:
    """The folders of its text encoders, in the order in which they are joined."""
    root = pipeline.root
    return tuple(
        EncoderFolder(
            f"{root.name}/{text.encoder}",
            FAMILIES[text.kind],
            root / text.encoder,
            root / text.tokenizer,
            text.positions,
        )
        for text in pipeline.texts
    )
