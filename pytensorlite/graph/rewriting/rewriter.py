"""What a rewriter is: of whole graphs (`GraphRewriter`) or of single nodes (`NodeRewriter`).

Also the two decorators that make rewriters of functions, the rewriter that runs others in a row,
and `copy_stack_trace`, by which a replacement remembers the user's line.
"""

from __future__ import annotations

import functools
import time
import traceback
import warnings
from abc import ABC, abstractmethod
from collections import UserList
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.features import AlreadyThere, ReplaceValidate
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.utils import InconsistencyError, no_traces, without_collection


class Rewriter(ABC):  # noqa: B024 - its two kinds below have the abstract methods
    """Base of all rewriters; ``name`` is what they are called in databases and reports."""

    name: str | None = None

    def add_requirements(self, fgraph: FunctionGraph) -> None:  # noqa: B027 - few need features
        """Attach the features that the rewriter needs."""

    def print_summary(self, stream: TextIO | None = None, level: int = 0, depth: int = -1) -> None:
        """Print the name, and those of the rewriters inside, indented."""
        print(f"{' ' * level}{type(self).__name__} {self.name or ''} id={id(self)}", file=stream)


class GraphRewriter(Rewriter):
    """A rewriter of whole graphs: a subclass defines `apply`."""

    @abstractmethod
    def apply(self, fgraph: FunctionGraph) -> Any:
        """Change `fgraph` in place."""

    @without_collection
    def rewrite(self, fgraph: FunctionGraph, *args: Any, **kwargs: Any) -> Any:
        """Attach what `apply` needs, then apply."""
        self.add_requirements(fgraph)
        with no_traces():
            return self.apply(fgraph, *args, **kwargs)

    def __call__(self, fgraph: FunctionGraph) -> Any:
        return self.rewrite(fgraph)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        attach_replace_validate(fgraph)

    @classmethod
    def print_profile(cls, stream: TextIO, prof: Any, level: int = 0) -> None:
        """Print what `apply` returned, if that is a profile."""
        if prof is not None:
            print(f"{' ' * level}{cls.__name__}: {prof}", file=stream)


def attach_replace_validate(fgraph: FunctionGraph) -> None:
    """Give the graph its ``replace_validate`` methods, unless it has them."""
    if "replace_validate" not in fgraph._provided:
        fgraph.attach_feature(ReplaceValidate())


class NodeRewriter(Rewriter):
    """A rewriter of single nodes: a subclass defines `transform`."""

    def tracks(self) -> Sequence[Any] | None:
        """Return the ops and op classes whose nodes may be changed; None means all."""
        return None

    @abstractmethod
    def transform(self, fgraph: FunctionGraph, node: Apply, enforce_tracks: bool = True) -> Any:
        """Return what should stand for the outputs of `node`.

        Returns
        -------
        False or None
            Nothing to do.
        list of Variable
            One for each output, None for an output that nobody reads.
        dict
            Replacement by variable (also of other nodes); the key ``"remove"`` may list variables
            that must leave the graph by this.
        """

    def print_summary(self, stream: TextIO | None = None, level: int = 0, depth: int = -1) -> None:
        print(f"{' ' * level}{type(self).__name__} {self.name or self}", file=stream)


class FromFunctionGraphRewriter(GraphRewriter):
    """The rewriter that calls a function on the graph."""

    def __init__(self, fn: Callable[..., Any], requirements: Iterable[Callable] = ()) -> None:
        self.fn = fn
        self.requirements = tuple(requirements)
        self.name = getattr(fn, "__name__", None)
        functools.update_wrapper(self, fn, updated=())  # type: ignore[arg-type]

    def apply(self, fgraph: FunctionGraph) -> Any:
        return self.fn(fgraph)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        super().add_requirements(fgraph)
        _attach_all(fgraph, self.requirements)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def __str__(self) -> str:
        return self.name or repr(self.fn)

    def __reduce__(self) -> tuple:
        return _by_name, (self.fn.__module__, self.fn.__qualname__)


class FromFunctionNodeRewriter(NodeRewriter):
    """The rewriter that calls a function ``(fgraph, node)`` on nodes of some ops."""

    def __init__(
        self,
        fn: Callable[..., Any],
        tracks: Sequence[Any] | None = None,
        requirements: Iterable[Callable] = (),
    ) -> None:
        self.fn = fn
        self._tracks = None if tracks is None else list(tracks)
        self._types = tuple(t for t in tracks or () if isinstance(t, type))
        self._ops = [t for t in tracks or () if not isinstance(t, type)]
        self.requirements = tuple(requirements)
        self.name = getattr(fn, "__name__", None)
        functools.update_wrapper(self, fn, updated=())  # type: ignore[arg-type]

    def transform(self, fgraph: FunctionGraph, node: Apply, enforce_tracks: bool = True) -> Any:
        if enforce_tracks and self._tracks is not None and not self._is_tracked(node.op):
            return False
        return self.fn(fgraph, node)

    def _is_tracked(self, op: Any) -> bool:
        return isinstance(op, self._types) or op in self._ops

    def tracks(self) -> Sequence[Any] | None:
        return self._tracks

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        _attach_all(fgraph, self.requirements)

    def __str__(self) -> str:
        return self.name or repr(self.fn)

    def __repr__(self) -> str:
        return f"FromFunctionNodeRewriter({self}, {self._tracks})"

    def __reduce__(self) -> tuple:
        return _by_name, (self.fn.__module__, self.fn.__qualname__)


def _by_name(module: str, qualname: str) -> Any:
    """Return the rewriter that stands under a name: how a decorated function is unpickled."""
    import importlib

    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _attach_all(fgraph: FunctionGraph, features: Iterable[Callable]) -> None:
    for make_feature in features:
        fgraph.attach_feature(make_feature())


def node_rewriter(
    tracks: Sequence[Any] | None,
    inplace: bool = False,
    requirements: Iterable[Callable] | None = (),
) -> Callable[[Callable], FromFunctionNodeRewriter]:
    """Return a decorator that makes a `NodeRewriter` of a function ``(fgraph, node)``.

    Parameters
    ----------
    tracks : sequence of Op or Op classes, or None
        The nodes it is called for; None means all.
    inplace : bool
        Whether it makes ops that overwrite their inputs.
    requirements : iterable of Feature classes
        What the graph must have attached.

    Examples
    --------
    ::

        @node_rewriter([Reshape])
        def local_useless_reshape(fgraph, node):
            \"\"\"``reshape(x, x.shape) -> x``.\"\"\"
            ...
            return [x]
    """
    if tracks is not None and (isinstance(tracks, type) or not isinstance(tracks, Iterable)):
        raise TypeError(
            f"node_rewriter takes a list of ops and op classes, or None; got {tracks!r}"
        )
    if tracks is not None and len(tracks) == 0:
        raise ValueError("Use None instead of an empty list for a rewriter of all nodes")

    def decorate(function: Callable) -> FromFunctionNodeRewriter:
        needed = tuple(requirements or ())
        if inplace:
            from pytensorlite.graph.destroyhandler import DestroyHandler

            needed += (DestroyHandler,)
        return FromFunctionNodeRewriter(function, tracks, needed)

    return decorate


def graph_rewriter(f: Callable[[FunctionGraph], Any]) -> FromFunctionGraphRewriter:
    """Make a `GraphRewriter` of a function of the graph (a decorator)."""
    return FromFunctionGraphRewriter(f)


def inplace_graph_rewriter(f: Callable[[FunctionGraph], Any]) -> FromFunctionGraphRewriter:
    """Make a `GraphRewriter` of a function that puts ops into place (a decorator)."""
    from pytensorlite.graph.destroyhandler import DestroyHandler

    return FromFunctionGraphRewriter(f, requirements=(DestroyHandler,))


class SequentialGraphRewriter(GraphRewriter, UserList):
    """Graph rewriters applied one after another.

    Parameters
    ----------
    *rewrites : GraphRewriter
        The rewriters (or one list of them).
    failure_callback : callable, optional
        Called as ``failure_callback(exception, self, rewriter)`` when one fails; by default the
        error is raised.

    Attributes
    ----------
    seconds : dict
        After `apply`, the time each rewriter took, by name.
    """

    @classmethod
    def warn(cls, exc: BaseException, self: Any, rewriter: Rewriter) -> None:
        """Treat a failing rewriter as ``config.on_opt_error`` says."""
        report_failure(exc, f"rewriter {rewriter}")

    def __init__(self, *rewrites: Any, failure_callback: Callable | None = None) -> None:
        if len(rewrites) == 1 and isinstance(rewrites[0], list | tuple):
            rewrites = tuple(rewrites[0])
        super().__init__(rewrites)
        self.failure_callback = failure_callback
        self.seconds: dict[str, float] = {}

    def apply(self, fgraph: FunctionGraph) -> dict[str, float]:
        """Apply all; return the seconds each took."""
        seconds: dict[str, float] = {}
        for rewriter in self.data:
            start = time.perf_counter()
            try:
                rewriter.apply(fgraph)
            except AssertionError:
                raise
            except Exception as error:
                if self.failure_callback is None:
                    raise
                self.failure_callback(error, self, rewriter)
            label = str(rewriter.name or rewriter)
            seconds[label] = seconds.get(label, 0.0) + time.perf_counter() - start
        self.seconds = seconds
        return seconds

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        super().add_requirements(fgraph)
        for rewriter in self.data:
            rewriter.add_requirements(fgraph)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __str__(self) -> str:
        return self.name or repr(self)

    def __repr__(self) -> str:
        return f"SequentialGraphRewriter({self.data})"

    def print_summary(self, stream: TextIO | None = None, level: int = 0, depth: int = -1) -> None:
        super().print_summary(stream, level)
        if depth != 0:
            for rewriter in self.data:
                rewriter.print_summary(stream, level + 2, depth - 1)


def report_failure(error: BaseException, what: str) -> None:
    """Raise, warn about, debug or ignore a failed rewrite, as ``config.on_opt_error`` says.

    A refused replacement (`InconsistencyError`) is no failure.
    """
    if isinstance(error, InconsistencyError | AlreadyThere):
        return
    match config.on_opt_error:
        case "raise":
            raise error
        case "warn":
            lines = "".join(traceback.format_exception(error))
            warnings.warn(
                f"The {what} failed and was skipped; the graph is correct without it. Set "
                f"config.on_opt_error='raise' to stop here.\n{lines}",
                RuntimeWarning,
                stacklevel=2,
            )
        case "pdb":
            import pdb

            pdb.post_mortem(error.__traceback__)


def copy_stack_trace(from_var: Any, to_var: Any) -> Any:
    """Let `to_var` remember the user's lines of `from_var` too, and return it.

    Either may be a variable or a list of them.  A variable that the user made keeps its own line
    first; those that rewrites make have none (see `no_traces`).
    """
    sources = [from_var] if isinstance(from_var, Variable) else list(from_var)
    targets = [to_var] if isinstance(to_var, Variable) else list(to_var)
    lines = [line for v in sources for line in v.tag.__dict__.get("trace") or ()]
    for variable in targets:
        own = variable.tag.__dict__.get("trace") or ()
        variable.tag.trace = list(dict.fromkeys([*own, *lines]))[: config.traceback__limit]
    return to_var
