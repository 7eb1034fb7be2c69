"""``x log(x)`` and ``x log(y)`` with zero for ``x = 0``: two rows of the op table."""

import pytensorlite.scalar as ps
from pytensorlite.tensor.elemwise import elemwise_of

xlogx = elemwise_of(ps.xlogx)
xlogy0 = elemwise_of(ps.xlogy0)

__all__ = ["xlogx", "xlogy0"]
