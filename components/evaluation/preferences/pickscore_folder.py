"""PickScore's folder, known without torch: its files, and their digest."""

from dataclasses import dataclass
from pathlib import Path

from components.data.readers.encoder_folder import CONFIG, TOKENIZER_FILES
from components.data.readers.family import FAMILIES
from components.errors import AlphabarError
from components.files.digests import known_sha256
from components.files.hub import find_folder
from components.spec.keys import digest
from components.spec.pipelines.weights import WeightFiles, find_weights_of

PREPROCESSOR = "preprocessor_config.json"
PROCESSOR_ID = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"
"""Whose tokenizer and preprocessing PickScore was trained with, and which come with its paper."""

FILES_REMEDY = f"copy those of {PROCESSOR_ID}, which PickScore was trained with, into the folder"


@dataclass(frozen=True)
class PickScoreFolder:
    """A folder of transformers: config.json, weights, a tokenizer, preprocessor_config.json.

    Attributes:
        name: as `evaluation.preference` has it.
        home: the folder.
    """

    name: str
    home: Path

    @property
    def weights(self) -> WeightFiles:
        """Its files of weights.

        Raises:
            AlphabarError: there are none, some are cut short, or they are pickled.
        """
        found = find_weights_of(self.home, self.home)
        if found.pickled:
            raise AlphabarError(
                f"`{self.name}`: {found.files[0]} is pickled, which may hold code, and is not read",
                "put model.safetensors into the folder",
            )
        found.names()
        return found

    def files(self) -> list[Path]:
        """All that is read; AlphabarError where some of it is missing or cut short."""
        for name in (CONFIG, PREPROCESSOR):
            if not (self.home / name).is_file():
                remedy = FILES_REMEDY if name == PREPROCESSOR else "give the folder of a CLIPModel"
                raise AlphabarError(f"`{self.name}`: {self.home} has no {name}", remedy)
        sets = FAMILIES["clip"].tokenizer_files
        if not any(all((self.home / name).is_file() for name in names) for names in sets):
            words = " or ".join(" with ".join(names) for names in sets)
            raise AlphabarError(
                f"`{self.name}`: {self.home} has no tokenizer ({words})", FILES_REMEDY
            )
        known = [self.home / name for name in (CONFIG, PREPROCESSOR, *TOKENIZER_FILES)]
        return [*(path for path in known if path.is_file()), *self.weights.all]

    def digest(self) -> str:
        """SHA-256 of the names and digests of `files`; raises AlphabarError as they do."""
        return digest([[path.name, known_sha256(path)] for path in self.files()])


def find_pickscore_folder(name: str, weights: Path | None) -> PickScoreFolder | None:
    """The folder of ``pickscore:DIR``, looked for as a text encoder's; None where there is none.

    Args:
        weights: the folder that is looked through first.
    """
    found = find_folder(name.partition(":")[2], Path(), weights)
    return None if found is None else PickScoreFolder(name, found.absolute())
