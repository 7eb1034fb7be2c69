"""`Function`: a compiled graph as a Python callable.

The fast road is native: `pytensorlite.link.native.Caller`, the base class, checks the arguments,
runs the program and hands back the results without entering Python. Everything unusual takes
`Function.call_generally`, which reads as the definition of a call: bind, run, update, unwrap.
"""

from __future__ import annotations

import copy
import sys
from time import perf_counter
from typing import Any

from pytensorlite.compile.function.arguments import Arguments
from pytensorlite.compile.function.layouts import Layouts
from pytensorlite.compile.function.lookup import InputLookup
from pytensorlite.compile.maker import FunctionMaker, Supervisor
from pytensorlite.compile.memory import own_memory
from pytensorlite.compile.sharedvalue import SharedVariable
from pytensorlite.compile.signature import UnusedInputError
from pytensorlite.link.basic import Container, Program
from pytensorlite.link.explanation import Explanation, MemoryUse
from pytensorlite.link.native import Caller, accelerate, kernel_of

__all__ = ["AliasedMemoryError", "Function", "FunctionMaker", "Supervisor", "UnusedInputError"]


class AliasedMemoryError(Exception):
    """Two values share memory where a function needs them apart."""

    def __init__(self, a: Any, b: Any):
        self.a, self.b = a, b
        super().__init__("two values share memory where a function needs them apart")


@accelerate
class Function(Caller):
    """What `pytensorlite.function` returns.

    Calling it computes the outputs and then applies the updates. Indexing it with an input, a
    shared variable or the name of one reads or sets the value in its container.

    Attributes
    ----------
    maker : FunctionMaker
        How the function was made: ``maker.fgraph`` is the rewritten graph.
    name : str
        By default the line of the program that asked for the function.
    input_storage : list of Container
        One for each input, shared variables included.
    trust_input : bool
        Arguments are taken as they are, unchecked: wrong ones give wrong results.
    profile : ProfileStats or None
        Where time went, with ``profile=True``.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> from pytensorlite import function
    >>> x, y = pt.dvectors("x", "y")
    >>> f = function([x, y], x + y)
    >>> f([1, 2], y=[10, 20])
    array([11., 22.])
    """

    def __init__(self, maker: FunctionMaker, input_storage: list[Container]):
        signature, program = maker.signature, maker.program
        self.maker = maker
        self.name = maker.name
        self.vm = program
        self.profile = maker.profile
        self.input_storage = input_storage
        self.output_storage = [Container(out.variable, [None]) for out in signature.outputs]
        self.output_keys = signature.keys
        self.unpack_single = signature.single
        self.return_none = signature.nothing
        self.n_returned_outputs = len(signature.outputs)
        self.trust_input = maker.trust_input
        self._lookup = InputLookup(signature.inputs, input_storage)
        self._arguments = Arguments(maker.name or "", signature.inputs, input_storage)
        self._updates = [
            (output, input_storage[position].storage)
            for output, position in signature.update_mapping.items()
        ]
        self._borrowed = {i for i, out in enumerate(signature.outputs) if out.borrow}
        self._kernel = kernel_of(program)
        self._layouts = Layouts(maker, self._kernel)
        self._configure_fast_road()

    def _configure_fast_road(self) -> None:
        """Tell the native dispatcher where inputs come from and results go."""
        maker = self.maker
        arguments = iter(range(self._arguments.positional_count))
        sources = [
            (
                -1 if entry.implicit else next(arguments),
                not entry.strict,
                None if required else container.storage,
            )
            for entry, required, container in zip(
                maker.inputs, self._arguments.required, self.input_storage, strict=True
            )
        ]
        returned: Any = self.n_returned_outputs
        if self.unpack_single:
            returned = "single"
        elif self.output_keys is not None:
            returned = tuple(self.output_keys)
        elif self.return_none:
            returned = "none"
        # The general road is for functions that are measured, and for types that judge values.
        types = (entry.variable.type for entry in maker.inputs)
        judges = any(getattr(kind, "filter_checks_isfinite", False) for kind in types)
        kernel = None if judges or self.profile is not None else self._kernel
        self.configure(kernel, sources, self._updates, self._arguments.keywords(), returned)

    # -- calling ----------------------------------------------------------------------------------

    def call_generally(self, *args: Any, output_subset: Any = None, **kwargs: Any) -> Any:
        """Compute the outputs from whatever can be understood as arguments.

        Parameters
        ----------
        *args, **kwargs
            Values of the inputs, in order or by name.
        output_subset : sequence of int or str, optional
            Return only the outputs at these positions, or of these keys.
        """
        start = perf_counter()
        values, assigned = self._arguments.bind(args, kwargs, self.trust_input)
        results = self._run(values)
        for cell, value in assigned:
            cell[0] = value
        for position, cell in self._updates:
            cell[0] = results[position]
        if self.profile is not None:
            self.profile.add_call(perf_counter() - start)
        return self._unwrap(results[: self.n_returned_outputs], output_subset)

    def _run(self, values: list[Any]) -> list[Any]:
        """Return what the program computes, in memory of its own."""
        start = perf_counter()
        if self._kernel is None or self.profile is not None:
            results = (self._kernel or self.vm)(values)
        else:
            results = self._layouts.run(values)
        if self.profile is not None:
            self.profile.add_program(perf_counter() - start)
            self.vm.report(self.profile)
        if self._kernel is not None:
            return results
        return own_memory(results, values, self._borrowed, self.maker.constant_memory())

    def _unwrap(self, results: list[Any], output_subset: Any = None) -> Any:
        """Return the results as the user asked for them."""
        if output_subset is not None:
            if self.output_keys is not None:
                by_key = dict(zip(self.output_keys, results, strict=True))
                return {key: by_key[key] for key in output_subset}
            chosen = [results[position] for position in output_subset]
            return chosen[0] if self.unpack_single and chosen else chosen
        if self.unpack_single:
            return results[0]
        if self.output_keys is not None:
            return dict(zip(self.output_keys, results, strict=True))
        return None if self.return_none else results

    # -- looking inside ---------------------------------------------------------------------------

    @property
    def c_source(self) -> str:
        """The C that the function became; empty for a program that runs NumPy."""
        return self.vm.c_source

    @property
    def fallbacks(self) -> list[Any]:
        """The nodes of a C program that run in NumPy all the same."""
        return list(self.vm.fallbacks)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """Return what the function became: kernels, what they fuse, what they move, and why.

        Parameters
        ----------
        *args, **kwargs
            Arguments of a call, for which the formulas become numbers.

        Returns
        -------
        Explanation
            Prints as a page; its ``parts`` and ``steps`` are there to be asked.

        Examples
        --------
        >>> import pytensorlite.tensor as pt
        >>> from pytensorlite import function
        >>> x = pt.dvector("x")
        >>> f = function([x], (x * x).sum(), mode="C")
        >>> f.explain([1, 2, 3])
        1 native program, 1 kernel
        <BLANKLINE>
          x0 = x  float64[n0]
          y0  float64[]
        <BLANKLINE>
        kernel0 (loops)
          computes  y0 = sum[i] x0[i] * x0[i]
          from      2 nodes in one: Sqr, Sum{axes=None}
          reads     x0 8*n0 = 24 bytes
          writes    y0 8 bytes
          loops     1 of 1 inner ones vectorised; over i too short for threads, about 0.0 us of work
        <BLANKLINE>
        workspace 0 bytes
        moved in all 32 bytes
        """
        return self.vm.explain(self.maker.fgraph, self._example(args, kwargs))

    def memory(self, *args: Any, **kwargs: Any) -> MemoryUse:
        """Return the bytes that a call with these arguments takes, beside the arguments.

        Nothing is computed but by NumPy's nodes, where there are any.

        Raises
        ------
        TypeError
            Without arguments, which only a function that needs none can do without.

        Examples
        --------
        >>> import pytensorlite.tensor as pt
        >>> from pytensorlite import function
        >>> x = pt.dvector("x")
        >>> print(function([x], x + 1, mode="C").memory([1.0, 2.0]))
        outputs       16 bytes
        workspace      0 bytes
        constants      0 bytes
        peak          16 bytes
        """
        values = self._example(args, kwargs)
        if values is None:
            raise TypeError(
                "the bytes of a call depend on the lengths of its arguments: give those,"
                f" f.memory({self._arguments.listed()}); f.explain() shows formulas instead"
            )
        return self.vm.memory(values)

    def _example(self, args: Any, kwargs: Any) -> list[Any] | None:
        """Return a value for each input, or None where none were given but some are needed."""
        if not args and not kwargs and any(self._arguments.required):
            return None
        return self._arguments.bind(args, kwargs)[0]

    @property
    def fn(self) -> Program:
        """The program itself: values of all inputs in, values of all outputs and updates out."""
        return self.vm

    @property
    def value(self) -> Any:
        """The values of the inputs, indexed like the function itself."""
        return self._lookup.values()

    @property
    def container(self) -> Any:
        """The containers of the inputs, indexed like the function itself."""
        return self._lookup

    @property
    def finder(self) -> dict[Any, Container]:
        """The containers by position, variable and name."""
        return self._lookup.containers()

    @property
    def inv_finder(self) -> dict[Container, Any]:
        """The `In` of each container."""
        return dict(zip(self.input_storage, self.maker.inputs, strict=True))

    @property
    def indices(self) -> list[Any]:
        """For each input the `In`, PyTensor's slot for its group (None), and the members."""
        return [[entry, None, [entry]] for entry in self.maker.inputs]

    @property
    def defaults(self) -> list[tuple[bool, bool, Any]]:
        """For each input: is it required, is its default restored, the default."""
        return self._arguments.defaults()

    @property
    def nodes_with_inner_function(self) -> list[Any]:
        """The ops of the graph that have a function of their own."""
        return [node.op for node in self.maker.fgraph.apply_nodes if hasattr(node.op, "fn")]

    def get_shared(self) -> list[SharedVariable]:
        """Return the shared variables that the function reads or updates."""
        variables = (entry.variable for entry in self.maker.inputs)
        return [variable for variable in variables if isinstance(variable, SharedVariable)]

    def dprint(self, **kwargs: Any) -> Any:
        """Print the rewritten graph."""
        from pytensorlite.printing import debugprint

        return debugprint(self, **kwargs)

    def free(self) -> None:
        """Forget values kept between calls; our programs keep none, so there is nothing to do."""

    def __contains__(self, item: Any) -> bool:
        return item in self._lookup

    def __getitem__(self, item: Any) -> Any:
        return self._lookup[item].value

    def __setitem__(self, item: Any, value: Any) -> None:
        self._lookup[item].value = value

    def __repr__(self) -> str:
        inputs = ", ".join(str(entry.variable) for entry in self.maker.inputs if not entry.implicit)
        return f"<Function {self.name} of ({inputs})>"

    # -- copying ----------------------------------------------------------------------------------

    def copy(
        self,
        share_memory: bool = False,
        swap: dict[SharedVariable, SharedVariable] | None = None,
        delete_updates: bool = False,
        name: str | None = None,
        profile: Any = None,
    ) -> Function:
        """Return a function on the same graph, perhaps with other shared variables or no updates.

        Parameters
        ----------
        share_memory : bool
            Accepted for compatibility: programs keep no intermediate results between calls.
        swap : dict, optional
            Shared variables to be read and updated in place of others, of the same types.
        delete_updates : bool
            Leave the shared variables alone.
        name : str, optional
            The name of the copy.
        profile : bool or ProfileStats, optional
            As in `pytensorlite.function`.
        """
        maker = self.maker.copy(swap or {}, delete_updates, name, profile or None)
        kept = {
            entry.variable: container.value
            for entry, container in zip(self.maker.inputs, self.input_storage, strict=True)
            if not entry.implicit
        }
        return maker.create(kept)

    def __copy__(self) -> Function:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Function:
        """Copy the function and the values of its shared variables; the program is immutable."""
        storage = [copy.deepcopy(container, memo) for container in self.input_storage]
        twin = Function(self.maker, storage)
        memo[id(self)] = twin
        return twin


def caller_line() -> str:
    """Return ``file:line`` of the user's call, the default name of a function."""
    from pytensorlite.graph.utils import user_frame

    frame = user_frame(sys._getframe(1))
    return "function" if frame is None else f"{frame[0]}:{frame[1]}"
