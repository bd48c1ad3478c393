"""MLflow without its chatter: no migration log, no "View run at", no telemetry."""

import logging

from mlflow.environment_variables import (
    MLFLOW_DISABLE_TELEMETRY,
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR,
    MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT,
)
from mlflow.telemetry import set_telemetry_client


def silence() -> None:
    """Keep MLflow in this process, and in its children, from printing and from phoning home.

    MLflow has no other switches for these than its environment variables, which are written
    here and never read.
    """
    MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
    MLFLOW_DISABLE_TELEMETRY.set(True)
    set_telemetry_client()  # reads the switch again and drops the client made at import
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # what it retries is told when it gives up
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    # logs a traceback before it raises what we turn into a message of our own
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
