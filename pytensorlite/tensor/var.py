"""PyTensor's older path to what now lives in `pytensorlite.tensor.variable`."""

from pytensorlite.tensor.variable import TensorConstant, TensorVariable

__all__ = ["TensorConstant", "TensorVariable"]
