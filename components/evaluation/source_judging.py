"""Images at one place judged against those at another; no training run is needed."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from components.errors import AlphabarError
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
UNREAD = (
    "no figure says how well images fit what they were asked for: `--clip clip:MODEL:WEIGHTS` (a "
    "model of open_clip and a file of its weights) gives CLIP scores"
)


@dataclass(frozen=True)
class Against:
    """What images are judged against, and how.

    Attributes:
        reference: None where there is nothing to compare with.
        training: what the model has learnt from, to look for copies; None where the reference
            says so itself, or nobody knows.
    """

    spec: EvaluationSpec
    bank: FeatureBank
    reference: Source | None
    training: Source | None

    @classmethod
    def read(
        cls, spec: EvaluationSpec, bank: FeatureBank, reference: Path | None, training: Path | None
    ) -> "Against":
        """Those at two places, as `read_source` takes them.

        Raises:
            AlphabarError: one of them holds no images, or the CLIP is one of an experiment.
        """
        if spec.trains_clip:
            raise AlphabarError(
                f"`clip: {spec.clip}` is trained on an experiment's captions, and there is none",
                "give `--clip clip:MODEL:WEIGHTS`, or `--experiment FILE`",
            )
        return cls(
            spec, bank, *(read_source(path) if path else None for path in (reference, training))
        )

    @cached_property
    def judge(self) -> Judge:
        """Who measures."""
        theirs = self.reference
        seen = theirs.training if theirs else None
        seen = self.training.images if self.training else seen
        references = References(theirs.images if theirs else None, seen)
        protocol = EvaluationProtocol.of(self.spec.model_dump(mode="json"))
        if theirs is None:  # the section names it whatever is asked for
            others = tuple(family for family in protocol.families if family != RANKING)
            protocol = replace(protocol, families=others)
        return Judge(protocol, references, self.bank)

    def generated(self, path: Path) -> Source:
        """What is judged, with captions where they are read; AlphabarError as `read_source`."""
        return read_source(path, captioned=self.spec.needs_captions)

    def judged(self, ours: Source) -> Judgement:
        """Every figure that applies, and how folders were taken; with seeds where they are known,
        so that it can be compared in pairs."""
        seed = None if ours.seeds is None else int(ours.seeds.min())
        judgement = self.judge.measure(ours.images, seed)
        if ours.seeds is not None:
            origins = Origins.of(ours.seeds, ours.images.classes, ours.images.captions)
            judgement = judgement.made_from(origins)
        taken = {role: folder.to_json() for role, folder in self._folders(ours).items()}
        return replace(judgement, folders=taken)

    def notes(self, ours: Source) -> list[str]:
        """Sentences about how folders were read, and about what no figure says."""
        told = [note for role, folder in self._folders(ours).items() for note in folder.words(role)]
        told += [] if self.reference else [ALONE]
        asked = any(ours.images.captions) and not self.spec.needs_captions
        return [*told, UNREAD] if asked else told

    def _folders(self, ours: Source) -> dict[str, FolderReading]:
        parts = {"generated": ours, "reference": self.reference, "training": self.training}
        return {name: each.folder for name, each in parts.items() if each and each.folder}
