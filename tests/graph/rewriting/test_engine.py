import pickle

import pytest

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, equal_computations
from pytensorlite.graph.features import Feature
from pytensorlite.graph.rewriting.basic import (
    EquilibriumGraphRewriter,
    MergeOptimizer,
    NodeProcessingGraphRewriter,
    OpToRewriterTracker,
    SequentialGraphRewriter,
    SequentialNodeRewriter,
    SubstitutionNodeRewriter,
    check_stack_trace,
    copy_stack_trace,
    dfs_rewriter,
    graph_rewriter,
    in2out,
    merge_dict,
    node_rewriter,
    out2in,
    pre_constant_merge,
    pre_greedy_node_rewriter,
)
from pytensorlite.graph.rewriting.unify import OpPattern
from pytensorlite.graph.rewriting.utils import (
    get_clients_at_depth,
    is_same_graph,
    is_same_graph_with_merge,
)

from ..sample import (
    DEEP,
    Function,
    Number,
    add,
    chain,
    exp,
    graph,
    log,
    mul,
    neg,
    number,
    numbers,
    pair,
    sub,
)


@node_rewriter([neg])
def local_double_neg(fgraph, node):
    """``neg(neg(x)) -> x``."""
    (x,) = node.inputs
    return [x.owner.inputs[0]] if x.owner is not None and x.owner.op == neg else None


@node_rewriter([exp])
def local_exp_to_log(fgraph, node):
    return [log(node.inputs[0])]


@node_rewriter([log])
def local_log_to_neg(fgraph, node):
    return [neg(node.inputs[0])]


def rewritten(rewriter, inputs, outputs):
    g = graph(inputs, outputs)
    rewriter.rewrite(g)
    g.check_integrity()
    return g.outputs


# -- node rewriters ------------------------------------------------------------------------------


def test_a_decorated_function_is_a_rewriter():
    x, y = numbers("x y")
    assert local_double_neg.name == str(local_double_neg) == "local_double_neg"
    assert local_double_neg.tracks() == [neg]
    assert local_double_neg.transform(None, exp(x).owner) is False
    assert local_double_neg.transform(None, neg(neg(y)).owner) == [y]
    assert pickle.loads(pickle.dumps(local_double_neg)) is local_double_neg
    assert local_double_neg.__doc__ == "``neg(neg(x)) -> x``."


@pytest.mark.parametrize(
    ("tracks", "error"), [(neg, TypeError), (Function, TypeError), ([], ValueError)]
)
def test_what_is_tracked_must_be_a_list(tracks, error):
    with pytest.raises(error):
        node_rewriter(tracks)


@pytest.mark.parametrize("walk", [in2out, out2in, dfs_rewriter])
def test_walks(walk):
    x, y = numbers("x y")
    outputs = [add(neg(neg(x)), neg(neg(y)))]
    assert equal_computations(rewritten(walk(local_double_neg), [x, y], outputs), [add(x, y)])


def test_a_walk_looks_at_nodes_that_come_in_unless_told_otherwise():
    (x,) = numbers("x")
    rules = (local_exp_to_log, local_log_to_neg)
    assert equal_computations(rewritten(in2out(*rules), [x], [exp(x)]), [neg(x)])
    blind = in2out(*rules, ignore_newtrees=True)
    assert equal_computations(rewritten(blind, [x], [exp(x)]), [log(x)])


def test_answers_of_a_rewriter():
    (x,) = numbers("x")

    def answering(answer):
        return in2out(node_rewriter([pair])(lambda fgraph, node: answer(node)))

    def outputs():
        first, second = pair(x)
        return [exp(first), second]

    keep = rewritten(answering(lambda node: [x, node.outputs[1]]), [x], outputs())
    assert keep[0].owner.inputs == [x]
    assert keep[1].owner.op == pair
    by_name = rewritten(answering(lambda node: {node.outputs[1]: x}), [x], outputs())
    assert by_name[1] is x
    assert rewritten(answering(lambda node: {}), [x], outputs())[1].owner.op == pair
    rewriter = answering(lambda node: [x, None])
    rewriter.failure_callback = None
    with pytest.raises(ValueError, match="which is in use"):
        rewritten(rewriter, [x], outputs())


def test_an_unused_output_may_be_none():
    (x,) = numbers("x")
    rewriter = in2out(node_rewriter([pair])(lambda fgraph, node: [x, None]))
    assert rewritten(rewriter, [x], [exp(pair(x)[0])])[0].owner.inputs == [x]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [(lambda: [], ValueError, "returned 0 variables"), (lambda: "x", TypeError, "must return")],
)
def test_wrong_answers_are_errors(answer, error, message):
    (x,) = numbers("x")
    rewriter = in2out(node_rewriter([exp])(lambda fgraph, node: answer()), failure_callback=None)
    with pytest.raises(error, match=message):
        rewritten(rewriter, [x], [exp(x)])


def test_a_failing_rewrite_is_reported_as_configured():
    (x,) = numbers("x")

    @node_rewriter([exp])
    def local_failing(fgraph, node):
        raise ZeroDivisionError("on purpose")

    with pytest.warns(RuntimeWarning, match=r"local_failing.*on purpose|on purpose"):
        result = rewritten(in2out(local_failing), [x], [exp(x)])
    assert result[0].owner.op == exp
    with config.change_flags(on_opt_error="ignore"):
        rewritten(in2out(local_failing), [x], [exp(x)])
    with config.change_flags(on_opt_error="raise"), pytest.raises(ZeroDivisionError):
        rewritten(in2out(local_failing), [x], [exp(x)])


def test_a_replacement_of_another_type_is_undone():
    (x,) = numbers("x")

    @node_rewriter([exp])
    def local_wrong_type(fgraph, node):
        return [Number("metre")("m")]

    with pytest.warns(RuntimeWarning, match="Cannot convert"):
        assert rewritten(in2out(local_wrong_type), [x], [exp(x)])[0].owner.op == exp


def test_requirements_are_attached():
    class Counter(Feature):
        pass

    rewriter = in2out(node_rewriter([exp], requirements=(Counter,))(lambda fgraph, node: None))
    g = graph([], [exp(Constant(number, 1))])
    rewriter.rewrite(g)
    assert any(isinstance(feature, Counter) for feature in g._features)


# -- the tracker ---------------------------------------------------------------------------------


def test_a_tracker_finds_rewriters_by_op_class_and_parameters():
    class Special(Function):
        pass

    special = Special("special")
    by_op = node_rewriter([special])(lambda fgraph, node: None)
    by_class = node_rewriter([Function])(lambda fgraph, node: None)
    by_parameter = node_rewriter([OpPattern(Function, name="exp")])(lambda fgraph, node: None)
    of_all = node_rewriter(None)(lambda fgraph, node: None)
    tracker = OpToRewriterTracker()
    for rewriter in (by_class, of_all, by_op, by_parameter):
        tracker.add_tracker(rewriter)
    assert tracker.get_trackers(special) == [by_class, of_all, by_op]
    assert tracker.get_trackers(exp) == [by_class, of_all, by_parameter]
    assert tracker.get_trackers(neg) == [by_class, of_all]
    assert list(tracker.get_rewriters()) == [by_class, of_all, by_op, by_parameter]
    with pytest.raises(TypeError, match="expected ops"):
        tracker.add_tracker(node_rewriter(["exp"])(lambda fgraph, node: None))


def test_rewriters_in_a_row_on_a_node():
    (x,) = numbers("x")
    node = exp(x).owner
    first = SequentialNodeRewriter(local_exp_to_log, local_log_to_neg)
    assert first.transform(None, node)[0].owner.op == log
    every = SequentialNodeRewriter(local_exp_to_log, local_log_to_neg, apply_all_rewrites=True)
    assert every.transform(None, node)[0].owner.op == neg
    assert every.tracks() == [exp, log]
    assert every.transform(None, sub(x, x).owner) is False


def test_substitution():
    (x,) = numbers("x")
    rewriter = SubstitutionNodeRewriter(exp, log)
    assert str(rewriter) == "exp -> log"
    result = rewritten(in2out(rewriter), [x], [neg(exp(x))])
    assert equal_computations(result, [neg(log(x))])


def test_greedy_rewriting_before_import():
    (x,) = numbers("x")
    g = graph([x], [neg(x)])
    result = pre_greedy_node_rewriter(g, [local_exp_to_log], add(exp(x), g.outputs[0]))
    assert equal_computations([result], [add(log(x), neg(x))])
    assert result.owner.inputs[1] is g.outputs[0]


# -- until nothing changes -----------------------------------------------------------------------


def test_equilibrium():
    x, y = numbers("x y")
    rewriter = EquilibriumGraphRewriter([local_double_neg, local_exp_to_log, local_log_to_neg])
    outputs = [add(exp(neg(x)), neg(exp(y)))]
    assert equal_computations(rewritten(rewriter, [x, y], outputs), [add(x, y)])
    assert rewriter.uses[local_exp_to_log] == 2


def test_equilibrium_stops_rewriters_that_go_round_in_circles():
    (x,) = numbers("x")
    back = node_rewriter([log])(lambda fgraph, node: [exp(node.inputs[0])])
    rewriter = EquilibriumGraphRewriter([local_exp_to_log, back], max_use_ratio=5)
    with pytest.warns(RuntimeWarning, match="without reaching a fixed point"):
        rewritten(rewriter, [x], [exp(x)])


def test_equilibrium_with_graph_rewriters():
    (x,) = numbers("x")
    log_of = []

    @graph_rewriter
    def final(fgraph):
        log_of.append("final")

    @graph_rewriter
    def cleanup(fgraph):
        log_of.append("cleanup")

    rewriter = EquilibriumGraphRewriter(
        [MergeOptimizer(), local_exp_to_log],
        final_rewriters=[final],
        cleanup_rewriters=[cleanup],
    )
    (result,) = rewritten(rewriter, [x], [add(exp(x), exp(x))])
    assert result.owner.inputs[0] is result.owner.inputs[1]
    assert log_of.count("cleanup") == 1
    assert log_of.count("final") == rewriter.walks


def test_what_looks_far_is_asked_again_at_the_end():
    (x,) = numbers("x")
    top = exp(x)

    @node_rewriter([sub])
    def local_far(fgraph, node):
        # Depends on a node ten steps away, which another rewrite changes.
        there = node.inputs[0]
        while there.owner is not None and there.owner.op == mul:
            there = there.owner.inputs[0]
        return [x] if there.owner is not None and there.owner.op == neg else None

    value = top
    for _ in range(10):
        value = mul(value, x)
    rewriter = EquilibriumGraphRewriter([local_far, local_exp_to_log, local_log_to_neg])
    assert rewritten(rewriter, [x], [sub(value, x)]) == [x]


@pytest.mark.parametrize("length", [2_000])
def test_a_change_that_travels_step_by_step_takes_linear_time(length):
    (x,) = numbers("x")

    @node_rewriter([neg])
    def local_sink(fgraph, node):
        """``neg(exp(x)) -> exp(neg(x))``: against the order of the walk."""
        (inner,) = node.inputs
        if inner.owner is not None and inner.owner.op == exp:
            return [exp(neg(inner.owner.inputs[0]))]
        return None

    g = graph([x], [neg(chain(x, length, exp))])
    rewriter = EquilibriumGraphRewriter([local_sink], max_use_ratio=float("inf"))
    rewriter.rewrite(g)
    assert g.toposort()[0].op == neg
    assert rewriter.uses[local_sink] == length


# -- merging -------------------------------------------------------------------------------------


def merged(inputs, outputs):
    return rewritten(MergeOptimizer(), inputs, outputs)


def test_merge_nodes_and_constants():
    x, y = numbers("x y")
    first, second = merged([x, y], [exp(add(x, 1)), mul(exp(add(x, 1)), y)])
    assert second.owner.inputs[0] is first
    (result,) = merged([x], [sub(add(x, 0.0), add(x, -0.0))])
    assert result.owner.inputs[0] is not result.owner.inputs[1]
    nan = float("nan")
    (result,) = merged([x], [sub(add(x, nan), add(x, nan))])
    assert result.owner.inputs[0] is result.owner.inputs[1]


def test_merge_does_not_mix_outputs_or_types():
    (x,) = numbers("x")
    (first, second) = merged([x], [pair(x)[0], pair(x)[1]])
    assert first.owner is second.owner
    assert (first.index, second.index) == (0, 1)
    metre = Constant(Number("metre"), 1)
    (result,) = merged([x], [add(add(x, 1), add(x, metre))])
    assert len(set(result.owner.inputs)) == 2


def test_merge_keeps_the_more_specific_type():
    class Wide(Number):
        def is_super(self, otype):
            return isinstance(otype, Number)

    x, made = number("x"), Function("made")
    wide, narrow = Apply(made, [x], [Wide("wide")()]), Apply(made, [x], [number()])
    for first, second in ((wide, narrow), (narrow, wide)):
        results = merged([x], [exp(first.out), exp(second.out)])
        assert results[0].owner.inputs == [narrow.out]
        assert results[1] is results[0]


def test_merge_keeps_names_and_lines():
    (x,) = numbers("x")
    first, second = exp(x), exp(x)
    second.name = "second"
    line = second.tag.trace[0]
    result, _ = merged([x], [first, second])
    assert result.name == "second"
    assert line in result.tag.trace


def test_merge_outputs_and_inputs():
    x, y = numbers("x y")
    assert merged([x, y], [x, x, y]) == [x, x, y]
    first, second = merged([x], [neg(x), neg(x)])
    assert first is second


def test_merge_is_refused_where_a_feature_objects():
    class Separate(Feature):
        def on_validate(self, fgraph):
            from pytensorlite.graph.utils import InconsistencyError

            if fgraph.outputs[0] is fgraph.outputs[1]:
                raise InconsistencyError("keep them apart")

    (x,) = numbers("x")
    g = graph([x], [neg(x), neg(x)], features=[Separate()])
    MergeOptimizer().rewrite(g)
    assert g.outputs[0] is not g.outputs[1]
    g.check_integrity()


def test_pre_constant_merge():
    (x,) = numbers("x")
    g = graph([x], [add(x, 1)])
    one = g.outputs[0].owner.inputs[1]
    (new,) = pre_constant_merge(g, [mul(x, Constant(number, 1))])
    assert new.owner.inputs[1] is one


def test_same_graph():
    x, y = numbers("x y")
    assert is_same_graph(add(x, 1), add(x, 1))
    assert not is_same_graph(add(x, 1), add(y, 1))
    assert is_same_graph(add(x, 1), add(y, 1), givens={x: y})
    shared = exp(x)
    assert is_same_graph_with_merge(add(shared, shared), add(exp(x), exp(x)))


# -- the user's lines ----------------------------------------------------------------------------


def test_new_nodes_get_the_line_of_what_they_replace():
    (x,) = numbers("x")
    y = exp(x)
    (line,) = y.tag.trace
    g = graph([x], [y])
    in2out(node_rewriter([exp])(lambda fgraph, node: [neg(log(node.inputs[0]))])).rewrite(g)
    for node in g.toposort():
        assert node.outputs[0].tag.trace == [line]
    assert check_stack_trace(g, "all")


def test_copy_stack_trace_adds_and_keeps_own_lines():
    x, y = numbers("x y")
    first = exp(x)
    second = neg(y)
    (own,) = second.tag.trace
    assert copy_stack_trace([first], second) is second
    assert second.tag.trace == [own, *first.tag.trace]
    with config.change_flags(traceback__limit=2):
        copy_stack_trace([x, y, first], second)
    assert len(second.tag.trace) == 2


def test_missing_lines_are_found():
    (x,) = numbers("x")
    y = exp(neg(x))
    y.tag.trace = []
    g = graph([x], [y])
    assert check_stack_trace(g, neg)
    with pytest.raises(Exception, match="remember no line"):
        check_stack_trace(g, "last")
    assert not check_stack_trace(g, [Function], bug_print="ignore")
    assert not check_stack_trace(g, lambda op: op == exp, bug_print="ignore")


# -- the rest ------------------------------------------------------------------------------------


def test_graph_rewriters_in_a_row():
    (x,) = numbers("x")
    row = SequentialGraphRewriter(in2out(local_exp_to_log), in2out(local_log_to_neg))
    assert equal_computations(rewritten(row, [x], [exp(x)]), [neg(x)])
    assert set(row.seconds) == {"local_exp_to_log", "local_log_to_neg"}
    assert len(row) == 2
    row.append(in2out(local_double_neg))
    assert rewritten(row, [x], [neg(exp(x))]) == [x]

    @graph_rewriter
    def failing(fgraph):
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError):
        rewritten(SequentialGraphRewriter(failing), [x], [exp(x)])
    lenient = SequentialGraphRewriter(failing, failure_callback=SequentialGraphRewriter.warn)
    with pytest.warns(RuntimeWarning, match="on purpose"):
        rewritten(lenient, [x], [exp(x)])


def test_summaries_name_every_rewriter(capsys):
    EquilibriumGraphRewriter([local_double_neg, in2out(local_exp_to_log)]).print_summary()
    SequentialGraphRewriter(in2out(local_log_to_neg, local_exp_to_log)).print_summary()
    printed = capsys.readouterr().out
    for name in ("local_double_neg", "local_exp_to_log", "local_log_to_neg"):
        assert name in printed


def test_failure_callbacks():
    error = ZeroDivisionError("on purpose")
    NodeProcessingGraphRewriter.warn_ignore(error, None, [], local_double_neg, None)
    with pytest.warns(RuntimeWarning, match="on purpose"):
        NodeProcessingGraphRewriter.warn_inplace(error, None, [], local_double_neg, None)


def test_clients_at_depth():
    (x,) = numbers("x")
    inner = exp(x)
    second = neg(inner)
    third = log(second)
    g = graph([x], [third, second])
    assert list(get_clients_at_depth(g, inner.owner, 0)) == [inner.owner]
    assert list(get_clients_at_depth(g, inner.owner, 1)) == [second.owner]
    assert list(get_clients_at_depth(g, inner.owner, 2)) == [third.owner]


def test_merge_dict():
    assert merge_dict({"a": 1, "b": 2}, {"b": 3, "c": 4}) == {"a": 1, "b": 5, "c": 4}


def test_deep_graphs_are_rewritten_without_recursion():
    (x,) = numbers("x")
    assert rewritten(in2out(local_double_neg), [x], [chain(x, DEEP)]) == [x]
    first, second = merged([x], [chain(x, DEEP), chain(x, DEEP)])
    assert first is second
    rewriter = EquilibriumGraphRewriter([local_exp_to_log, local_log_to_neg])
    (result,) = rewritten(rewriter, [x], [chain(x, DEEP, exp)])
    assert result.owner.op == neg
