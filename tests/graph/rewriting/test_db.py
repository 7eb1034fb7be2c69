import pytest

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import equal_computations
from pytensorlite.graph.rewriting.basic import graph_rewriter, in2out, node_rewriter
from pytensorlite.graph.rewriting.db import (
    EquilibriumDB,
    LocalGroupDB,
    ProxyDB,
    RewriteDatabase,
    RewriteDatabaseQuery,
    SequenceDB,
    TopoDB,
)

from ..sample import exp, graph, log, neg, numbers

to_log = node_rewriter([exp])(lambda fgraph, node: [log(node.inputs[0])])
to_neg = node_rewriter([log])(lambda fgraph, node: [neg(node.inputs[0])])


def named(name):
    @graph_rewriter
    def rewriter(fgraph):
        pass

    rewriter.name = name
    return rewriter


@pytest.fixture
def database():
    made = RewriteDatabase()
    made.name = "database"
    made.register("a", named("a"), "basic", "fast_run")
    made.register("b", named("b"), "fast_run", "inplace")
    made.register("c", named("c"), "slow")
    return made


def names(rewriters):
    return [rewriter.name for rewriter in rewriters]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("+fast_run",), ["a", "b"]),
        (("+fast_run", "-inplace"), ["a"]),
        (("+fast_run", "&inplace"), ["b"]),
        (("+fast_run", "+slow", "-a"), ["b", "c"]),
        (("+a",), ["a"]),
        (("+database",), ["a", "b", "c"]),
        ((), []),
    ],
)
def test_tags_select(database, tags, expected):
    assert names(database.query(*tags)) == expected


def test_queries_are_values(database):
    query = RewriteDatabaseQuery(include=["fast_run"])
    assert names(database.query(query.excluding("inplace"))) == ["a"]
    assert names(database.query(query.including("slow"))) == ["a", "b", "c"]
    assert names(database.query(query.requiring("basic"))) == ["a"]
    assert names(database.query(query)) == ["a", "b"]
    assert "inc=['fast_run']" in str(query)


def test_registration_is_checked(database):
    with pytest.raises(ValueError, match="already present"):
        database.register("a", named("a"))
    database.register("a", named("a2"), "slow", overwrite_existing=True)
    assert names(database.query("+slow")) == ["a2", "c"]
    with pytest.raises(TypeError, match="expected a rewriter"):
        database.register("d", lambda fgraph: None)
    with pytest.raises(ValueError, match="begin with"):
        database.query("fast_run")


def test_look_up_and_tags(database):
    assert database["a"].name == "a"
    assert "a" in database
    assert "fast_run" in database
    assert "z" not in database
    with pytest.raises(KeyError, match="More than one"):
        database["fast_run"]
    with pytest.raises(KeyError, match="Nothing registered"):
        database["z"]
    database.add_tags("c", "fast_run")
    database.remove_tags("a", "fast_run")
    assert names(database.query("+fast_run")) == ["b", "c"]
    with pytest.raises(KeyError, match="No rewrite"):
        database.add_tags("z", "fast_run")


def test_a_sequence_is_sorted_by_position():
    sequence = SequenceDB()
    sequence.register("late", named("late"), "t", position=10)
    sequence.register("early", named("early"), "t", position=1)
    sequence.register("between", named("between"), "t", position=1.5)
    sequence.register("last", named("last"), "t", position="last")
    assert names(sequence.query("+t")) == ["early", "between", "late", "last"]
    assert names(sequence.query("+t", position_cutoff=10)) == ["early", "between"]
    with config.change_flags(optdb__position_cutoff=1.5):
        assert names(sequence.query("+t")) == ["early"]
    query = RewriteDatabaseQuery(["t"]).register((named("extra"), 1.2))
    assert names(sequence.query(query)) == ["early", "extra", "between", "late", "last"]
    with pytest.raises(TypeError, match="position"):
        sequence.register("bad", named("bad"), position="first")


def test_databases_inside_are_asked_too():
    inside = EquilibriumDB()
    sequence = SequenceDB()
    sequence.register("inside", inside, "fast_run", position=1)
    inside.register("to_log", to_log, "fast_run")
    inside.register("to_neg", to_neg, "fast_run", "risky")
    (x,) = numbers("x")

    def rewritten(query, **subqueries):
        g = graph([x], [exp(x)])
        sequence.query(query, **subqueries).rewrite(g)
        return g.outputs

    everything = RewriteDatabaseQuery(["fast_run"])
    assert equal_computations(rewritten(everything), [neg(x)])
    assert equal_computations(rewritten(everything.excluding("risky")), [log(x)])
    assert equal_computations(rewritten(everything.excluding("to_log")), [exp(x)])
    only = RewriteDatabaseQuery(["to_log"])
    assert equal_computations(rewritten(everything, inside=only), [log(x)])
    assert sequence.query(everything)[0].name == "inside"


def test_equilibrium_databases_have_final_and_cleanup_rewriters():
    calls = []
    database = EquilibriumDB(ignore_newtrees=False)
    database.register("to_log", to_log, "t")
    database.register(
        "end", graph_rewriter(lambda g: calls.append("end")), "t", final_rewriter=True
    )
    database.register("tidy", graph_rewriter(lambda g: calls.append("tidy")), "t", cleanup=True)
    with pytest.raises(ValueError, match="exclude each other"):
        database.register("both", named("both"), cleanup=True, final_rewriter=True)
    (x,) = numbers("x")
    database.query("+t").rewrite(graph([x], [exp(x)]))
    assert "end" in calls
    assert calls.count("tidy") == 1


def test_groups_topological_and_proxy_databases():
    (x,) = numbers("x")
    group = LocalGroupDB(apply_all_rewrites=True)
    group.register("second", to_neg, "t", position=2)
    group.register("first", to_log, "t", position=1)
    assert group.query("+t").rewriters == [to_log, to_neg]
    walking = TopoDB(group, order="out_to_in")
    g = graph([x], [exp(x)])
    ProxyDB(walking).query("+t").rewrite(g)
    assert equal_computations(g.outputs, [neg(x)])
    with pytest.raises(TypeError, match="expected a database"):
        ProxyDB(in2out(to_log))


def test_summaries(database, capsys):
    database.print_summary()
    sequence = SequenceDB()
    sequence.register("early", named("early"), "t", position=1)
    sequence.print_summary()
    printed = capsys.readouterr().out
    assert "a: a, basic, fast_run, database" in printed
    assert "early" in printed
