"""Which stages are started when."""

from concurrent.futures import Future

from components.spec.plan import Node
from flows.run.order import start_when_ready


def node(name: str, *inputs: Node) -> Node:
    return Node(name, "sample", {"name": name}, {source.name: source for source in inputs})


def test_a_stage_is_started_when_what_it_reads_has_ended_and_a_worker_is_free() -> None:
    data = node("data")
    one, two, three = (node(name, data) for name in ("one", "two", "three"))
    judged = node("judged", one)
    nodes = [data, one, two, three, judged]
    ends: dict[str, Future[None]] = {}
    started: list[str] = []
    going: list[Future[None]] = []

    def start(each: Node, inputs: list[Future[None]]) -> Future[None]:
        assert all(future.done() for future in inputs)
        assert len(inputs) == len(each.inputs)
        assert sum(not future.done() for future in going) < 2
        started.append(each.name)
        end: Future[None] = Future()
        going.append(end)
        if each is data or len(started) == 3:  # two at once: the elder ends, with a fault
            going[-1 if each is data else 1].set_exception(ValueError("stopped"))
        if each is three:
            end.set_result(None)
        return end

    start_when_ready(nodes, start, ends, 2)
    assert started == ["data", "one", "two", "three", "judged"]
    assert set(ends) == {each.key for each in nodes}


def test_what_an_earlier_phase_has_started_is_handed_on() -> None:
    data = node("data")
    before: Future[None] = Future()
    before.set_result(None)
    ends = {data.key: before}
    handed: list[list[Future[None]]] = []

    def start(each: Node, inputs: list[Future[None]]) -> Future[None]:
        handed.append(inputs)
        return before

    start_when_ready([node("one", data)], start, ends, 1)
    assert handed == [[before]]
