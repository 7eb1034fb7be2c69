"""NumPy under the names of `pytensorlite.tensor`, so that one expression serves both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.special


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0).astype(x.dtype)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _softmax(x: Any, axis: Any = None) -> Any:
    grown = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return grown / np.sum(grown, axis=axis, keepdims=True)


def _dtype_of(x: Any, dtype: str) -> Any:
    return np.asarray(x).real.astype(dtype) if dtype[0] not in "cb" else np.asarray(x, dtype)


NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
    | {
        "neg": np.negative,
        "sqr": np.square,
        "eq": np.equal,
        "neq": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "switch": np.where,
        "second": lambda x, y: np.broadcast_arrays(x, y)[1],
        "sigmoid": scipy.special.expit,
        "softplus": lambda x: np.logaddexp(x, np.asarray(0, x.dtype)),
        "erf": scipy.special.erf,
        "erfc": scipy.special.erfc,
        "gammaln": scipy.special.gammaln,
        "sgn": np.sign,
        "cast": _dtype_of,
        "logsumexp": _logsumexp,
        "softmax": _softmax,
        "log_softmax": lambda x, axis=None: np.log(_softmax(x, axis)),
    }
)
