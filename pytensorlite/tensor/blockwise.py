"""`Blockwise`: an op for matrices (or any core rank) applied to each element of a batch.

A *core op* knows arrays of a fixed rank; its signature, written as NumPy writes that of a gufunc,
names their dimensions: ``(m,m),(m)->(m)``. Blockwise takes any dimensions in front of them as a
batch, which broadcasts. Derivatives are those of the core, vectorised: nothing is derived twice.

How ops other than through Blockwise meet a batch is in ``vectorization``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, NullType
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import _vectorize_node, _vectorize_not_needed, vectorize_node
from pytensorlite.graph.traversal import ancestors, toposort
from pytensorlite.scalar.basic import ScalarType
from pytensorlite.tensor.basic import as_tensor_variable, tensor_from_scalar
from pytensorlite.tensor.indexing_linear import sum_to_value
from pytensorlite.tensor.shape import Shape, Shape_i
from pytensorlite.tensor.type import TensorType, tensor_type
from pytensorlite.tensor.utils import broadcast_static_dim_lengths, faster_ndindex, safe_signature
from pytensorlite.tensor.variable import TensorVariable

Signature = tuple[list[tuple[str, ...]], list[tuple[str, ...]]]

_SIGNATURE = re.compile(r"^(\([\w,]*\)(,\([\w,]*\))*)?->\([\w,]*\)(,\([\w,]*\))*$")


class Blockwise(Op):
    """Apply a core op to every element of a batch.

    Parameters
    ----------
    core_op : Op
        What is applied.
    signature : str, optional
        Names of the core dimensions of inputs and outputs; by default ``core_op.gufunc_signature``.
    name : str, optional
        How the op is printed.
    destroy_map : dict, optional
        Which outputs overwrite which inputs; only for a core op that works in place.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite.tensor.linalg import det
    >>> det(pt.tensor3("x")).type
    TensorType(float64, shape=(None,))
    """

    __props__ = ("core_op", "signature")

    def __init__(
        self,
        core_op: Op,
        signature: str | None = None,
        name: str | None = None,
        destroy_map: dict[int, Sequence[int]] | None = None,
    ):
        if isinstance(core_op, Blockwise):
            raise TypeError(f"The core op is itself a Blockwise: {core_op}. Use it as it is.")
        if signature is None:
            signature = getattr(core_op, "gufunc_signature", None)
            if signature is None:
                raise ValueError(
                    f"Blockwise needs a signature such as '(m,n)->(n)': {core_op} has no "
                    "`gufunc_signature` of its own."
                )
        self.core_op = core_op
        self.signature = signature
        self.name = name
        self.inputs_sig, self.outputs_sig = parse_signature(signature)
        self.destroy_map = dict(destroy_map or {})

    # -- types -------------------------------------------------------------------------------------

    def make_node(self, *inputs: Any) -> Apply:
        if len(inputs) != len(self.inputs_sig):
            raise ValueError(
                f"{self}: expected {len(self.inputs_sig)} inputs for the signature "
                f"{self.signature}, got {len(inputs)}."
            )
        tensors = [as_tensor_variable(x) for x in inputs]
        for position, (x, core) in enumerate(zip(tensors, self.inputs_sig, strict=True)):
            if x.type.ndim < len(core):
                raise ValueError(
                    f"Input {position} {x} has insufficient core dimensions for signature "
                    f"{self.signature}: expected at least {len(core)}, got {x.type.ndim} "
                    f"({x.type})."
                )
        batch_ndims = [
            x.type.ndim - len(core) for x, core in zip(tensors, self.inputs_sig, strict=True)
        ]
        batch_ndim = max(batch_ndims, default=0)
        padded = [
            left_padded(x, batch_ndim - ndim) for x, ndim in zip(tensors, batch_ndims, strict=True)
        ]
        batch_shape = self._static_batch_shape(padded, batch_ndim)
        core_node = self._core_node(padded, batch_ndim)
        outputs = [
            tensor_type(output.type.dtype, batch_shape + output.type.shape)()
            for output in core_node.outputs
        ]
        return Apply(self, padded, outputs)

    def _static_batch_shape(
        self, inputs: Sequence[TensorVariable], ndim: int
    ) -> tuple[int | None, ...]:
        shapes = [x.type.shape[:ndim] for x in inputs]
        try:
            return tuple(
                broadcast_static_dim_lengths(lengths) for lengths in zip(*shapes, strict=True)
            )
        except ValueError as error:
            raise ValueError(
                f"Incompatible Blockwise batch input shapes {[x.type.shape for x in inputs]}: "
                f"{self} takes the first {ndim} dimensions for the batch, which must agree."
            ) from error

    def _core_node(self, inputs: Sequence[Any], batch_ndim: int) -> Apply:
        """Return the core op applied to stand-ins of the core dimensions of the inputs."""
        lengths: dict[str, int] = {}
        for x, core in zip(inputs, self.inputs_sig, strict=True):
            for name, length in zip(core, x.type.shape[batch_ndim:], strict=True):
                if length is not None and lengths.setdefault(name, length) != length:
                    raise ValueError(
                        f"{self}: the core dimension {name} has length {lengths[name]} in one "
                        "input "
                        f"and {length} in another: {[str(x.type) for x in inputs]}."
                    )
        stand_ins = [
            tensor_type(x.type.dtype, tuple(lengths.get(name) for name in core))()
            for x, core in zip(inputs, self.inputs_sig, strict=True)
        ]
        return self.core_op.make_node(*stand_ins)

    def core_node(self, node: Apply) -> Apply:
        """Return the core op applied to stand-ins of the core dimensions of the node's inputs."""
        cached = getattr(node.tag, "core_node", None)
        if cached is None:
            cached = node.tag.core_node = self._core_node(node.inputs, self.batch_ndim(node))
        return cached

    def batch_ndim(self, node: Apply) -> int:
        """Return how many leading dimensions of the outputs are the batch."""
        return node.outputs[0].type.ndim - len(self.outputs_sig[0])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        ndim = self.batch_ndim(node)
        batch_shape = tuple(
            _length_of_batch_axis(axis, node.inputs, input_shapes) for axis in range(ndim)
        )
        lengths: dict[str, Any] = {}
        for core, shape in zip(self.inputs_sig, input_shapes, strict=True):
            lengths.update(zip(core, shape[ndim:], strict=True))
        computed: list[Any] | None = None
        result = []
        for position, (output, core) in enumerate(zip(node.outputs, self.outputs_sig, strict=True)):
            if not all(name in lengths for name in core):
                if computed is None:
                    computed = self._core_output_shapes(fgraph, node, input_shapes)
                core_shape = computed[position]
            else:
                core_shape = tuple(lengths[name] for name in core)
            if core_shape is None:
                core_shape = tuple(Shape_i(ndim + axis)(output) for axis in range(len(core)))
            result.append((*batch_shape, *core_shape))
        return result

    def _core_output_shapes(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[Any]:
        """Return the core shapes that follow from shapes alone, None for the others."""
        core_node = self.core_node(node)
        infer = getattr(self.core_op, "infer_shape", None)
        if infer is None:
            return [None] * len(node.outputs)
        ndim = self.batch_ndim(node)
        shapes = infer(fgraph, core_node, [shape[ndim:] for shape in input_shapes])
        stand_ins = set(core_node.inputs)
        return [
            None
            if stand_ins.intersection(ancestors([n for n in shape if isinstance(n, Variable)]))
            else shape
            for shape in shapes
        ]

    # -- values ------------------------------------------------------------------------------------

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        core_node = self.core_node(node)
        ndim = self.batch_ndim(node)
        if ndim == 0:
            self.core_op.perform(core_node, inputs, output_storage)
            return
        batch_shape = runtime_batch_shape(self, node, inputs, ndim)
        views = [
            np.broadcast_to(x, batch_shape + x.shape[ndim:]) if x.shape[:ndim] != batch_shape else x
            for x in inputs
        ]
        cells: list[list[Any]] = [[None] for _ in node.outputs]
        results: list[np.ndarray] | None = None
        for position in faster_ndindex(batch_shape):
            self.core_op.perform(core_node, [x[(*position, ...)] for x in views], cells)
            if results is None:
                results = _empty_outputs(core_node, batch_shape, cells)
            for result, cell in zip(results, cells, strict=True):
                result[position] = cell[0]
                cell[0] = None
        if results is None:
            # Nothing to compute: one core of the same shape tells the shapes of the outputs.
            self.core_op.perform(
                core_node, [_regular(x.shape[ndim:], x.dtype) for x in views], cells
            )
            results = _empty_outputs(core_node, batch_shape, cells)
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = result

    # -- derivatives -------------------------------------------------------------------------------

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        pattern = getattr(self.core_op, "connection_pattern", None)
        if pattern is not None:
            return pattern(self.core_node(node))
        return [[True] * len(node.outputs) for _ in node.inputs]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        node = outputs[0].owner
        ndim = self.batch_ndim(node)
        if ndim == 0:
            return self.core_op.pullback(inputs, outputs, cotangents)
        core_node = self._core_node(inputs, ndim)
        core_cotangents = _core_seeds(cotangents, core_node.outputs)
        core_results = self.core_op.pullback(core_node.inputs, core_node.outputs, core_cotangents)
        replacements = _pairs(core_node, core_cotangents, inputs, outputs, cotangents)
        results = _vectorized(core_results, replacements)
        return [
            result
            if isinstance(result.type, DisconnectedType | NullType)
            else sum_to_value(x, left_padded(result, x.type.ndim - result.type.ndim))
            for x, result in zip(inputs, results, strict=True)
        ]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Any]:
        node = outputs[0].owner
        ndim = self.batch_ndim(node)
        if ndim == 0:
            return self.core_op.pushforward(inputs, outputs, tangents)
        core_node = self._core_node(inputs, ndim)
        core_tangents = _core_seeds(tangents, core_node.inputs)
        core_results = self.core_op.pushforward(core_node.inputs, core_node.outputs, core_tangents)
        replacements = _pairs(core_node, core_tangents, inputs, outputs, tangents)
        return _vectorized(core_results, replacements)

    def __str__(self) -> str:
        return self.name or f"Blockwise{{{self.core_op}, {self.signature}}}"

    def __repr__(self) -> str:
        return f"Blockwise(core_op={self.core_op},signature={self.signature})"


def _core_seeds(seeds: Sequence[Any], models: Sequence[Any]) -> list[Any]:
    """Return variables that stand for one core of each cotangent or tangent; absent ones stay."""
    return [
        seed
        if isinstance(seed.type, DisconnectedType | NullType)
        else model.type.clone(dtype=seed.type.dtype)()
        for seed, model in zip(seeds, models, strict=True)
    ]


def parse_signature(signature: str) -> Signature:
    """Return the names of the core dimensions of inputs and outputs.

    Examples
    --------
    >>> parse_signature("(m,n),()->(n)")
    ([('m', 'n'), ()], [('n',)])
    """
    compact = signature.replace(" ", "")
    if not _SIGNATURE.match(compact):
        raise ValueError(
            f"Not a signature: {signature!r}. Expected a form such as '(m,n),(n)->(m)'."
        )
    sides = compact.split("->")
    inputs, outputs = (
        [
            tuple(name for name in group.split(",") if name)
            for group in re.findall(r"\(([^)]*)\)", side)
        ]
        for side in sides
    )
    return inputs, outputs


def left_padded(x: TensorVariable, extra: int) -> TensorVariable:
    """Return a tensor with further dimensions of length 1 in front."""
    return x.dimshuffle(["x"] * extra + list(range(x.type.ndim))) if extra > 0 else x


def runtime_batch_shape(
    op: Op, node: Apply, values: Sequence[np.ndarray], ndim: int
) -> tuple[int, ...]:
    """Return the shape in which the batches meet; only statically known ones broadcast."""
    result = []
    for axis in range(ndim):
        lengths = {
            x.shape[axis]
            for x, v in zip(values, node.inputs, strict=True)
            if v.type.shape[axis] != 1
        }
        if len(lengths) > 1:
            raise ValueError(
                f"{op}: the batches do not agree in dimension {axis}: expected equal lengths, "
                "got shapes "
                f"{[x.shape for x in values]}. A length of 1 broadcasts only if it is known "
                "when the "
                "graph is built; say so with pytensorlite.tensor.specify_broadcastable."
            )
        result.append(lengths.pop() if lengths else 1)
    return tuple(result)


def _length_of_batch_axis(axis: int, inputs: Sequence[Any], input_shapes: Sequence[Any]) -> Any:
    for x, shape in zip(inputs, input_shapes, strict=True):
        if x.type.shape[axis] != 1:
            return shape[axis]
    return 1


def _empty_outputs(core_node: Apply, batch_shape: tuple[int, ...], cells: Any) -> list[np.ndarray]:
    return [
        np.empty(batch_shape + np.shape(cell[0]), dtype=output.type.dtype)
        for output, cell in zip(core_node.outputs, cells, strict=True)
    ]


def _regular(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array no decomposition stumbles over: an identity matrix, or ones."""
    return np.eye(*shape, dtype=dtype) if len(shape) == 2 else np.ones(shape, dtype)


def _pairs(
    core_node: Apply, core_seeds: Any, inputs: Any, outputs: Any, seeds: Any
) -> dict[Variable, Variable]:
    """Return what replaces the stand-ins of the core graph."""
    pairs = dict(zip(core_node.inputs, inputs, strict=True))
    pairs.update(zip(core_node.outputs, outputs, strict=True))
    pairs.update(zip(core_seeds, seeds, strict=True))
    return pairs


def _vectorized(
    core_results: Sequence[Variable], replacements: dict[Variable, Variable]
) -> list[Any]:
    """Vectorise a core graph, leaving symbolic absences as they are.

    Unlike `vectorize_graph` this does not repeat shapes over the batch: all its cores have the
    same, and what is built with them need not be built once for each.
    """
    memo = dict(replacements)
    wanted = [r for r in core_results if not isinstance(r.type, DisconnectedType | NullType)]
    for node in toposort(wanted, blockers=memo):
        inputs = [memo.get(x, x) for x in node.inputs]
        if inputs == node.inputs:
            continue
        if isinstance(node.op, Shape | Shape_i):
            memo[node.outputs[0]] = _core_shape(node, inputs[0])
            continue
        result = vectorize_node(node, *inputs)
        outputs = result.outputs if isinstance(result, Apply) else result
        for old, new in zip(node.outputs, outputs, strict=True):
            memo.setdefault(old, new)
    return [memo.get(r, r) for r in core_results]


def _core_shape(node: Apply, batch: Any) -> Variable:
    ndim = batch.type.ndim - node.inputs[0].type.ndim
    if isinstance(node.op, Shape):
        return batch.shape[ndim:]
    return Shape_i(node.op.i + ndim)(batch)


@_vectorize_node.register(Op)
def vectorize_node_fallback(op: Op, node: Apply, *batched_inputs: Variable) -> Apply:
    """Vectorise a node of any op by looping over the batch."""
    for variable in (*node.inputs, *node.outputs):
        if not isinstance(variable.type, TensorType | ScalarType):
            raise NotImplementedError(
                f"Cannot vectorize {op}: its input or output {variable} of type {variable.type} "
                "is no "
                "tensor. Register a rule with `_vectorize_node.register`."
            )
    tensors = [
        tensor_from_scalar(x) if isinstance(x.type, ScalarType) else x for x in batched_inputs
    ]
    signature = getattr(op, "gufunc_signature", None) or safe_signature(
        [getattr(x.type, "ndim", 0) for x in node.inputs],
        [getattr(x.type, "ndim", 0) for x in node.outputs],
    )
    return Blockwise(op, signature=signature).make_node(*tensors)


_vectorize_node.register(Blockwise, _vectorize_not_needed)
