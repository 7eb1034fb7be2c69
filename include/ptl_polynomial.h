/* Polynomials: PTL_P3(x, a, b, c) is a + b x + c x², in the precision of x.
 *
 * The even and the odd terms are two chains of Horner's rule in x², which the processor computes side by side: a tenth
 * faster than one chain in most loops of vectors, and half as long for one number.  The constant comes last, so that
 * the rounding of the rest does not count.  Steps are fused multiply-adds
 * where the processor has them.  Include ptl_math.h first.
 */
#ifndef PTL_POLYNOMIAL_H
#define PTL_POLYNOMIAL_H

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__FP_FAST_FMA)
#define PTL_FUSES
PTL_INLINE float ptl_fma_f(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
PTL_INLINE double ptl_fma_d(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
PTL_INLINE float ptl_fma_f(float a, float b, float c) { return a * b + c; }
PTL_INLINE double ptl_fma_d(double a, double b, double c) { return a * b + c; }
#endif
#define PTL_FMA(a, b, c) PTL_BY_PRECISION(ptl_fma, a)(a, b, c)

/* PTL_H5(v, a, b, c, d, e) is a + c v + e v², of every other coefficient. */
#define PTL_H1(v, a) (a)
#define PTL_H2(v, a, b) (a)
#define PTL_H3(v, a, b, ...) PTL_FMA(v, PTL_H1(v, __VA_ARGS__), a)
#define PTL_H4(v, a, b, ...) PTL_FMA(v, PTL_H2(v, __VA_ARGS__), a)
#define PTL_H5(v, a, b, ...) PTL_FMA(v, PTL_H3(v, __VA_ARGS__), a)
#define PTL_H6(v, a, b, ...) PTL_FMA(v, PTL_H4(v, __VA_ARGS__), a)
#define PTL_H7(v, a, b, ...) PTL_FMA(v, PTL_H5(v, __VA_ARGS__), a)
#define PTL_H8(v, a, b, ...) PTL_FMA(v, PTL_H6(v, __VA_ARGS__), a)
#define PTL_H9(v, a, b, ...) PTL_FMA(v, PTL_H7(v, __VA_ARGS__), a)
#define PTL_H10(v, a, b, ...) PTL_FMA(v, PTL_H8(v, __VA_ARGS__), a)
#define PTL_H11(v, a, b, ...) PTL_FMA(v, PTL_H9(v, __VA_ARGS__), a)
#define PTL_H12(v, a, b, ...) PTL_FMA(v, PTL_H10(v, __VA_ARGS__), a)
#define PTL_H13(v, a, b, ...) PTL_FMA(v, PTL_H11(v, __VA_ARGS__), a)
#define PTL_H14(v, a, b, ...) PTL_FMA(v, PTL_H12(v, __VA_ARGS__), a)
#define PTL_H15(v, a, b, ...) PTL_FMA(v, PTL_H13(v, __VA_ARGS__), a)
#define PTL_H16(v, a, b, ...) PTL_FMA(v, PTL_H14(v, __VA_ARGS__), a)
#define PTL_H17(v, a, b, ...) PTL_FMA(v, PTL_H15(v, __VA_ARGS__), a)
#define PTL_H18(v, a, b, ...) PTL_FMA(v, PTL_H16(v, __VA_ARGS__), a)
#define PTL_H19(v, a, b, ...) PTL_FMA(v, PTL_H17(v, __VA_ARGS__), a)
#define PTL_H20(v, a, b, ...) PTL_FMA(v, PTL_H18(v, __VA_ARGS__), a)
#define PTL_H21(v, a, b, ...) PTL_FMA(v, PTL_H19(v, __VA_ARGS__), a)
#define PTL_H22(v, a, b, ...) PTL_FMA(v, PTL_H20(v, __VA_ARGS__), a)
#define PTL_H23(v, a, b, ...) PTL_FMA(v, PTL_H21(v, __VA_ARGS__), a)
#define PTL_H24(v, a, b, ...) PTL_FMA(v, PTL_H22(v, __VA_ARGS__), a)
/* Both chains. */
#define PTL_Q3(x, v, a, ...) PTL_FMA(x, PTL_H2(v, __VA_ARGS__), PTL_H3(v, a, __VA_ARGS__))
#define PTL_Q4(x, v, a, ...) PTL_FMA(x, PTL_H3(v, __VA_ARGS__), PTL_H4(v, a, __VA_ARGS__))
#define PTL_Q5(x, v, a, ...) PTL_FMA(x, PTL_H4(v, __VA_ARGS__), PTL_H5(v, a, __VA_ARGS__))
#define PTL_Q6(x, v, a, ...) PTL_FMA(x, PTL_H5(v, __VA_ARGS__), PTL_H6(v, a, __VA_ARGS__))
#define PTL_Q7(x, v, a, ...) PTL_FMA(x, PTL_H6(v, __VA_ARGS__), PTL_H7(v, a, __VA_ARGS__))
#define PTL_Q8(x, v, a, ...) PTL_FMA(x, PTL_H7(v, __VA_ARGS__), PTL_H8(v, a, __VA_ARGS__))
#define PTL_Q9(x, v, a, ...) PTL_FMA(x, PTL_H8(v, __VA_ARGS__), PTL_H9(v, a, __VA_ARGS__))
#define PTL_Q10(x, v, a, ...) PTL_FMA(x, PTL_H9(v, __VA_ARGS__), PTL_H10(v, a, __VA_ARGS__))
#define PTL_Q11(x, v, a, ...) PTL_FMA(x, PTL_H10(v, __VA_ARGS__), PTL_H11(v, a, __VA_ARGS__))
#define PTL_Q12(x, v, a, ...) PTL_FMA(x, PTL_H11(v, __VA_ARGS__), PTL_H12(v, a, __VA_ARGS__))
#define PTL_Q13(x, v, a, ...) PTL_FMA(x, PTL_H12(v, __VA_ARGS__), PTL_H13(v, a, __VA_ARGS__))
#define PTL_Q14(x, v, a, ...) PTL_FMA(x, PTL_H13(v, __VA_ARGS__), PTL_H14(v, a, __VA_ARGS__))
#define PTL_Q15(x, v, a, ...) PTL_FMA(x, PTL_H14(v, __VA_ARGS__), PTL_H15(v, a, __VA_ARGS__))
#define PTL_Q16(x, v, a, ...) PTL_FMA(x, PTL_H15(v, __VA_ARGS__), PTL_H16(v, a, __VA_ARGS__))
#define PTL_Q17(x, v, a, ...) PTL_FMA(x, PTL_H16(v, __VA_ARGS__), PTL_H17(v, a, __VA_ARGS__))
#define PTL_Q18(x, v, a, ...) PTL_FMA(x, PTL_H17(v, __VA_ARGS__), PTL_H18(v, a, __VA_ARGS__))
#define PTL_Q19(x, v, a, ...) PTL_FMA(x, PTL_H18(v, __VA_ARGS__), PTL_H19(v, a, __VA_ARGS__))
#define PTL_Q20(x, v, a, ...) PTL_FMA(x, PTL_H19(v, __VA_ARGS__), PTL_H20(v, a, __VA_ARGS__))
#define PTL_Q21(x, v, a, ...) PTL_FMA(x, PTL_H20(v, __VA_ARGS__), PTL_H21(v, a, __VA_ARGS__))
#define PTL_Q22(x, v, a, ...) PTL_FMA(x, PTL_H21(v, __VA_ARGS__), PTL_H22(v, a, __VA_ARGS__))
#define PTL_Q23(x, v, a, ...) PTL_FMA(x, PTL_H22(v, __VA_ARGS__), PTL_H23(v, a, __VA_ARGS__))
#define PTL_Q24(x, v, a, ...) PTL_FMA(x, PTL_H23(v, __VA_ARGS__), PTL_H24(v, a, __VA_ARGS__))
#define PTL_P1(x, a) (a)
#define PTL_P2(x, a, b) PTL_FMA(x, b, a)
#define PTL_P3(x, a, b, c) PTL_FMA(x, PTL_FMA(x, c, b), a)
#define PTL_P4(x, a, ...) PTL_FMA(x, PTL_Q3(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P5(x, a, ...) PTL_FMA(x, PTL_Q4(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P6(x, a, ...) PTL_FMA(x, PTL_Q5(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P7(x, a, ...) PTL_FMA(x, PTL_Q6(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P8(x, a, ...) PTL_FMA(x, PTL_Q7(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P9(x, a, ...) PTL_FMA(x, PTL_Q8(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P10(x, a, ...) PTL_FMA(x, PTL_Q9(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P11(x, a, ...) PTL_FMA(x, PTL_Q10(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P12(x, a, ...) PTL_FMA(x, PTL_Q11(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P13(x, a, ...) PTL_FMA(x, PTL_Q12(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P14(x, a, ...) PTL_FMA(x, PTL_Q13(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P15(x, a, ...) PTL_FMA(x, PTL_Q14(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P16(x, a, ...) PTL_FMA(x, PTL_Q15(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P17(x, a, ...) PTL_FMA(x, PTL_Q16(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P18(x, a, ...) PTL_FMA(x, PTL_Q17(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P19(x, a, ...) PTL_FMA(x, PTL_Q18(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P20(x, a, ...) PTL_FMA(x, PTL_Q19(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P21(x, a, ...) PTL_FMA(x, PTL_Q20(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P22(x, a, ...) PTL_FMA(x, PTL_Q21(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P23(x, a, ...) PTL_FMA(x, PTL_Q22(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P24(x, a, ...) PTL_FMA(x, PTL_Q23(x, (x) * (x), __VA_ARGS__), a)
#define PTL_P25(x, a, ...) PTL_FMA(x, PTL_Q24(x, (x) * (x), __VA_ARGS__), a)

#endif
