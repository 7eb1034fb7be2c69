/* The vector versions that glibc has of these functions, for `omp simd` loops; elsewhere the plain ones. */
#include <math.h>
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#define VECTOR(name)                                                \
    extern double name(double) __attribute__((simd("notinbranch"), const)); \
    extern float name##f(float) __attribute__((simd("notinbranch"), const));
VECTOR(exp) VECTOR(log) VECTOR(log1p) VECTOR(tanh) VECTOR(sin) VECTOR(erf)
#endif
#include <tgmath.h>
