"""Immutable values behave like frozen dataclasses with slots, which they stand in for."""

import copy
import pickle
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytensorlite._immutable import as_dict, immutable, replace


@immutable
class Ours:
    """A value."""

    first: int
    second: str = "none"
    third: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Theirs:
    """The same value as a dataclass."""

    first: int
    second: str = "none"
    third: tuple[int, ...] = ()


@immutable
class Single:
    """A value of one field."""

    only: object


fields = st.tuples(st.integers(0, 1), st.sampled_from("ab"), st.tuples(st.integers(0, 1)))


@given(fields, fields)
def test_values_are_equal_where_dataclasses_are(one, other):
    assert (Ours(*one) == Ours(*other)) is (Theirs(*one) == Theirs(*other))
    assert hash(Ours(*one)) == hash(Theirs(*one))
    assert repr(Ours(*one)) == repr(Theirs(*one)).replace("Theirs", "Ours")


@given(fields)
def test_values_are_copied_and_pickled(given_fields):
    value = Ours(*given_fields)
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    assert Ours(**as_dict(value)) == value
    changed = replace(value, second="c")
    assert (changed.first, changed.second, changed.third) == (value.first, "c", value.third)


def test_fields_have_defaults_and_places():
    match Ours(1):
        case Ours(first, second, third):
            assert (first, second, third) == (1, "none", ())
    with pytest.raises(TypeError, match="first"):
        Ours()
    with pytest.raises(TypeError, match="fourth"):
        replace(Ours(1), fourth=2)


def test_values_of_other_classes_are_other_values():
    assert Ours(1) != Theirs(1)
    assert Single(1) == Single(1) != Single(2)
    assert len({Single((1,)), Single(1), Single(1)}) == 2


def test_nothing_can_be_changed():
    value = Ours(1)
    for name in ("first", "unheard_of"):
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(value, name, 2)
    with pytest.raises(AttributeError, match="cannot be changed"):
        del value.first
    assert value == Ours(1)
    assert Ours.__doc__ == "A value."
