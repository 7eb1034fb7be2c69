/* Complex numbers with NumPy's meaning.
 *
 * C multiplies and divides them with recovery of infinities, NumPy by the plain formulas; C does not order them,
 * NumPy does, real part first; and C99 lacks half of the functions.
 */
#ifndef PTL_COMPLEX_H
#define PTL_COMPLEX_H

#define PTL_COMPLEX(s, T, C, MAKE, LN2, LN10)                                                                        \
    PTL_INLINE C ptl_complex_##s(T re, T im) { return MAKE(re, im); }                                                \
    PTL_INLINE C ptl_complex_mul_##s(C a, C b) {                                                                     \
        const T ar = creal(a), ai = cimag(a), br = creal(b), bi = cimag(b);                                          \
        return MAKE(ar * br - ai * bi, ar * bi + ai * br);                                                           \
    }                                                                                                                \
    /* Smith's division: scaled by the larger part of the divisor. */                                                \
    PTL_INLINE C ptl_complex_div_##s(C a, C b) {                                                                     \
        const T ar = creal(a), ai = cimag(a), br = creal(b), bi = cimag(b);                                          \
        if (fabs(br) >= fabs(bi)) {                                                                                  \
            if (br == 0 && bi == 0) return MAKE(ar / fabs(br), ai / fabs(br));                                       \
            const T ratio = bi / br, scale = 1 / (br + bi * ratio);                                                  \
            return MAKE((ar + ai * ratio) * scale, (ai - ar * ratio) * scale);                                       \
        }                                                                                                            \
        const T ratio = br / bi, scale = 1 / (bi + br * ratio);                                                      \
        return MAKE((ar * ratio + ai) * scale, (ai * ratio - ar) * scale);                                           \
    }                                                                                                                \
    PTL_INLINE C ptl_complex_reciprocal_##s(C a) {                                                                   \
        const T re = creal(a), im = cimag(a);                                                                        \
        if (fabs(im) <= fabs(re)) {                                                                                  \
            const T ratio = im / re, scale = re + im * ratio;                                                        \
            return MAKE(1 / scale, -ratio / scale);                                                                  \
        }                                                                                                            \
        const T ratio = re / im, scale = re * ratio + im;                                                            \
        return MAKE(ratio / scale, -1 / scale);                                                                      \
    }                                                                                                                \
    /* Small whole exponents by multiplication, as exact as the operands. */                                         \
    PTL_INLINE C ptl_complex_pow_##s(C a, C b) {                                                                     \
        const T br = creal(b), bi = cimag(b);                                                                        \
        if (br == 0 && bi == 0) return MAKE(1, 0);                                                                   \
        if (creal(a) == 0 && cimag(a) == 0) return br > 0 ? MAKE(0, 0) : MAKE((T)NAN, (T)NAN);                       \
        if (bi == 0 && br == trunc(br) && fabs(br) < 100) {                                                          \
            C base = a, result = MAKE(1, 0);                                                                         \
            for (int n = (int)fabs(br); n != 0; n >>= 1, base = ptl_complex_mul_##s(base, base))                     \
                result = (n & 1) ? ptl_complex_mul_##s(result, base) : result;                                       \
            return br < 0 ? ptl_complex_div_##s(MAKE(1, 0), result) : result;                                        \
        }                                                                                                            \
        return cpow(a, b);                                                                                           \
    }                                                                                                                \
    /* Ordered by real part, then imaginary part; NaN is in no order. */                                             \
    PTL_INLINE bool ptl_complex_lt_##s(C a, C b) {                                                                   \
        const T ar = creal(a), ai = cimag(a), br = creal(b), bi = cimag(b);                                          \
        return ((ar < br) & (ai == ai) & (bi == bi)) | ((ar == br) & (ai < bi));                                     \
    }                                                                                                                \
    PTL_INLINE bool ptl_complex_le_##s(C a, C b) {                                                                   \
        const T ar = creal(a), ai = cimag(a), br = creal(b), bi = cimag(b);                                          \
        return ((ar < br) & (ai == ai) & (bi == bi)) | ((ar == br) & (ai <= bi));                                    \
    }                                                                                                                \
    PTL_INLINE C ptl_complex_exp2_##s(C x) { return cexp(MAKE(creal(x) * LN2, cimag(x) * LN2)); }                    \
    PTL_INLINE C ptl_complex_log2_##s(C x) {                                                                         \
        const C l = clog(x);                                                                                         \
        return MAKE(creal(l) * (1 / LN2), cimag(l) * (1 / LN2));                                                     \
    }                                                                                                                \
    PTL_INLINE C ptl_complex_log10_##s(C x) {                                                                        \
        const C l = clog(x);                                                                                         \
        return MAKE(creal(l) * (1 / LN10), cimag(l) * (1 / LN10));                                                   \
    }                                                                                                                \
    PTL_INLINE C ptl_complex_log1p_##s(C x) {                                                                        \
        const T re = creal(x) + 1, im = cimag(x);                                                                    \
        return MAKE(log(hypot(re, im)), atan2(im, re));                                                              \
    }                                                                                                                \
    PTL_INLINE C ptl_complex_expm1_##s(C x) {                                                                        \
        const T re = creal(x), im = cimag(x), half = sin(im / 2);                                                    \
        return MAKE(expm1(re) * cos(im) - 2 * half * half, exp(re) * sin(im));                                       \
    }                                                                                                                \
    PTL_INLINE C ptl_complex_from_polar_##s(T radius, T angle) {                                                     \
        /* Of one angle gcc would make both by one call that has no vector version; -0 + 0 is 0. */                   \
        return MAKE(radius * cos(angle + 0), radius * sin(angle));                                                   \
    }

PTL_COMPLEX(f, float, float complex, CMPLXF, 0.693147180559945309417f, 2.30258509299404568402f)
PTL_COMPLEX(d, double, double complex, CMPLX, 0.693147180559945309417, 2.30258509299404568402)

#define PTL_BY_PARTS(name, x) _Generic((x), float: name##_f, float complex: name##_f, default: name##_d)
#define ptl_complex(re, im) PTL_BY_PARTS(ptl_complex, re)(re, im)
#define ptl_complex_mul(a, b) PTL_BY_PARTS(ptl_complex_mul, a)(a, b)
#define ptl_complex_div(a, b) PTL_BY_PARTS(ptl_complex_div, a)(a, b)
#define ptl_complex_reciprocal(a) PTL_BY_PARTS(ptl_complex_reciprocal, a)(a)
#define ptl_complex_pow(a, b) PTL_BY_PARTS(ptl_complex_pow, a)(a, b)
#define ptl_complex_lt(a, b) PTL_BY_PARTS(ptl_complex_lt, a)(a, b)
#define ptl_complex_le(a, b) PTL_BY_PARTS(ptl_complex_le, a)(a, b)
#define ptl_complex_exp2(a) PTL_BY_PARTS(ptl_complex_exp2, a)(a)
#define ptl_complex_log2(a) PTL_BY_PARTS(ptl_complex_log2, a)(a)
#define ptl_complex_log10(a) PTL_BY_PARTS(ptl_complex_log10, a)(a)
#define ptl_complex_log1p(a) PTL_BY_PARTS(ptl_complex_log1p, a)(a)
#define ptl_complex_expm1(a) PTL_BY_PARTS(ptl_complex_expm1, a)(a)
#define ptl_complex_from_polar(r, t) PTL_BY_PARTS(ptl_complex_from_polar, r)(r, t)

#endif
