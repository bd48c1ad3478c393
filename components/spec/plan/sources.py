"""What a cell's figures rest on."""

from dataclasses import dataclass

from components.spec.experiment import Experiment
from components.spec.plan.node import DataHash, Node, dump, roles
from components.spec.sections.data import DataSpec
from components.spec.sweep import Cell, cell_name, weaker


@dataclass(frozen=True)
class Sources:
    """The stages that a cell's figures rest on: its data, scorer, references and networks.

    Attributes:
        swept: whether the cell is one of several.
    """

    cell: Cell
    data_hash: DataHash
    swept: bool = False

    def data(self) -> Node:
        """The data that the cell's model is trained on."""
        return self._prepare("prepare", self.cell.experiment.data)

    def other_data(self) -> Node:
        """The same drawings in the style of `finetune`."""
        experiment = self.cell.experiment
        assert experiment.finetune is not None
        other = experiment.data.model_copy(update={"style": experiment.finetune.style})
        return self._prepare("prepare-finetune", other)

    def scorer(self) -> Node | None:
        """The domain CLIP, trained on every style that the experiment shows it."""
        experiment = self.cell.experiment
        if experiment.evaluation.clip != "domain":
            return None
        inputs = {"data": self.data()}
        if experiment.finetune is not None:
            inputs["data:finetune"] = self.other_data()
        return Node(f"scorer{self._suffix}", "scorer", dump(experiment.scorer), inputs)

    def model(self) -> Node:
        """The cell's network."""
        return self._train("train", self.cell.experiment, self.cell.model_name)

    def guide(self) -> Node | None:
        """The weaker network of autoguidance, where the cell is guided by one."""
        experiment = self.cell.experiment
        if experiment.sampling.guide != "weaker":
            return None
        return self._train("train-guide", weaker(experiment), self.cell.model_name)

    def likelihood(self) -> Node | None:
        """What the cell's network knows of the holdout, where that is asked for."""
        evaluation = self.cell.experiment.evaluation
        if evaluation.likelihood == "none":
            return None
        spec = {"confidence": evaluation.confidence}
        inputs = {"model": self.model(), "data": self.data()}
        return Node(self._named("likelihood", self.cell.model_name), "likelihood", spec, inputs)

    def _train(self, name: str, experiment: Experiment, model_name: str) -> Node:
        inputs = {"data": self.data()}
        parts = ("process", "conditioning", "network", "training")
        spec = {part: dump(getattr(experiment, part)) for part in parts}
        if experiment.training.evaluate_every:
            inputs |= roles(scorer=self.scorer())
            spec["judge"] = {"extractor": experiment.evaluation.extractor}
        return Node(self._named(name, model_name), "train", spec, inputs)

    def _named(self, name: str, cell: str) -> str:
        """With the cell's name behind it, where there are several cells."""
        return f"{name}-{cell}" if self.swept else name

    def reference(self, data: Node) -> Node:
        """The floor: what real images of ``data`` reach in the place of samples."""
        name = data.name.replace("prepare", "reference")
        inputs = {"data": data} | roles(scorer=self.scorer())
        return Node(name, "reference", dump(self.cell.experiment.evaluation), inputs)

    @property
    def _suffix(self) -> str:
        overrides = tuple(o for o in self.cell.overrides if o[0].startswith("data."))
        return f"-{cell_name(overrides)}" if overrides else ""

    def _prepare(self, name: str, data: DataSpec) -> Node:
        return Node(name + self._suffix, "prepare", dump(data), {}, self.data_hash(data))
