"""Conditions of the user's own: the program leaves with an exception where one does not hold."""

from __future__ import annotations

from pytensorlite.cgen.ir import Fail, If
from pytensorlite.graph.basic import Apply
from pytensorlite.link.c.plan import Plan


def lower_check(plan: Plan, node: Apply) -> None:
    """The value itself, once every condition has been seen to hold."""
    value, *conditions = node.inputs
    text = node.op.msg.replace("{", "{{").replace("}", "}}")
    where = plan.failure(node.op.exc_type, text)
    for condition in conditions:
        view = plan.view(condition)
        plan.run(If(f"!{view.buffer}[{view.offset}]", (Fail(where),)))
    plan.alias(node.outputs[0], plan.view(value))
