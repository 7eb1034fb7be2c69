"""Printing, with ops of the tests' own; what arrays look like is tested with the tensors."""

import io
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from pytensorlite.graph.basic import Constant
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import HasInnerGraph
from pytensorlite.printing import (
    FunctionPrinter,
    IgnorePrinter,
    OperatorPrinter,
    PatternPrinter,
    PPrinter,
    Print,
    PrinterState,
    char_from_number,
    debugprint,
    get_node_by_id,
    hex_digest,
    min_informative_str,
    op_debug_information,
    position_independent_str,
    pp,
    pprint,
    pydotprint,
    set_precedence,
    var_descriptor,
)

from .graph.sample import (
    DEEP,
    Function,
    add,
    chain,
    exp,
    mul,
    neg,
    number,
    numbers,
    overwrite,
    pair,
    sub,
    view,
)


@pytest.fixture
def variables():
    x, y = numbers("x y")
    e = exp(x)
    e.name = "e"
    return {"x": x, "y": y, "e": e, "z": add(sub(e, mul(y, 2)), e)}


def printed(thing, **kwargs):
    return debugprint(thing, file="str", **kwargs)


def test_a_tree(variables):
    assert printed(variables["z"]) == (
        "add [id A]\n"
        " ├─ sub [id B]\n"
        " │  ├─ exp [id C] 'e'\n"
        " │  │  └─ x [id D]\n"
        " │  └─ mul [id E]\n"
        " │     ├─ y [id F]\n"
        " │     └─ 2.0 [id G]\n"
        " └─ exp [id C] 'e'\n"
        "    └─ ···\n"
    )


def test_several_trees_share_ids(variables):
    assert printed([variables["e"], variables["z"]], depth=2) == (
        "exp [id A] 'e'\n └─ x [id B]\nadd [id C]\n ├─ sub [id D]\n └─ exp [id A] 'e'\n"
    )


@pytest.mark.parametrize(
    ("id_type", "line"),
    [("CHAR", "exp [id A]"), ("int", "exp [id 0]"), ("auto", "exp [id auto_0]"), ("", "exp")],
)
def test_ids(id_type, line):
    assert printed(exp(number("x")), id_type=id_type).startswith(f"{line}\n")


def test_the_id_of_an_object_may_be_its_address():
    x = number("x")
    assert printed(x, id_type="id") == f"x [id {id(x)}]\n"


def test_types_and_outputs(variables):
    first, second = pair(variables["x"])
    assert printed(add(second, first), print_type=True) == (
        "add [id A] <Number(one)>\n"
        " ├─ pair.1 [id B] <Number(one)>\n"
        " │  └─ x [id C] <Number(one)>\n"
        " └─ pair.0 [id B] <Number(one)>\n"
        "    └─ ···\n"
    )
    assert printed(first.owner) == ("pair.0 [id A]\n └─ x [id B]\npair.1 [id A]\n └─ ···\n")


def test_stop_on_name(variables):
    assert printed(variables["z"], stop_on_name=True) == (
        "add [id A]\n"
        " ├─ sub [id B]\n"
        " │  ├─ exp [id C] 'e'\n"
        " │  │  └─ ···\n"
        " │  └─ mul [id D]\n"
        " │     ├─ y [id E]\n"
        " │     └─ 2.0 [id F]\n"
        " └─ exp [id C] 'e'\n"
        "    └─ ···\n"
    )


def test_a_function_graph_is_numbered_in_its_order(variables):
    x, y, z = (variables[k] for k in "xyz")
    assert printed(FunctionGraph([x, y], [z]), print_fgraph_inputs=True) == (
        "→ x [id A]\n"
        "→ y [id B]\n"
        "add [id C] 3\n"
        " ├─ sub [id D] 2\n"
        " │  ├─ exp [id E] 'e' 0\n"
        " │  │  └─ x [id A]\n"
        " │  └─ mul [id F] 1\n"
        " │     ├─ y [id B]\n"
        " │     └─ 2.0 [id G]\n"
        " └─ exp [id E] 'e' 0\n"
        "    └─ ···\n"
    )


def test_memory_maps():
    x = number("x")
    assert printed(overwrite(view(neg(x))), print_memory_map=True).splitlines()[:2] == [
        "overwrite [id A] d={0: [0]}",
        " └─ view [id B] v={0: [0]}",
    ]


def test_static_shapes():
    class Shaped(type(number)):
        shape = (3, None)

    v = Shaped()("v")
    assert printed(v, print_shape=True) == "v [id A] shape=(3, ?)\n"


class Inner(Function, HasInnerGraph):
    """An op with a graph inside."""

    def __init__(self, name, fgraph):
        super().__init__(name)
        self.fgraph = fgraph

    @property
    def inner_inputs(self):
        return self.fgraph.inputs

    @property
    def inner_outputs(self):
        return self.fgraph.outputs

    def clone(self):
        return Inner(self.name, self.fgraph.clone())


def test_inner_graphs_follow():
    x, y = numbers("x y")
    inner = Inner("inner", FunctionGraph([x], [neg(x)]))
    outer = Inner("outer", FunctionGraph([x, y], [inner(x), y]))
    result = add(outer(x, y), inner(y))
    assert printed(result, print_fgraph_inputs=True) == (
        "add [id A]\n"
        " ├─ outer [id B]\n"
        " │  ├─ x [id C]\n"
        " │  └─ y [id D]\n"
        " └─ inner [id E]\n"
        "    └─ y [id D]\n"
        "\n"
        "Inner graphs:\n"
        "\n"
        "outer [id B]\n"
        " → x [id F]\n"
        " → y [id G]\n"
        " ← inner [id H]\n"
        "    └─ x [id F]\n"
        " ← y [id G]\n"
        "\n"
        "inner [id E]\n"
        " → x [id I]\n"
        " ← neg [id J]\n"
        "    └─ x [id I]\n"
        "\n"
        "inner [id H]\n"
        " → x [id I]\n"
        " ← neg [id J]\n"
        "    └─ ···\n"
    )
    assert "Inner graphs" not in printed(result, print_inner_graphs=False)


def test_files_ids_and_done_carry_over(variables, capsys):
    debugprint(variables["x"])
    assert capsys.readouterr().out == "x [id A]\n"
    file = io.StringIO()
    ids, done = {}, {}
    assert debugprint(variables["e"], file=file, used_ids=ids, done=done) is file
    debugprint(variables["e"], file=file, used_ids=ids, done=done)
    assert file.getvalue() == "exp [id A] 'e'\n └─ x [id B]\nexp [id A] 'e'\n └─ ···\n"


def test_arguments_are_checked(variables):
    with pytest.raises(TypeError, match="expects a Variable"):
        debugprint(3)
    with pytest.raises(TypeError, match="depth must be an int"):
        debugprint(variables["x"], depth="2")
    with pytest.raises(ValueError, match="prints nothing"):
        debugprint(variables["x"], depth=0)
    with pytest.raises(ValueError, match="id_type"):
        debugprint(variables["x"], id_type="char")


def test_methods_print_too(variables, capsys):
    variables["e"].dprint()
    variables["e"].owner.dprint(id_type="")
    FunctionGraph(outputs=[variables["e"]]).dprint(id_type="")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0::2] == ["exp [id A] 'e'", "exp 'e'", "exp 'e' 0"]


def test_ops_may_add_information():
    class Telling(Function):
        pass

    @op_debug_information.register(Telling)
    def _(op, node):
        return {node: {node.outputs[0]: "told"}}

    assert printed(Telling("telling")(1), print_op_info=True).startswith("telling [id A] told\n")


def test_nodes_by_id(variables):
    assert get_node_by_id(variables["z"], "C") is variables["e"].owner
    assert get_node_by_id([variables["z"]], "D") is variables["x"]
    assert get_node_by_id(variables["z"], "Z") is None
    assert get_node_by_id(variables["z"], "0", id_types="int") is variables["z"].owner


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "BA"), (701, "BAZ"), (702, "BBA")]
)
def test_letters(index, letters):
    assert char_from_number(index) == letters


# -- formulas ------------------------------------------------------------------------------------


@pytest.fixture
def printer():
    made = PPrinter()
    made.assign(add, OperatorPrinter("+", -2, "either"))
    made.assign(mul, OperatorPrinter("*", -1, "either"))
    made.assign(neg, OperatorPrinter("-", 0, "either"))
    made.assign(exp, FunctionPrinter(["e"], keywords=["name"]))
    made.assign(pair, PatternPrinter("|%(0)s|", "<%(0)s>"))
    made.assign(view, IgnorePrinter())
    return made


def test_formulas(printer):
    x, y = numbers("x y")
    assert printer(add(mul(x, y), 1)) == "((x * y) + 1.0)"
    assert printer(neg(exp(view(x)))) == "(-e(x, name=exp))"
    assert printer(add(*pair(x))) == "(|x| + <x>)"
    assert printer(sub(x, Constant(number, 2, name="two"))) == "sub(x, two)"
    assert printer([x], [add(x, y)]) == "(x + y)"
    assert printer(FunctionGraph([x], [neg(x), x])) == "(-x); x"
    assert printer.process_graph([x], [x], {x: neg(x)}, display_inputs=True) == (
        "inputs: x\nx; x <- (-x)"
    )


def test_printers_are_found_by_op_class_and_condition(printer):
    x = number("x")

    class Special(Function):
        pass

    special = Special("special")
    assert printer(special(x)) == "special(x)"
    by_class = printer.clone_assign(Special, FunctionPrinter(["by_class"]))
    assert by_class(special(x)) == "by_class(x)"
    assert printer(special(x)) == "special(x)"
    named = by_class.clone_assign(lambda pstate, v: v.name == "x", lambda v, pstate: "the x")
    assert named(special(x)) == "by_class(the x)"
    with pytest.raises(TypeError, match="expected an op"):
        printer.assign(3, FunctionPrinter(["f"]))


def test_a_printer_of_a_user_may_ask_for_other_texts(printer):
    x, y = numbers("x y")

    def reversed_text(output, pstate):
        with set_precedence(pstate):
            inputs = output.owner.inputs
            return " - ".join(pstate.pprinter.process(v, pstate) for v in reversed(inputs))

    assert printer.clone_assign(sub, reversed_text)(sub(x, add(y, 1))) == "(y + 1.0) - x"


def test_wrong_use_of_printers(printer):
    x = number("x")
    with pytest.raises(ValueError, match="assoc"):
        OperatorPrinter("+", 1, "middle")
    with pytest.raises(TypeError, match="prints results of ops"):
        OperatorPrinter("+", 1).process(x, PrinterState(printer))
    with pytest.raises(TypeError, match="pprint takes"):
        printer()


def test_a_formula_that_shares_values_is_cut(printer, monkeypatch):
    monkeypatch.setattr("pytensorlite.printing.pretty.MOST_PIECES", 1_000)
    x = number("x")
    for _ in range(60):
        x = add(x, x)
    assert printer(x).endswith("...")


def test_pp_is_pprint():
    assert pp is pprint
    assert pp(exp(number("x"))) == "exp(x)"


# -- texts that identify -------------------------------------------------------------------------


def test_informative_texts():
    x, y = numbers("x y")
    assert min_informative_str(add(x, mul(y, x))) == "A. add\n B. x\n C. mul\n  D. y\n  <B>"
    assert var_descriptor(add(x, neg(x))) == "A=add(B=x,C=neg(<B>))"
    assert position_independent_str(number()) == "pytensor_var{type=Number(one)}"
    assert var_descriptor(np.zeros(2)).startswith("A=<ndarray:")
    with pytest.raises(NotImplementedError):
        position_independent_str(3)


def test_digests_tell_arrays_apart():
    a = np.arange(6.0)
    texts = {hex_digest(v) for v in (a, a + 1, a.reshape(2, 3), a.reshape(3, 2), a[::-1])}
    assert len(texts) == 5
    assert hex_digest(a) == hex_digest(a.copy())


# -- drawings ------------------------------------------------------------------------------------


def test_dot_text(variables, tmp_path, capsys):
    x, y, z = (variables[k] for k in "xyz")
    path = tmp_path / "graph.dot"
    text = pydotprint(FunctionGraph([x, y], [z]), path, with_ids=True)
    assert path.read_text() == text
    assert str(path) in capsys.readouterr().out
    assert text.startswith("digraph {")
    for part in ('label="exp id=0"', 'label="x Number(one)"', "lightblue", '[label="0'):
        assert part in text
    assert text.count("->") == 8
    everything = pydotprint([z], compact=False, high_contrast=False, var_with_name_simple=True)
    assert 'label="x"' in everything
    assert "fillcolor" not in everything
    assert pydotprint(z.owner, colorCodes={"Function": "pink"}).count("pink") == 4


def test_labels_are_escaped_and_cut():
    x = number('a "quoted" \\ name' + "." * 100)
    text = pydotprint(neg(x))
    assert r"a \"quoted\" \\ name" in text
    assert "..." in text
    assert "." * 80 not in text


def test_drawing_needs_graphviz(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(RuntimeError, match="Graphviz"):
        pydotprint(number("x"), tmp_path / "graph.png")


def test_svg_needs_nothing(variables, monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    path = tmp_path / "graph.svg"
    pydotprint([variables["z"], neg(number("<&>"))], path, print_output_file=False)
    drawing = ElementTree.parse(path)
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"add", "sub", "exp", "x Number(one)", "<&> Number(one)"} <= set(texts)
    boxes = list(drawing.iter("{http://www.w3.org/2000/svg}rect"))
    assert len(boxes) == len(texts)
    rows = {}
    for box in boxes:
        left = float(box.get("x"))
        rows.setdefault(box.get("y"), []).append((left, left + float(box.get("width"))))
    for row in rows.values():
        for (_, right), (left, _) in pairwise(sorted(row)):
            assert right < left
    assert pydotprint(variables["x"], format="svg", return_image=True).startswith("<svg")


# -- the op --------------------------------------------------------------------------------------


def test_print_op(capsys):
    x = number("x")
    op = Print("hello", attrs=("real", "is_integer"))
    node = op(x).owner
    storage = [[None]]
    op.perform(node, [2.0], storage)
    assert storage == [[2.0]]
    assert capsys.readouterr().out == "hello real = 2.0\nhello is_integer = True\n"
    assert op == Print("hello", attrs=["real", "is_integer"])
    assert op.pullback([x], [node.out], [x]) == [x]
    assert op.pushforward([x], [node.out], [x]) == [x]
    assert op.infer_shape(None, node, [()]) == [()]
    assert not op.do_constant_folding(None, node)


def test_deep_graphs_are_printed_without_recursion(printer):
    x = number("x")
    deep = chain(x, DEEP)
    assert printer(deep).count("-") == DEEP
    assert var_descriptor(deep).count("neg") == DEEP
    text = debugprint(deep, file="str")
    lines = text.splitlines()
    assert len(lines) == DEEP + 1
    assert max(map(len, lines)) < 3 * 100 + 50
    assert pydotprint(chain(x, 2_000)).count("->") == 2_001


def test_indentation_begins_anew_at_the_left():
    """What stands beside each other stays so, and the number of levels left out is said."""
    x, y = number("x"), number("y")
    lines = debugprint(chain(add(neg(x), y), 100), file="str", id_type="").splitlines()
    assert lines[100] == 99 * "   " + " └─ add"
    assert lines[101:] == ["100: ├─ neg", "100: │  └─ x", "100: └─ y"]
