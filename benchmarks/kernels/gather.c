/* Elements of a vector by an index array: checked and read in one vector loop, blocks that stay in the cache. */
#include "kernel.h"
enum { BLOCK = 1024 };

static PyObject *compute(PyArrayObject *const *in) {
    const int64_t n = LENGTH(0, 0), count = LENGTH(1, 0), *index = INDEX(1);
    const REAL *restrict x = INPUT(0);
    PyObject *result = fresh(0, 1, PyArray_DIMS(in[1]));
    REAL *restrict y = DATA(result);
    for (int64_t start = 0; start < count; start += BLOCK) {
        const int64_t end = start + BLOCK < count ? start + BLOCK : count;
        uint64_t outside = 0;
        #pragma omp simd reduction(| : outside)
        for (int64_t i = start; i < end; i++)
            outside |= (uint64_t)(index[i] + (index[i] < 0 ? n : 0)) >= (uint64_t)n;
        if (outside) {
            Py_DECREF(result);
            return PyErr_Format(PyExc_IndexError, "an index is not in range");
        }
        #pragma omp simd
        for (int64_t i = start; i < end; i++) y[i] = x[index[i] + (index[i] < 0 ? n : 0)];
    }
    return result;
}
