"""Images at one place judged against those at another; no training run is needed."""

from dataclasses import dataclass, replace
from pathlib import Path

from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.folder_reading import FolderReading
from components.evaluation.images.image_sources import Source, read_source
from components.evaluation.judge import Judge
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.references import References
from components.figures.figure import Origins
from components.figures.judgement import Judgement
from components.spec.metrics import RANKING
from components.spec.sections.evaluation import EvaluationSpec

ALONE = "no figure compares with real images: give `--reference PATH` for those that do"


@dataclass(frozen=True)
class Sources:
    """What is judged, against what.

    Attributes:
        reference: None where there is nothing to compare with.
        training: what the model has learnt from, to look for copies; None where the reference
            says so itself, or nobody knows.
    """

    generated: Source
    reference: Source | None
    training: Source | None

    @classmethod
    def read(
        cls, generated: Path, reference: Path | None, training: Path | None, *, captioned: bool
    ) -> "Sources":
        """The images at three places, as `read_source` takes them; captions of the first.

        Raises:
            AlphabarError: one of them holds no images.
        """
        ours = read_source(generated, captioned=captioned)
        others = (read_source(path) if path else None for path in (reference, training))
        return cls(ours, *others)

    def judged(self, spec: EvaluationSpec, bank: FeatureBank) -> Judgement:
        """Every figure that applies, and how folders were taken; with seeds where they are known,
        so that it can be compared in pairs."""
        ours, theirs = self.generated, self.reference
        seen = theirs.training if theirs else None
        seen = self.training.images if self.training else seen
        references = References(theirs.images if theirs else None, seen)
        protocol = EvaluationProtocol.of(spec.model_dump(mode="json"))
        if theirs is None:  # the section names it whatever is asked for
            others = tuple(family for family in protocol.families if family != RANKING)
            protocol = replace(protocol, families=others)
        judge = Judge(protocol, references, bank)
        seed = None if ours.seeds is None else int(ours.seeds.min())
        judgement = judge.measure(ours.images, seed)
        if ours.seeds is not None:
            origins = Origins.of(ours.seeds, ours.images.classes, ours.images.captions)
            judgement = judgement.made_from(origins)
        taken = {role: folder.to_json() for role, folder in self._folders().items()}
        return replace(judgement, folders=taken)

    def notes(self) -> list[str]:
        """Sentences about how folders were read."""
        told = [note for role, folder in self._folders().items() for note in folder.words(role)]
        return told if self.reference else [*told, ALONE]

    def _folders(self) -> dict[str, FolderReading]:
        parts = {name: getattr(self, name) for name in ("generated", "reference", "training")}
        return {name: each.folder for name, each in parts.items() if each and each.folder}
