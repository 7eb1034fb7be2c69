/* Rows of a matrix by an index array, checked first. */
#include "kernel.h"
#include <string.h>

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1), count = LENGTH(1, 0), *index = INDEX(1);
    const REAL *restrict x = INPUT(0);
    uint64_t outside = 0;
    #pragma omp simd reduction(| : outside)
    for (int64_t i = 0; i < count; i++) outside |= (uint64_t)(index[i] + (index[i] < 0 ? n : 0)) >= (uint64_t)n;
    if (outside) return PyErr_Format(PyExc_IndexError, "an index is not in range");
    PyObject *result = fresh(0, 2, (npy_intp[]){count, d});
    REAL *restrict y = DATA(result);
    for (int64_t i = 0; i < count; i++)
        memcpy(y + i * d, x + (index[i] + (index[i] < 0 ? n : 0)) * d, d * sizeof(REAL));
    return result;
}
