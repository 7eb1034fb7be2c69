"""A type and ops of a few lines, so that tests of the graph floor need no tensors."""

import operator

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.graph.type import Type

#: Far more nodes in a row than Python's recursion limit.
DEEP = 20_000


class Number(Type):
    """Numbers of a unit."""

    __props__ = ("unit",)

    def __init__(self, unit="one"):
        self.unit = unit

    def filter(self, data, strict=False, allow_downcast=None):
        if strict and not isinstance(data, float):
            raise TypeError(f"expected a float, got {data!r}")
        return float(data)

    def __repr__(self):
        return f"Number({self.unit})"

    __str__ = __repr__


number = Number()


def as_number(value):
    return value if isinstance(value, Variable) else Constant(number, value)


class Function(Op):
    """A named function of numbers, computed by a Python function."""

    __props__ = ("name",)

    def __init__(self, name, function=None, commutative=False, nout=1):
        self.name = name
        self.function = function
        self.commutative = self.associative = commutative
        self.nout = nout

    def make_node(self, *inputs):
        inputs = [as_number(x) for x in inputs]
        return Apply(self, inputs, [number() for _ in range(self.nout)])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = self.function(*inputs)

    def __str__(self):
        return self.name


class Overwrite(Function):
    """A function whose output is written into its first input."""

    destroy_map = {0: [0]}  # noqa: RUF012


class View(Function):
    """A function whose output is its first input."""

    view_map = {0: [0]}  # noqa: RUF012


def total(*values):
    return float(sum(values))


add = Function("add", total, commutative=True)
mul = Function("mul", operator.mul, commutative=True)
sub = Function("sub", operator.sub)
neg = Function("neg", operator.neg)
exp = Function("exp")
log = Function("log")
pair = Function("pair", nout=2)
overwrite = Overwrite("overwrite")
view = View("view")


def numbers(names):
    """Return variables by their names."""
    return tuple(number(name) for name in names.split())


def chain(x, length, op=neg):
    """Return `op` applied `length` times."""
    for _ in range(length):
        x = op(x)
    return x


def graph(inputs, outputs, **kwargs):
    """Return the function graph of these very variables."""
    return FunctionGraph(list(inputs), list(outputs), clone=False, **kwargs)
