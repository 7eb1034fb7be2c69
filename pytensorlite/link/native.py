"""Native programs, called in one way with or without the extension."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from pytensorlite.cgen.dispatch import (
    Caller,
    Kernel,
    accelerate,
    follow_options,
    is_native,
    set_pool_limit,
    settled,
)
from pytensorlite.cgen.units import parse_bytes
from pytensorlite.configdefaults import config
from pytensorlite.link.basic import NativeEntry, Program

__all__ = [
    "Caller",
    "NativeProgram",
    "accelerate",
    "is_native",
    "kernel_of",
    "make_kernel",
    "settled",
]


def kernel_of(program: Program) -> Any:
    """Return what runs a native program, always the same object; None if it is not native."""
    entry = program.native
    if entry is None:
        return None
    kernel = program.__dict__.get("_kernel")
    if kernel is None:
        kernel = make_kernel(entry, program.describe_error, program.input_names)
        program._kernel = kernel  # type: ignore[attr-defined]
    return kernel


def make_kernel(
    entry: NativeEntry, describe: Callable[..., BaseException], names: Sequence[str] = ()
) -> Any:
    """Return a callable from a list of arrays, in any layout, to a list of fresh ones.

    ``describe`` makes an exception of a failure's number and its details; ``names`` are what the
    user calls the inputs, whose shapes it then tells.
    """

    def describe_call(where: int, detail: Sequence[int], shapes: Sequence[Any]) -> BaseException:
        error = describe(where, detail)
        told = [f"{name} {shape}" for name, shape in zip(names, shapes, strict=False)]
        if told:
            error.add_note(f"Shapes of the inputs: {', '.join(told)}")
        return error

    _warn_if_slow()
    set_pool_limit(parse_bytes(config.output_pool))
    follow_options(vars(config))
    return Kernel(
        entry.sizes,
        entry.run,
        entry.n_sizes,
        [(s.dtype, s.ndim, tuple(s.shape), *((True,) * s.in_rows)) for s in entry.inputs],
        list(entry.constants),
        [(spec.dtype, spec.ndim, tuple(spec.dims), spec.into) for spec in entry.outputs],
        describe_call,
        entry.keepalive,
    )


class NativeProgram(Program):
    """A program that is one native call. A linker sets ``native`` and says how failures read."""

    def __call__(self, arrays: Any) -> list[Any]:
        return kernel_of(self)(arrays)


_warned: list[bool] = []


def _warn_if_slow() -> None:
    """Warn, once, where the dispatcher was not built."""
    if is_native or _warned:
        return
    _warned.append(True)
    warnings.warn(
        "the native dispatcher was not built when pytensorlite was installed, so each call takes"
        " some microseconds more; install a C compiler and reinstall pytensorlite",
        RuntimeWarning,
        stacklevel=2,
    )
