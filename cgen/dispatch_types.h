/* The Python side of the dispatcher: the type Caller, and the module.  Part of dispatch.c. */

/* -- Caller: one call ---------------------------------------------------------------------------------------- */

static PyObject *call_in_python(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t count = PyVectorcall_NARGS(nargsf) + (kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0);
    PyObject *few[9], **shifted = few;
    if (count + 1 > 9) {
        shifted = PyMem_Malloc((size_t)(count + 1) * sizeof(PyObject *));
        if (shifted == NULL) return PyErr_NoMemory();
    }
    shifted[0] = self;
    for (Py_ssize_t i = 0; i < count; i++) shifted[i + 1] = args[i];
    size_t shifted_nargs = (size_t)PyVectorcall_NARGS(nargsf) + 1;
    PyObject *result = PyObject_VectorcallMethod(call_generally, shifted, shifted_nargs, kwnames);
    if (shifted != few) PyMem_Free(shifted);
    return result;
}

/* What became of an attempt to bind all inputs. */
typedef enum { BOUND, UNUSUAL, FAILED } Binding;

/* Find a value for every input and bind it.  `args` may hold NULL where an argument is missing. */
static Binding bind_all(Caller *self, Frame *frame, PyObject *const *args, Py_ssize_t nargs) {
    for (Py_ssize_t i = 0; i < self->n_sources; i++) {
        const InputSource *source = &self->sources[i];
        const InputSpec *spec = &self->kernel->inputs[i];
        PyObject *value = source->argument >= 0 && source->argument < nargs ? args[source->argument] : NULL;
        if (value == NULL) {
            if (source->cell == NULL || PyList_GET_SIZE(source->cell) == 0) return UNUSUAL;
            /* Another thread may replace the value while the program runs. */
            value = frame->held[i] = Py_NewRef(PyList_GET_ITEM(source->cell, 0));
        }
        if (PTL_UNLIKELY(overwritten.count > 0)) wait_until_written(value);
        if (PTL_LIKELY(bind_input(frame, i, spec, value, source->takes_numbers))) continue;
        /* Layout, byte order and narrower dtypes are no reason to enter Python, unless the input is strict. */
        if (!source->takes_numbers || !PyArray_CheckExact(value) || !fits_when_copied(spec, (PyArrayObject *)value))
            return UNUSUAL;
        if (is_worth_a_program(spec, (PyArrayObject *)value)) return UNUSUAL;
        if (bind_copy(frame, i, spec, (PyArrayObject *)value) < 0) return FAILED;
    }
    for (Py_ssize_t i = 0; i < self->n_updates; i++)
        if (PyList_GET_SIZE(self->updates[i].cell) == 0) return UNUSUAL;
    return BOUND;
}

/* Move the updates into their cells.  The old values go last: that may run anything, and finds all new ones. */
static void store_updates(Caller *self, Frame *frame) {
    for (Py_ssize_t i = 0; i < self->n_updates; i++) {
        PyObject **slot = &frame->results[self->updates[i].output], *cell = self->updates[i].cell;
        PyObject *old = PyList_GET_ITEM(cell, 0);
        PyList_SET_ITEM(cell, 0, *slot);
        *slot = old;
    }
    for (Py_ssize_t i = 0; i < self->n_updates; i++) Py_XDECREF(frame->results[self->updates[i].output]);
}

static PyObject *as_dictionary(Caller *self, Frame *frame) {
    PyObject *result = PyDict_New();
    for (Py_ssize_t i = 0; i < self->n_returned; i++) {
        if (result != NULL && PyDict_SetItem(result, PyTuple_GET_ITEM(self->keys, i), frame->results[i]) < 0)
            Py_CLEAR(result);
        Py_DECREF(frame->results[i]);
    }
    return result;
}

static PyObject *as_list(Caller *self, Frame *frame) {
    PyObject *result = PyList_New(self->n_returned);
    if (result == NULL)
        drop_results(frame, self->n_returned);
    else
        for (Py_ssize_t i = 0; i < self->n_returned; i++) PyList_SET_ITEM(result, i, frame->results[i]);
    return result;
}

static PyObject *hand_back(Caller *self, Frame *frame) {
    switch (self->returned) {
    case RETURN_SINGLE:
        return frame->results[0];
    case RETURN_DICT:
        return as_dictionary(self, frame);
    case RETURN_NONE:
        return Py_NewRef(Py_None);
    default:
        return as_list(self, frame);
    }
}

/* Let others read again what this call has written over. */
static void forget_claims(const Caller *self, const Frame *frame) {
    for (Py_ssize_t i = 0; self->into != NULL && i < self->kernel->n_outputs; i++)
        if (self->into[i] >= 0) forget_overwritten(frame->held[self->into[i]]);
}

static PyObject *call_kernel(Caller *self, PyObject *const *args, Py_ssize_t nargs, bool *is_unusual) {
    Kernel *kernel = self->kernel;
    char stack[STACK_FRAME_BYTES], *memory = frame_memory(kernel, stack);
    if (memory == NULL) return NULL;
    Frame frame;
    frame_lay_out(&frame, kernel, memory);
    frame.into = self->into;
    PyObject *result = NULL;
    Binding binding = bind_all(self, &frame, args, nargs);
    const int status = PTL_LIKELY(binding == BOUND) ? execute(kernel, &frame) : -1;
    if (overwritten.count > 0) forget_claims(self, &frame);
    if (PTL_LIKELY(status == 0)) {
        if (self->n_updates) store_updates(self, &frame);
        result = hand_back(self, &frame);
    }
    frame_let_go(&frame, kernel);
    free_frame_memory(memory, stack);
    *is_unusual = binding == UNUSUAL;
    return result;
}

/* Put arguments given by name into their places; false if a name is unknown or given twice. */
static bool place_by_name(Caller *self, PyObject **placed, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames) {
    for (Py_ssize_t i = 0; i < self->n_arguments; i++) placed[i] = i < nargs ? args[i] : NULL;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); k++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, k);
        Py_ssize_t i = 0;
        /* Names in a program's text and names given to variables are both interned: the same object. */
        while (i < self->n_arguments && PyTuple_GET_ITEM(self->names, i) != name) i++;
        if (i == self->n_arguments || placed[i] != NULL) return false;
        placed[i] = args[nargs + k];
    }
    return true;
}

#define NAMED_ARGUMENTS 16

static PyObject *caller_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Caller *self = (Caller *)callable;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    bool is_unusual = true;
    PyObject *result = NULL;
    if (PTL_LIKELY(self->kernel != NULL && nargs <= self->n_arguments)) {
        PyObject *placed[NAMED_ARGUMENTS];
        if (kwnames == NULL)
            result = call_kernel(self, args, nargs, &is_unusual);
        else if (self->n_arguments <= NAMED_ARGUMENTS && place_by_name(self, placed, args, nargs, kwnames))
            result = call_kernel(self, placed, self->n_arguments, &is_unusual);
    }
    return is_unusual && !PyErr_Occurred() ? call_in_python(callable, args, nargsf, kwnames) : result;
}

/* -- Caller: the type ---------------------------------------------------------------------------------------- */

static PyObject *caller_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)args;
    (void)kwargs;
    Caller *self = (Caller *)type->tp_alloc(type, 0);
    if (self != NULL) self->vectorcall = caller_vectorcall;
    return (PyObject *)self;
}

static int caller_traverse(Caller *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->kernel);
    Py_VISIT(self->keys);
    Py_VISIT(self->names);
    for (Py_ssize_t i = 0; i < self->n_sources; i++) Py_VISIT(self->sources[i].cell);
    for (Py_ssize_t i = 0; i < self->n_updates; i++) Py_VISIT(self->updates[i].cell);
    return 0;
}

static int caller_clear(Caller *self) {
    Py_CLEAR(self->kernel);
    Py_CLEAR(self->keys);
    Py_CLEAR(self->names);
    for (Py_ssize_t i = 0; i < self->n_sources; i++) Py_CLEAR(self->sources[i].cell);
    for (Py_ssize_t i = 0; i < self->n_updates; i++) Py_CLEAR(self->updates[i].cell);
    self->n_sources = self->n_updates = 0;
    PyMem_Free(self->sources);
    PyMem_Free(self->updates);
    PyMem_Free(self->into);
    self->sources = NULL;
    self->into = NULL;
    self->updates = NULL;
    return 0;
}

static void caller_dealloc(Caller *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    caller_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static int is_cell(PyObject *cell) {
    if (PyList_CheckExact(cell) && PyList_GET_SIZE(cell) > 0) return 1;
    PyErr_Format(PyExc_TypeError, "expected a list of one element as a cell, got %R", cell);
    return 0;
}

static int caller_read_sources(Caller *self, PyObject *list) {
    self->sources = PyMem_Calloc((size_t)PyList_GET_SIZE(list) + 1, sizeof(InputSource));
    if (self->sources == NULL) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        InputSource *source = &self->sources[i];
        PyObject *cell;
        int takes_numbers;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(list, i), "npO", &source->argument, &takes_numbers, &cell))
            return -1;
        if (cell != Py_None && !is_cell(cell)) return -1;
        source->takes_numbers = takes_numbers;
        source->cell = cell == Py_None ? NULL : Py_NewRef(cell);
        self->n_sources = i + 1;
    }
    return 0;
}

static int caller_read_updates(Caller *self, PyObject *list) {
    self->updates = PyMem_Calloc((size_t)PyList_GET_SIZE(list) + 1, sizeof(Update));
    if (self->updates == NULL) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        Update *update = &self->updates[i];
        PyObject *cell;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(list, i), "nO", &update->output, &cell) || !is_cell(cell))
            return -1;
        update->cell = Py_NewRef(cell);
        self->n_updates = i + 1;
    }
    return 0;
}

/* Find the updates that may be written over their old values: those of the very cell that the input is read from. */
static int caller_find_into(Caller *self) {
    const Kernel *kernel = self->kernel;
    for (Py_ssize_t i = 0; i < self->n_updates; i++) {
        Py_ssize_t output = self->updates[i].output, source = kernel->outputs[output].into;
        if (source < 0 || self->sources[source].cell != self->updates[i].cell) continue;
        if (self->into == NULL) {
            self->into = PyMem_Malloc((size_t)kernel->n_outputs * sizeof(Py_ssize_t));
            if (self->into == NULL) return PyErr_NoMemory(), -1;
            for (Py_ssize_t k = 0; k < kernel->n_outputs; k++) self->into[k] = -1;
        }
        self->into[output] = source;
    }
    return 0;
}

/* Every result is either returned or an update: no reference may be lost or used twice. */
static int caller_check(const Caller *self) {
    const Kernel *kernel = self->kernel;
    Py_ssize_t n_keys = self->keys == NULL ? self->n_returned : PyTuple_GET_SIZE(self->keys);
    bool is_sound = self->n_sources == kernel->n_inputs && n_keys == self->n_returned &&
                    self->n_returned + self->n_updates == kernel->n_outputs &&
                    (self->returned != RETURN_SINGLE || self->n_returned == 1) &&
                    (self->returned != RETURN_NONE || self->n_returned == 0) &&
                    PyTuple_GET_SIZE(self->names) == self->n_arguments;
    for (Py_ssize_t i = 0; i < self->n_updates; i++)
        is_sound = is_sound && self->updates[i].output == self->n_returned + i;
    if (is_sound) return 0;
    PyErr_SetString(PyExc_ValueError, "the inputs and outputs of the function are not those of its program");
    return -1;
}

PyDoc_STRVAR(configure_doc,
             "configure(kernel, sources, updates, names, returned)\n--\n\n"
             "Say how calls reach the kernel.\n\n"
             "sources: for each input (position among the arguments or -1, whether it takes numbers, cell or None);\n"
             "updates: (output, cell) for each output after those returned; names: a tuple with the interned name of\n"
             "each argument, or None; returned: 'single', 'none', the number of elements of a list, or a tuple of\n"
             "keys.  A kernel of None makes every call a general one.");

static int caller_read_returned(Caller *self, PyObject *returned) {
    self->keys = NULL;
    if (PyTuple_Check(returned)) {
        self->returned = RETURN_DICT;
        self->keys = Py_NewRef(returned);
        self->n_returned = PyTuple_GET_SIZE(returned);
    } else if (PyLong_Check(returned)) {
        self->returned = RETURN_LIST;
        self->n_returned = PyLong_AsSsize_t(returned);
    } else {
        bool is_single = PyUnicode_Check(returned) && PyUnicode_CompareWithASCIIString(returned, "single") == 0;
        self->returned = is_single ? RETURN_SINGLE : RETURN_NONE;
        self->n_returned = is_single;
    }
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *caller_configure(Caller *self, PyObject *args) {
    PyObject *kernel, *sources, *updates, *names, *returned;
    if (!PyArg_ParseTuple(args, "OO!O!O!O", &kernel, &PyList_Type, &sources, &PyList_Type, &updates, &PyTuple_Type,
                          &names, &returned))
        return NULL;
    caller_clear(self);
    if (kernel == Py_None) Py_RETURN_NONE;
    if (!Py_IS_TYPE(kernel, KernelType)) return PyErr_Format(PyExc_TypeError, "expected a Kernel, got %R", kernel);
    self->kernel = (Kernel *)Py_NewRef(kernel);
    self->names = Py_NewRef(names);
    self->n_arguments = PyTuple_GET_SIZE(names);
    if (caller_read_returned(self, returned) < 0 || caller_read_sources(self, sources) < 0 ||
        caller_read_updates(self, updates) < 0 || caller_check(self) < 0 || caller_find_into(self) < 0) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        caller_clear(self);
        PyErr_Restore(type, value, traceback);
        return NULL;
    }
    Py_RETURN_NONE;
}

/* -- the module ---------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(accelerate_doc,
             "accelerate(cls)\n--\n\nLet the interpreter call instances of a subclass of Caller directly.\n\n"
             "Python 3.12 and later do so by themselves.");

static PyObject *accelerate(PyObject *module, PyObject *cls) {
    (void)module;
    if (!PyType_Check(cls) || !PyType_IsSubtype((PyTypeObject *)cls, CallerType))
        return PyErr_Format(PyExc_TypeError, "expected a subclass of Caller, got %R", cls);
#if PY_VERSION_HEX < 0x030C0000
    /* Before 3.12 a class made by a class statement does not inherit the flag, for fear that __call__ is assigned
     * later; a class that has a __call__ of its own is left alone. */
    PyTypeObject *type = (PyTypeObject *)cls;
    if (type->tp_call == PyVectorcall_Call && type->tp_vectorcall_offset == CallerType->tp_vectorcall_offset)
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
#endif
    return Py_NewRef(cls);
}

static PyObject *set_pool_limit(PyObject *module, PyObject *bytes) {
    (void)module;
    size_t limit = PyLong_AsSize_t(bytes);
    if (limit == (size_t)-1 && PyErr_Occurred()) return NULL;
    pool.limit = limit;
    pool_shrink(limit);
    Py_RETURN_NONE;
}

static PyObject *pool_usage(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    return Py_BuildValue("nn", (Py_ssize_t)pool.bytes, (Py_ssize_t)pool.count);
}

PyDoc_STRVAR(follow_options_doc, "follow_options(options)\n--\n\n"
                                 "Run long loops in as many threads as options['threads'] says; 0: all processors.");

static PyObject *follow_options(PyObject *module, PyObject *dictionary) {
    (void)module;
    if (!PyDict_Check(dictionary)) return PyErr_Format(PyExc_TypeError, "expected a dict, got %R", dictionary);
    Py_XSETREF(options, Py_NewRef(dictionary));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(lead_blas_doc, "lead_blas(address, usual)\n--\n\n"
                            "Let BLAS follow options['threads'] as well: `address` is that of its function to set their\n"
                            "number, `usual` what 0 means.");

static PyObject *lead_blas(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long address;
    int usual;
    if (!PyArg_ParseTuple(args, "Ki", &address, &usual)) return NULL;
    if (blas.set_threads == NULL) blas.usual = usual;
    blas.set_threads = (void (*)(int))(uintptr_t)address;
    Py_RETURN_NONE;
}

static PyObject *crew_address(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    return PyLong_FromVoidPtr((void *)&library_crew);
}

static PyObject *count_workers(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    return PyLong_FromLong(crew.workers);
}

static PyObject *settled(PyObject *module, PyObject *value) {
    (void)module;
    wait_until_written(value);
    return Py_NewRef(value);
}

static PyMethodDef caller_methods[] = {
    {"configure", (PyCFunction)caller_configure, METH_VARARGS, configure_doc}, {NULL, NULL, 0, NULL}};

static PyMemberDef caller_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Caller, vectorcall), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PyType_Slot caller_slots[] = {
    {Py_tp_doc, "Base of callables that run a kernel on the usual arguments and leave the rest to Python."},
    {Py_tp_new, caller_new},
    {Py_tp_dealloc, caller_dealloc},
    {Py_tp_traverse, caller_traverse},
    {Py_tp_clear, caller_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_methods, caller_methods},
    {Py_tp_members, caller_members},
    {0, NULL}};

static PyType_Slot kernel_slots[] = {
    {Py_tp_doc, "Kernel(sizes, run, n_sizes, inputs, constants, outputs, describe, keepalive=None)\n--\n\n"
                "A compiled program that is called with a list of arrays."},
    {Py_tp_new, kernel_new},
    {Py_tp_dealloc, kernel_dealloc},
    {Py_tp_traverse, kernel_traverse},
    {Py_tp_clear, kernel_clear},
    {Py_tp_call, kernel_call},
    {0, NULL}};

static PyType_Spec caller_spec = {
    "pytensorlite.cgen._dispatch.Caller", sizeof(Caller), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, caller_slots};

static PyType_Spec kernel_spec = {"pytensorlite.cgen._dispatch.Kernel", sizeof(Kernel), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, kernel_slots};

static PyMethodDef module_methods[] = {
    {"accelerate", accelerate, METH_O, accelerate_doc},
    {"set_pool_limit", set_pool_limit, METH_O, "set_pool_limit(bytes)\n--\n\nBound the memory kept for reuse."},
    {"pool_usage", pool_usage, METH_NOARGS, "pool_usage()\n--\n\nReturn bytes and blocks kept for reuse."},
    {"follow_options", follow_options, METH_O, follow_options_doc},
    {"lead_blas", lead_blas, METH_VARARGS, lead_blas_doc},
    {"crew_address", crew_address, METH_NOARGS,
     "crew_address()\n--\n\nReturn where the ptl_crew is that runs loops for libraries which programs call."},
    {"count_workers", count_workers, METH_NOARGS,
     "count_workers()\n--\n\nReturn how many threads wait for long loops."},
    {"settled", settled, METH_O,
     "settled(value)\n--\n\nReturn the value once no call in another thread is writing over it."},
    {"stamp_files", stamp_files, METH_VARARGS, stamp_files_doc},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "_dispatch", "Calls of compiled programs without passing through Python.", -1,
    module_methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__dispatch(void) {
    import_array();
    PyObject *module = PyModule_Create(&module_definition);
    if (module == NULL) return NULL;
    KernelType = (PyTypeObject *)PyType_FromSpec(&kernel_spec);
    CallerType = (PyTypeObject *)PyType_FromSpec(&caller_spec);
    call_generally = PyUnicode_InternFromString("call_generally");
    threads_name = PyUnicode_InternFromString("threads");
    pool_handler = PyCapsule_New(&pool_handler_table, "mem_handler", NULL);
    if (KernelType == NULL || CallerType == NULL || call_generally == NULL || threads_name == NULL ||
        pool_handler == NULL ||
        PyModule_AddObjectRef(module, "Kernel", (PyObject *)KernelType) < 0 ||
        PyModule_AddObjectRef(module, "Caller", (PyObject *)CallerType) < 0)
        Py_CLEAR(module);
    return module;
}
