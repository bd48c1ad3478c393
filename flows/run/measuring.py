"""Measurements in a process of their own: torch is loaded there, and gone with it."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from components.errors import AlphabarError
from components.files.json_file import parse_json
from components.speed.kept import Values
from components.speed.load import Load

CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from flows.run.measuring import serve; serve()"
)
SAID = 2000
"""Bytes of what the process says last."""


class Measuring:
    """Asks a process that is started with the first question; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> "Measuring":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            with contextlib.suppress(BrokenPipeError), self._process:
                self._process.kill()
        if self._said is not None:
            self._said.close()

    def precisions(self, load: Load, precisions: Sequence[str]) -> Values:
        """As `components.speed.steps.time_precisions`.

        Raises:
            AlphabarError: a step cannot be computed.
        """
        return self._asked({"load": load.told(), "precisions": list(precisions)})

    def compiled(self, load: Load, precision: str, folder: Path) -> Values:
        """As `components.speed.steps.time_compiled`."""
        told = {"load": load.told(), "compiled": precision, "folder": str(folder)}
        return self._asked(told)

    def _asked(self, question: dict[str, Any]) -> Values:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            print(json.dumps(question), file=process.stdin, flush=True)
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise _failed(f"the process that measures ended: {self._last_words()}")
        found: Values = parse_json(answer)
        if "error" in found:
            raise _failed(str(found["error"]))
        return found

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is None:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", CODE, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
            )
        return self._process

    def _last_words(self) -> str:
        if self._process is not None:
            self._process.wait()
        if self._said is None:
            return "nothing is known of it"
        self._said.seek(0)
        lines = self._said.read()[-SAID:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing (out of memory?)"


def _failed(what: str) -> AlphabarError:
    return AlphabarError(
        f"the speed of a step could not be measured: {what}",
        "a smaller `batch_size` needs less memory; without `auto` for `precision` and `compile` "
        "nothing is measured",
    )


def serve() -> None:
    """What the process does: an answer for each question, a line each; it ends with who asks."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    questions: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            questions.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        print(json.dumps(_answer(parse_json(questions.get()))), file=answers, flush=True)


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    load = Load.of(question["load"])
    from flows.run.stages import prepare_process

    prepare_process(load.threads)
    from components.speed.steps import time_compiled, time_precisions

    try:
        if "precisions" in question:
            return dict(time_precisions(load, question["precisions"]))
        return dict(time_compiled(load, question["compiled"], Path(question["folder"])))
    except (AlphabarError, RuntimeError, ValueError, TypeError) as error:  # torch's own, OOM too
        what = error.what if isinstance(error, AlphabarError) else str(error).strip()
        return {"error": what.splitlines()[0] if what else type(error).__name__}
