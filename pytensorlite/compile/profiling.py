"""Where the time of a function goes: ``function(..., profile=True)``."""

from __future__ import annotations

import atexit
import sys
from collections import defaultdict
from typing import Any, TextIO

_printed_at_exit: list[ProfileStats] = []


class ProfileStats:
    """Times and counts of one function (or of several that are given the same object).

    Parameters
    ----------
    atexit_print : bool
        Print the summary when the interpreter ends.
    message : str, optional
        What is being measured, by default the function's name.

    Examples
    --------
    >>> stats = ProfileStats(atexit_print=False, message="step")
    >>> stats.add_call(0.25)
    >>> stats.fct_callcount, stats.fct_call_time
    (1, 0.25)
    """

    def __init__(
        self, atexit_print: bool = True, flag_time_thunks: Any = None, message: str | None = None
    ):
        self.message = message
        self.reset()
        if atexit_print:
            if not _printed_at_exit:
                atexit.register(print_global_stats)
            _printed_at_exit.append(self)

    def reset(self) -> None:
        """Set all figures to zero."""
        self.compile_time = 0.0
        self.rewriting_time = 0.0
        self.linker_time = 0.0
        self.fct_call_time = 0.0
        self.fct_callcount = 0
        self.vm_call_time = 0.0
        self.apply_time: dict[Any, float] = defaultdict(float)
        self.apply_callcount: dict[Any, int] = defaultdict(int)

    # -- measuring --------------------------------------------------------------------------------

    def add_compilation(self, rewriting: float, linking: float) -> None:
        """Note how long it took to rewrite the graph and to link it."""
        self.rewriting_time += rewriting
        self.linker_time += linking
        self.compile_time += rewriting + linking

    def add_call(self, seconds: float) -> None:
        """Note a call of the function."""
        self.fct_callcount += 1
        self.fct_call_time += seconds

    def add_program(self, seconds: float) -> None:
        """Note the part of a call that the program took."""
        self.vm_call_time += seconds

    def add_node(self, node: Any, seconds: float) -> None:
        """Note one computation of a node, or of a kernel given by its name."""
        self.apply_time[node] += seconds
        self.apply_callcount[node] += 1

    # -- reading ----------------------------------------------------------------------------------

    def op_time(self) -> dict[Any, float]:
        """Return the seconds spent in each op."""
        return self._sum_by(lambda node: getattr(node, "op", node), self.apply_time)

    def op_callcount(self) -> dict[Any, int]:
        """Return how often each op was computed."""
        return self._sum_by(lambda node: getattr(node, "op", node), self.apply_callcount)

    def class_time(self) -> dict[Any, float]:
        """Return the seconds spent in each class of ops."""
        return self._sum_by(lambda node: type(getattr(node, "op", node)), self.apply_time)

    def class_callcount(self) -> dict[Any, int]:
        """Return how often each class of ops was computed."""
        return self._sum_by(lambda node: type(getattr(node, "op", node)), self.apply_callcount)

    @staticmethod
    def _sum_by(key: Any, figures: dict[Any, Any]) -> dict[Any, Any]:
        sums: dict[Any, Any] = {}
        for node, figure in figures.items():
            sums[key(node)] = sums.get(key(node), 0) + figure
        return sums

    def summary(
        self, file: TextIO | None = None, n_ops_to_print: int = 20, n_apply_to_print: int = 20
    ) -> None:
        """Print the figures as a table, the dearest first."""
        file = sys.stderr if file is None else file
        print(f"Function profiling\n==================\n  Message: {self.message}", file=file)
        rows = [
            ("Time in compiling", self.compile_time),
            ("  rewriting the graph", self.rewriting_time),
            ("  linking the program", self.linker_time),
            (f"Time in {self.fct_callcount} calls to Function.__call__", self.fct_call_time),
            ("  in the program", self.vm_call_time),
        ]
        for label, seconds in rows:
            print(f"  {label + ':':<50}{seconds:.6e}s", file=file)
        self._print_table("Ops", self.op_time(), self.op_callcount(), n_ops_to_print, file)
        self._print_table("Apply", self.apply_time, self.apply_callcount, n_apply_to_print, file)

    def _print_table(
        self, title: str, times: dict[Any, float], counts: dict[Any, int], limit: int, file: TextIO
    ) -> None:
        if not times:
            return
        total = sum(times.values()) or 1.0
        print(f"\n{title}\n{'-' * len(title)}", file=file)
        print(f"{'% time':>7} {'sum':>11} {'per call':>11} {'calls':>8}  what", file=file)
        ordered = sorted(times, key=lambda each: times[each], reverse=True)
        for each in ordered[:limit]:
            seconds, calls = times[each], counts[each]
            figures = f"{100 * seconds / total:6.1f}% {seconds:10.3e}s {seconds / calls:10.3e}s"
            print(f"{figures} {calls:>8}  {each}", file=file)
        if len(ordered) > limit:
            rest = sum(times[each] for each in ordered[limit:])
            print(f"   ... ({len(ordered) - limit} more, {100 * rest / total:.1f}%)", file=file)


def print_global_stats() -> None:
    """Print the summaries of all functions that were measured and called."""
    for stats in _printed_at_exit:
        if stats.fct_callcount:
            stats.summary()
