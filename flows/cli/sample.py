"""`alphabar sample`: images from any trained model."""

from components.errors import number_of
from flows.cli.application import Application
from flows.cli.options import Count, Model, NewFolder, Prompts, Quiet
from flows.cli.sampling_options import Eta, SamplingOptions, Seed, Solver
from flows.telling import tell


def register(app: Application) -> None:
    app.command()(sample)


def sample(
    model: Model,
    out: NewFolder,
    options: SamplingOptions,
    count: Count = 50,
    prompt: Prompts = None,
    solver: Solver = None,
    eta: Eta = None,
    seed: Seed = None,
    quiet: Quiet = False,
) -> None:
    """Sample images from a trained model.

    A registered model is sampled as its figures were measured: its own sampling settings take
    the place of the defaults, and options change them one by one.

    Example: `alphabar sample digits@champion --out seven -n 20 --prompt 7 --guidance 4`
    """
    from components.files.new_folder import refuse_taken
    from flows.console import Work
    from flows.tools.sampling import SAMPLE, choose, write_sampled
    from flows.workspace import Workspace

    workspace = Workspace.here()
    refuse_taken(out, workspace.store_root)  # before the work, not after it
    request = options.request(model, prompt, solver=solver, eta=eta, seed=seed)
    with Work("sample", quiet=quiet) as progress:
        progress(0, count, "looking for the model")
        chosen = choose(SAMPLE, request, workspace)
        chosen.refuse_unasked(request.prompts, "give at least one `--prompt`")
        notes = write_sampled(chosen, out, count, request.prompts, workspace, progress)
    tell(chosen.words(), **chosen.content())
    for line in notes:
        tell(line, notes=notes)
    sheet = out / "sheet.png"
    said = f"{number_of(count, 'image')} in {out / 'images'}, with their prompts in {sheet}"
    tell(said, out=out, images=count, sheet=sheet)
