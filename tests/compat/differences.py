"""Where a program may do other things here than in PyTensor, and why: see docs/compatibility.md.

Each row is a pattern of ``part | program | difference`` and the reason.
"""

from __future__ import annotations

import re

DIFFERENCES = [
    # what works here and not there
    (r"FAILS only in PyTensor, building: TypeError: only float type", "integers are round"),
    (r"\| (and_|or_|xor|bitwise_\w+) bool int8 \| FAILS only in PyTensor", "booleans are integers"),
    (r"\| isclose .*FAILS only in PyTensor", "`isclose` takes complex and boolean numbers"),
    (r"\| kron .*FAILS only in PyTensor", "`kron` takes arrays of any rank"),
    (r"\| (vecdot|roll|iter|cov|logsumexp|max_and_argmax) .*FAILS only in PyTensor", "as NumPy"),
    (r"\| x\.reshape\(-1\) .*FAILS only in PyTensor", "as NumPy"),
    (r"\| cast int\d+ to uint\d+ \| FAILS only in PyTensor", "as NumPy's astype"),
    (r"\| x \*\* c for \w+ and -1 \| FAILS only in PyTensor", "1 / x cut to an integer"),
    (r"\| erfc complex128 \| FAILS only in PyTensor", "as SciPy"),
    (r"grad \| (real|imag) .*FAILS only in PyTensor", "gradients of complex numbers"),
    (r"grad \| (choose|broadcast_shape) of .*FAILS only in PyTensor", "the derivative"),
    (r"grad \| arctan2 bool .*FAILS only in PyTensor", "gradients of booleans are float"),
    # what is refused here
    (r"FAILS only here, building: TypeError: .*complex numbers have no order", "complex numbers"),
    (r"RAISES ComplexError.*here TypeError", "complex numbers"),
    (r"FAILS only here, building: TypeError: .*no integer holds both", "int64 with uint64"),
    (r"FAILS only here, building: AssertionError: SpecifyShape", "a known length, soon"),
    (r"FAILS only here, building: ValueError: Lengths cannot be negative", "as NumPy, soon"),
    (r"FAILS only here, building: ValueError: (axes must name|einsum: the subscripts)", "as NumPy"),
    (r"FAILS only here, building: AxisError", "as NumPy: a scalar has no axes"),
    (r"\| (tril|triu 1|identity_like|cov|inv) of .*FAILS only here, build", "matrices"),
    (r"\| (inc 1:|set) .*FAILS only here, running: ValueError", "only a static 1 broadcasts"),
    (r"\| choose of .*FAILS only here, building: ValueError", "lengths that do not broadcast"),
    (r"\| x\.dimshuffle 0 of .*FAILS only here, running: ValueError", "no axis is lost unseen"),
    (r"\| logsumexp keep of .*\(0, 3\) \| FAILS only here", "nothing has no largest"),
    # exceptions of another class
    (r"\| x\['a'\] .*RAISES RecursionError.*here TypeError", "says what an index may be"),
    (r"\| (x\[x > 0\.5\]|set mask) of \(\)\(\) \| RAISES NotImpl", "no mask of scalars"),
    (r"\| x\[1\.0\] of \(\)\(\) \| RAISES IndexError.*here TypeError", "a float is no index"),
    (r"RAISES AssertionError: SpecifyShape.*here ValueError", "the value does not fit"),
    (r"\| x\.reshape\(\(1, 6\)\) .*RAISES ValueError.*here AssertionError", "the known length"),
    (r"\| (tril|triu 1|identity_like|split) of \(\)\(\) \| RAISES", "scalars"),
    (r"grad \| unique of .*RAISES NotImplementedError.*here NullType", "undefined"),
    (r"\| argmax axis 'x' \| RAISES TypeError.*here ValueError", "no axis"),
    (r"\| einsum ij,ij of .*RAISES IndexError.*here ValueError", "names the operand"),
    # dtypes
    (r"\| angle float\d+ \| DTYPE float64", "float32 stays float32"),
    (r"\| nan_to_num .*DTYPE", "`nan_to_num` keeps the dtype"),
    (r"\| constant True \| DTYPE int8, here bool", "a boolean is one"),
    (r"\| median \w+ axis .*DTYPE float32, here float64", "as NumPy: integers average to float64"),
    (r"\| (cumsum|cumprod) bool .*DTYPE bool, here int64", "counting is what it means"),
    (r"\| (cumsum|cumprod) u?int8 .*VALUE OF DTYPE u?int64", "the dtype that the type says"),
    (r"\| arange 3\.0 of .*DTYPE float32, here float64", "as NumPy"),
    (r"grad \| .*DTYPE float64, here float32", "a gradient has its variable's dtype"),
    (r"grad \| logaddexp .*DTYPE float32, here float64", "a gradient of an integer is floatX"),
    # values
    (r"\| (log1pexp|softplus|angle|logaddexp) (bool|\w*int8|\w+ \w+) \| VALUE", "not in half"),
    (r"\| (geomspace) of .*VALUE \[1\.0, 2\.00000002", "double precision"),
    (r"\| clip up of .*VALUE", "as NumPy: the upper bound wins"),
    (r"\| choose of .*RANK", "as NumPy: choices broadcast"),
    (r"\| norm of \(None, None, None\).*(RANK|VALUE)", "as NumPy: of all elements"),
    (r"\| logsumexp keep of \(\)\(\) \| RANK", "a scalar stays one"),
    (r"grad \| (arccosh|log10|log2|nan_to_num|arctan2|true_div|mean|median) .*VALUE", "exact"),
    # static shapes
    (r"grad \| (dot|matmul|tensordot 1|vecdot) .*STATIC", "known of the other operand only"),
]  # fmt: skip
_PATTERNS = [(re.compile(pattern), reason) for pattern, reason in DIFFERENCES]


def reason_for(difference: str) -> str | None:
    """Return why a difference is one on purpose, or None."""
    return next((reason for pattern, reason in _PATTERNS if pattern.search(difference)), None)
