"""How the tests of derivatives get numbers out of graphs."""

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.compile.mode import Mode

#: NumPy, node by node, nothing rewritten: what is tested is the graph that was built.
PLAIN = Mode(linker="numpy", optimizer=None)


def evaluate(outputs, inputs, mode=PLAIN):
    """Compile `outputs` for the variables that `inputs` maps to values, and call the result."""
    compiled = function(list(inputs), outputs, mode=mode, on_unused_input="ignore")
    return compiled(*inputs.values())


def variables_like(arrays):
    """Return one variable per array, of its dtype and rank, with no length known but 1."""
    return [
        pt.tensor(
            f"x{position}",
            dtype=str(array.dtype),
            shape=tuple(1 if length == 1 else None for length in array.shape),
        )
        for position, array in enumerate(arrays)
    ]
