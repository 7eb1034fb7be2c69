/* Routines of BLAS and LAPACK out of SciPy, the same that the package calls. */
#define JOINED(a, b) a##b
#define NAMED(letter, name) JOINED(letter, name)
#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

static void *routine(const char *library, const char *name) {
    PyObject *module = PyImport_ImportModule(library), *table, *capsule;
    if (module == NULL) return NULL;
    table = PyObject_GetAttrString(module, "__pyx_capi__");
    capsule = table != NULL ? PyMapping_GetItemString(table, name) : NULL;
    return capsule != NULL ? PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)) : NULL;
}

typedef void gemm_routine(const char *, const char *, const int *, const int *, const int *, const REAL *,
                          const REAL *, const int *, const REAL *, const int *, const REAL *, REAL *, const int *);

/* c = op(a) op(b) for row-major matrices: c is m × n, k the length of the sums. */
static void gemm(gemm_routine *call, char at, char bt, int m, int n, int k, const REAL *a, const REAL *b, REAL *c) {
    const int lead_a = at == 'N' ? k : m, lead_b = bt == 'N' ? n : k;
    const REAL one = 1, zero = 0;
    call(&bt, &at, &n, &m, &k, &one, b, &lead_b, a, &lead_a, &zero, c, &n);
}
