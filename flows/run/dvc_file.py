"""dvc.yaml: the stages of params.yaml's experiment for `dvc repro`, written from its plan."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from components.data.readers import folders_of
from components.errors import AlphabarError
from components.files.put import put
from components.files.text_file import read_text
from components.spec.loading import parse_experiment, read_mapping
from components.spec.near_files import EXPERIMENT_KEYS
from components.spec.plan import STAGE_VERSIONS, Node
from flows.run.dvc_figures import figures_file
from flows.run.single_stage import plugin_texts, whole_plan
from flows.run.stages import STAGES
from flows.workspace import Workspace

PARAMS, FILE, FOLDER = "params.yaml", "dvc.yaml", "pipeline"
COMMAND = 'PATH="$PATH:.venv/bin" alphabar stage --quiet'
"""That of the environment in which DVC runs; the project's own where that has none."""

MOST_BYTES = 2**20
MARK = f"# Written by `alphabar dvc write` from {PARAMS}"
HEADER = f"""\
{MARK}: do not edit, write it anew.
# A stage's params are the part of the experiment that it reads: DVC reruns no more than it must. Of
# the code it follows the stage's version, as the store's keys do.
"""


def write_dvc_file(workspace: Workspace) -> bool:
    """Write dvc.yaml; whether it was another before.

    Raises:
        AlphabarError: params.yaml is missing, faulty or has a sweep; or dvc.yaml was written by
            somebody else.
    """
    text, path = dvc_file(workspace), workspace.root / FILE
    before = _present(path)
    if before and not before.startswith(MARK):
        raise AlphabarError(
            f"{FILE} was not written by `alphabar dvc write`",
            "move it away; stages of your own can stand in a dvc.yaml of another folder",
        )
    if before != text:
        with put(path) as part:
            part.write_text(text, encoding="utf-8")
    return before != text


def check_dvc_file(workspace: Workspace) -> None:
    """Raise AlphabarError unless dvc.yaml is what `write_dvc_file` would write."""
    text, before = dvc_file(workspace), _present(workspace.root / FILE)
    if before != text:
        fault = f"is not what {PARAMS} says" if before else "does not exist"
        raise AlphabarError(f"{FILE} {fault}", "write it: alphabar dvc write")


def dvc_file(workspace: Workspace) -> str:
    """What dvc.yaml is to hold; no data is read, nor need it be there.

    Raises:
        AlphabarError: params.yaml is missing, faulty or has a sweep.
    """
    path = workspace.root / PARAMS
    if not path.is_file():
        raise AlphabarError(
            f"{path} does not exist",
            f"write the experiment that `dvc repro` is to run into {PARAMS}, in the folder that "
            "this command is called in",
        )
    given = read_mapping(path, EXPERIMENT_KEYS)
    experiment = parse_experiment(given, PARAMS)
    nodes = whole_plan(experiment, workspace, lambda data: "unread")
    content = {
        "vars": [{"alphabar": COMMAND}],
        "stages": {node.name: _stage(node, given, workspace) for node in nodes},
        "plots": list(_plots(nodes)),
    }
    return HEADER + yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=100)


def _stage(node: Node, given: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    read = [f"{FOLDER}/{source.name}" for source in node.inputs.values()]
    outside = [*workspace.outside_inputs(node).values(), *_encoders(node, workspace)]
    read += [_place(path, workspace.root) for path in outside]
    params = list(_params(node, given))
    # of another version the command is another, so that DVC runs the stage again
    words = [node.name, "--version", str(STAGE_VERSIONS[node.stage])]
    words += [word for text in plugin_texts(node) for word in ("--plugin", quote(text))]
    out = Path(FOLDER, node.name)
    kept = {str(figures_file(out)): {"cache": False}}
    return {
        "cmd": f"${{alphabar}} {' '.join(words)}",
        **({"params": params} if params else {}),
        **({"deps": read} if read else {}),
        "outs": [str(out)],
        **({"metrics": [kept]} if STAGES[node.stage].judges else {}),
    }


def _encoders(node: Node, workspace: Workspace) -> list[Path]:
    """The folders of the user's that a stage reads captions with."""
    encoder = node.spec.get("conditioning", {}).get("encoder", "")
    found = folders_of(encoder, workspace.weights)
    return list(dict.fromkeys(path for each in found for path in (each.home, each.tokenizer)))


def _params(node: Node, given: Mapping[str, Any]) -> Iterator[str]:
    """What is given of what a stage reads: DVC refuses to follow a key that is not there.

    A section is named as a whole where all that is given of it is read, so that it is followed
    too when more is given.
    """
    for section, values in given.items():
        inside = [f"{section}.{name}" for name in values] if isinstance(values, dict) else []
        read = [path for path in inside if path in node.reads]
        if section in node.reads or (read and read == inside):
            yield section
        else:
            yield from read


def _plots(nodes: list[Node]) -> Iterator[Any]:
    curves = {
        f"{FOLDER}/{node.name}/{history}": node
        for node in nodes
        if (history := STAGES[node.stage].history)
    }
    yield {"loss": {"title": "training loss", "x": "step", "y": dict.fromkeys(curves, "loss")}}
    for path, node in curves.items():
        yield {path: {"title": f"learning rate, {node.name}", "x": "step", "y": "lr"}}
    for node in nodes:
        if picture := STAGES[node.stage].picture:
            yield f"{FOLDER}/{node.name}/{picture}"


def _place(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _present(path: Path) -> str | None:
    return read_text(path, most=MOST_BYTES, remedy="move it away") if path.exists() else None
