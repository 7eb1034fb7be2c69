"""`vectorize`: lift a function of cores to a function of batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytensorlite.graph.replace import vectorize_graph
from pytensorlite.tensor.basic import as_tensor_variable
from pytensorlite.tensor.blockwise import parse_signature
from pytensorlite.tensor.type import tensor_type
from pytensorlite.tensor.variable import TensorVariable


def vectorize(func: Callable, signature: str | None = None) -> Callable:
    """Return a function that applies ``func`` to every core of its batched arguments.

    ``func`` is called once, with symbolic cores; the graph it builds is then vectorised, so that no
    loop remains where its ops have none.

    Parameters
    ----------
    func : callable
        Takes and returns tensor variables of core rank.
    signature : str, optional
        The core dimensions, such as ``"(n),(n)->()"``; by default every core is a scalar.

    Returns
    -------
    callable
        A function of tensors with any number of dimensions in front of the core.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> row_sums = vectorize(lambda x: x.sum(), signature="(n)->()")
    >>> row_sums([[1.0, 2.0], [3.0, 4.0]]).eval()
    array([3., 7.])
    """
    parsed = None if signature is None else parse_signature(signature)

    def vectorized(*args: Any) -> Any:
        tensors = [as_tensor_variable(argument) for argument in args]
        input_cores = [()] * len(tensors) if parsed is None else parsed[0]
        if len(input_cores) != len(tensors):
            raise ValueError(
                f"Expected {len(input_cores)} arguments for the signature {signature}, "
                f"got {len(tensors)}."
            )
        cores = [
            _core_of(x, len(core), signature) for x, core in zip(tensors, input_cores, strict=True)
        ]
        outputs = func(*cores)
        wanted = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        _check_outputs(wanted, parsed, signature)
        results = vectorize_graph(wanted, dict(zip(cores, tensors, strict=True)))
        if not isinstance(outputs, list | tuple):
            return results[0]
        return type(outputs)(results) if type(outputs) in (list, tuple) else results

    return vectorized


def _core_of(x: TensorVariable, core_ndim: int, signature: str | None) -> TensorVariable:
    if x.type.ndim < core_ndim:
        raise ValueError(
            f"The argument {x} of type {x.type} has too few dimensions for the signature "
            f"{signature}: "
            f"expected at least {core_ndim}."
        )
    core_shape = x.type.shape[x.type.ndim - core_ndim :]
    return tensor_type(x.type.dtype, core_shape)(name=f"core_{x.name}" if x.name else None)


def _check_outputs(outputs: list[Any], parsed: Any, signature: str | None) -> None:
    for output in outputs:
        if not isinstance(output, TensorVariable):
            raise TypeError(
                f"The vectorized function must return tensor variables, got {output!r} "
                f"of type {type(output).__name__}."
            )
    if parsed is None:
        return
    expected = [len(core) for core in parsed[1]]
    got = [output.type.ndim for output in outputs]
    if expected != got:
        raise ValueError(
            f"The outputs do not fit the signature {signature}: expected ranks {expected}, got "
            f"{got}."
        )


__all__ = ["vectorize"]
