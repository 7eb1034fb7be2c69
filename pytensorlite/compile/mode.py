"""Modes: which rewrites are applied to a graph, and which linker makes the program.

The phases themselves stand in `pytensorlite.tensor.rewriting.phases`, in one visible list; a mode
is a query of that list (``fast_run``, less what it excludes) together with a linker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytensorlite.configdefaults import config
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.basic import GraphRewriter
from pytensorlite.graph.rewriting.db import RewriteDatabase, RewriteDatabaseQuery
from pytensorlite.link.basic import Linker, NumpyLinker
from pytensorlite.tensor.rewriting.phases import optdb

# -- linkers --------------------------------------------------------------------------------------


def _c_linker() -> Linker:
    # The C linker brings the emitter and the lowerings along; who only builds graphs needs none of
    # it.
    from pytensorlite.link.c.linker import CLinker

    return CLinker()


def _default_linker() -> Linker:
    return find_linker(config.linker)


#: Name of a linker -> what makes one. PyTensor's names for its linkers lead to the nearest of ours.
predefined_linkers: dict[str | None, Callable[[], Linker] | Linker] = {
    "c": _c_linker,
    "numpy": NumpyLinker,
    "py": NumpyLinker,
    "vm": NumpyLinker,
    **dict.fromkeys(("auto", "cvm", "cvm_nogc", "c|py", "c|py_nogc"), _c_linker),
    **dict.fromkeys(("numba", "jax", "pytorch", "mlx"), _c_linker),
}


def register_linker(name: str, linker: Linker) -> None:
    """Make ``linker`` known as ``name``, for ``Mode(linker=name)`` and ``config.linker``."""
    if name in predefined_linkers:
        raise ValueError(f"there is a linker named {name!r} already")
    predefined_linkers[name] = linker


def find_linker(linker: str | Linker | None) -> Linker:
    """Return the linker of that name; None is the one that ``config.linker`` names."""
    if isinstance(linker, Linker):
        return linker
    if linker is None:
        return _default_linker()
    if linker not in predefined_linkers:
        raise ValueError(
            f"expected one of {sorted(map(str, predefined_linkers))}, got linker {linker!r}"
        )
    found = predefined_linkers[linker]
    return found if isinstance(found, Linker) else found()


# -- optimizers ----------------------------------------------------------------------------------

OPT_NONE = RewriteDatabaseQuery(include=[])
OPT_MINIMUM = RewriteDatabaseQuery(include=["minimum_compile"])
OPT_MERGE = RewriteDatabaseQuery(include=["merge"])
OPT_FAST_RUN = RewriteDatabaseQuery(include=["fast_run", "fusion"])
OPT_FAST_RUN_STABLE = OPT_FAST_RUN.requiring("stable")
OPT_FAST_COMPILE = RewriteDatabaseQuery(include=["fast_compile"])
OPT_STABILIZE = RewriteDatabaseQuery(include=["fast_run"]).requiring("stable")
OPT_UNSAFE = RewriteDatabaseQuery(include=["fast_run", "unsafe"])
OPT_O2 = OPT_FAST_COMPILE.including("fusion")
OPT_O3 = OPT_FAST_RUN.excluding("inplace")

#: Name of a selection of rewrites -> the query of ``optdb``.
predefined_optimizers: dict[str | None, RewriteDatabaseQuery] = {
    None: OPT_NONE,
    "None": OPT_NONE,
    "minimum_compile": OPT_MINIMUM,
    "merge": OPT_MERGE,
    "o4": OPT_FAST_RUN,
    "o3": OPT_O3,
    "o2": OPT_O2,
    "o1": OPT_FAST_COMPILE,
    "unsafe": OPT_UNSAFE,
    "fast_compile": OPT_FAST_COMPILE,
    "fast_run": OPT_FAST_RUN,
    "fast_run_stable": OPT_FAST_RUN_STABLE,
    "stabilize": OPT_STABILIZE,
}


def register_optimizer(name: str, opt: RewriteDatabaseQuery) -> None:
    """Make the query ``opt`` known as ``name``, for ``Mode(optimizer=name)``."""
    if name in predefined_optimizers:
        raise ValueError(f"there is an optimizer named {name!r} already")
    predefined_optimizers[name] = opt


# -- modes ---------------------------------------------------------------------------------------


class Mode:
    """How a graph is compiled: a linker and a selection of rewrites.

    Parameters
    ----------
    linker : str or Linker, optional
        ``"c"``, ``"numpy"``, or a linker; None follows ``config.linker``.
    optimizer : str, RewriteDatabaseQuery or GraphRewriter, optional
        ``"fast_run"``, ``"fast_compile"``, ``"merge"``, None for no rewrites at all, a query of
        ``optdb``, or a rewriter to apply as it is. ``"default"`` follows ``config.optimizer``.
    db : RewriteDatabase, optional
        What is queried, by default ``optdb``.

    Examples
    --------
    >>> Mode(linker="numpy", optimizer="fast_run").excluding("fusion")
    Mode(linker='numpy', optimizer='fast_run')
    """

    def __init__(
        self,
        linker: str | Linker | None = None,
        optimizer: Any = "default",
        db: RewriteDatabase | None = None,
    ):
        if linker is not None and not isinstance(linker, str | Linker):
            raise TypeError(f"expected a linker or the name of one, got {linker!r}")
        if optimizer == "default":
            optimizer = config.optimizer
        self.provided_linker = linker
        self.provided_optimizer = optimizer
        self.optdb = optdb if db is None else db
        self._optimizer = _find_optimizer(optimizer)

    @property
    def linker(self) -> Linker:
        """The linker, found when it is first needed."""
        return find_linker(self.provided_linker)

    @property
    def optimizer(self) -> GraphRewriter:
        """The rewriter that applies the selected rewrites, phase after phase."""
        if isinstance(self._optimizer, RewriteDatabaseQuery):
            linker = self.linker
            query = self._optimizer.including(*linker.required_rewrites)
            return self.optdb.query(query.excluding(*linker.incompatible_rewrites))
        return self._optimizer

    def including(self, *tags: str) -> Mode:
        """Return this mode with the rewrites that carry one of ``tags`` switched on."""
        return self._with(self._query().including(*tags))

    def excluding(self, *tags: str) -> Mode:
        """Return this mode without the rewrites that carry one of ``tags``, or have such a name."""
        return self._with(self._query().excluding(*tags))

    def requiring(self, *tags: str) -> Mode:
        """Return this mode with only those of its rewrites that carry all ``tags``."""
        return self._with(self._query().requiring(*tags))

    def register(self, *optimizations: Any) -> Mode:
        """Return this mode with further rewrites: pairs of a rewriter and its position."""
        return self._with(self._query().register(*optimizations))

    def clone(self, link_kwargs: dict | None = None, optimizer: Any = "", **kwargs: Any) -> Mode:
        """Return a copy, with another optimizer if one is given."""
        linker = self.linker.clone(**link_kwargs) if link_kwargs else self.provided_linker
        chosen = self.provided_optimizer if optimizer == "" else optimizer
        twin = type(self)(linker=linker, optimizer=chosen, db=self.optdb, **kwargs)
        if optimizer == "":
            twin._optimizer = self._optimizer
        return twin

    def rewrite(self, fgraph: FunctionGraph) -> None:
        """Apply the selected rewrites to ``fgraph``, phase after phase."""
        self.optimizer.rewrite(fgraph)

    def key(self) -> str | None:
        """Return what tells this mode's programs from another's, or None if that has no name.

        A rewriter given as an object, or registered on top of a query, cannot be told from another
        one of the same name, so programs made with it are not looked up.
        """
        query = self._optimizer
        if not isinstance(query, RewriteDatabaseQuery) or query.extra_rewrites or query.subquery:
            return None
        if self.optdb is not optdb:
            return None
        parts = (query.include, query.require or (), query.exclude or ())
        tags = ";".join(",".join(sorted(map(str, part))) for part in parts)
        return f"{type(self).__name__};{tags};{query.position_cutoff}"

    def __getstate__(self) -> dict[str, Any]:
        # The common database stays where it is.
        return {**self.__dict__, "optdb": None if self.optdb is optdb else self.optdb}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.optdb = optdb if self.optdb is None else self.optdb

    def _query(self) -> RewriteDatabaseQuery:
        if isinstance(self._optimizer, RewriteDatabaseQuery):
            return self._optimizer
        raise TypeError(
            f"this mode applies the rewriter {self._optimizer} as it is;"
            " only a mode made from a query of optdb can include or exclude rewrites"
        )

    def _with(self, query: RewriteDatabaseQuery) -> Mode:
        twin = self.clone()
        twin._optimizer = query
        return twin

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(linker={self.provided_linker!r},"
            f" optimizer={self.provided_optimizer!r})"
        )


def _find_optimizer(optimizer: Any) -> Any:
    """Return the query of that name; queries and rewriters are taken as they are."""
    if optimizer is None or isinstance(optimizer, str):
        if optimizer not in predefined_optimizers:
            raise ValueError(
                f"expected one of {sorted(map(str, predefined_optimizers))},"
                f" got optimizer {optimizer!r}"
            )
        return predefined_optimizers[optimizer]
    if isinstance(optimizer, RewriteDatabaseQuery | GraphRewriter):
        return optimizer
    raise TypeError(f"expected the name of an optimizer, a query or a rewriter, got {optimizer!r}")


FAST_RUN = Mode(None, "fast_run")
FAST_COMPILE = Mode("numpy", "fast_compile")
NUMPY = Mode("numpy", "fast_run")
C = Mode("c", "fast_run")
# PyTensor's other back ends: a program that asks for one gets the C linker.
CVM = NUMBA = JAX = PYTORCH = MLX = C

predefined_modes: dict[str, Mode] = {
    "FAST_RUN": FAST_RUN,
    "FAST_COMPILE": FAST_COMPILE,
    "NUMPY": NUMPY,
    "C": C,
    **dict.fromkeys(("CVM", "NUMBA", "JAX", "PYTORCH", "MLX"), C),
}


def register_mode(name: str, mode: Mode) -> None:
    """Make ``mode`` known as ``name``, for ``function(..., mode=name)`` and ``config.mode``."""
    if name in predefined_modes:
        raise ValueError(f"there is a mode named {name!r} already")
    predefined_modes[name] = mode


def get_mode(orig_string: str | Mode | None) -> Mode:
    """Return the mode of that name; None is what ``config.mode`` says, a mode is itself.

    Examples
    --------
    >>> get_mode("NUMPY")
    Mode(linker='numpy', optimizer='fast_run')
    """
    if isinstance(orig_string, Mode):
        return orig_string
    if orig_string is None:
        return get_default_mode()
    if not isinstance(orig_string, str):
        raise TypeError(f"expected a Mode or the name of one, got {orig_string!r}")
    if orig_string in ("DebugMode", "DEBUG_MODE"):
        from pytensorlite.compile.debugmode import DebugMode

        return DebugMode()
    if orig_string == "Mode":
        return Mode()
    if orig_string not in predefined_modes:
        raise ValueError(
            f"expected one of {[*predefined_modes, 'DebugMode']}, got mode {orig_string!r}"
        )
    return predefined_modes[orig_string]


def get_default_mode() -> Mode:
    """Return the mode that the configuration asks for."""
    mode = get_mode(config.mode)
    if (
        isinstance(mode, Mode)
        and mode is FAST_RUN
        and config.optimizer != FAST_RUN.provided_optimizer
    ):
        mode = Mode(None, config.optimizer)
    if config.optimizer_excluding:
        mode = mode.excluding(*config.optimizer_excluding.split(":"))
    if config.optimizer_including:
        mode = mode.including(*config.optimizer_including.split(":"))
    if config.optimizer_requiring:
        mode = mode.requiring(*config.optimizer_requiring.split(":"))
    return mode


def get_target_language(mode: Any = None) -> tuple[str, ...]:
    """Return the languages that a mode's programs consist of: ``("c", "py")`` or ``("py",)``."""
    return ("py",) if isinstance(get_mode(mode).linker, NumpyLinker) else ("c", "py")


# -- rewriters that modes and users put between phases -------------------------------------------


class AddFeatureOptimizer(GraphRewriter):
    """Attach a feature to the graph, and do nothing else."""

    def __init__(self, feature: Feature):
        self.feature = feature

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        fgraph.attach_feature(self.feature)

    def apply(self, fgraph: FunctionGraph) -> None:
        """Leave the graph alone."""


class PrintCurrentFunctionGraph(GraphRewriter):
    """Print the graph as it stands when this rewriter's turn comes."""

    def __init__(self, header: str):
        self.header = header

    def apply(self, fgraph: FunctionGraph) -> None:
        """Print the header and the graph."""
        from pytensorlite.printing import debugprint

        print(f"PrintCurrentFunctionGraph: {self.header}")
        debugprint(fgraph)
