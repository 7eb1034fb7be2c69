/* What a Gaussian process's likelihood and its gradient need of LAPACK, and nothing else: the factor, a solution, the
 * inverse. The matrix is made once and copied for every call, because its factor takes its place. */
#include "kernel.h"
#include "blas.h"
#include <string.h>
#define LAPACK(name) routine("scipy.linalg.cython_lapack", sizeof(REAL) == 4 ? "s" name : "d" name)

typedef void factor_routine(const char *, const int *, REAL *, const int *, int *);
typedef void solve_routine(const char *, const int *, const int *, const REAL *, const int *, REAL *, const int *, int *);

static PyObject *compute(PyArrayObject *const *in) {
    static factor_routine *potrf, *potri;
    static solve_routine *potrs;
    static int made;
    const int n = LENGTH(0, 0), one = 1;
    REAL *memory = scratch((2 * (int64_t)n + 1) * n);
    if (made != n) {
        made = n;
        potrf = LAPACK("potrf"), potri = LAPACK("potri"), potrs = LAPACK("potrs");
        if (potrf == NULL || potri == NULL || potrs == NULL) return NULL;
        const REAL *x = INPUT(0), scale = exp(-2 * VALUE(2));
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                memory[i * n + j] = exp(2 * VALUE(3) - (x[i] - x[j]) * (x[i] - x[j]) * scale / 2) +
                                    (i == j ? exp(2 * VALUE(4)) : 0);
    }
    REAL *factor = memory + n * n, *solution = factor + n * n;
    int status;
    memcpy(factor, memory, n * n * sizeof(REAL));
    memcpy(solution, INPUT(1), n * sizeof(REAL));
    potrf("U", &n, factor, &n, &status);
    if (status != 0) return PyErr_Format(PyExc_ArithmeticError, "not positive definite");
    potrs("U", &n, &one, factor, &n, solution, &n, &status);
    potri("U", &n, factor, &n, &status);
    Py_RETURN_NONE;
}
