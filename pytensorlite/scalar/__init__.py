"""The scalar floor: dtypes, scalar types, and the table where every op is declared."""

from pytensorlite.scalar.basic import *
from pytensorlite.scalar.basic import __getattr__ as __getattr__
from pytensorlite.scalar.math import *
