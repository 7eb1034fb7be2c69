"""Every row of the op table, by name: filled by `op.op`, read by operators and by the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytensorlite.scalar.op import ScalarOp

ROWS: dict[str, ScalarOp] = {}
