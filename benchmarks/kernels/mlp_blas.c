/* The five matrix products of a training step, and nothing else: the time that BLAS takes of it. */
#include "kernel.h"
#include "blas.h"

static PyObject *compute(PyArrayObject *const *in) {
    static gemm_routine *call;
    if (call == NULL) call = routine("scipy.linalg.cython_blas", sizeof(REAL) == 4 ? "sgemm" : "dgemm");
    if (call == NULL) return NULL;
    const int64_t n = LENGTH(0, 0), d = LENGTH(0, 1), k = LENGTH(1, 1), hidden = LENGTH(2, 0);
    static int64_t filled;
    const int64_t size = 2 * (d * hidden + hidden * k + n * hidden) + n * k;
    REAL *memory = scratch(size);
    if (filled != size)
        for (filled = 0; filled < size; filled++) memory[filled] = (REAL)0.01 * (filled % 7);
    REAL *W1 = memory, *d_W1 = W1 + d * hidden, *W2 = d_W1 + d * hidden, *d_W2 = W2 + hidden * k;
    REAL *h = d_W2 + hidden * k, *d_h = h + n * hidden, *o = d_h + n * hidden;
    gemm(call, 'N', 'N', n, hidden, d, INPUT(0), W1, h);
    gemm(call, 'N', 'N', n, k, hidden, h, W2, o);
    gemm(call, 'N', 'T', n, hidden, k, INPUT(1), W2, d_h);
    gemm(call, 'T', 'N', d, hidden, n, INPUT(0), d_h, d_W1);
    gemm(call, 'T', 'N', hidden, k, n, h, INPUT(1), d_W2);
    Py_RETURN_NONE;
}
