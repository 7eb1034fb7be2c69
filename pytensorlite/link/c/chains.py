"""Loops that are done for some rows together with a later loop, and a product between the two.

A layer of a network is a product, a loop that reads its rows, and a product of what that writes.
Where the last one is attached to a loop in turn, and nobody else needs the rows in between, that
loop takes them along: some rows go through all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytensorlite._immutable import immutable
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Beforehand, Task, buffers
from pytensorlite.cgen.parallel import call
from pytensorlite.link.c.attachable import (
    READ,
    Link,
    elements_of_row,
    first_to_touch,
    kernel_of,
    touching,
    written,
)
from pytensorlite.link.c.plan import Plan, View

Groups = Mapping[str, Sequence[Link]]


@immutable
class Earlier:
    """The loop that writes `array`, and the products whose rows it reads."""

    at: int  # the position of its step
    task: Task
    elements: Index  # how many iterations go with one row
    array: View
    links: tuple[Link, ...]

    @property
    def arrays(self) -> dict[str, View]:
        """The arrays that nobody else needs."""
        found = (*(link.array for link in self.links), self.array)
        return {view.buffer: view for view in found}

    @property
    def beforehand(self) -> Beforehand:
        """The loop, for those who do it for some rows."""
        task = self.task
        return Beforehand(task.name, task.given, task.buffers, task.sizes, self.elements)


def earlier_loop(plan: Plan, link: Link, groups: Groups) -> Earlier | None:
    """Return the loop that writes the rows of which a product that is read by a loop is made."""
    array = link.product.left
    if link.role != READ or array.buffer not in plan.workspaces:
        return None
    before = range(_position(plan, link))
    at = next((n for n in reversed(before) if array.buffer in written(plan.notes[n])), None)
    if at is None or not plan.notes[at].kernel or plan.notes[at].kernel == _kernel_name(plan, link):
        return None
    task = first_to_touch(kernel_of(plan, plan.notes[at]), array.buffer)
    if task is None or not _only_maps(task):
        return None
    elements = elements_of_row(plan, task, array)
    found = tuple(groups.get(task.name, ()))
    if elements is None or any(each.role != READ or each.at != at for each in found):
        return None
    earlier = Earlier(at, task, elements, array, found)
    may_wait = (
        buffers((task.loop,))[1].keys() <= earlier.arrays.keys()
        and all(_is_between(plan, earlier, link, name) for name in earlier.arrays)
        and not any(_needed(earlier) & written(each) for each in plan.notes[at + 1 : link.at + 1])
    )
    return earlier if may_wait else None


def _position(plan: Plan, link: Link) -> int:
    return next(n for n, note in enumerate(plan.notes) if note is link.note)


def _kernel_name(plan: Plan, link: Link) -> str:
    return plan.notes[link.at].kernel


def _only_maps(task: Task) -> bool:
    """Whether a loop sums nothing and knows nothing but arrays and sizes."""
    return not (task.partials or task.owned or task.joined or task.locals or task.streamed)


def _is_between(plan: Plan, earlier: Earlier, link: Link, name: str) -> bool:
    """Whether nobody but the loop and the products beside it touch an array."""
    notes = [plan.notes[earlier.at], link.note, *(each.note for each in earlier.links)]
    kernel = kernel_of(plan, plan.notes[earlier.at])
    touched = [note for note in plan.notes if name in note.mentioned]
    return (
        name in plan.workspaces
        and all(any(note is each for each in notes) for note in touched)
        and touching(kernel, name) == [call(earlier.task)]
    )


def _needed(earlier: Earlier) -> set[str]:
    """Return what must be there when the loop is done."""
    operands = (view for link in earlier.links for view in (link.product.left, link.product.right))
    names = {view.buffer for view in operands} | {buffer.name for buffer in earlier.task.buffers}
    return names - earlier.arrays.keys()
