"""`alphabar merge`: a model with its adapters baked in."""

from flows.cli.application import Application
from flows.cli.options import Model, NewFolder
from flows.cli.sampling_options import Adapters
from flows.telling import tell


def register(app: Application) -> None:
    app.command()(merge)


def merge(model: Model, out: NewFolder, adapters: Adapters = None) -> None:
    """Write a model with its adapters baked in: a whole model, which draws the same without them.

    A diffusers pipeline stays one; so does a model of alphabar, which then is no adapter any more.

    Example: `alphabar merge sd15 --adapter style.safetensors:0.8 --out sd15-style`
    """
    from components.files.new_folder import refuse_taken
    from flows.tools.merging import MERGE, merge_model
    from flows.tools.sampling import Request, choose
    from flows.workspace import Workspace

    workspace = Workspace.here()
    refuse_taken(out, workspace.store_root)  # before the work, not after it
    chosen = choose(MERGE, Request(str(model), adapters=tuple(adapters or [])), workspace)
    merge_model(chosen, out, workspace)
    tell(f"{chosen.adapters_words()} baked in: {out}", out=out)
