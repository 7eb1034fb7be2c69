"""Every option of the library: one row each.

An option is an attribute of `config`.  Its value comes, first match wins, from an assignment, from
the environment (``PYTENSORLITE_FLAGS="floatX=float32,linker=numpy"``), from its row.  A flag with a
dot (``traceback.limit``) means the attribute with two underscores (``traceback__limit``).
"""

# ruff: noqa: E501 - one option is one row

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ENVIRONMENT_VARIABLE = "PYTENSORLITE_FLAGS"


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table.

    Parameters
    ----------
    name : str
        The attribute of `config`.
    default : object
        Its value if nobody says otherwise.
    kind : type or tuple
        The type of the value, or the tuple of words it is one of.
    doc : str
        What it does.
    """

    name: str
    default: Any
    kind: Any
    doc: str

    def parse(self, value: Any) -> Any:
        """Return `value` (text from the environment, or an object) as this option's kind.

        Raises
        ------
        ValueError
            If that is not possible; the message says what is.
        """
        if isinstance(self.kind, tuple):
            if value in self.kind:
                return value
            expected = f"one of {', '.join(repr(word) for word in self.kind)}"
        elif self.kind is bool:
            if isinstance(value, bool):
                return value
            word = str(value).strip().lower()
            if word in ("1", "true", "t", "yes", "on", "0", "false", "f", "no", "off"):
                return word in ("1", "true", "t", "yes", "on")
            expected = "True or False"
        elif self.kind is object:
            return value
        else:
            try:
                return self.kind(value)
            except (TypeError, ValueError):
                expected = f"a value of type {self.kind.__name__}"
        raise ValueError(f"config.{self.name}: expected {expected}, got {value!r} ({self.doc})")


# fmt: off
OPTIONS = (
    # -- numbers ----------------------------------------------------------------------------------------------------
    Option("floatX", "float64", ("float64", "float32", "float16"), "dtype of floats made without an explicit one"),
    Option("cast_policy", "custom", ("custom", "numpy+floatX"), "how Python numbers get their dtype"),
    Option("warn_float64", "ignore", ("ignore", "warn", "raise", "pdb"), "what to do when a float64 variable is made"),
    # -- compiling --------------------------------------------------------------------------------------------------
    Option("mode", "FAST_RUN", object, "mode of functions made without one: a name or a Mode"),
    Option("linker", "c", ("c", "numpy", "py", "c|py", "cvm", "vm", "auto"), "what runs the graph in the default mode"),
    Option("optimizer", "fast_run", ("fast_run", "fast_compile", "merge", "o4", "o3", "o2", "o1", "unsafe", "None"),
           "which rewrites run in the default mode"),
    Option("optimizer_including", "", str, "tags of rewrites to add, separated by ':'"),
    Option("optimizer_excluding", "", str, "tags of rewrites to leave out, separated by ':'"),
    Option("optimizer_requiring", "", str, "tags that every rewrite must have, separated by ':'"),
    Option("optimizer_verbose", False, bool, "print every replacement that a rewrite makes"),
    Option("optimizer_verbose_ignore", "", str, "rewrites (separated by ',') about which that is silent"),
    Option("optdb__position_cutoff", float("inf"), float, "phases at or beyond this position do not run"),
    Option("optdb__max_use_ratio", 8.0, float, "a rewrite may apply this often per node before it is stopped"),
    Option("on_opt_error", "warn", ("warn", "raise", "pdb", "ignore"), "what to do when a rewrite fails"),
    Option("on_unused_input", "raise", ("raise", "warn", "ignore"), "what to do about an input that nothing uses"),
    Option("on_fallback", "ignore", ("ignore", "warn", "raise"), "what to do about a node that has to run in NumPy"),
    Option("on_compile_error", "warn", ("warn", "raise"), "run in NumPy when the C compiler fails, or raise"),
    Option("check_stack_trace", "off", ("off", "log", "warn", "raise"), "check that rewrites keep the user's lines"),
    # -- the C compiler and what it makes ---------------------------------------------------------------------------
    Option("compiler", "", str, "'' means $CC, gcc, clang, zig: the first that works"),
    Option("compile_flags", "", str, "further flags for the compiler"),
    Option("compile_timeout", 120.0, float, "seconds after which a compiler is given up"),
    Option("cache_dir", "", str, "where compiled programs are kept; '' means the user's cache directory"),
    Option("cache_size", "1GB", str, "the least recently used programs leave when the cache is larger"),
    Option("sanitize", "", str, "sanitizers to compile with: 'address+undefined' (with libasan preloaded), or 'undefined'"),
    Option("threads", 0, int, "number of threads of a compiled program; 0 means all cores"),
    Option("output_pool", "256MB", str, "how much memory of released large outputs is kept for reuse"),
    # -- running and finding errors ---------------------------------------------------------------------------------
    Option("profile", False, bool, "measure every function and print where time went at exit"),
    Option("exception_verbosity", "low", ("low", "medium", "high"), "how much of the graph an error shows"),
    Option("traceback__limit", 8, int, "frames kept for a variable"),
    Option("compute_test_value", "off", ("off", "ignore", "warn", "raise", "pdb"), "run nodes while they are built"),
    Option("unpickle_function", True, bool, "compile functions when they are unpickled (False gives None)"),
    Option("DebugMode__check_finite", True, bool, "DebugMode refuses values that are not finite"),
    # -- what PyTensor's programs set and nothing here depends on --------------------------------------------------
    *(Option(name, default, object, "accepted so that PyTensor's programs run; has no effect") for name, default in (
        ("allow_gc", True), ("allow_output_prealloc", True), ("base_compiledir", ""), ("blas__ldflags", ""),
        ("check_input", True), ("compiledir", ""), ("compiler_verbose", False), ("compute_test_value_opt", "off"),
        ("cxx", ""), ("cycle_detection", "regular"), ("DebugMode__check_strides", 0), ("DebugMode__patience", 10),
        ("gcc__cxxflags", ""), ("lib__amdlibm", False), ("NanGuardMode__action", "raise"),
        ("NanGuardMode__big_is_error", True), ("NanGuardMode__inf_is_error", True),
        ("NanGuardMode__nan_is_error", True), ("numba__cache", True), ("numba__fastmath", True),
        ("on_shape_error", "raise"), ("openmp", False), ("openmp_elemwise_minsize", 200_000),
        ("print_global_stats", False), ("print_test_value", False), ("profile_memory", False),
        ("profile_optimizer", False), ("scan__allow_gc", False), ("scan__allow_output_prealloc", True),
        ("tensor__cmp_sloppy", 0), ("traceback__compile_limit", 0), ("vm__lazy", None), ("warn__ignore_bug_before", "0.9"),
    )),
)
# fmt: on


class Config:
    """The options as attributes: ``config.floatX``, ``config.floatX = "float32"``.

    Examples
    --------
    >>> with config.change_flags(floatX="float32"):
    ...     print(config.floatX)
    float32
    """

    def __init__(self, options: tuple[Option, ...], flags: Mapping[str, str]) -> None:
        table = {option.name: option for option in options}
        for name in flags:
            if name not in table:
                raise ValueError(f"{ENVIRONMENT_VARIABLE}: {_unknown(name, table)}")
        object.__setattr__(self, "_options", table)
        # Plain attributes: options are read far more often than set.
        for name, option in table.items():
            self.__dict__[name] = option.parse(flags[name]) if name in flags else option.default

    def __setattr__(self, name: str, value: Any) -> None:
        option = self._options.get(name)
        if option is None:
            raise AttributeError(_unknown(name, self._options))
        self.__dict__[name] = option.parse(value)

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are no option.
        raise AttributeError(_unknown(name, self.__dict__.get("_options", {})))

    def change_flags(self, **flags: Any) -> ChangeFlags:
        """Return a context manager, also a decorator, that changes options for a while."""
        return ChangeFlags(self, flags)

    def config_print(self, buf: Any, print_doc: bool = True) -> None:
        """Write every option with its value, and what it does, to `buf`."""
        for name, option in self._options.items():
            print(f"{name} = {getattr(self, name)!r}", file=buf)
            if print_doc:
                print(f"    {option.doc} (default {option.default!r})", file=buf)

    def __str__(self) -> str:
        return "\n".join(f"{name} = {getattr(self, name)!r}" for name in self._options)


class ChangeFlags:
    """Options changed within a ``with`` block or within calls of a function."""

    def __init__(self, target: Config, flags: Mapping[str, Any]) -> None:
        for name in flags:
            if name not in target._options:
                raise ValueError(_unknown(name, target._options))
        self._target = target
        self._flags = dict(flags)
        self._saved: list[dict[str, Any]] = []

    def __enter__(self) -> ChangeFlags:
        self._saved.append({name: getattr(self._target, name) for name in self._flags})
        try:
            for name, value in self._flags.items():
                setattr(self._target, name, value)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._target.__dict__.update(self._saved.pop())

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def changed(*args: Any, **kwargs: Any) -> Any:
            with ChangeFlags(self._target, self._flags):
                return function(*args, **kwargs)

        return changed


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"config has no option {name!r}{hint}"


def parse_flags(text: str) -> dict[str, str]:
    """Return the flags in ``"a=b,c=d"`` as a dictionary.

    Examples
    --------
    >>> parse_flags("floatX=float32, traceback.limit=3")
    {'floatX': 'float32', 'traceback__limit': '3'}
    """
    flags = {}
    for entry in text.split(","):
        if not entry.strip():
            continue
        name, equals, value = entry.partition("=")
        if not equals:
            raise ValueError(
                f"{ENVIRONMENT_VARIABLE}: expected name=value,name=value; got {entry!r}"
            )
        flags[name.strip().replace(".", "__")] = value.strip()
    return flags


config = Config(OPTIONS, parse_flags(os.environ.get(ENVIRONMENT_VARIABLE, "")))
