"""`function`: from a graph to a callable. The pipeline, top to bottom."""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Iterable, Sequence
from inspect import signature
from pathlib import Path
from time import perf_counter
from typing import Any

from pytensorlite.compile.function.types import Function, caller_line
from pytensorlite.compile.maker import FunctionMaker, protect_inputs
from pytensorlite.compile.mode import Mode, get_mode
from pytensorlite.compile.profiling import ProfileStats
from pytensorlite.compile.signature import check_unused_inputs, read_signature
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.utils import without_collection
from pytensorlite.link.basic import Program


def function(
    inputs: Iterable[Any],
    outputs: Any = None,
    mode: str | Mode | None = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: bool | Sequence[Variable] = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: bool | ProfileStats | None = None,
    on_unused_input: str | None = None,
    trust_input: bool = False,
) -> Function:
    """Compile the graph from ``inputs`` to ``outputs`` into a callable.

    Parameters
    ----------
    inputs : list of Variable or In
        The arguments of the function, in order.
    outputs : Variable, Out, list, dict or None
        What it returns: one result, a list, a dictionary with these keys, or None.
    mode : str or Mode, optional
        How to compile: ``"FAST_RUN"``, ``"C"``, ``"NUMPY"``, ``"FAST_COMPILE"``, ``"DebugMode"``.
    updates : dict or list of pairs, optional
        Shared variables and the expressions of their next values; all are computed from the old
        values, and stored only if the call succeeds.
    givens : dict or list of pairs, optional
        Variables of the graph and what stands in their place.
    no_default_updates : bool or list of Variable
        Leave the default updates of all shared variables alone, or of these.
    accept_inplace : bool
        Take a graph whose ops overwrite their inputs.
    name : str, optional
        Shown in errors and profiles; by default the line of the call.
    rebuild_strict : bool
        Givens must have the types of what they replace.
    allow_input_downcast : bool, optional
        Whether arguments may lose precision: True always, False never, None only Python floats.
    profile : bool or ProfileStats, optional
        Measure where time goes; the figures are printed at exit and by ``f.profile.summary()``.
    on_unused_input : str, optional
        ``"raise"``, ``"warn"`` or ``"ignore"``; by default what ``config.on_unused_input`` says.
    trust_input : bool
        Take arguments unchecked.

    Returns
    -------
    Function
        The callable.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite import function, shared
    >>> x, total = pt.dscalar("x"), shared(0.0, name="total")
    >>> f = function([x], 2 * x, updates={total: total + x})
    >>> float(f(3)), float(total.get_value())
    (6.0, 3.0)
    """
    request = {key: value for key, value in locals().items() if key != "profile"}
    mode = get_mode(mode)
    name = request["name"] = name or caller_line()
    profile = as_profile(profile, name)
    asked = read_signature(
        inputs, outputs, updates, givens, no_default_updates, rebuild_strict, allow_input_downcast
    )
    check_unused_inputs(asked, on_unused_input or config.on_unused_input)
    fgraph = asked.to_fgraph()  # a private copy: the user's graph is never touched
    protect_inputs(fgraph, asked.inputs, accept_inplace)
    program, is_rewritten = find_or_make(fgraph, mode, name, profile)
    maker = FunctionMaker(
        asked,
        fgraph,
        program,
        mode,
        Function,
        request,
        is_rewritten,
        name,
        profile,
        trust_input,
    )
    return maker.create()


@without_collection
def find_or_make(
    fgraph: FunctionGraph, mode: Mode, name: str, profile: ProfileStats | None
) -> tuple[Program, bool]:
    """Return the program of a graph, and whether the graph was rewritten for it.

    It is known from an earlier session, or made of a better graph of the same meaning.
    """
    linker, key = mode.linker, mode.key()
    if key is not None and profile is None:
        known = linker.lookup(fgraph, key)
        if known is not None:
            return known, False
    start = perf_counter()
    mode.rewrite(fgraph)
    rewritten = perf_counter()
    program = linker.link(fgraph, name=name, profile=profile)
    if profile is not None:
        profile.add_compilation(rewritten - start, perf_counter() - rewritten)
    return program, True


def function_dump(filename: str | Path, inputs: Iterable[Any], *args: Any, **kwargs: Any) -> None:
    """Write the arguments of a call of `function` to a file, for somebody else to look into.

    The file is a pickle of a dictionary; ``function(**pickle.load(file))`` repeats the call.
    """
    request = signature(function).bind(inputs, *args, **kwargs).arguments
    with Path(filename).open("wb") as file:
        pickle.dump(dict(request), file)


def as_profile(profile: Any, name: str) -> ProfileStats | None:
    """Return the measurements that ``profile`` asks for; None follows ``config.profile``."""
    if profile is None:
        profile = config.profile
    if isinstance(profile, ProfileStats):
        return profile
    return ProfileStats(message=profile if isinstance(profile, str) else name) if profile else None


def _pickle_function(made: Function) -> tuple[Any, ...]:
    """Pickle what was asked for, not what was made of it: the other side compiles again."""
    maker = made.maker
    states = {
        position: container.value
        for position, container in enumerate(made.input_storage)
        if not maker.inputs[position].implicit and container.value is not None
    }
    return _unpickle_function, (maker.request, maker.copies, states, made.trust_input)


def _unpickle_function(
    request: dict[str, Any],
    copies: Sequence[dict[str, Any]],
    states: dict[int, Any],
    trust_input: bool,
) -> Function | None:
    """Return the function that was pickled, compiled for this machine."""
    if not config.unpickle_function:
        return None
    made = function(**request)
    for changes in copies:
        made = made.copy(**changes)
    for position, value in states.items():
        made.input_storage[position].storage[0] = value
    made.trust_input = trust_input
    return made


copyreg.pickle(Function, _pickle_function)  # type: ignore[arg-type]
