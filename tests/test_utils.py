import pytest

from pytensorlite.utils import (
    Singleton,
    apply_across_args,
    difference,
    flatten,
    from_return_values,
    to_return_values,
    uniq,
    unzip,
)


def test_sequences():
    assert uniq([1, [2], 1, [2]]) == [1, [2]]
    assert difference([1, 2, 3], [2]) == [1, 3]
    assert difference([[1], [2]], [[2]]) == [[1]]
    assert flatten([1, (2, [3, (4,)])]) == [1, 2, 3, 4]


def test_unzip():
    assert unzip([(1, 2), (3, 4)], n=2) == ((1, 3), (2, 4))
    assert unzip([], n=3) == ((), (), ())
    with pytest.raises(ValueError, match="expected items of 3"):
        unzip([(1, 2)], n=3)


def test_return_values():
    assert to_return_values([1]) == 1
    assert to_return_values([1, 2]) == [1, 2]
    assert from_return_values(1) == [1]
    assert from_return_values((1, 2)) == [1, 2]


def test_apply_across_args():
    assert apply_across_args(min, max)(1, 2) == [1, 2]


def test_singleton():
    class One(Singleton):
        pass

    class Other(Singleton):
        pass

    assert One() is One()
    assert One() == One()
    assert One() != Other()
    assert hash(One()) == hash(One())
    assert str(One()) == "One"
