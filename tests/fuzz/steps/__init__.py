"""What a random graph grows by: each step adds an entry, or returns None where none fits."""

from tests.fuzz.steps import elementwise, indexing, moving, reducing
from tests.fuzz.steps.elementwise import unary

ELEMENTWISE = [
    *[elementwise.unary] * 4,
    *[elementwise.binary] * 5,
    elementwise.n_ary,
    elementwise.compare,
    *[elementwise.switch] * 2,
    elementwise.clip,
    elementwise.round_off,
    elementwise.cast,
    elementwise.constant,
]
REDUCING = [
    *[reducing.reduce] * 4,
    *[reducing.of_view] * 2,
    reducing.argument,
    reducing.softmax,
    reducing.cumulative,
    reducing.centre,
    *[reducing.dot] * 2,
    reducing.matmul,
    reducing.einsum,
    reducing.outer,
]
MOVING = [
    *[moving.transpose] * 2,
    moving.squeeze,
    *[moving.reshape] * 2,
    moving.flip_or_roll,
    moving.join,
    moving.stack,
    moving.split,
    moving.repeat,
    moving.diagonal,
    moving.fill,
    moving.lengths,
    moving.ranges,
    moving.order,
    moving.difference,
    moving.specify,
]
INDEXING = [
    *[indexing.slices] * 2,
    *[indexing.write_slice] * 2,
    indexing.write_beside_view,
    *[indexing.gather] * 2,
    *[indexing.gather_elements] * 2,
    indexing.along_axis,
    indexing.mask,
]
STEPS = ELEMENTWISE + REDUCING + MOVING + INDEXING

__all__ = ["ELEMENTWISE", "INDEXING", "MOVING", "REDUCING", "STEPS", "unary"]
