"""What a study is told of the section `study`, and who answers it where no people do."""

from typing import Any

from components.spec.plan.node import Node, dump
from components.spec.sections.simulate import SimulateSpec
from components.spec.sections.study import StudySpec


def study_settings(study: StudySpec) -> dict[str, Any]:
    """What the stage `study` reads of the section: of simulated annotators, that there are any."""
    spec = dump(study)
    return spec | {"simulated": True} if spec.pop("simulate", None) else spec


def plan_answers(name: str, simulate: SimulateSpec, study: Node) -> Node:
    """What simulated annotators answer to a study."""
    reads = ("study.simulate",)
    return Node(name, "answers", {"simulate": dump(simulate)}, {"study": study}, reads=reads)
