/* The C library's functions, chosen by the type of the argument: exp(x) is expf for a float and cexp for a complex.
 *
 * That is what <tgmath.h> does.  Reading it takes gcc 7 ms, a tenth of what it takes for a small program, because it
 * brings ten more types and hundreds of functions; so here are those functions and types that programs use.  Other
 * compilers read <tgmath.h>.
 */
#ifndef PTL_LIBM_H
#define PTL_LIBM_H

#include <stdbool.h>
#include <stdint.h>

#if !defined(__GNUC__) || defined(__clang__)
#define PTL_TGMATH
#include <complex.h>
#include <math.h>
#endif

/* -- the vector library --------------------------------------------------------------------------------------------
 * glibc carries vector versions of these functions (libmvec) but declares only some of them, and those only under
 * -ffast-math.  Declared like this, gcc calls them from `#pragma omp simd` loops, with NaN and infinity intact. */
#define PTL_SIMD
#if !defined(PTL_TGMATH) && defined(__x86_64__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
#define PTL_VECTOR_LIBRARY
#undef PTL_SIMD
#define PTL_SIMD __attribute__((simd("notinbranch"), nothrow, leaf, const))
#endif
#endif
#define PTL_VECTOR(name) extern double name(double) PTL_SIMD; extern float name##f(float) PTL_SIMD;
#define PTL_VECTOR2(name) extern double name(double, double) PTL_SIMD; extern float name##f(float, float) PTL_SIMD;

PTL_VECTOR(exp) PTL_VECTOR(exp2) PTL_VECTOR(expm1) PTL_VECTOR(log) PTL_VECTOR(log2) PTL_VECTOR(log10)
PTL_VECTOR(log1p) PTL_VECTOR(sin) PTL_VECTOR(cos) PTL_VECTOR(tan) PTL_VECTOR(asin) PTL_VECTOR(acos)
PTL_VECTOR(atan) PTL_VECTOR(sinh) PTL_VECTOR(cosh) PTL_VECTOR(tanh) PTL_VECTOR(asinh) PTL_VECTOR(acosh)
PTL_VECTOR(atanh) PTL_VECTOR(cbrt) PTL_VECTOR(erf) PTL_VECTOR(erfc)
PTL_VECTOR2(pow) PTL_VECTOR2(atan2) PTL_VECTOR2(hypot)

#ifdef PTL_TGMATH
#include <tgmath.h>
#else

/* -- the others -------------------------------------------------------------------------------------------------- */
#define PTL_REAL_ONE(name) extern double name(double); extern float name##f(float);
#define PTL_REAL_PAIR(name) extern double name(double, double); extern float name##f(float, float);
#define PTL_COMPLEX_PART(name) extern double name(double _Complex); extern float name##f(float _Complex);
#define PTL_COMPLEX_ONE(name)                    \
    extern double _Complex name(double _Complex); \
    extern float _Complex name##f(float _Complex);

PTL_REAL_ONE(sqrt) PTL_REAL_ONE(fabs) PTL_REAL_ONE(floor) PTL_REAL_ONE(ceil) PTL_REAL_ONE(trunc) PTL_REAL_ONE(rint)
PTL_REAL_PAIR(fmod) PTL_REAL_PAIR(copysign)
extern double j0(double), j1(double), fma(double, double, double);
extern float fmaf(float, float, float);

PTL_COMPLEX_PART(creal) PTL_COMPLEX_PART(cimag) PTL_COMPLEX_PART(cabs) PTL_COMPLEX_PART(carg)
PTL_COMPLEX_ONE(conj) PTL_COMPLEX_ONE(cexp) PTL_COMPLEX_ONE(clog) PTL_COMPLEX_ONE(csqrt)
PTL_COMPLEX_ONE(csin) PTL_COMPLEX_ONE(ccos) PTL_COMPLEX_ONE(ctan)
PTL_COMPLEX_ONE(casin) PTL_COMPLEX_ONE(cacos) PTL_COMPLEX_ONE(catan)
PTL_COMPLEX_ONE(csinh) PTL_COMPLEX_ONE(ccosh) PTL_COMPLEX_ONE(ctanh)
PTL_COMPLEX_ONE(casinh) PTL_COMPLEX_ONE(cacosh) PTL_COMPLEX_ONE(catanh)
extern double _Complex cpow(double _Complex, double _Complex);
extern float _Complex cpowf(float _Complex, float _Complex);

/* gcc joins sin(x) and cos(x) of one x into a function that has no vector version, 11 ns an element instead of 1.
 * Adding 0 makes them two numbers to it, and changes the cosine of none. */
static inline __attribute__((always_inline)) double ptl_cos(double x) { return cos(x + 0.0); }
static inline __attribute__((always_inline)) float ptl_cosf(float x) { return cosf(x + 0.0f); }

/* -- by type ----------------------------------------------------------------------------------------------------- */
#define PTL_BY_SIZE(name, ...) __builtin_tgmath(name##f, name, __VA_ARGS__)
#define PTL_BY_FIELD(name, ...) __builtin_tgmath(name##f, name, c##name##f, c##name, __VA_ARGS__)
#define exp(x) PTL_BY_FIELD(exp, x)
#define log(x) PTL_BY_FIELD(log, x)
#define sqrt(x) PTL_BY_FIELD(sqrt, x)
#define sin(x) PTL_BY_FIELD(sin, x)
#define cos(x) __builtin_tgmath(ptl_cosf, ptl_cos, ccosf, ccos, x)
#define tan(x) PTL_BY_FIELD(tan, x)
#define asin(x) PTL_BY_FIELD(asin, x)
#define acos(x) PTL_BY_FIELD(acos, x)
#define atan(x) PTL_BY_FIELD(atan, x)
#define sinh(x) PTL_BY_FIELD(sinh, x)
#define cosh(x) PTL_BY_FIELD(cosh, x)
#define tanh(x) PTL_BY_FIELD(tanh, x)
#define asinh(x) PTL_BY_FIELD(asinh, x)
#define acosh(x) PTL_BY_FIELD(acosh, x)
#define atanh(x) PTL_BY_FIELD(atanh, x)
#define pow(x, y) PTL_BY_FIELD(pow, x, y)
#define exp2(x) PTL_BY_SIZE(exp2, x)
#define expm1(x) PTL_BY_SIZE(expm1, x)
#define log2(x) PTL_BY_SIZE(log2, x)
#define log10(x) PTL_BY_SIZE(log10, x)
#define log1p(x) PTL_BY_SIZE(log1p, x)
#define cbrt(x) PTL_BY_SIZE(cbrt, x)
#define erf(x) PTL_BY_SIZE(erf, x)
#define erfc(x) PTL_BY_SIZE(erfc, x)
#define fabs(x) __builtin_tgmath(fabsf, fabs, cabsf, cabs, x)
#define floor(x) PTL_BY_SIZE(floor, x)
#define ceil(x) PTL_BY_SIZE(ceil, x)
#define trunc(x) PTL_BY_SIZE(trunc, x)
#define rint(x) PTL_BY_SIZE(rint, x)
#define creal(x) PTL_BY_SIZE(creal, x)
#define cimag(x) PTL_BY_SIZE(cimag, x)
#define cabs(x) hypot(creal(x), cimag(x)) /* of vectors too */
#define carg(x) PTL_BY_SIZE(carg, x)
#define conj(x) PTL_BY_SIZE(conj, x)
#define cexp(x) PTL_BY_SIZE(cexp, x)
#define clog(x) PTL_BY_SIZE(clog, x)
#define atan2(x, y) PTL_BY_SIZE(atan2, x, y)
#define hypot(x, y) PTL_BY_SIZE(hypot, x, y)
#define fmod(x, y) PTL_BY_SIZE(fmod, x, y)
#define copysign(x, y) PTL_BY_SIZE(copysign, x, y)
#define cpow(x, y) PTL_BY_SIZE(cpow, x, y)

#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define NAN __builtin_nanf("")
#define INFINITY __builtin_inff()
#define complex _Complex
#endif

/* Of the C libraries some have these for gcc only. */
#ifndef CMPLX
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#define CMPLXF(re, im) __builtin_complex((float)(re), (float)(im))
#endif

#endif
