"""Where things lie: the user's project folder, and what its environment says."""

import os
from dataclasses import dataclass
from pathlib import Path

from components.data.decided import find_study
from components.data.pin import raw_folder
from components.errors import AlphabarError
from components.files.hub import find_folder
from components.runtime import KERNELS
from components.spec.plan import Node
from components.spec.sections.data import DataSpec
from components.store import Store


@dataclass(frozen=True)
class Workspace:
    """The folder that a user works in.

    Attributes:
        root: holds data/, artifacts/, mlruns/ and reports/.
        store_root: where stage outputs are published.
        tracking_uri: MLflow's address; None is the SQLite store under mlruns/.
        weights: where extractors' weights are looked for first; None is the user's own cache.
        file: the experiment file that is being run; None where there is none, as where a
            schedule has its content.
        report_suffix: what a run's report has behind the experiment's name, so that it replaces
            no other.
    """

    root: Path
    store_root: Path
    tracking_uri: str | None = None
    weights: Path | None = None
    file: Path | None = None
    report_suffix: str = ""

    @classmethod
    def here(cls, store: Path | None = None, root: Path | None = None) -> "Workspace":
        """The current folder; MLFLOW_TRACKING_URI, ALPHABAR_{STORE,WEIGHTS} are honoured.

        Raises:
            AlphabarError: the store is no folder, and none can be made there.
        """
        root = (root or Path.cwd()).resolve()
        named = store or (Path(value) if (value := os.environ.get("ALPHABAR_STORE")) else None)
        return cls(
            root,
            _folder((root / named).resolve() if named else root / "artifacts"),
            os.environ.get("MLFLOW_TRACKING_URI") or None,
            (root / weights).resolve() if (weights := os.environ.get("ALPHABAR_WEIGHTS")) else None,
        )

    @property
    def store(self) -> Store:
        return Store(self.store_root)

    @property
    def cache(self) -> Path:
        """Values that can be computed again, by content: features of images."""
        return self.store_root / ".cache"

    @property
    def kernels(self) -> Path:
        """Compiled networks' kernels, among them."""
        return self.cache / KERNELS

    def reports(self, name: str) -> Path:
        """Where people read about the experiment ``name``."""
        return self.root / "reports" / f"{name}{self.report_suffix}"

    def studies(self, name: str) -> Path:
        """Where the study ``name`` is, with the answers to it."""
        return self.root / "reports" / "studies" / f"{name}{self.report_suffix}"

    def raw(self, data: DataSpec) -> Path:
        """The raw files of a data section."""
        return raw_folder(data, self.root).folder

    def outside_inputs(self, node: Node) -> dict[str, Path]:
        """What a stage reads beside other stages' outputs: raw data for `prepare` and `subject`,
        and what the file names of the user's own: prompts for `sample`, a trained codec for
        `autoencoder`, the directory of a network that others have trained for `train`, a whole
        model for `base`, the decided pairs of a study for `finetune`."""
        if node.stage == "prepare":
            return {"raw": self.raw(DataSpec.model_validate(node.spec))}
        if node.stage == "subject" and "data" in node.spec:
            return {"raw": self.raw(DataSpec.model_validate(node.spec["data"]))}
        if node.stage == "base":
            from flows.tools.models import find_given

            return {"base": find_given(node.settings["base"]["name"], self)}
        if node.stage == "finetune" and "preferences" in node.settings:
            return {"preferences": find_study(node.settings["preferences"]["study"], self.root)}
        prompts = node.settings.get("prompts") if node.stage == "sample" else None
        pretrained = node.settings.get("codec", {}).get("pretrained")
        network = node.settings.get("network", {}).get("pretrained")
        named = {
            "prompts": self._at(prompts and prompts.get("file")),
            "pretrained": self._at(pretrained),
            "network": network and find_folder(network, self.root, self.weights),
        }
        return {role: path for role, path in named.items() if path}

    def _at(self, name: str | None) -> Path | None:
        return self.root / name if name else None


def _folder(store: Path) -> Path:
    """``store``; raises AlphabarError where a file lies in its place, or in one above it."""
    there = next(place for place in (store, *store.parents) if place.exists())
    if not there.is_dir():
        raise AlphabarError(
            f"the store {store} cannot be a folder: {there} is a file",
            "move that file away, or name another folder (`--store FOLDER` or ALPHABAR_STORE)",
        )
    return store
