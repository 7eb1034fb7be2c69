#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_dispatch", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__dispatch(void) { return PyModule_Create(&module); }
