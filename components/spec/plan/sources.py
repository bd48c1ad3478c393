"""What a cell's figures rest on."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from components.spec.experiment import Experiment
from components.spec.plan.auto import TRAINING
from components.spec.plan.based import base
from components.spec.plan.encoded import digests_of, encoded
from components.spec.plan.judging import TAUGHT, as_watched, judging
from components.spec.plan.node import Node, dump, roles, unkeyed
from components.spec.plan.outside import Outside
from components.spec.plan.precision import refuse_half_precision
from components.spec.reading import READING, Reading
from components.spec.sections.base import Section
from components.spec.sections.data import DataSpec
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.network import NetworkSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.spec.sweep import Cell, Overridden, cell_name, weaker


@dataclass(frozen=True)
class Sources:
    """The stages that a cell's figures rest on: its data, scorer, references and networks.

    Attributes:
        swept: whether the cell is one of several.
        made: nodes by what tells them apart within one sweep, shared by all its cells.
    """

    cell: Cell
    outside: Outside
    swept: bool = False
    made: dict[Hashable, Node] = field(default_factory=dict)

    def data(self) -> Node:
        """The data that the cell's model is trained on."""
        return self._prepare("prepare", self.cell.experiment.data, ("data",))

    def finetune_data(self) -> Node:
        """The data that the fine-tune is trained on; `data` where that is the same."""
        assert self.cell.experiment.finetune is not None
        return self._of_finetune("prepare-finetune", self.cell.experiment.finetune)

    def _whole_style(self) -> Node:
        """The same with all images of its style: who judges captions is to know it, however few of
        them the fine-tune is shown."""
        finetune, own = self.cell.experiment.finetune, self.finetune_data()
        assert finetune is not None
        data = self.cell.experiment.data
        whole = finetune.model_copy(update={"images": None})
        if whole.data(data) == finetune.data(data):
            return own
        return self._of_finetune("prepare-finetune-scorer", whole)

    def _of_finetune(self, name: str, finetune: FinetuneSpec) -> Node:
        data = finetune.data(self.cell.experiment.data)
        if data == self.cell.experiment.data:
            return self.data()
        return self._prepare(name, data, ("data", "finetune.style", "finetune.images"))

    def scorer(self) -> Node | None:
        """The domain CLIP, trained on every style that the experiment shows it."""
        experiment = self.cell.experiment
        if not experiment.evaluation.trains_clip:
            return None

        def make() -> Node:
            inputs = {"data": self.data()}
            if experiment.finetune is not None and (other := self._whole_style()) != self.data():
                inputs["data:finetune"] = other
            name, spec = f"scorer{self.suffixed('data')}", dump(experiment.scorer)
            return self.computed(name, "scorer", spec, inputs, ("scorer",))

        return self.once("scorer", make, of=("data",))

    def autoencoder(self) -> Node | None:
        """What makes latents of images, where the codec does; learnt from the cell's own data."""
        codec = self.cell.experiment.codec
        if not codec.learnt or self.cell.experiment.base is not None:
            return None

        refuse_half_precision(codec.precision, "codec", self.outside.compute)

        def make() -> Node:
            extractor = self.cell.experiment.evaluation.extractor
            spec = {"codec": dump(codec), "judge": {"extractor": extractor}}
            weights = self.outside.digests(extractor)
            if codec.pretrained is not None:
                weights["pretrained"] = self.outside.folder(codec.pretrained)
            name = f"autoencoder{self.suffixed('data', 'codec')}"
            reads, aside = ("codec", "evaluation.extractor"), unkeyed(codec=codec)
            inputs = {"data": self.data()}
            return self.computed(name, "autoencoder", spec, inputs, reads, weights, aside)

        return self.once("autoencoder", make, of=("data", "codec"))

    def latents(self, data: Node) -> dict[str, Node]:
        """Inputs of a training on ``data`` by role: the latents, where the codec has some, and
        what has made them."""
        codec, autoencoder = self.cell.experiment.codec, self.autoencoder()
        if not codec.learnt:
            return {}
        own = roles(autoencoder=autoencoder)
        inputs = {"data": data} | (own or {"model": self.model()})
        name = data.name.replace("prepare", "encode") + self.suffixed("codec")

        def make() -> Node:
            return self.computed(name, "encode", {"kind": codec.kind}, inputs, ("codec.kind",))

        encoded = self.once(name, make, of=("data", "codec"))
        return own | {"encoded": encoded}

    def model(self) -> Node:
        """The cell's network."""
        if self.cell.experiment.base is not None:
            return self.once("base", lambda: base(self))
        return self.once("train", lambda: self._train("train", self.cell.experiment))

    def guide(self) -> Node | None:
        """The weaker network of autoguidance, where the cell is guided by one."""
        if not self.cell.experiment.sampling.guided_by_model:
            return None
        weak = self.outside.settle(weaker(self.cell.written), TRAINING)
        return self.once("guide", lambda: self._train("train-guide", weak, ("guide",)))

    def likelihood(self) -> Node | None:
        """What the cell's network knows of the holdout, where that is asked for."""
        evaluation = self.cell.experiment.evaluation
        if not evaluation.counts_bits:
            return None

        def make() -> Node:
            spec = {"confidence": evaluation.confidence}
            inputs = {"model": self.model(), "data": self.data()}
            reads = ("evaluation.confidence",)
            return self.computed(self._named("likelihood"), "likelihood", spec, inputs, reads)

        return self.once("likelihood", make)

    def reference(self, data: Node, reading: Reading | None = None) -> Node:
        """The floor: what real images of ``data`` reach in the place of samples."""
        name = data.name.replace("prepare", "reference") + ("-as-read" if reading else "")

        def make() -> Node:
            return self.judged(name, "reference", {"data": data}, reading=reading)

        return self.once(name, make, of=("data",))

    def judged(
        self,
        name: str,
        stage: str,
        inputs: dict[str, Node],
        *also: str,
        reading: Reading | None = None,
        changed: dict[str, Any] | None = None,
    ) -> Node:
        """`evaluate` or `reference`: figures of what ``inputs`` has; the rest as `judging` has it.

        The model's likelihood is an input of its own.
        """
        evaluation = self.cell.experiment.evaluation
        spec = judging(evaluation, also, reading, changed)
        fields = {**spec, "preference": None}  # which is not told where there is none
        reads = tuple(f"evaluation.{field}" for field in fields if field != READING)
        reads += TAUGHT if reading else ()
        weights = self.outside.digests(*evaluation.judges())
        inputs = inputs | roles(scorer=self.scorer())
        plugins = evaluation.packages()
        return self.computed(name, stage, spec, inputs, reads, weights, plugins=plugins)

    def sampled(
        self, name: str, sampling: SamplingSpec, inputs: dict[str, Node], *reads: str
    ) -> Node:
        """`sample`: as many images as are evaluated.

        Args:
            reads: what ``sampling`` comes from besides the section.
        """
        evaluation = self.cell.experiment.evaluation
        spec: dict[str, Any] = {"sampling": dump(sampling), "samples": evaluation.samples}
        aside, reads = {}, ("sampling", "evaluation.samples", "evaluation.prompts", *reads)
        if (file := evaluation.prompts_file) is not None:
            # its content is in the key, its place is not
            spec["prompts"] = {"sha256": self.outside.prompts(file)}
            aside = {"prompts": {"file": file}}
        elif evaluation.prompts is not None:
            spec["prompts"] = {"split": "train"}
        packages = sampling.packages()
        return self.computed(name, "sample", spec, inputs, reads, aside=aside, plugins=packages)

    def trained(
        self,
        name: str,
        stage: str,
        spec: dict[str, Any],
        training: TrainingSpec,
        inputs: dict[str, Node],
        reads: tuple[str, ...],
        plugins: dict[str, str] | None = None,
        network: NetworkSpec | None = None,
    ) -> Node:
        """`train` or `finetune`: with evaluations, who judges them is part of it.

        Args:
            reads: the sections that ``spec`` comes from.
            network: that is trained, where a directory of the user's may have its weights.
        """
        reads = (*reads, "training")
        refuse_half_precision(training.precision, "training", self.outside.compute)
        training = as_watched(training, self.cell.experiment.evaluation)
        spec, weights = spec | {"training": dump(training)}, {}
        if training.evaluate_every:
            inputs = inputs | roles(scorer=self.scorer())
            extractor = self.cell.experiment.evaluation.extractor
            spec["judge"] = {"extractor": extractor}
            reads, weights = (*reads, "evaluation.extractor"), self.outside.digests(extractor)
        aside, plugins = unkeyed(training=training), {**(plugins or {}), **training.packages()}
        if network is not None and network.pretrained is not None:
            weights = {**weights, "network": self.outside.network(network.pretrained)}
            aside |= unkeyed(network=network)
        return self.computed(name, stage, spec, inputs, reads, weights, aside, plugins)

    def _train(self, name: str, experiment: Experiment, reads: tuple[str, ...] = ()) -> Node:
        parts = ("process", "conditioning", "network")
        sections: list[Section] = [getattr(experiment, part) for part in parts]
        spec: dict[str, Any] = {"codec": {"kind": experiment.codec.kind}}
        spec |= {part: dump(section) for part, section in zip(parts, sections, strict=True)}
        spec["conditioning"] |= digests_of(self)
        inputs = {"data": self.data()} | encoded(self, self.data())
        sections.append(experiment.codec)
        plugins = {name: v for section in sections for name, v in section.packages().items()}
        named, training = self._named(name), experiment.training
        reads = ("codec.kind", *parts, *reads)
        network = experiment.network
        return self.trained(named, "train", spec, training, inputs, reads, plugins, network)

    def _named(self, name: str) -> str:
        """With the model's name behind it, where there are several cells."""
        return f"{name}-{self.cell.model_name}" if self.swept else name

    def computed(
        self,
        name: str,
        stage: str,
        spec: dict[str, Any],
        inputs: dict[str, Node],
        reads: tuple[str, ...],
        weights: dict[str, str] | None = None,
        aside: dict[str, Any] | None = None,
        plugins: dict[str, str] | None = None,
    ) -> Node:
        """A stage whose bytes depend on what computes them."""
        return Node(
            name,
            stage,
            spec,
            inputs,
            weights=weights or {},
            compute=self.outside.compute,
            unkeyed=aside or {},
            plugins=plugins or {},
            reads=(*reads, "runner"),
        )

    def suffixed(self, *sections: str) -> str:
        """The cell's overrides of some sections or fields as the end of a name."""
        overrides = self._overrides(*sections)
        return f"-{cell_name(overrides)}" if overrides else ""

    def _overrides(self, *sections: str) -> Overridden:
        """The cell's overrides of some sections or fields; of all but the sampling where none is
        named."""
        if not sections:
            return self.cell.of_the_model
        inside = tuple(f"{section}." for section in sections)
        found = (o for o in self.cell.overrides if o[0] in sections or o[0].startswith(inside))
        return tuple(found)

    def once(self, name: str, make: Callable[[], Node], of: tuple[str, ...] = ()) -> Node:
        """What ``make`` makes, once for all cells of the same overrides."""
        which = (name, self._overrides(*of))
        if which not in self.made:
            self.made[which] = make()
        return self.made[which]

    def _prepare(self, name: str, data: DataSpec, reads: tuple[str, ...]) -> Node:
        def make() -> Node:
            pinned = self.outside.data_hash(data)
            named, own = name + self.suffixed("data"), data.packages()
            aside = {"license": data.license} if data.license else {}
            return Node(
                named, "prepare", dump(data), {}, pinned, unkeyed=aside, plugins=own, reads=reads
            )

        return self.once(name, make, of=("data",))
