"""Graphs for human eyes: as trees, as formulas, as one-line texts, as drawings.

`debugprint` lives in ``debug``, `pprint` in ``pretty``, `pydotprint` in ``dot``, identifying texts
in ``text``, the `Print` op in ``print_op``.  Every program that is compiled prints its graph as a
tree into the cache, so the others are imported only when somebody asks for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.printing.debug import (
    IDTypesType,
    char_from_number,
    debugprint,
    get_node_by_id,
    op_debug_information,
)

if TYPE_CHECKING:
    from pytensorlite.printing.dot import pydotprint
    from pytensorlite.printing.pretty import (
        ConstantPrinter,
        DefaultPrinter,
        FunctionPrinter,
        IgnorePrinter,
        LeafPrinter,
        OperatorPrinter,
        PatternPrinter,
        PPrinter,
        Printer,
        PrinterState,
        constant_printer,
        default_printer,
        leaf_printer,
        pp,
        pprint,
        set_precedence,
    )
    from pytensorlite.printing.print_op import Print
    from pytensorlite.printing.text import (
        hex_digest,
        min_informative_str,
        position_independent_str,
        var_descriptor,
    )

# Module -> the names that are imported from it when they are asked for.
_LATER = {
    "dot": "pydotprint",
    "pretty": """
        ConstantPrinter DefaultPrinter FunctionPrinter IgnorePrinter LeafPrinter OperatorPrinter
        PPrinter PatternPrinter Printer PrinterState constant_printer default_printer leaf_printer
        pp pprint set_precedence
    """,
    "print_op": "Print",
    "text": "hex_digest min_informative_str position_independent_str var_descriptor",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and keep it."""
    for module, names in _LATER.items():
        if name in names.split():
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *(name for names in _LATER.values() for name in names.split())})
