"""What a function became, told to people: kernels, what they move, what runs in NumPy, memory.

An `Explanation` is data that prints as a page.  Counts of bytes are formulas in the lengths of the
inputs; with the values of a call they are numbers too.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping

from pytensorlite._immutable import immutable

UNITS = ("bytes", "kB", "MB", "GB", "TB")
WIDTH = 100


@immutable
class Amount:
    """A polynomial in lengths, and its value where the lengths are known.

    Examples
    --------
    >>> print(Amount("8*n0*n1", 8000000))
    8*n0*n1 = 8 MB
    """

    formula: str
    value: int | None = None

    def __str__(self) -> str:
        is_number = self.formula.lstrip("-").isdigit()
        if is_number:
            return show_bytes(int(self.formula))
        return self.formula if self.value is None else f"{self.formula} = {show_bytes(self.value)}"


NOTHING: Mapping[str, Amount] = {}


def show_bytes(count: float) -> str:
    """Return a number of bytes as people say it.

    Examples
    --------
    >>> show_bytes(800), show_bytes(80_000_000)
    ('800 bytes', '80 MB')
    """
    unit = 0
    while abs(count) >= 1000 and unit + 1 < len(UNITS):
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}"


@immutable
class ArrayNote:
    """An array at the border of a program: its name in C, what the user calls it, its type.

    `over` is the input that it may be written over, if it is the new value of a shared variable.
    """

    buffer: str
    name: str
    dtype: str
    shape: tuple[str, ...]
    over: str = ""

    def __str__(self) -> str:
        called = f" = {self.name}" if self.name else ""
        over = f", written over {self.over}" if self.over else ""
        return f"{self.buffer}{called}  {self.dtype}[{', '.join(self.shape)}]{over}"


@immutable
class Step:
    """One kernel, one visit to BLAS or LAPACK, or one node that NumPy runs.

    Attributes
    ----------
    name : str
        The kernel, the routine, or the op.
    runs : str
        ``"loops"``, ``"library"`` or ``"NumPy"``.
    computes : tuple of str
        Lines of mathematics, in the names of the C program.
    members : tuple of str
        The ops of the graph that were fused into it.
    reason : str
        Why it is a step of its own.
    reads, writes : mapping of str to Amount
        Bytes by array.
    vectorised : int
        How many innermost loops run as vectors.
    scalar : tuple of str
        For each that does not, why.
    rows : str
        Whether a product, or a loop, is done for some rows at a time, together with a later loop.
    threads : str
        Whether its outer loops may run in several threads, and whether they are long enough.
    """

    name: str
    runs: str
    computes: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    reason: str = ""
    reads: Mapping[str, Amount] = NOTHING
    writes: Mapping[str, Amount] = NOTHING
    vectorised: int = 0
    scalar: tuple[str, ...] = ()
    threads: str = ""
    rows: str = ""

    def lines(self) -> Iterable[str]:
        """Yield the step as text."""
        yield f"{self.name} ({self.runs})"
        for number, line in enumerate(self.computes):
            yield f"  {'' if number else 'computes':10}{line}"
        if self.members:
            text = ", ".join(
                op if count == 1 else f"{op} ×{count}"
                for op, count in Counter(self.members).items()
            )
            fused = f"{len(self.members)} nodes in one: " if len(self.members) > 1 else ""
            yield from _wrapped("from", fused + text)
        if self.reason:
            yield from _wrapped("apart", self.reason)
        if self.rows:
            yield from _wrapped("rows", self.rows)
        for title, amounts in (("reads", self.reads), ("writes", self.writes)):
            if amounts:
                yield from _wrapped(title, "; ".join(f"{b} {n}" for b, n in amounts.items()))
        if self.runs == "loops":
            yield from _wrapped("loops", self._loops())

    def _loops(self) -> str:
        if not self.scalar and not self.vectorised:
            return f"none; {self.threads}"
        parts = [f"{self.vectorised} of {self.vectorised + len(self.scalar)} inner ones vectorised"]
        parts += [f"{n} not: {why}" for why, n in Counter(self.scalar).items()]
        return "; ".join([*parts, self.threads])


def _wrapped(title: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"  {title:10}", subsequent_indent=" " * 12,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


@immutable
class Part:
    """One native program, or one node that NumPy runs (``workspace`` is None)."""

    name: str
    steps: tuple[Step, ...]
    arrays: tuple[ArrayNote, ...] = ()
    workspace: Amount | None = None


def numpy_part(node: object, reason: str = "") -> Part:
    """Return the part that is one node run by NumPy."""
    return Part(str(node), (Step(str(node), "NumPy", reason=reason),))


@immutable
class Explanation:
    """What a function became. It prints as text; the parts are there to be asked.

    Attributes
    ----------
    parts : tuple of Part
        Native programs, and the NumPy nodes between them, in the order in which they run.
    """

    parts: tuple[Part, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order."""
        return tuple(step for part in self.parts for step in part.steps)

    @property
    def bytes_moved(self) -> int | None:
        """The bytes that all steps read and write; None where no values were given."""
        amounts = [n for s in self.steps for n in (*s.reads.values(), *s.writes.values())]
        values = [amount.value for amount in amounts if amount.value is not None]
        return sum(values) if len(values) == len(amounts) else None

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _lines(self) -> Iterable[str]:
        yield self._headline()
        for part in self.parts:
            if part.arrays:
                yield ""
                yield from (f"  {array}" for array in part.arrays)
            for step in part.steps:
                yield ""
                yield from step.lines()
            if part.workspace is not None:
                yield ""
                yield f"workspace {part.workspace}"
        if self.bytes_moved:
            yield f"moved in all {show_bytes(self.bytes_moved)}"

    def _headline(self) -> str:
        counts = Counter(step.runs for step in self.steps)
        native = sum(part.workspace is not None for part in self.parts)
        words = [_count(native, "native program")] if native else []
        words += [_count(counts["loops"], "kernel")] if counts["loops"] else []
        words += [_count(counts["library"], "step") + " of BLAS or LAPACK"] * bool(
            counts["library"]
        )
        words += [_count(counts["NumPy"], "node") + " run by NumPy"] * bool(counts["NumPy"])
        return ", ".join(words)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


@immutable
class MemoryUse:
    """The bytes of one call.

    Attributes
    ----------
    outputs : int
        Results, and new values of shared variables that are not computed in place.
    workspace : int
        Arrays that live only during the call.
    constants : int
        Arrays that belong to the program.
    """

    outputs: int
    workspace: int
    constants: int

    @property
    def peak(self) -> int:
        """All of them together; what the arguments take is the caller's."""
        return self.outputs + self.workspace + self.constants

    def __str__(self) -> str:
        names = ("outputs", "workspace", "constants", "peak")
        return "\n".join(f"{name:10}{show_bytes(getattr(self, name)):>12}" for name in names)
