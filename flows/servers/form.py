"""The form of a schedule on Prefect's page: what stands in it, and that it follows the file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.keys import digest
from components.spec.loading import load_experiment

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse


def parameters_of(experiment: Experiment, file: str, *, pin: bool) -> dict[str, Any]:
    """What a scheduled run is called with: the experiment as its file has it, and the file.

    ``as_scheduled`` tells a run whether somebody gave it another experiment in the form.
    """
    return {
        "experiment": experiment.as_written(),
        "file": file,
        "pin": pin,
        "as_scheduled": content_digest(experiment),
        "quiet": True,
    }


def content_digest(experiment: Experiment) -> str:
    """Of all that an experiment says, whether it says it or leaves it at its default."""
    return digest(experiment.model_dump(mode="json"))


def form_words(file: str, *, pin: bool) -> str:
    """The description of a schedule whose form is filled now: of which time its content is."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    if pin:
        return f"Runs {file} as it was at {now} (pinned). The form of a custom run shows that."
    return (
        f"Runs {file} as it is at each run. The form of a custom run shows its content of {now}; "
        "a scheduled run, `alphabar up` and `alphabar schedule list` bring it up to date."
    )


def follow_file(client: "SyncPrefectClient", deployment: "DeploymentResponse", root: Path) -> None:
    """Fill the form of an unpinned schedule anew where its file has changed.

    A file that is missing or wrong leaves the form as it is: the run says what is wrong.
    """
    from prefect.client.schemas.actions import DeploymentUpdate

    given = deployment.parameters
    file = str(given.get("file") or "")
    if not file or given.get("pin", True):
        return
    try:
        experiment = load_experiment(root / file)
    except AlphabarError:
        return
    if content_digest(experiment) == given.get("as_scheduled"):
        return
    parameters = given | parameters_of(experiment, file, pin=False)
    update = DeploymentUpdate(parameters=parameters, description=form_words(file, pin=False))
    client.update_deployment(deployment.id, update)
