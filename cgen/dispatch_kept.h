/* Small results that are handed out again.
 *
 * Making an array takes longer than most of what is done with eight numbers.  So an output remembers the last two arrays
 * that it handed out: when nobody holds one any more but the output, and it is still as it was made, the next call gets
 * it.  Two, because in `y = f(x)` the old result lives until the new one is there.
 */
#ifndef PTL_DISPATCH_KEPT_H
#define PTL_DISPATCH_KEPT_H

/* Larger ones cost more to fill than to make. */
#define KEPT_BYTES 16384

/* Whether nothing that may be changed about an array has been changed. */
static inline bool is_as_made(const OutputSpec *spec, const KeptArray *kept, const npy_intp *lengths) {
    const PyArrayObject_fields *array = (const PyArrayObject_fields *)kept->array;
    if (array->descr != spec->descr || array->nd != spec->ndim || array->flags != kept->flags) return false;
    for (int axis = 0; axis < spec->ndim; axis++)
        if (array->dimensions[axis] != lengths[axis]) return false;
    return true;
}

/* A new reference to an array that was handed out before and that nobody holds, or NULL. */
static inline PyObject *kept_output(OutputSpec *spec, const npy_intp *lengths) {
    PyObject *found = NULL;
    for (int i = 0; i < KEPT_ARRAYS; i++) {
        KeptArray *kept = &spec->kept[i];
        if (kept->array == NULL || Py_REFCNT(kept->array) != 1) continue;
        if (((PyArrayObject_fields *)kept->array)->weakreflist != NULL)
            Py_CLEAR(kept->array); /* somebody waits for its end */
        else if (found == NULL && is_as_made(spec, kept, lengths))
            found = Py_NewRef(kept->array);
    }
    return found;
}

/* Remember a new array in place of the one that was remembered first. */
static void keep_output(OutputSpec *spec, PyObject *array) {
    KeptArray *slot = &spec->kept[spec->oldest];
    PyObject *old = slot->array;
    slot->array = Py_NewRef(array);
    slot->flags = PyArray_FLAGS((PyArrayObject *)array);
    spec->oldest = (spec->oldest + 1) % KEPT_ARRAYS;
    Py_XDECREF(old);
}

static void drop_kept(OutputSpec *spec) {
    for (int i = 0; i < KEPT_ARRAYS; i++) Py_CLEAR(spec->kept[i].array);
}

#endif
