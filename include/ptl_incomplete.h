/* Derivatives of the incomplete gamma and beta functions and of 2F1 by their parameters.
 *
 * The methods are those of scalar/incomplete.py and scalar/hypergeometric.py, which tell why.  They take hundreds of
 * nanoseconds each: a loop over one is no vector, but the sum over the nodes inside is.  Include ptl_math.h first.
 */
#ifndef PTL_INCOMPLETE_H
#define PTL_INCOMPLETE_H

#include "ptl_gamma.h"

/* -- the tail of a log-concave density ----------------------------------------------------------------------------
 * Gauss and Legendre's 48 nodes and weights on [0, 1]. */
static const double ptl_nodes_[48] = {
    0x1.422c4ea1a3b19p-11, 0x1.a801b286dae07p-9, 0x1.041a526e2251ep-7, 0x1.e1d3cd0f71a26p-7,
    0x1.811feeadf2057p-6, 0x1.190a44f7c55a8p-5, 0x1.8184e0dad8bddp-5, 0x1.f98f9e0555d66p-5,
    0x1.4054cc2845186p-4, 0x1.8b20dfbfe4b8cp-4, 0x1.dcdbb9a41c74dp-4, 0x1.1a96cbf9fa4cep-3,
    0x1.49dbd2aa76cbep-3, 0x1.7c0a2f654bffep-3, 0x1.b0ec005c1b6c0p-3, 0x1.e8487d4c191d7p-3,
    0x1.10f21a3b5fdcbp-2, 0x1.2ec0a53b10ae2p-2, 0x1.4d6fde542ce3cp-2, 0x1.6cded2f56c15fp-2,
    0x1.8cebc2addc104p-2, 0x1.ad74436a999f4p-2, 0x1.ce55666aac909p-2, 0x1.ef6bddc159e69p-2,
    0x1.084a111f530cbp-1, 0x1.18d54ccaa9b7bp-1, 0x1.2945de4ab3306p-1, 0x1.398a1ea911f7ep-1,
    0x1.4990968549f51p-1, 0x1.594810d5e98e2p-1, 0x1.689fad6277a8fp-1, 0x1.7786f2e25011ap-1,
    0x1.85ede0acf9b8ap-1, 0x1.93c4ffe8f9250p-1, 0x1.a0fd7426ad001p-1, 0x1.ad890b55624d1p-1,
    0x1.b95a4d01816cdp-1, 0x1.c46488cb7c716p-1, 0x1.ce9be4080368fp-1, 0x1.d7f5667af75cfp-1,
    0x1.e067061faaa2ap-1, 0x1.e7e7b1f252742p-1, 0x1.ee6f5bb083aa6p-1, 0x1.f3f7008a906fdp-1,
    0x1.f878b0cbc2397p-1, 0x1.fbef96b64776cp-1, 0x1.fe57fe4d79252p-1, 0x1.ffaf74ec57971p-1};
static const double ptl_weights_[48] = {
    0x1.9d50bc55d2d99p-10, 0x1.e037f45d9bd00p-9, 0x1.781605954a639p-8, 0x1.fe80c5c315c9dp-8,
    0x1.416423e8cba8ep-7, 0x1.822eefbc97517p-7, 0x1.c15b1e8f69969p-7, 0x1.fea4d40fed235p-7,
    0x1.1ce51f31f701fp-6, 0x1.3945ed05d7d70p-6, 0x1.54565a91a8406p-6, 0x1.6df9583af719dp-6,
    0x1.86135edf0aa09p-6, 0x1.9c8a8d5861892p-6, 0x1.b146c443c7e24p-6, 0x1.c431bfe4b31a0p-6,
    0x1.d537300bfd4dfp-6, 0x1.e444cde6d0026p-6, 0x1.f14a6f9e10ad4p-6, 0x1.fc3a19b11a2a4p-6,
    0x1.028406fc86d37p-5, 0x1.05d56c2248c44p-5, 0x1.080dac3f3725fp-5, 0x1.092a652a0fbb7p-5,
    0x1.092a652a0fbb7p-5, 0x1.080dac3f3725fp-5, 0x1.05d56c2248c44p-5, 0x1.028406fc86d37p-5,
    0x1.fc3a19b11a2a4p-6, 0x1.f14a6f9e10ad4p-6, 0x1.e444cde6d0026p-6, 0x1.d537300bfd4dfp-6,
    0x1.c431bfe4b31a0p-6, 0x1.b146c443c7e24p-6, 0x1.9c8a8d5861892p-6, 0x1.86135edf0aa09p-6,
    0x1.6df9583af719dp-6, 0x1.54565a91a8406p-6, 0x1.3945ed05d7d70p-6, 0x1.1ce51f31f701fp-6,
    0x1.fea4d40fed235p-7, 0x1.c15b1e8f69969p-7, 0x1.822eefbc97517p-7, 0x1.416423e8cba8ep-7,
    0x1.fe80c5c315c9dp-8, 0x1.781605954a639p-8, 0x1.e037f45d9bd00p-9, 0x1.9d50bc55d2d99p-10};

/* The density of u = log t, t gamma-distributed with shape a, or of u = logit t, t beta-distributed with a and b; and
 * what is integrated: products of its scores, plus a constant. */
typedef struct {
    double a, b, log_norm, mode, mode_a, mode_b, mean_a, mean_b, curvature;
    int by_a, by_b;
} ptl_tail_;

PTL_INLINE double ptl_log_sigmoid_(double u) { return (u < 0 ? u : 0) - log1p(exp(-fabs(u))); }

/* Both take l = log(1 + exp(-|u|)), which the two logistic functions of the beta density share. */
PTL_INLINE double ptl_log_density_at_(const ptl_tail_ *t, bool beta, double u, double l) {
    if (beta) {
        const double rise = (u < 0 ? u : 0) - l - t->mode_a, fall = (u > 0 ? -u : 0) - l - t->mode_b;
        return t->log_norm + t->a * rise + t->b * fall;
    }
    const double v = u - t->mode;
    return t->log_norm + t->a * (v - expm1(v > -40 ? v : -40));
}

PTL_INLINE double ptl_score_at_(const ptl_tail_ *t, bool beta, double u, double l) {
    const double by_a = (beta ? (u < 0 ? u : 0) - l : u) - t->mean_a;
    const double by_b = beta ? (u > 0 ? -u : 0) - l - t->mean_b : 1;
    return (t->by_a > 0 ? by_a : 1) * (t->by_a > 1 ? by_a : 1) * (t->by_b > 0 ? by_b : 1) * (t->by_b > 1 ? by_b : 1) +
           t->curvature;
}

PTL_INLINE double ptl_log_density_(const ptl_tail_ *t, bool beta, double u) {
    return ptl_log_density_at_(t, beta, u, beta ? log1p(exp(-fabs(u))) : 0);
}

/* About the distance at which the density has fallen from where the tail starts by exp(-45), or a little more. */
PTL_INLINE double ptl_tail_width_(const ptl_tail_ *t, bool beta, double start, double direction) {
    const double lowest = ptl_log_density_(t, beta, start) - 45;
    double low = 1;
    while (low > 1e-12 && !(ptl_log_density_(t, beta, start + direction * low) > lowest)) low *= 0.5;
    while (low < 1e30 && ptl_log_density_(t, beta, start + direction * 2 * low) > lowest) low *= 2;
    double high = 2 * low;
    for (int i = 0; i < 6; i++) {
        const double middle = 0.5 * (low + high);
        const bool inside = ptl_log_density_(t, beta, start + direction * middle) > lowest;
        low = inside ? middle : low, high = inside ? high : middle;
    }
    return high;
}

/* The integral over the side of `start` that the mode is not on. */
PTL_INLINE double ptl_tail_integral_(const ptl_tail_ *t, bool beta, double start) {
    const double direction = start <= t->mode ? -1 : 1;
    const double width = ptl_tail_width_(t, beta, start, direction);
    const double ends[4] = {0, width < 3 ? width : 3, width < 45 ? width : 45, width};
    double total = 0;
    for (int panel = 0; panel < 3; panel++) {
        const double left = ends[panel], length = ends[panel + 1] - left;
        double sum = 0;
        #pragma omp simd reduction(+:sum)
        for (int i = 0; i < 48; i++) {
            const double u = start + direction * (left + length * ptl_nodes_[i]);
            const double l = beta ? log1p(exp(-fabs(u))) : 0;
            sum += ptl_weights_[i] * exp(ptl_log_density_at_(t, beta, u, l)) * ptl_score_at_(t, beta, u, l);
        }
        total += length * sum;
    }
    return -direction * total;
}

/* log gamma(k) less Stirling's formula without its series. */
PTL_INLINE double ptl_stirling_rest_(double k) {
    const double half_log_2pi = 0.91893853320467274178;
    if (k < 8) return ptl_gammaln_d(k) - ((k - 0.5) * log(k) - k + half_log_2pi);
    const double inverse = 1 / k, w = inverse * inverse;
    return inverse * (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w * (1.0 / 1188 -
                      w * (691.0 / 360360 - w / 156))))));
}

/* The derivative of gammainc by its shape, taken `times` times, once or twice. */
static __attribute__((unused, noinline)) double ptl_gammainc_by_(double k, double x, int times) {
    if (!(k > 0) || !isfinite(k + x)) return x == INFINITY ? 0 : NAN;
    if (!(x > 0)) return x == 0 ? 0 : NAN;
    const ptl_tail_ tail = {
        .a = k, .mode = log(k), .mean_a = ptl_psi_d(k), .curvature = times == 2 ? -ptl_trigamma_d(k) : 0, .by_a = times,
        .log_norm = 0.5 * log(k) - 0.91893853320467274178 - ptl_stirling_rest_(k),
    };
    return ptl_tail_integral_(&tail, false, log(x));
}

/* The derivative of betainc, `by_a` times by its first parameter and `by_b` times by its second. */
static __attribute__((unused, noinline)) double ptl_betainc_by_(double a, double b, double x, int by_a, int by_b) {
    if (!(a > 0) || !(b > 0) || !isfinite(a + b + x)) return x == INFINITY ? 0 : NAN;
    if (!(x > 0 && x < 1)) return x == 0 || x == 1 ? 0 : NAN;
    const double both = a + b, mode = log(a) - log(b), mean = ptl_psi_d(both);
    const double shared = by_a + by_b == 2 ? ptl_trigamma_d(both) : 0;
    const double own = by_a == 2 ? ptl_trigamma_d(a) : by_b == 2 ? ptl_trigamma_d(b) : 0;
    const ptl_tail_ tail = {
        .a = a, .b = b, .mode = mode, .mode_a = ptl_log_sigmoid_(mode), .mode_b = ptl_log_sigmoid_(-mode),
        .mean_a = ptl_psi_d(a) - mean, .mean_b = ptl_psi_d(b) - mean, .curvature = shared - own,
        .by_a = by_a, .by_b = by_b,
        .log_norm = 0.5 * (log(a) + log(b) - log(both)) - 0.91893853320467274178 + ptl_stirling_rest_(both) -
                    ptl_stirling_rest_(a) - ptl_stirling_rest_(b),
    };
    return ptl_tail_integral_(&tail, true, log(x) - log1p(-x));
}

#define ptl_gammainc_by(k, x, times) PTL_LIKE(x, ptl_gammainc_by_(k, x, times))
#define ptl_betainc_by(a, b, x, by_a, by_b) PTL_LIKE(x, ptl_betainc_by_(a, b, x, by_a, by_b))

/* -- the hypergeometric series ------------------------------------------------------------------------------------
 * One of the derivatives of 2F1 by a, c, aa, ab, ac, cc, from the series, which converges for |z| < 1 only;
 * NaN elsewhere, and where c is 0, -1, -2, ... */
static __attribute__((unused, noinline)) double ptl_hyp2f1_by_(double a, double b, double c, double z, int which) {
    enum { A, C, AA, AB, AC, CC };
    if (!(fabs(z) < 1) || a != a || b != b || c != c || (c <= 0 && c == floor(c))) return NAN;
    double term = 1, by_b = 0, d[6] = {0}, sums[6] = {0};
    for (int n = 0; n < 20000; n++) {
        const double p = a + n, q = b + n, s = 1 / (c + n), f = z / (n + 1);
        /* First the factor p q, then s = 1/(c+n), whose derivatives are -s² and 2s³, then f. */
        d[AA] = (d[AA] * p + 2 * d[A]) * q;
        d[AB] = d[AB] * p * q + by_b * q + d[A] * p + term;
        d[AC] = (d[AC] * p + d[C]) * q;
        d[CC] = d[CC] * p * q;
        d[A] = (d[A] * p + term) * q, by_b = (by_b * q + term) * p, d[C] = d[C] * p * q;
        term = term * p * q;
        d[CC] = d[CC] * s - 2 * (d[C] - term * s) * s * s;
        d[AC] = d[AC] * s - d[A] * s * s;
        d[C] = d[C] * s - term * s * s;
        d[A] *= s, by_b *= s, d[AA] *= s, d[AB] *= s, term *= s;
        bool settled = n % 16 == 15;
        for (int i = 0; i < 6; i++) {
            d[i] *= f, sums[i] += d[i];
            settled = settled && fabs(d[i]) <= 1e-17 * fabs(sums[i]) + 1e-300;
        }
        by_b *= f, term *= f;
        if (settled) break;
    }
    return sums[which];
}

#define ptl_hyp2f1_by(a, b, c, z, which) PTL_LIKE(z, ptl_hyp2f1_by_(a, b, c, z, which))

#endif
