/* Values added into a copy of a vector where an index array says, in order; indices are checked first. */
#include "kernel.h"
#include <string.h>

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), count = LENGTH(1, 0), *index = INDEX(1);
    const REAL *restrict value = INPUT(2);
    uint64_t outside = 0;
    #pragma omp simd reduction(| : outside)
    for (int64_t i = 0; i < count; i++) outside |= (uint64_t)(index[i] + (index[i] < 0 ? n : 0)) >= (uint64_t)n;
    if (outside) return PyErr_Format(PyExc_IndexError, "an index is not in range");
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[0]));
    REAL *restrict y = DATA(result);
    memcpy(y, INPUT(0), n * sizeof(REAL));
    for (int64_t i = 0; i < count; i++) y[index[i] + (index[i] < 0 ? n : 0)] += value[i];
    return result;
}
