"""Functions that programs borrow from SciPy: ``scipy.special.cython_special`` has them in plain C.

The C of such a row calls ``scipy_NAME``; the loader hands over the address, as it does for BLAS. A
loop over them is no vector, but it fuses with what stands around it and never enters Python. SciPy
passes one integer more than the function has arguments.
"""

from __future__ import annotations

import re

#: The result and the arguments of each: d is a double, z a complex number of doubles.
_TYPES = {
    "betainc": "dddd",
    "betaincinv": "dddd",
    "complex_erf": "zz",
    "complex_erfc": "zz",
    "complex_gamma": "zz",
    "complex_psi": "zz",
    "gammainc": "ddd",
    "gammaincc": "ddd",
    "gammainccinv": "ddd",
    "gammaincinv": "ddd",
    "hyp2f1": "ddddd",
    "iv": "ddd",
    "ive": "ddd",
    "jv": "ddd",
    "kv": "ddd",
    "kve": "ddd",
    "owens_t": "ddd",
}
_IN_C = {"d": "double", "z": "double complex"}
_IN_SCIPY = {"d": "double", "z": "__pyx_t_double_complex"}
_CALL = re.compile(r"\bscipy_(\w+)(?=\()")


def template(name: str) -> str:
    """Return the C of a row that SciPy computes, in the precision of its last operand.

    >>> template("jv")
    'PTL_LIKE({1}, scipy_jv({0}, {1}, 0))'
    """
    places = [f"{{{i}}}" for i in range(len(_TYPES[name]) - 1)]
    return f"PTL_LIKE({places[-1]}, scipy_{name}({', '.join(places)}, 0))"


def borrowed_by(c_text: str) -> dict[str, str]:
    """Return the functions of SciPy that a piece of C calls, with their types.

    >>> borrowed_by("const double t1 = scipy_jv(x0[i], x1[i], 0);")
    {'scipy_jv': 'double (*)(double, double, int)'}
    """
    result: dict[str, str] = {}
    for name in _CALL.findall(c_text):
        returned, *arguments = (_IN_C[letter] for letter in _TYPES[name])
        result[f"scipy_{name}"] = f"{returned} (*)({', '.join(arguments)}, int)"
    return result


def capsule_of(name: str) -> tuple[str, str]:
    """Return SciPy's name of a function, and what it writes on the pointer to this version of it.

    >>> capsule_of("complex_erf")
    ('erf', '__pyx_t_double_complex (__pyx_t_double_complex, int __pyx_skip_dispatch)')
    """
    returned, *arguments = (_IN_SCIPY[letter] for letter in _TYPES[name])
    signature = f"{returned} ({', '.join(arguments)}, int __pyx_skip_dispatch)"
    return name.removeprefix("complex_"), signature
