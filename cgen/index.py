"""Integers of a loop program: polynomials in sizes and loop variables.

An :class:`Index` is a sum of integer coefficients times products of names, kept in a normal form,
so that two of them are equal exactly when they are the same polynomial: ``i*n1 + j`` addresses an
element, ``n0*n1*8`` counts bytes.  What is no polynomial (a quotient, a gathered position) is
computed into a name first and enters here as that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Monomial: TypeAlias = tuple[str, ...]


class Index:
    """An integer polynomial, immutable and compared by value.

    Examples
    --------
    >>> i, j, n = Index.name("i"), Index.name("j"), Index.name("n1")
    >>> print(i * n + j + 0)
    i*n1 + j
    >>> (i + 1) * 2 == 2 * i + 2
    True
    >>> Index.of(3) * 4
    Index(12)
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[Monomial, int]):
        self.terms = {m: c for m, c in terms.items() if c != 0}
        self._hash = hash(frozenset(self.terms.items()))

    @classmethod
    def of(cls, value: int | Index) -> Index:
        """Return `value` as an Index."""
        return value if isinstance(value, Index) else cls({(): int(value)})

    @classmethod
    def name(cls, name: str) -> Index:
        """Return the Index that is just this name."""
        return cls({(name,): 1})

    def __add__(self, other: int | Index) -> Index:
        terms = dict(self.terms)
        for monomial, coefficient in Index.of(other).terms.items():
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return Index(terms)

    def __mul__(self, other: int | Index) -> Index:
        terms: dict[Monomial, int] = {}
        for m1, c1 in self.terms.items():
            for m2, c2 in Index.of(other).terms.items():
                monomial = tuple(sorted(m1 + m2))
                terms[monomial] = terms.get(monomial, 0) + c1 * c2
        return Index(terms)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Index:
        return self * -1

    def __sub__(self, other: int | Index) -> Index:
        return self + -Index.of(other)

    def __rsub__(self, other: int | Index) -> Index:
        return Index.of(other) - self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            other = Index.of(other)
        return isinstance(other, Index) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    @property
    def constant(self) -> int | None:
        """The value when no name occurs, else None."""
        if not self.terms:
            return 0
        return self.terms[()] if len(self.terms) == 1 and () in self.terms else None

    @property
    def names(self) -> set[str]:
        """Every name that occurs."""
        return {name for monomial in self.terms for name in monomial}

    def coefficient(self, name: str) -> Index:
        """Return what `name` is multiplied by, where it occurs once in a product.

        Examples
        --------
        >>> (Index.name("i") * Index.name("n1") + Index.name("j")).coefficient("i")
        Index(n1)
        """
        found: dict[Monomial, int] = {}
        for monomial, coefficient in self.terms.items():
            if name in monomial:
                at = monomial.index(name)
                found[monomial[:at] + monomial[at + 1 :]] = coefficient
        return Index(found)

    def divided_by(self, other: Index) -> Index | None:
        """Return the quotient of two polynomials where `other` is a product, None if there is none.

        Examples
        --------
        >>> n0, n1 = Index.name("n0"), Index.name("n1")
        >>> (n0 * n1 - n1).divided_by(n1)
        Index(n0 - 1)
        """
        if len(other.terms) != 1:
            return None
        ((factors, number),) = other.terms.items()
        found: dict[Monomial, int] = {}
        for monomial, coefficient in self.terms.items():
            rest = list(monomial)
            for factor in factors:
                if factor not in rest:
                    return None
                rest.remove(factor)
            if coefficient % number:
                return None
            found[tuple(rest)] = coefficient // number
        return Index(found)

    def substitute(self, values: Mapping[str, int | Index]) -> Index:
        """Return the polynomial with names replaced by `values`."""
        if self.names.isdisjoint(values):
            return self
        result = Index({})
        for monomial, coefficient in self.terms.items():
            term = Index.of(coefficient)
            for name in monomial:
                term = term * values.get(name, Index.name(name))
            result = result + term
        return result

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        # Longest products first, so that an address reads row before column; then what is added.
        ordered = sorted(self.terms.items(), key=lambda item: (-len(item[0]), item[1] < 0, item[0]))
        text = ""
        for monomial, coefficient in ordered:
            size = abs(coefficient)
            factors = "*".join(monomial)
            if not monomial:
                term = str(size)
            else:
                term = factors if size == 1 else f"{size}*{factors}"
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {term}" if text else ("-" if sign == "-" else "") + term
        return text

    def __repr__(self) -> str:
        return f"Index({self})"


def product(factors: Iterable[int | Index]) -> Index:
    """Return the product of `factors`, 1 when there are none.

    Examples
    --------
    >>> product([Index.name("n0"), 8])
    Index(8*n0)
    """
    result = Index.of(1)
    for factor in factors:
        result = result * factor
    return result


def contiguous_strides(shape: Iterable[int | Index]) -> tuple[Index, ...]:
    """Return row-major strides, counted in elements.

    Examples
    --------
    >>> contiguous_strides([Index.name("n0"), Index.name("n1")])
    (Index(n1), Index(1))
    """
    strides: list[Index] = []
    step = Index.of(1)
    for length in reversed(tuple(shape)):
        strides.append(step)
        step = step * length
    return tuple(reversed(strides))
