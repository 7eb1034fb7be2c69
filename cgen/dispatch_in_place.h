/* New values of shared variables, written over the old ones.
 *
 * An output may take the memory of the input that it replaces if nobody else can see that memory: the array owns it,
 * its cell holds one reference and this call the other, and no other input lies there.  Whoever holds the old value
 * keeps it unchanged, therefore, and two calls at once never write to one array.  While the program runs, perhaps
 * without the GIL, the array stands in a short list, and whoever is about to read it in another thread waits.
 */
#ifndef PTL_DISPATCH_IN_PLACE_H
#define PTL_DISPATCH_IN_PLACE_H

#include <time.h>

#define MOST_OVERWRITTEN 64
#define WAIT_NANOSECONDS 20000

/* Looked at and changed with the GIL held. */
static struct {
    struct {
        PyObject *array;
        unsigned long thread;
    } claims[MOST_OVERWRITTEN];
    int count;
} overwritten;

/* Whether another thread may be writing to `array`; what this one does, say a signal handler, comes before that. */
static bool is_overwritten(const PyObject *array) {
    for (int i = 0; i < overwritten.count; i++)
        if (overwritten.claims[i].array == array) return overwritten.claims[i].thread != PyThread_get_thread_ident();
    return false;
}

/* Let a call in another thread finish writing `value`, to which the caller holds a reference. */
static void wait_until_written(const PyObject *value) {
    const struct timespec pause = {0, WAIT_NANOSECONDS};
    while (is_overwritten(value)) {
        Py_BEGIN_ALLOW_THREADS;
        nanosleep(&pause, NULL);
        Py_END_ALLOW_THREADS;
    }
}

static void forget_overwritten(const PyObject *array) {
    for (int i = 0; i < overwritten.count; i++)
        if (overwritten.claims[i].array == array) {
            overwritten.claims[i] = overwritten.claims[--overwritten.count];
            return;
        }
}

static int64_t bound_bytes(const Kernel *kernel, const Frame *frame, Py_ssize_t i) {
    if (i >= kernel->n_inputs)
        return PyArray_NBYTES((PyArrayObject *)PyTuple_GET_ITEM(kernel->constants, i - kernel->n_inputs));
    int64_t bytes = kernel->inputs[i].item_bytes;
    for (int axis = 0; axis < kernel->inputs[i].ndim; axis++) bytes *= frame->in[i].shape[axis];
    return bytes;
}

/* Whether input `source` shares no byte with any other input or constant. */
static bool lies_apart(const Kernel *kernel, const Frame *frame, Py_ssize_t source) {
    const char *start = frame->in[source].data, *end = start + bound_bytes(kernel, frame, source);
    for (Py_ssize_t i = 0; i < kernel->n_inputs + kernel->n_constants; i++) {
        const char *other = frame->in[i].data;
        if (i != source && other < end && start < other + bound_bytes(kernel, frame, i)) return false;
    }
    return true;
}

/* A new reference to the old value that output `i` may be written over; NULL (and no exception) if it may not. */
static PyObject *claim_old_value(const Kernel *kernel, Frame *frame, Py_ssize_t i) {
    const Py_ssize_t source = frame->into[i];
    PyObject *old = source < 0 ? NULL : frame->held[source];
    if (old == NULL || Py_REFCNT(old) != 2 || overwritten.count == MOST_OVERWRITTEN) return NULL;
    PyArrayObject *array = (PyArrayObject *)old;
    const int needed = NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEABLE;
    if ((PyArray_FLAGS(array) & needed) != needed || frame->in[source].data != PyArray_DATA(array) ||
        !lies_apart(kernel, frame, source))
        return NULL;
    overwritten.claims[overwritten.count].array = old;
    overwritten.claims[overwritten.count++].thread = PyThread_get_thread_ident();
    return Py_NewRef(old);
}

#endif
