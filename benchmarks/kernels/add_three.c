/* a + 1, b + 1, c + 1 into three fresh arrays and a list. */
#include "kernel.h"

static PyObject *compute(PyArrayObject *const *in) {
    PyObject *results = PyList_New(3);
    for (int k = 0; k < 3; k++) {
        const int64_t n = LENGTH(k, 0);
        const REAL *restrict x = INPUT(k);
        PyObject *result = PyArray_SimpleNew(1, PyArray_DIMS(in[k]), REAL_TYPE);
        REAL *restrict y = DATA(result);
        for (int64_t i = 0; i < n; i++) y[i] = x[i] + 1;
        PyList_SET_ITEM(results, k, result);
    }
    return results;
}
