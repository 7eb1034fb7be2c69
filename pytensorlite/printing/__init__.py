"""Graphs for human eyes: as trees, as formulas, as one-line texts, as drawings.

`debugprint` lives in ``debug``, `pprint` in ``pretty``, `pydotprint` in ``dot``, identifying texts
in ``text``, the `Print` op in ``print_op``.
"""

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
