/* The inverse of the hyperbolic cosine, faster than the vector library's.
 *
 * Branch-free, with a version each for float and double.  Include ptl_math.h first.
 */
#ifndef PTL_HYPERBOLIC_H
#define PTL_HYPERBOLIC_H

/* log(1 + w) for w = x - 1 + sqrt(x² - 1), which near 1 has all its digits; of x from LARGE on, whose square may be
 * infinite, it is log(2x). */
#define PTL_HYPERBOLIC(s, T, LARGE)                                                                                  \
    PTL_INLINE T ptl_arccosh_##s(T x) {                                                                              \
        const bool large = x >= LARGE;                                                                               \
        const T t = x - 1, w = large ? x : t + sqrt(t * (x + 1));                                                    \
        const T l = log1p(w) + (large ? (T)0.693147180559945309417 : (T)0);                                          \
        return x >= 1 ? l : (T)NAN;                                                                                  \
    }

PTL_HYPERBOLIC(f, float, 0x1p32f)
PTL_HYPERBOLIC(d, double, 0x1p60)

#define ptl_arccosh(x) PTL_BY_PRECISION(ptl_arccosh, x)(x)

#endif
