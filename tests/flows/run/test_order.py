"""Which stages are started when."""

from concurrent.futures import Future

from components.spec.plan import Node
from flows.run.order import start_when_ready


def node(name: str, *inputs: Node) -> Node:
    return Node(name, "prepare", {"name": name}, {source.name: source for source in inputs})


def trained(name: str, steps: int, data: Node) -> Node:
    spec = {
        "conditioning": {"encoder": "none"},
        "training": {"steps": steps, "batch_size": 8, "evaluate_every": 0},
    }
    return Node(name, "train", spec, {"data": data})


def drawn(name: str, solver: dict[str, object], model: Node) -> Node:
    return Node(name, "sample", {"name": name, "samples": 10, "sampling": solver}, {"model": model})


def started_by_one_worker(nodes: list[Node]) -> list[str]:
    started: list[str] = []
    done: Future[None] = Future()
    done.set_result(None)

    def start(each: Node, _: list[Future[None]]) -> Future[None]:
        started.append(each.name)
        return done

    start_when_ready(nodes, start, {}, 1)
    return started


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


def test_the_longest_way_to_the_end_is_begun_first_and_what_asks_no_network_before_it() -> None:
    data = node("data")
    short, long = trained("short", 10, data), trained("long", 20, data)
    few = drawn("few", {"steps": 5}, short)
    many = drawn("many", {"solver": "ddpm", "steps": 250}, short)
    more = drawn("more", {"steps": 6}, long)
    scorer = node("scorer", data)
    judged = node("judged", scorer, many)
    plan = [data, long, more, short, few, many, scorer, judged]
    # 240 + 2,500 evaluations lie behind the short training, 480 + 60 behind the long one
    order = ["data", "scorer", "short", "many", "judged", "long", "more", "few"]
    assert started_by_one_worker(plan) == order


def test_among_equals_the_plans_order_decides() -> None:
    data = node("data")
    model = trained("model", 10, data)
    images = [drawn(name, {"steps": 5}, model) for name in ("b", "c", "a")]
    assert started_by_one_worker([data, model, *images]) == ["data", "model", "b", "c", "a"]
