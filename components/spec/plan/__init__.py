"""From an experiment to its stages: what runs, from which inputs, under which key."""

from components.spec.plan.baselines import Plan, PlannedCell, plan_baselines
from components.spec.plan.finetune import FinetunePlan, TunedCell, TunedModel, plan_finetune
from components.spec.plan.node import (
    STAGE_VERSIONS,
    Compute,
    DataHash,
    Node,
    in_order,
    longest_ways,
)
from components.spec.plan.pages import plan_pages, plan_report, plan_study

__all__ = [
    "STAGE_VERSIONS",
    "Compute",
    "DataHash",
    "FinetunePlan",
    "Node",
    "Plan",
    "PlannedCell",
    "TunedCell",
    "TunedModel",
    "in_order",
    "longest_ways",
    "plan_baselines",
    "plan_finetune",
    "plan_pages",
    "plan_report",
    "plan_study",
]
