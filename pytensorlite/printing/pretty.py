"""`pprint`: expressions as a mathematician writes them, ``((x + y) ** 2)``.

A printer turns a variable into pieces: strings, and variables to be printed in their place.  The
pieces are put together without recursion.  Printers that users write may define `process` instead,
which returns a string and may ask ``pstate.pprinter`` for the text of other variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.utils import Scratchpad
from pytensorlite.printing.arrays import BY_CLASS

#: A text longer than this many pieces is cut: a graph that shares values can be exponentially long.
MOST_PIECES = 1_000_000

#: The loosest binding: nothing around needs parentheses.
LOOSEST = -1000

Piece = Any  # a string, or a pair (variable, precedence that surrounds it)


class PrinterState(Scratchpad):
    """What a printer may know: the `PPrinter` and the ``precedence`` around the variable."""

    def __init__(self, pprinter: Any = None, **attributes: Any) -> None:
        self.pprinter = pprinter
        self.precedence = LOOSEST
        self.__dict__.update(attributes)

    def clone(self, **attributes: Any) -> PrinterState:
        """Return a copy with some attributes changed."""
        return PrinterState(**{**self.__dict__, **attributes})


class Printer:
    """Base of printers: define `pieces`, or `process`."""

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        """Return strings, and pairs (variable, precedence around it)."""
        return [self.process(output, pstate)]

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the whole text of a variable."""
        return pstate.pprinter.assemble(self.pieces(output, pstate))


def _node_of(output: Variable, printer: Printer) -> Apply:
    if output.owner is None:
        raise TypeError(f"{type(printer).__name__} prints results of ops, got the leaf {output}")
    return output.owner


class OperatorPrinter(Printer):
    """Prints an op as an operator between (or before) its operands.

    Parameters
    ----------
    operator : str
        The operator.
    precedence : int
        How tightly it binds: -2 for ``+``, -1 for ``*``, 1 for ``**``.
    assoc : {"left", "right", "either", "none"}
        On which side the same precedence needs no parentheses.
    """

    def __init__(self, operator: str, precedence: int, assoc: str = "left") -> None:
        if assoc not in ("left", "right", "either", "none"):
            raise ValueError(f"assoc must be left, right, either or none, got {assoc!r}")
        self.operator = operator
        self.precedence = precedence
        self.assoc = assoc

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        inputs = _node_of(output, self).inputs
        if len(inputs) == 1:
            return ["(", self.operator, (inputs[0], self.precedence), ")"]
        pieces: list[Piece] = ["("]
        for position, variable in enumerate(inputs):
            if position:
                pieces.append(f" {self.operator} ")
            pieces.append((variable, self.precedence))
        return [*pieces, ")"]


class FunctionPrinter(Printer):
    """Prints an op as a function with arguments.

    Parameters
    ----------
    names : sequence of str
        Name for each output.
    keywords : sequence of str
        Attributes of the op to show as keyword arguments.
    """

    def __init__(self, names: Sequence[str], keywords: Sequence[str] | None = None) -> None:
        self.names = list(names)
        self.keywords = list(keywords or ())

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        node = _node_of(output, self)
        keywords = [f"{name}={getattr(node.op, name)}" for name in self.keywords]
        return call_pieces(self.names[output.index or 0], node.inputs, keywords)


def call_pieces(name: str, inputs: Sequence[Variable], keywords: Sequence[str] = ()) -> list[Piece]:
    """Return the pieces of ``name(inputs, keywords)``."""
    pieces: list[Piece] = [f"{name}("]
    arguments: list[Piece] = [*((variable, LOOSEST) for variable in inputs), *keywords]
    for position, argument in enumerate(arguments):
        if position:
            pieces.append(", ")
        pieces.append(argument)
    return [*pieces, ")"]


class PatternPrinter(Printer):
    """Prints an op by a format of its arguments, such as ``"|%(0)s|"``.

    Parameters
    ----------
    *patterns : str or tuple (str, precedence, ...)
        One for each output; further elements are the precedences around the arguments.
    """

    def __init__(self, *patterns: Any) -> None:
        self.patterns = [
            (pattern, ()) if isinstance(pattern, str) else (pattern[0], pattern[1:])
            for pattern in patterns
        ]

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        node = _node_of(output, self)
        pattern, precedences = self.patterns[output.index or 0]
        marks = {str(i): f"\0{i}\0" for i in range(len(node.inputs))}
        pieces: list[Piece] = []
        for position, text in enumerate((pattern % marks).split("\0")):
            if position % 2 == 0:
                pieces.append(text)
            else:
                i = int(text)
                around = precedences[i] if i < len(precedences) else LOOSEST
                pieces.append((node.inputs[i], around))
        return pieces


class IgnorePrinter(Printer):
    """Prints the only input of an op in its place."""

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        (variable,) = _node_of(output, self).inputs
        return [(variable, pstate.precedence)]


class LeafPrinter(Printer):
    """Prints a variable by its name or type."""

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        return [str(output)]


class ConstantPrinter(Printer):
    """Prints a constant by its name or value."""

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        return [output.name if output.name is not None else str(output.data)]  # type: ignore[attr-defined]


class DefaultPrinter(Printer):
    """Prints an op as a function of its name; the elementary ones as operators."""

    def pieces(self, output: Variable, pstate: PrinterState) -> Sequence[Piece]:
        if output.owner is None:
            return leaf_printer.pieces(output, pstate)
        node = output.owner
        written = BY_CLASS.get(type(node.op).__name__)
        if written is not None:
            return written(node, pstate.precedence)
        is_lifted = type(node.op).__name__ in LIFTS
        name = getattr(node.op.scalar_op, "name", None) if is_lifted else None
        if name in OPERATORS:
            return OPERATORS[name].pieces(output, pstate)
        return call_pieces((name or str(node.op)).removeprefix("convert_to_"), node.inputs)


#: Classes of ops that apply a scalar op to each element: printed as the scalar op.
LIFTS = ("Elemwise",)

#: The operators, by the name of the scalar op.
OPERATORS: dict[str, Printer] = {
    "add": OperatorPrinter("+", -2, "either"),
    "sub": OperatorPrinter("-", -2, "left"),
    "mul": OperatorPrinter("*", -1, "either"),
    "true_div": OperatorPrinter("/", -1, "left"),
    "int_div": OperatorPrinter("//", -1, "left"),
    "floor_div": OperatorPrinter("//", -1, "left"),
    "mod": OperatorPrinter("%", -1, "left"),
    "neg": OperatorPrinter("-", 0, "either"),
    "pow": OperatorPrinter("**", 1, "right"),
    "abs": PatternPrinter("|%(0)s|"),
    "second": FunctionPrinter(["fill"]),
}

leaf_printer = LeafPrinter()
constant_printer = ConstantPrinter()
default_printer = DefaultPrinter()


class PPrinter(Printer):
    """Chooses a printer for each variable.

    Examples
    --------
    ``pprint.assign(my_op, OperatorPrinter("@", -1))`` and ``print(pprint(my_op(x, y)))``.
    """

    def __init__(self) -> None:
        self.printers: list[tuple[Callable, Printer]] = []
        self.printers_dict: dict[Any, Printer] = {}

    def assign(self, condition: Any, printer: Any) -> None:
        """Say how variables of an op (or that satisfy a function) are printed.

        Parameters
        ----------
        condition : Op, class of ops, or callable
            A callable gets ``(pstate, variable)``; later ones come first.
        printer : Printer or callable
            A callable gets ``(variable, pstate)`` and returns the text.
        """
        if not isinstance(printer, Printer):
            printer = _CallingPrinter(printer)
        if isinstance(condition, type) or hasattr(condition, "make_node"):
            self.printers_dict[condition] = printer
        elif callable(condition):
            self.printers.insert(0, (condition, printer))
        else:
            raise TypeError(f"expected an op, a class of ops or a function, got {condition!r}")

    def printer_for(self, output: Variable, pstate: PrinterState) -> Printer:
        """Return the printer that is chosen."""
        node = output.owner
        if node is not None:
            found = self.printers_dict.get(node.op)
            if found is not None:
                return found
            for op_type in type(node.op).__mro__:
                if op_type in self.printers_dict:
                    return self.printers_dict[op_type]
        for condition, printer in self.printers:
            if condition(pstate, output):
                return printer
        if isinstance(output, Constant):
            return constant_printer
        return default_printer

    def assemble(self, pieces: Sequence[Piece]) -> str:
        """Return the text of pieces."""
        text: list[str] = []
        stack = list(reversed(pieces))
        while stack:
            piece = stack.pop()
            if isinstance(piece, str):
                text.append(piece)
                if len(text) > MOST_PIECES:
                    text.append("...")
                    break
            else:
                variable, precedence = piece
                pstate = PrinterState(pprinter=self, precedence=precedence)
                printer = self.printer_for(variable, pstate)
                stack.extend(reversed(printer.pieces(variable, pstate)))
        return "".join(text)

    def process(self, output: Variable, pstate: PrinterState | None = None) -> str:
        precedence = LOOSEST if pstate is None else pstate.precedence
        return self.assemble([(output, precedence)])

    def process_graph(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        updates: dict | None = None,
        display_inputs: bool = False,
    ) -> str:
        """Return a graph as text: ``f(x, y) -> x + y``."""
        lines = [self.process(output) for output in outputs]
        lines += [f"{variable} <- {self.process(new)}" for variable, new in (updates or {}).items()]
        text = "; ".join(lines)
        if display_inputs:
            text = f"inputs: {', '.join(self.process(v) for v in inputs)}\n{text}"
        return text

    def clone(self) -> PPrinter:
        """Return a copy that may be assigned to without changing this one."""
        copy = type(self)()
        copy.printers = list(self.printers)
        copy.printers_dict = dict(self.printers_dict)
        return copy

    def clone_assign(self, condition: Any, printer: Any) -> PPrinter:
        """Return a copy with one more assignment."""
        copy = self.clone()
        copy.assign(condition, printer)
        return copy

    def __call__(self, *args: Any) -> str:
        if len(args) == 1 and isinstance(args[0], FunctionGraph):
            return self.process_graph(args[0].inputs, args[0].outputs)
        if len(args) == 1:
            return self.process(args[0])
        if len(args) in (2, 3):
            return self.process_graph(*args)
        raise TypeError("pprint takes a variable, a graph, or (inputs, outputs[, updates])")


class _CallingPrinter(Printer):
    """Prints by calling a function."""

    def __init__(self, function: Callable) -> None:
        self.function = function

    def process(self, output: Variable, pstate: PrinterState) -> str:
        return self.function(output, pstate)


class set_precedence:
    """Within this block `pstate` has another precedence."""

    def __init__(self, pstate: PrinterState, precedence: int = LOOSEST) -> None:
        self.pstate = pstate
        self.precedence = precedence

    def __enter__(self) -> PrinterState:
        self.saved = self.pstate.precedence
        self.pstate.precedence = self.precedence
        return self.pstate

    def __exit__(self, *_: object) -> None:
        self.pstate.precedence = self.saved


pprint = PPrinter()
pp = pprint
