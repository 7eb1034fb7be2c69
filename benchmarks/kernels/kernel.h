/* What every kernel written by hand stands on: one function `run` of contiguous arrays, called through
 * METH_FASTCALL, with no more ceremony than a person would add. `REAL` is the element type of the run, `SUM` what numbers
 * are added up in: sums of float32 over thousands of elements would lose digits that those of our programs keep. */
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
#include <stdint.h>
#include <stdlib.h>
#include "vector_math.h"

#define LENGTH(k, axis) ((int64_t)PyArray_DIM(in[k], axis))
#define INPUT(k) ((const REAL *)PyArray_DATA(in[k]))
#define INDEX(k) ((const int64_t *)PyArray_DATA(in[k]))
#define VALUE(k) (*INPUT(k))
#define MASK __typeof__(_Generic((REAL)0, float: (int32_t)0, default: (int64_t)0)) /* an integer as wide as REAL */
typedef double SUM;
#define DATA(array) ((REAL *)PyArray_DATA((PyArrayObject *)(array)))

/* An array for a result. A large one that the caller has released is used again: its pages are there. */
static PyObject *fresh(int slot, int ndim, const npy_intp *shape) {
    static PyArrayObject *kept[4];
    PyArrayObject *last = kept[slot];
    if (last != NULL && Py_REFCNT(last) == 1 && PyArray_NDIM(last) == ndim &&
        PyArray_CompareLists(PyArray_DIMS(last), shape, ndim)) {
        Py_INCREF(last);
        return (PyObject *)last;
    }
    PyObject *made = PyArray_SimpleNew(ndim, shape, REAL_TYPE);
    if (made != NULL && PyArray_NBYTES((PyArrayObject *)made) > 65536) {
        Py_XDECREF(kept[slot]);
        kept[slot] = (PyArrayObject *)Py_NewRef(made);
    }
    return made;
}

static inline PyObject *fresh_scalar(REAL value) {
    PyObject *made = PyArray_SimpleNew(0, NULL, REAL_TYPE);
    if (made != NULL) *DATA(made) = value;
    return made;
}

/* Memory for so many temporary numbers of either type, kept from call to call. */
static void *scratch(int64_t count) {
    static SUM *memory;
    static int64_t room;
    if (count > room) {
        free(memory);
        memory = aligned_alloc(64, (count * sizeof(SUM) + 63) / 64 * 64);
        room = count;
    }
    return memory;
}

/* Sums of columns: in the result itself, or apart where that is less exact; `rounded` puts them there. */
static inline SUM *sums_of(REAL *result, SUM *apart) { return sizeof(REAL) == sizeof(SUM) ? (SUM *)(void *)result : apart; }
static inline void rounded(REAL *result, const SUM *sums, int64_t count) {
    for (int64_t j = 0; j < count && (const void *)sums != (const void *)result; j++) result[j] = (REAL)sums[j];
}

/* Partial sums, as many as a vector holds, and their total by halves: `omp simd reduction` adds one after the other. */
enum { LANES = 64 / sizeof(REAL) };
static inline REAL total(REAL *lanes) {
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++) lanes[k] += lanes[k + half];
    return lanes[0];
}

/* Ask for lines that will be read, or written; what is not there by then is waited for. */
static inline void fetch(const REAL *from, int64_t count) {
    for (int64_t k = 0; k < count; k += LANES) __builtin_prefetch(from + k);
}
static inline void claim(REAL *to, int64_t count) {
    for (int64_t k = 0; k < count; k += LANES) __builtin_prefetch(to + k, 1);
}

static PyObject *compute(PyArrayObject *const *in);

static PyObject *run(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    for (Py_ssize_t k = 0; k < count; k++)
        if (!PyArray_CheckExact(args[k]) || !PyArray_ISCARRAY_RO((PyArrayObject *)args[k]))
            return PyErr_Format(PyExc_TypeError, "argument %zd: expected a contiguous array", k);
    return compute((PyArrayObject *const *)args);
}

static PyMethodDef methods[] = {{"run", (PyCFunction)(void *)run, METH_FASTCALL, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "benchmark_kernel", NULL, -1, methods};
PyMODINIT_FUNC PyInit_benchmark_kernel(void) {
    import_array();
    return PyModule_Create(&definition);
}
