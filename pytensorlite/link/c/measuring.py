"""What a call will take: a program is asked for its sizes, and nothing is computed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from pytensorlite.cgen.dispatch import read_sizes
from pytensorlite.link.basic import NativeEntry
from pytensorlite.link.explanation import MemoryUse


def sizes_in_call(entry: NativeEntry, arrays: Sequence[Any]) -> list[int]:
    """Return the array of sizes that a program fills for these values of its inputs.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    native = [
        np.require(array, spec.dtype, ["C", "A"])
        for array, spec in zip(arrays, entry.inputs, strict=True)
    ]
    sizes = read_sizes(entry.sizes, entry.n_sizes, native, entry.constants)
    if sizes is None:
        shapes = ", ".join(str(array.shape) for array in native)
        raise ValueError(
            f"the shapes {shapes} do not fit each other; call the function with them to learn why"
        )
    return sizes


def memory_of_call(entry: NativeEntry, arrays: Sequence[Any]) -> MemoryUse:
    """Return the bytes that a program takes for these values of its inputs.

    New values that may be written over the old ones take none.
    """
    sizes = sizes_in_call(entry, arrays)
    return MemoryUse(
        outputs=sum(
            np.dtype(spec.dtype).itemsize * prod(sizes[dim] for dim in spec.dims)
            for spec in entry.outputs
            if spec.into < 0
        ),
        workspace=sizes[0],
        constants=sum(constant.nbytes for constant in entry.constants),
    )
