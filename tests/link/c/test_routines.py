"""Addresses of BLAS and LAPACK, taken without importing the packages around them."""

import subprocess
import sys

import pytest

IMPORTS = {
    "the module": "import scipy.linalg.cython_blas as found",
    "from the package": "from scipy.linalg import cython_blas as found",
    "by the package": "import scipy.linalg; found = scipy.linalg.cython_blas",
    "by another package": "import scipy.stats, scipy.linalg; found = scipy.linalg.cython_blas",
}


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.mark.parametrize("statement", IMPORTS.values(), ids=IMPORTS)
def test_who_imports_the_package_later_gets_the_same_module(statement):
    run(
        "import sys\n"
        "from pytensorlite.link.c.routines import address, linalg_extension\n"
        "assert address('dgemm') and address('dpotrf')\n"
        "assert 'scipy.linalg' not in sys.modules\n"
        f"{statement}\n"
        "assert found is linalg_extension('cython_blas')\n"
        "import numpy, scipy.linalg\n"
        "assert scipy.linalg.solve(numpy.eye(2), [1.0, 2.0])[1] == 2.0\n"
    )


def test_the_package_may_be_there_before():
    run(
        "from scipy.linalg import cython_blas\n"
        "from pytensorlite.link.c.routines import address, linalg_extension\n"
        "assert linalg_extension('cython_blas') is cython_blas\n"
        "assert address('dgemm')\n"
    )
