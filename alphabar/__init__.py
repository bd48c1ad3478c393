"""alphabar in a notebook: what the commands do, as functions that return values.

    import alphabar
    model = alphabar.load("digits@champion")
    images = model.sample("7", n=20, seed=0, guidance=4)
    figures = alphabar.evaluate(images, "pipeline/prepare")
    table = alphabar.results("digits")

Nothing heavy is imported before it is needed. What is wrong with an input is an `AlphabarError`;
no function ends the process.
"""

from importlib.metadata import version

from alphabar import plot
from alphabar.experiments import Cell, Results, compare, experiment, results, run
from alphabar.figures import Figures
from alphabar.judging import evaluate
from alphabar.models import Model, Sampled, load, sample
from components.errors import AlphabarError

__version__ = version("alphabar")

__all__ = [
    "AlphabarError",
    "Cell",
    "Figures",
    "Model",
    "Results",
    "Sampled",
    "__version__",
    "compare",
    "evaluate",
    "experiment",
    "load",
    "plot",
    "results",
    "run",
    "sample",
]
