"""alphabar in a notebook: what the commands do, as functions that return values.

    import alphabar
    model = alphabar.load("digits@champion")
    images = alphabar.sample(model, 20, prompts=["7"], guidance=4).images

Nothing heavy is imported before it is needed. What is wrong with an input is an `AlphabarError`;
no function ends the process.
"""

from importlib.metadata import version

from alphabar.experiments import Results, compare, results, run
from alphabar.judging import evaluate
from alphabar.models import Model, Sampled, load, sample
from components.errors import AlphabarError

__version__ = version("alphabar")

__all__ = [
    "AlphabarError",
    "Model",
    "Results",
    "Sampled",
    "__version__",
    "compare",
    "evaluate",
    "load",
    "results",
    "run",
    "sample",
]
