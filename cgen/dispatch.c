/* The native dispatcher: from a Python call to a compiled program and back, in about a tenth of a microsecond.
 *
 * Two types.  A Kernel is a program with all that is needed to call it: addresses, what its inputs must be, what its
 * outputs will be.  A Caller is the base class of Function: it finds a value for each input (an argument, or the cell
 * of a shared variable or default), runs the kernel, stores updates and hands back the results.  Whatever is unusual
 * (keywords, lists, other dtypes, other layouts) goes to the method `call_generally`, written in Python.
 *
 * The memory of large outputs is in dispatch_pool.h, the threads in dispatch_threads.h.  Programs know nothing of Python: see ptl_runtime.h.
 */
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <structmember.h>

#include "dispatch_pool.h"
#include "dispatch_stamp.h"
#include "dispatch_threads.h"
#include "ptl_runtime.h"

#if NPY_SIZEOF_INTP != 8
#error "programs take 64-bit lengths; this platform's NumPy has shorter ones"
#endif

/* Work on more bytes than this is done without the GIL: letting it go and fetching it back costs some 100 ns.  Long
 * loops let it go whatever their bytes. */
#define RELEASE_GIL_BYTES 100000
/* Smaller outputs come from NumPy's own cache of small blocks, which is faster than the pool. */
#define POOLED_OUTPUT_BYTES 65536
/* Under which tracemalloc knows the memory of arrays. */
#define NUMPY_TRACE_DOMAIN 389047
/* Larger workspaces go back to the pool after each call, so that functions share them. */
#define OWN_WORKSPACE_BYTES 1048576
/* Calls that need more room than this for their bookkeeping fetch it from the heap. */
#define STACK_FRAME_BYTES 1024
/* Every integer up to here is a double. */
#define LARGEST_EXACT (1LL << 53)
/* From this size on an array in another layout is worth a program that takes it as it lies. */
#define WORTH_A_PROGRAM (1 << 20)

typedef struct {
    PyArray_Descr *descr;
    int64_t item_bytes;
    int type_num;
    int ndim;
    bool is_particular; /* has static lengths, or is of booleans */
    bool in_rows; /* whether the program takes elements in rows that stand apart; else they follow each other */
    npy_intp *lengths; /* -1 where any will do */
} InputSpec;

/* An array that was handed out, and the flags that it had. */
typedef struct {
    PyObject *array;
    int flags;
} KeptArray;

#define KEPT_ARRAYS 2

typedef struct {
    PyArray_Descr *descr;
    int64_t item_bytes;
    int ndim;
    KeptArray kept[KEPT_ARRAYS];
    int oldest;         /* of the kept ones */
    int64_t *positions; /* of its lengths among the sizes */
    Py_ssize_t into;    /* the input that it may be written over, -1 if none */
} OutputSpec;

typedef struct {
    PyObject_HEAD
    ptl_sizes_function sizes;
    ptl_run_function run;
    Py_ssize_t n_inputs, n_constants, n_outputs, n_sizes;
    size_t frame_bytes;
    InputSpec *inputs;
    OutputSpec *outputs;
    PyObject *constants; /* tuple of arrays */
    ptl_array *constant_arrays;
    PyObject *describe;  /* from (where, details, shapes of the inputs) to an exception */
    PyObject *keepalive; /* whatever keeps the library loaded */
    char *workspace;
    int64_t workspace_bytes;
    bool workspace_busy;
} Kernel;

typedef struct {
    Py_ssize_t argument; /* its place among the arguments, -1 if it is none */
    bool takes_numbers;  /* whether a Python number may stand for a 0-d array */
    PyObject *cell;      /* a list whose first element is the value where no argument is, or NULL */
} InputSource;

typedef struct {
    Py_ssize_t output;
    PyObject *cell;
} Update;

typedef enum { RETURN_LIST, RETURN_SINGLE, RETURN_NONE, RETURN_DICT } Returned;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Kernel *kernel; /* NULL: every call is a general one */
    Py_ssize_t n_arguments, n_sources, n_updates, n_returned;
    InputSource *sources;
    Update *updates;
    Py_ssize_t *into; /* for each output the input that it may be written over, or -1; NULL: none */
    Returned returned;
    PyObject *keys;  /* tuple of strings, or NULL */
    PyObject *names; /* tuple with the name of each argument, or None where it cannot be given by name */
} Caller;

/* The bookkeeping of one call. */
typedef struct {
    ptl_array *in;
    union {
        double real;
        int64_t integer;
    } *numbers;
    int64_t *sizes;
    PyObject **held; /* inputs that the call itself must keep alive */
    const Py_ssize_t *into; /* those of the caller */
    PyObject **results;
    void **out;
    int64_t bytes;
} Frame;

static PyTypeObject *KernelType, *CallerType;
static PyObject *call_generally; /* the interned name */

static size_t frame_size(const Kernel *kernel) {
    size_t n_in = (size_t)(kernel->n_inputs + kernel->n_constants), n_out = (size_t)kernel->n_outputs;
    return n_in * sizeof(ptl_array) + (size_t)kernel->n_inputs * (8 + sizeof(PyObject *)) +
           (size_t)kernel->n_sizes * 8 + n_out * (sizeof(PyObject *) + sizeof(void *));
}

static void frame_lay_out(Frame *frame, const Kernel *kernel, char *memory) {
    frame->in = (ptl_array *)memory;
    memory += (size_t)(kernel->n_inputs + kernel->n_constants) * sizeof(ptl_array);
    frame->numbers = (void *)memory;
    memory += (size_t)kernel->n_inputs * 8;
    frame->sizes = (int64_t *)memory;
    memory += (size_t)kernel->n_sizes * 8;
    frame->held = (PyObject **)memory;
    memory += (size_t)kernel->n_inputs * sizeof(PyObject *);
    frame->results = (PyObject **)memory;
    memory += (size_t)kernel->n_outputs * sizeof(PyObject *);
    frame->out = (void **)memory;
    frame->bytes = 0;
    frame->into = NULL;
    for (Py_ssize_t i = 0; i < kernel->n_inputs; i++) frame->held[i] = NULL;
}

static void frame_let_go(Frame *frame, const Kernel *kernel) {
    for (Py_ssize_t i = 0; i < kernel->n_inputs; i++) Py_XDECREF(frame->held[i]);
}

/* -- arrays ------------------------------------------------------------------------------------------ */

/* An array of `bytes` bytes in all; a large one has memory that was used before, if there is some.  It is given its
 * memory here: to make the pool NumPy's allocator for one array, and undo that, takes 300 ns. */
static PyObject *new_array(PyArray_Descr *descr, int ndim, const npy_intp *lengths, int64_t bytes) {
    void *data = bytes < POOLED_OUTPUT_BYTES ? NULL : pool_malloc(NULL, (size_t)bytes);
    Py_INCREF(descr);
    if (data == NULL) /* if memory is short, NumPy says so */
        return PyArray_NewFromDescr(&PyArray_Type, descr, ndim, lengths, NULL, NULL, 0, NULL);
    PyObject *array = PyArray_NewFromDescr(&PyArray_Type, descr, ndim, lengths, NULL, data, NPY_ARRAY_CARRAY, NULL);
    if (array == NULL) {
        pool_free(NULL, data, 0);
        return NULL;
    }
    ((PyArrayObject_fields *)array)->mem_handler = Py_NewRef(pool_handler);
    PyArray_ENABLEFLAGS((PyArrayObject *)array, NPY_ARRAY_OWNDATA);
    PyTraceMalloc_Track(NUMPY_TRACE_DOMAIN, (uintptr_t)data, (size_t)bytes);
    return array;
}

/* -- inputs ---------------------------------------------------------------------------------------- */

static inline void bind_array(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyArrayObject *array) {
    frame->in[i].data = PyArray_DATA(array);
    frame->in[i].shape = (const int64_t *)PyArray_DIMS(array);
    frame->in[i].strides = (const int64_t *)PyArray_STRIDES(array);
    int64_t bytes = spec->item_bytes;
    for (int axis = 0; axis < spec->ndim; axis++) bytes *= PyArray_DIM(array, axis);
    frame->bytes += bytes;
}

static bool lengths_fit(const InputSpec *spec, PyArrayObject *array) {
    for (int axis = 0; axis < spec->ndim; axis++)
        if (spec->lengths[axis] >= 0 && spec->lengths[axis] != PyArray_DIM(array, axis)) return false;
    return true;
}

static inline void bind_to_number(Frame *frame, Py_ssize_t i) {
    frame->in[i].data = &frame->numbers[i];
    frame->in[i].shape = frame->in[i].strides = NULL;
}

/* A number in place of a 0-d array, where NumPy's conversion would lose nothing. */
static bool bind_number(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyObject *value) {
    if (spec->type_num == NPY_DOUBLE) {
        if (PyFloat_CheckExact(value))
            frame->numbers[i].real = PyFloat_AS_DOUBLE(value);
        else if (Py_IS_TYPE(value, &PyDoubleArrType_Type))
            frame->numbers[i].real = PyArrayScalar_VAL(value, Double);
        else if (PyLong_CheckExact(value)) {
            int overflow;
            long long whole = PyLong_AsLongLongAndOverflow(value, &overflow);
            if (overflow || whole > LARGEST_EXACT || whole < -LARGEST_EXACT) return false;
            frame->numbers[i].real = (double)whole;
        } else
            return false;
    } else if (spec->type_num == NPY_INT64 && PyLong_CheckExact(value)) {
        int overflow;
        frame->numbers[i].integer = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow) return false;
    } else {
        return false;
    }
    bind_to_number(frame, i);
    return true;
}

/* A NumPy scalar in place of a 0-d array of a type that surely holds its value. */
static bool bind_scalar(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyObject *value) {
    if (PyArray_IsScalar(value, Integer)) {
        PyObject *whole = PyNumber_Index(value);
        if (whole == NULL) PyErr_Clear();
        bool is_bound = whole != NULL && bind_number(frame, i, spec, whole);
        Py_XDECREF(whole);
        return is_bound;
    }
    if (!PyArray_IsScalar(value, Float) && !PyArray_IsScalar(value, Half)) return false;
    const int type = PyArray_IsScalar(value, Float) ? NPY_FLOAT : NPY_HALF;
    if (spec->item_bytes > 8 || !PyArray_CanCastSafely(type, spec->type_num)) return false;
    PyArray_CastScalarToCtype(value, &frame->numbers[i], spec->descr);
    bind_to_number(frame, i);
    return true;
}

/* A list of Python numbers in place of a vector of doubles, where NumPy's conversion would lose nothing. */
static bool bind_list(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyObject *list) {
    npy_intp length = PyList_GET_SIZE(list);
    if (spec->type_num != NPY_DOUBLE || spec->ndim != 1 || (spec->lengths[0] >= 0 && spec->lengths[0] != length))
        return false;
    PyObject *array = new_array(spec->descr, 1, &length, length * 8);
    if (array == NULL) {
        PyErr_Clear(); /* the general road will say what is wrong */
        return false;
    }
    Py_XSETREF(frame->held[i], array);
    double *numbers = PyArray_DATA((PyArrayObject *)array);
    for (npy_intp k = 0; k < length; k++) {
        PyObject *item = PyList_GET_ITEM(list, k);
        if (PyFloat_CheckExact(item)) {
            numbers[k] = PyFloat_AS_DOUBLE(item);
            continue;
        }
        int overflow = 0;
        long long whole = PyLong_CheckExact(item) ? PyLong_AsLongLongAndOverflow(item, &overflow) : LLONG_MAX;
        if (overflow || whole > LARGEST_EXACT || whole < -LARGEST_EXACT) return false;
        numbers[k] = (double)whole;
    }
    bind_array(frame, i, spec, (PyArrayObject *)array);
    return true;
}

/* Whether the elements of each row follow each other, and rows do not overlap. */
static bool __attribute__((noinline, cold)) lies_in_rows(PyArrayObject *array) {
    npy_intp span = PyArray_ITEMSIZE(array);
    for (int axis = PyArray_NDIM(array) - 1; axis >= 0; axis--) {
        const npy_intp stride = PyArray_STRIDE(array, axis);
        const bool is_innermost = axis == PyArray_NDIM(array) - 1;
        if (stride < span || stride % PyArray_ITEMSIZE(array) || (is_innermost && stride != span)) return false;
        span = stride * PyArray_DIM(array, axis);
    }
    return PyArray_SIZE(array) > 0 && PyArray_ISALIGNED(array);
}

/* Whether a byte of an array of booleans may be neither 0 nor 1, as happens where bytes are viewed as booleans.  NumPy
 * writes no others: so arrays that own their memory, and views of arrays of booleans, are not looked at. */
static bool __attribute__((noinline, cold)) holds_other_bytes(PyArrayObject *array) {
    PyObject *base = PyArray_BASE(array);
    if (PyArray_Check(base) && PyArray_TYPE((PyArrayObject *)base) == NPY_BOOL &&
        PyArray_BASE((PyArrayObject *)base) == NULL)
        return false;
    if (!PyArray_IS_C_CONTIGUOUS(array)) return true;
    const uint8_t *bytes = PyArray_DATA(array);
    const npy_intp size = PyArray_SIZE(array);
    uint8_t all = 0;
    for (npy_intp k = 0; k < size; k++) all |= bytes[k];
    return all > 1;
}

/* What few inputs need to be looked at for, so that the others' calls do not grow by it. */
static bool __attribute__((noinline)) suits(const InputSpec *spec, PyArrayObject *array) {
    const bool is_view_of_bytes = spec->type_num == NPY_BOOL && PyArray_BASE(array) != NULL;
    return lengths_fit(spec, array) && !(is_view_of_bytes && holds_other_bytes(array));
}

/* Whether the value can be handed to the program as it is; if so it is bound. */
static inline bool bind_input(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyObject *value,
                              bool takes_numbers) {
    if (!PyArray_CheckExact(value)) {
        if (!takes_numbers) return false;
        if (spec->ndim > 0) return PyList_CheckExact(value) && bind_list(frame, i, spec, value);
        return bind_number(frame, i, spec, value) || bind_scalar(frame, i, spec, value);
    }
    PyArrayObject *array = (PyArrayObject *)value;
    const int needed = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
    if (PyArray_TYPE(array) != spec->type_num || PyArray_NDIM(array) != spec->ndim || !PyArray_ISNOTSWAPPED(array))
        return false;
    if ((PyArray_FLAGS(array) & needed) != needed && !(spec->in_rows && lies_in_rows(array))) return false;
    if (spec->is_particular && !suits(spec, array)) return false;
    bind_array(frame, i, spec, array);
    return true;
}

/* A large array that fits but for its layout, with elements that follow each other along some axis: the general road
 * may have a program for it. */
static bool __attribute__((noinline, cold)) is_worth_a_program(const InputSpec *spec, PyArrayObject *array) {
    if (PyArray_NDIM(array) < 2 || PyArray_NBYTES(array) < WORTH_A_PROGRAM || spec->in_rows) return false;
    if (PyArray_TYPE(array) != spec->type_num || !PyArray_ISBEHAVED_RO(array)) return false;
    for (int axis = 0; axis < PyArray_NDIM(array); axis++)
        if (PyArray_STRIDE(array, axis) == spec->item_bytes && PyArray_DIM(array, axis) > 1) return true;
    return false;
}

static bool type_fits(const InputSpec *spec, PyArrayObject *array) {
    return PyArray_EquivTypenums(PyArray_TYPE(array), spec->type_num) && PyArray_NDIM(array) == spec->ndim &&
           lengths_fit(spec, array);
}

/* Whether a copy of the array in the program's type is what the general road would take: no digit can be lost. */
static bool fits_when_copied(const InputSpec *spec, PyArrayObject *array) {
    const int type = PyArray_TYPE(array);
    return PyArray_NDIM(array) == spec->ndim && (PyTypeNum_ISNUMBER(type) || PyTypeNum_ISBOOL(type)) &&
           PyArray_CanCastSafely(type, spec->type_num) && lengths_fit(spec, array);
}

/* Bind a copy, in the program's layout and type, of an array that fits; -1 with an exception if that fails. */
static int bind_copy(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyArrayObject *array) {
    const int64_t bytes = PyArray_SIZE(array) * spec->item_bytes;
    PyObject *copy = new_array(spec->descr, spec->ndim, PyArray_DIMS(array), bytes);
    if (copy == NULL) return -1;
    if (PyArray_CopyInto((PyArrayObject *)copy, array) < 0) {
        Py_DECREF(copy);
        return -1;
    }
    if (spec->type_num == NPY_BOOL) {
        uint8_t *truths = PyArray_DATA((PyArrayObject *)copy);
        for (int64_t k = 0; k < bytes; k++) truths[k] = truths[k] != 0;
    }
    Py_XSETREF(frame->held[i], copy);
    bind_array(frame, i, spec, (PyArrayObject *)copy);
    return 0;
}

/* Bind a value of the right type whatever its layout; -1 with an exception if it is not. */
static int bind_any_layout(Frame *frame, Py_ssize_t i, const InputSpec *spec, PyObject *value) {
    if (bind_input(frame, i, spec, value, true)) return 0;
    PyArrayObject *array = (PyArrayObject *)PyArray_FROM_O(value);
    if (array == NULL) return -1;
    if (!type_fits(spec, array)) {
        PyErr_Format(PyExc_TypeError,
                     "expected an array of dtype %S and rank %d as input %zd of the program, got dtype %S and rank %d"
                     " (or a length that contradicts the static shape)",
                     spec->descr, spec->ndim, i, PyArray_DESCR(array), PyArray_NDIM(array));
        Py_DECREF(array);
        return -1;
    }
    int status = bind_copy(frame, i, spec, array);
    Py_DECREF(array);
    return status;
}

#include "dispatch_in_place.h"
#include "dispatch_kept.h"

/* -- outputs and workspace ---------------------------------------------------------------------------- */

static PyObject *new_output(OutputSpec *spec, const int64_t *sizes, int64_t *bytes_sum) {
    npy_intp lengths[NPY_MAXDIMS];
    int64_t bytes = spec->item_bytes;
    bool fits = true;
    for (int axis = 0; axis < spec->ndim; axis++) {
        lengths[axis] = sizes[spec->positions[axis]];
        fits = fits && lengths[axis] >= 0 && ptl_size_multiply(&bytes, lengths[axis]);
    }
    if (PTL_UNLIKELY(!fits))
        return PyErr_Format(PyExc_MemoryError, "an output of rank %d and dtype %S is larger than any memory",
                            spec->ndim, spec->descr);
    *bytes_sum += bytes;
    /* What is to be written over in the next call must have no reference but its cell's. */
    const bool is_kept = bytes <= KEPT_BYTES && spec->into < 0;
    PyObject *kept = is_kept ? kept_output(spec, lengths) : NULL;
    if (kept != NULL) return kept;
    PyObject *made = new_array(spec->descr, spec->ndim, lengths, bytes);
    if (is_kept && made != NULL) keep_output(spec, made);
    return made;
}

static void drop_results(Frame *frame, Py_ssize_t count) {
    while (count > 0) Py_DECREF(frame->results[--count]);
}

static int new_outputs(const Kernel *kernel, Frame *frame) {
    for (Py_ssize_t i = 0; i < kernel->n_outputs; i++) {
        frame->results[i] = frame->into == NULL ? NULL : claim_old_value(kernel, frame, i);
        if (frame->results[i] == NULL)
            frame->results[i] = new_output(&kernel->outputs[i], frame->sizes, &frame->bytes);
        if (frame->results[i] == NULL) {
            drop_results(frame, i);
            return -1;
        }
        frame->out[i] = PyArray_DATA((PyArrayObject *)frame->results[i]);
    }
    return 0;
}

/* The kernel's own workspace unless another thread is using it, or it is so large that it belongs to all. */
static char *acquire_workspace(Kernel *kernel, int64_t bytes) {
    if (bytes > OWN_WORKSPACE_BYTES || kernel->workspace_busy) return pool_malloc(NULL, (size_t)bytes);
    if (bytes > kernel->workspace_bytes) {
        char *larger = pool_malloc(NULL, (size_t)bytes);
        if (larger == NULL) return NULL;
        if (kernel->workspace != NULL) pool_free(NULL, kernel->workspace, 0);
        kernel->workspace = larger;
        kernel->workspace_bytes = bytes;
    }
    kernel->workspace_busy = true;
    return kernel->workspace;
}

static void release_workspace(Kernel *kernel, char *workspace) {
    if (workspace == NULL) return;
    if (workspace == kernel->workspace)
        kernel->workspace_busy = false;
    else
        pool_free(NULL, workspace, 0);
}

/* -- running ------------------------------------------------------------------------------------------- */

/* A tuple with the shape of each input. */
static PyObject *input_shapes(const Kernel *kernel, const Frame *frame) {
    PyObject *shapes = PyTuple_New(kernel->n_inputs);
    for (Py_ssize_t i = 0; shapes != NULL && i < kernel->n_inputs; i++) {
        const int ndim = kernel->inputs[i].ndim;
        PyObject *shape = PyTuple_New(ndim);
        for (int axis = 0; shape != NULL && axis < ndim; axis++) {
            PyObject *length = PyLong_FromLongLong(frame->in[i].shape[axis]);
            if (length == NULL)
                Py_CLEAR(shape);
            else
                PyTuple_SET_ITEM(shape, axis, length);
        }
        if (shape == NULL)
            Py_CLEAR(shapes);
        else
            PyTuple_SET_ITEM(shapes, i, shape);
    }
    return shapes;
}

static void raise_failure(const Kernel *kernel, const Frame *frame, const ptl_error *error) {
    const int64_t *d = error->detail;
    PyObject *shapes = input_shapes(kernel, frame);
    if (shapes == NULL) return;
    PyObject *raised = PyObject_CallFunction(
        kernel->describe, "L(LLLLLL)N", (long long)error->where, (long long)d[0], (long long)d[1],
        (long long)d[2], (long long)d[3], (long long)d[4], (long long)d[5], shapes);
    if (raised == NULL) return;
    if (PyExceptionInstance_Check(raised))
        PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
    else
        PyErr_Format(PyExc_SystemError, "expected an exception that describes a failure, got %R", raised);
    Py_DECREF(raised);
}

/* Run the program on the bound inputs; its outputs are then in frame->results. */
static int execute(Kernel *kernel, Frame *frame) {
    ptl_error error;
    for (Py_ssize_t i = 0; i < kernel->n_constants; i++)
        frame->in[kernel->n_inputs + i] = kernel->constant_arrays[i];
    frame->sizes[0] = 0;
    if (PTL_UNLIKELY(kernel->sizes(frame->in, frame->sizes, &error) != PTL_OK)) {
        raise_failure(kernel, frame, &error);
        return -1;
    }
    if (new_outputs(kernel, frame) < 0) return -1;
    char *workspace = NULL;
    int64_t bytes = frame->sizes[0];
    if (bytes > 0) {
        workspace = acquire_workspace(kernel, bytes);
        if (workspace == NULL) {
            drop_results(frame, kernel->n_outputs);
            PyErr_Format(PyExc_MemoryError, "cannot allocate %lld bytes of workspace", (long long)bytes);
            return -1;
        }
        frame->bytes += bytes;
    }
    Host host = {.base = {host_run_loop}};
    if (frame->bytes > RELEASE_GIL_BYTES) host_release_gil(&host);
    int32_t status = kernel->run(frame->in, frame->out, frame->sizes, workspace, &error, &host.base);
    if (host.released != NULL) host_restore_gil(&host);
    release_workspace(kernel, workspace);
    if (PTL_UNLIKELY(status != PTL_OK)) {
        drop_results(frame, kernel->n_outputs);
        /* Otherwise a signal has ended a loop. */
        if (!PyErr_Occurred()) raise_failure(kernel, frame, &error);
        return -1;
    }
    return 0;
}

/* Room for a frame: the caller's stack if that suffices. */
static char *frame_memory(const Kernel *kernel, char *stack) {
    if (PTL_LIKELY(kernel->frame_bytes <= STACK_FRAME_BYTES)) return stack;
    char *memory = PyMem_Malloc(kernel->frame_bytes);
    if (memory == NULL) PyErr_NoMemory();
    return memory;
}

static void free_frame_memory(char *memory, const char *stack) {
    if (memory != stack) PyMem_Free(memory);
}

#include "dispatch_kernel.h"
#include "dispatch_types.h"
