"""What a run begins with: a plan whose gate, data and published directories are sound."""

from collections.abc import Callable

from components.spec.experiment import Experiment
from components.spec.plan import Plan, in_order
from components.store import Store
from flows.run.choices import Choices, unsaid
from flows.run.compilers import refuse_without_compiler
from flows.run.finished import what_follows
from flows.run.outside import plan_here
from flows.tools.promotion import registry_gate
from flows.workspace import Workspace


def checked_plan(
    experiment: Experiment,
    workspace: Workspace,
    say: Callable[[str], None] = unsaid,
    *,
    contents: bool = False,
) -> Plan:
    """What a run begins with: the plan, once its gate, its data and what is published are sound.

    What its `auto` comes to on this machine is measured where that is not kept.

    Args:
        say: told what is measured, and what `auto` came to.

    Raises:
        AlphabarError: one of them is not.
    """
    registry_gate(experiment.registry, workspace)
    with Choices(say, measures=True) as choices:
        plan = plan_here(experiment, workspace, choices=choices)
    for note in choices.notes():
        say(note)
    check_plan(plan, workspace.store, contents=contents)
    return plan


def check_plan(plan: Plan, store: Store, *, contents: bool) -> None:
    """Look at all that a run of ``plan`` may read of what is published, before it reads any.

    What follows from the best cell is looked at where that is known.

    Args:
        contents: compare digests too, not only which files there are and their sizes.

    Raises:
        AlphabarError: names what is damaged, up to five directories of it.
    """
    nodes = plan.nodes()
    refuse_without_compiler(nodes, store)
    store.check_published(nodes, contents=contents)
    if not all(store.has(node) for node in nodes):
        return
    _, tuned, pages = what_follows(plan, store)
    ends = [*(tuned.ends() if tuned else ()), *pages]
    seen = {node.key for node in nodes}
    later = [node for node in in_order(ends) if node.key not in seen]
    store.check_published(later, contents=contents)
