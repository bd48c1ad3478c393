"""What others have trained, looked at before anything runs: files of weights, and a codec's VAE."""

from collections.abc import Iterable
from pathlib import Path

from components.data.channels import channels_ahead
from components.data.pin import raw_folder
from components.spec.experiment import Experiment
from components.spec.pipelines.vae_folder import read_vae_folder
from components.spec.pipelines.weights import WeightFiles
from components.spec.plan import PlannedCell


def refuse_broken(files: WeightFiles) -> None:
    """Raise AlphabarError where files of weights are cut short, or pickles that may run code."""
    if files.names() is None:
        from components.networks.part_weights import pickled_tensors

        pickled_tensors(files)


def refuse_unfit_codecs(cells: Iterable[PlannedCell], root: Path) -> None:
    """Raise AlphabarError where the VAE of a cell's `codec.pretrained` cannot take its images.

    Args:
        root: the project's folder.
    """
    for experiment in _one_of_each(cell.cell.experiment for cell in cells):
        data, name = experiment.data, experiment.codec.pretrained
        vae = read_vae_folder(root / str(name))
        vae.refuse_images(data.size, channels_ahead(data, raw_folder(data, root).folder))


def _one_of_each(experiments: Iterable[Experiment]) -> Iterable[Experiment]:
    """Those with a VAE of others', one for each pair of VAE and images."""
    trained = (each for each in experiments if each.codec.pretrained)
    return {(each.codec.pretrained, each.data.model_dump_json()): each for each in trained}.values()
