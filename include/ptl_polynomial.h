/* Polynomials by Horner's rule: PTL_P3(x, a, b, c) is a + b x + c x², in the precision of x.
 *
 * Steps are fused multiply-adds where the processor has them.
 */
#ifndef PTL_POLYNOMIAL_H
#define PTL_POLYNOMIAL_H

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__FP_FAST_FMA)
PTL_INLINE float ptl_fma_f(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
PTL_INLINE double ptl_fma_d(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
PTL_INLINE float ptl_fma_f(float a, float b, float c) { return a * b + c; }
PTL_INLINE double ptl_fma_d(double a, double b, double c) { return a * b + c; }
#endif
#define PTL_FMA(a, b, c) PTL_BY_PRECISION(ptl_fma, a)(a, b, c)

#define PTL_P1(x, a) (a)
#define PTL_P2(x, a, ...) PTL_FMA(x, PTL_P1(x, __VA_ARGS__), a)
#define PTL_P3(x, a, ...) PTL_FMA(x, PTL_P2(x, __VA_ARGS__), a)
#define PTL_P4(x, a, ...) PTL_FMA(x, PTL_P3(x, __VA_ARGS__), a)
#define PTL_P5(x, a, ...) PTL_FMA(x, PTL_P4(x, __VA_ARGS__), a)
#define PTL_P6(x, a, ...) PTL_FMA(x, PTL_P5(x, __VA_ARGS__), a)
#define PTL_P7(x, a, ...) PTL_FMA(x, PTL_P6(x, __VA_ARGS__), a)
#define PTL_P8(x, a, ...) PTL_FMA(x, PTL_P7(x, __VA_ARGS__), a)
#define PTL_P9(x, a, ...) PTL_FMA(x, PTL_P8(x, __VA_ARGS__), a)
#define PTL_P10(x, a, ...) PTL_FMA(x, PTL_P9(x, __VA_ARGS__), a)
#define PTL_P11(x, a, ...) PTL_FMA(x, PTL_P10(x, __VA_ARGS__), a)
#define PTL_P12(x, a, ...) PTL_FMA(x, PTL_P11(x, __VA_ARGS__), a)
#define PTL_P13(x, a, ...) PTL_FMA(x, PTL_P12(x, __VA_ARGS__), a)
#define PTL_P14(x, a, ...) PTL_FMA(x, PTL_P13(x, __VA_ARGS__), a)
#define PTL_P15(x, a, ...) PTL_FMA(x, PTL_P14(x, __VA_ARGS__), a)
#define PTL_P16(x, a, ...) PTL_FMA(x, PTL_P15(x, __VA_ARGS__), a)
#define PTL_P17(x, a, ...) PTL_FMA(x, PTL_P16(x, __VA_ARGS__), a)
#define PTL_P18(x, a, ...) PTL_FMA(x, PTL_P17(x, __VA_ARGS__), a)
#define PTL_P19(x, a, ...) PTL_FMA(x, PTL_P18(x, __VA_ARGS__), a)
#define PTL_P20(x, a, ...) PTL_FMA(x, PTL_P19(x, __VA_ARGS__), a)
#define PTL_P21(x, a, ...) PTL_FMA(x, PTL_P20(x, __VA_ARGS__), a)
#define PTL_P22(x, a, ...) PTL_FMA(x, PTL_P21(x, __VA_ARGS__), a)
#define PTL_P23(x, a, ...) PTL_FMA(x, PTL_P22(x, __VA_ARGS__), a)
#define PTL_P24(x, a, ...) PTL_FMA(x, PTL_P23(x, __VA_ARGS__), a)
#define PTL_P25(x, a, ...) PTL_FMA(x, PTL_P24(x, __VA_ARGS__), a)

#endif
