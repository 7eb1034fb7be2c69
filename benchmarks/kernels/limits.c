/* What this machine can do: copying, the triad, reading alone, each so many times over the same arrays;
 * and fused multiply-adds in registers. */
#include <stdint.h>

/* The compiler must not see that the next round does the same. */
#define AGAIN(a) __asm__ volatile("" : : "r"(a) : "memory")

void copy(int64_t rounds, int64_t n, double *restrict a, const double *restrict b) {
    for (int64_t k = 0; k < rounds; k++) {
        #pragma omp simd
        for (int64_t i = 0; i < n; i++) a[i] = b[i] + 0.0;
        AGAIN(a);
    }
}

void triad(int64_t rounds, int64_t n, double *restrict a, const double *restrict b, const double *restrict c) {
    for (int64_t k = 0; k < rounds; k++) {
        #pragma omp simd
        for (int64_t i = 0; i < n; i++) a[i] = b[i] + 3 * c[i];
        AGAIN(a);
    }
}

double read(int64_t rounds, int64_t n, const double *restrict a) {
    const int64_t quarter = n / 4;
    const double *b = a + quarter, *c = b + quarter, *d = c + quarter;
    double s = 0, t = 0, u = 0, v = 0;
    for (int64_t k = 0; k < rounds; k++) {
        #pragma omp simd reduction(+ : s, t, u, v)
        for (int64_t i = 0; i < quarter; i++) s += a[i], t += b[i], u += c[i], v += d[i];
        AGAIN(a);
    }
    return (s + t) + (u + v);
}

/* `n` rounds of 16 vectors of 64 bytes, each waiting only for itself. */
#define FMA_PEAK(name, type, width)                                                            \
    typedef type name##_vector __attribute__((vector_size(64)));                               \
    type name(int64_t n) {                                                                     \
        name##_vector sums[16], factor, term;                                                  \
        for (int k = 0; k < width; k++) factor[k] = (type)0.999, term[k] = (type)0.001;        \
        for (int k = 0; k < 16; k++) sums[k] = term + (type)k;                                 \
        for (int64_t i = 0; i < n; i++) {                                                      \
            _Pragma("GCC unroll 16") for (int k = 0; k < 16; k++) sums[k] = sums[k] * factor + term; \
        }                                                                                      \
        type total = 0;                                                                        \
        for (int k = 0; k < 16; k++) total += sums[k][0];                                      \
        return total;                                                                          \
    }
FMA_PEAK(fma_double, double, 8)
FMA_PEAK(fma_float, float, 16)
