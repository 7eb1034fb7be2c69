"""From scalar variables to arrays and back, and vectors collected from numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type
from pytensorlite.graph.op import Op
from pytensorlite.scalar.basic import ScalarVariable
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.constant_value import entries_of, scalar_constant_of
from pytensorlite.tensor.conversion import _as_tensor_variable, as_tensor_variable
from pytensorlite.tensor.exceptions import NotScalarConstantError
from pytensorlite.tensor.shape import length_constant
from pytensorlite.tensor.type import TensorType, discrete_dtypes, tensor_type
from pytensorlite.tensor.variable import TensorVariable


class TensorFromScalar(Op):
    """The array of rank 0 that holds a scalar."""

    __props__ = ()

    def make_node(self, s: Any) -> Apply:
        if not isinstance(s, ScalarVariable):
            raise TypeError(f"Expected a scalar variable, got {s}.")
        return Apply(self, [s], [tensor_type(s.type.dtype, ())()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [()]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.asarray(inputs[0])

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        (s,), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [g]
        return [float_zeros_like(s) if s.type.dtype in discrete_dtypes else scalar_from_tensor(g)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [t if isinstance(t.type, DisconnectedType) else self(t) for t in tangents]


class ScalarFromTensor(Op):
    """The scalar that an array of rank 0 holds."""

    __props__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        (x,) = args
        # A scalar that was just made an array is itself.
        if getattr(x, "owner", None) is not None and isinstance(x.owner.op, TensorFromScalar):
            return x.owner.inputs[0]
        return super().__call__(x, **kwargs)

    def make_node(self, t: Any) -> Apply:
        if not isinstance(t, TensorVariable) or t.type.ndim > 0:
            raise TypeError(
                f"Expected an array of rank 0, got {t} of type {getattr(t, 'type', type(t))}."
            )
        return Apply(self, [t], [ps.get_scalar_type(t.type.dtype)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [()]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = inputs[0].reshape(()).copy()[()]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        (t,), (g,) = inputs, cotangents
        if isinstance(g.type, DisconnectedType):
            return [g]
        return [float_zeros_like(t) if t.type.dtype in discrete_dtypes else tensor_from_scalar(g)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [t if isinstance(t.type, DisconnectedType) else self(t) for t in tangents]


tensor_from_scalar = TensorFromScalar()
scalar_from_tensor = ScalarFromTensor()


@_as_tensor_variable.register(ScalarVariable)
def _(x: Any, name: str | None, ndim: int | None, **kwargs: Any) -> Any:
    return as_tensor_variable(tensor_from_scalar(x), name, ndim)


@scalar_constant_of.register(TensorFromScalar)
@scalar_constant_of.register(ScalarFromTensor)
def _(op: Op, node: Apply, variable: Any, recur: Any) -> Any:
    return recur(node.inputs[0])


class MakeVector(Op):
    """Collect numbers into a vector.

    Parameters
    ----------
    dtype : str
        The dtype of the vector, to which all inputs are cast without loss.
    """

    __props__ = ("dtype",)

    def __init__(self, dtype: Any = "int64"):
        self.dtype = TensorType(dtype, ()).dtype

    def make_node(self, *inputs: Any) -> Apply:
        elements = [as_tensor_variable(x) for x in inputs]
        for element in elements:
            if element.type.ndim != 0:
                raise ValueError(
                    f"MakeVector collects numbers, got {element} of type {element.type}; join "
                    "arrays with `stack`."
                )
            if (
                element.type.dtype != self.dtype
                and upcast(self.dtype, element.type.dtype) != self.dtype
            ):
                raise TypeError(
                    f"The dtype of the vector, {self.dtype}, is too narrow for {element} of "
                    f"{element.type.dtype}."
                )
        elements = [x if x.type.dtype == self.dtype else x.astype(self.dtype) for x in elements]
        return Apply(self, elements, [tensor_type(self.dtype, (len(elements),))()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [(length_constant(len(node.inputs)),)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.array(inputs, dtype=self.dtype).reshape(len(inputs))

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        if self.dtype in discrete_dtypes:
            return [float_zeros_like(x) for x in inputs]
        return [g[i] for i in range(len(inputs))]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        if all(isinstance(t.type, DisconnectedType) for t in tangents):
            return [disconnected_type()]
        if self.dtype in discrete_dtypes:
            return [float_zeros_like(outputs[0])]
        return [
            self(
                *(
                    float_zeros_like(x) if isinstance(t.type, DisconnectedType) else t
                    for x, t in zip(inputs, tangents, strict=True)
                )
            )
        ]


make_vector = MakeVector()


@entries_of.register(MakeVector)
def _(op: MakeVector, node: Apply, variable: Any, recur: Any) -> Any:
    return list(node.inputs)


@scalar_constant_of.register(MakeVector)
def _(op: MakeVector, node: Apply, variable: Any, recur: Any) -> Any:
    if not node.inputs:
        raise NotScalarConstantError()
    numbers = [recur(x) for x in node.inputs]
    if any(number != numbers[0] for number in numbers):
        raise NotScalarConstantError()
    return numbers[0]
