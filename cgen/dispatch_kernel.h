/* The Python side of the dispatcher: the type Kernel.  Part of dispatch.c. */

static void kernel_free_specs(Kernel *self) {
    for (Py_ssize_t i = 0; self->inputs != NULL && i < self->n_inputs; i++) {
        Py_XDECREF(self->inputs[i].descr);
        PyMem_Free(self->inputs[i].lengths);
    }
    for (Py_ssize_t i = 0; self->outputs != NULL && i < self->n_outputs; i++) {
        Py_XDECREF(self->outputs[i].descr);
        drop_kept(&self->outputs[i]);
        PyMem_Free(self->outputs[i].positions);
    }
    PyMem_Free(self->inputs);
    PyMem_Free(self->outputs);
    PyMem_Free(self->constant_arrays);
}

/* Read (dtype, ndim, lengths): `lengths` is a new array of ndim numbers, -1 where the tuple has None.  There may be a
 * fourth element: whether an input may lie in rows, or the input that an output may be written over. */
static int read_spec(PyObject *entry, PyArray_Descr **descr, int *ndim, int64_t **lengths, Py_ssize_t *fourth) {
    PyObject *dtype, *tuple;
    if (!PyArg_ParseTuple(entry, "OiO!|n", &dtype, ndim, &PyTuple_Type, &tuple, fourth)) return -1;
    if (*ndim < 0 || *ndim > NPY_MAXDIMS || PyTuple_GET_SIZE(tuple) != *ndim) {
        PyErr_Format(PyExc_ValueError, "expected %d lengths, at most %d, got %R", *ndim, NPY_MAXDIMS, tuple);
        return -1;
    }
    *lengths = PyMem_Calloc((size_t)*ndim + 1, sizeof(int64_t));
    if (*lengths == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int axis = 0; axis < *ndim; axis++) {
        PyObject *length = PyTuple_GET_ITEM(tuple, axis);
        (*lengths)[axis] = length == Py_None ? -1 : PyLong_AsLongLong(length);
        if (PyErr_Occurred()) return -1;
    }
    return PyArray_DescrConverter(dtype, descr) ? 0 : -1;
}

static int kernel_read_inputs(Kernel *self, PyObject *list) {
    self->n_inputs = PyList_GET_SIZE(list);
    self->inputs = PyMem_Calloc((size_t)self->n_inputs + 1, sizeof(InputSpec));
    if (self->inputs == NULL) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < self->n_inputs; i++) {
        InputSpec *spec = &self->inputs[i];
        Py_ssize_t in_rows = 0;
        if (read_spec(PyList_GET_ITEM(list, i), &spec->descr, &spec->ndim, (int64_t **)&spec->lengths, &in_rows) < 0)
            return -1;
        spec->in_rows = in_rows != 0;
        spec->type_num = spec->descr->type_num;
        spec->item_bytes = PyDataType_ELSIZE(spec->descr);
        spec->is_particular = spec->type_num == NPY_BOOL;
        for (int axis = 0; axis < spec->ndim; axis++) spec->is_particular |= spec->lengths[axis] >= 0;
    }
    return 0;
}

static int kernel_read_outputs(Kernel *self, PyObject *list) {
    self->n_outputs = PyList_GET_SIZE(list);
    self->outputs = PyMem_Calloc((size_t)self->n_outputs + 1, sizeof(OutputSpec));
    if (self->outputs == NULL) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < self->n_outputs; i++) {
        OutputSpec *spec = &self->outputs[i];
        spec->into = -1;
        if (read_spec(PyList_GET_ITEM(list, i), &spec->descr, &spec->ndim, &spec->positions, &spec->into) < 0)
            return -1;
        if (spec->into < -1 || spec->into >= self->n_inputs) {
            PyErr_Format(PyExc_ValueError, "output %zd is to be written over input %zd of %zd", i, spec->into,
                         self->n_inputs);
            return -1;
        }
        spec->item_bytes = PyDataType_ELSIZE(spec->descr);
        for (int axis = 0; axis < spec->ndim; axis++)
            if (spec->positions[axis] < 0 || spec->positions[axis] >= self->n_sizes) {
                PyErr_Format(PyExc_ValueError, "output %zd takes a length from position %lld of %zd sizes", i,
                             (long long)spec->positions[axis], self->n_sizes);
                return -1;
            }
    }
    return 0;
}

static int kernel_read_constants(Kernel *self, PyObject *list) {
    self->n_constants = PyList_GET_SIZE(list);
    self->constants = PyList_AsTuple(list);
    self->constant_arrays = PyMem_Calloc((size_t)self->n_constants + 1, sizeof(ptl_array));
    if (self->constants == NULL) return -1;
    if (self->constant_arrays == NULL) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < self->n_constants; i++) {
        PyArrayObject *array = (PyArrayObject *)PyTuple_GET_ITEM(self->constants, i);
        if (!PyArray_Check(array) || !PyArray_ISCARRAY_RO(array)) {
            PyErr_Format(PyExc_ValueError,
                         "constant %zd must be a C-contiguous, aligned array in native byte order", i);
            return -1;
        }
        self->constant_arrays[i].data = PyArray_DATA(array);
        self->constant_arrays[i].shape = (const int64_t *)PyArray_DIMS(array);
        self->constant_arrays[i].strides = (const int64_t *)PyArray_STRIDES(array);
    }
    return 0;
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"sizes",   "run",      "n_sizes",   "inputs", "constants",
                            "outputs", "describe", "keepalive", NULL};
    unsigned long long sizes, run;
    Py_ssize_t n_sizes;
    PyObject *inputs, *constants, *outputs, *describe, *keepalive = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KKnO!O!O!O|O", names, &sizes, &run, &n_sizes, &PyList_Type,
                                     &inputs, &PyList_Type, &constants, &PyList_Type, &outputs, &describe,
                                     &keepalive))
        return NULL;
    if (sizes == 0 || run == 0 || n_sizes < 1 || !PyCallable_Check(describe))
        return PyErr_Format(PyExc_ValueError,
                            "expected two addresses, at least one size and a function that describes failures");
    Kernel *self = (Kernel *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->sizes = (ptl_sizes_function)(uintptr_t)sizes;
    self->run = (ptl_run_function)(uintptr_t)run;
    self->n_sizes = n_sizes;
    self->describe = Py_NewRef(describe);
    self->keepalive = Py_NewRef(keepalive);
    if (kernel_read_inputs(self, inputs) < 0 || kernel_read_outputs(self, outputs) < 0 ||
        kernel_read_constants(self, constants) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    self->frame_bytes = frame_size(self);
    return (PyObject *)self;
}

static int kernel_traverse(Kernel *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->constants);
    Py_VISIT(self->describe);
    Py_VISIT(self->keepalive);
    return 0;
}

static int kernel_clear(Kernel *self) {
    Py_CLEAR(self->constants);
    Py_CLEAR(self->describe);
    Py_CLEAR(self->keepalive);
    return 0;
}

static void kernel_dealloc(Kernel *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    kernel_free_specs(self);
    pool_free(NULL, self->workspace, 0);
    kernel_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* kernel(values): any layout, one value for each input; returns a list of fresh arrays. */
static PyObject *kernel_call(Kernel *self, PyObject *args, PyObject *kwargs) {
    PyObject *values;
    if ((kwargs != NULL && PyDict_GET_SIZE(kwargs)) || !PyArg_ParseTuple(args, "O", &values)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a kernel takes no keywords");
        return NULL;
    }
    PyObject *sequence = PySequence_Fast(values, "expected a sequence with a value for each input");
    if (sequence == NULL) return NULL;
    PyObject *list = NULL;
    char stack[STACK_FRAME_BYTES], *memory = frame_memory(self, stack);
    Frame frame;
    if (memory == NULL) goto done;
    frame_lay_out(&frame, self, memory);
    if (PySequence_Fast_GET_SIZE(sequence) != self->n_inputs) {
        PyErr_Format(PyExc_TypeError, "expected %zd inputs, got %zd", self->n_inputs,
                     PySequence_Fast_GET_SIZE(sequence));
        goto let_go;
    }
    for (Py_ssize_t i = 0; i < self->n_inputs; i++) {
        PyObject *value = PySequence_Fast_GET_ITEM(sequence, i);
        wait_until_written(value);
        if (bind_any_layout(&frame, i, &self->inputs[i], value) < 0) goto let_go;
    }
    if (execute(self, &frame) == 0) {
        list = PyList_New(self->n_outputs);
        if (list == NULL)
            drop_results(&frame, self->n_outputs);
        else
            for (Py_ssize_t i = 0; i < self->n_outputs; i++) PyList_SET_ITEM(list, i, frame.results[i]);
    }
let_go:
    frame_let_go(&frame, self);
    free_frame_memory(memory, stack);
done:
    Py_DECREF(sequence);
    return list;
}
