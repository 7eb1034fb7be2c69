"""The scalar floor: dtypes, scalar types, and the one table in which every elementwise op is declared."""

from pytensorlite.scalar.basic import *  # noqa: F403  (the table's names are this package's names)
from pytensorlite.scalar.math import *  # noqa: F403
from pytensorlite.scalar.basic import __getattr__ as __getattr__
