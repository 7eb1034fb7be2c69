/* Sums of squares about a mean that is not known yet (Chan, Golub and LeVeque, 1983). */
#ifndef PTL_SPREAD_H
#define PTL_SPREAD_H

#include "ptl_runtime.h"

/* A number near those between `first` and `last`, to measure them from; an outlier or an infinity is none. */
static inline double ptl_level(double first, double last) {
    const double level = fabs(first) < fabs(last) ? first : last;
    return fabs(level) < 0x1p900 ? level : 0.0;
}

/* What squares about the mean gain, beside their own, as `more` numbers with this mean join `seen` ones.  A single
 * number has none of its own, unless it is infinite: then they are NaN. */
static inline double ptl_gained(double mean, double total, int64_t seen, int64_t more) {
    const double share = seen > 0 ? 1.0 / (double)seen : 0.0;
    const double weight = (double)seen * ((double)more / (double)(seen + more));
    const double apart = mean - total * share;
    return weight * apart * apart + (more == 1 ? mean - mean : 0.0);
}

/* Join totals and squares of `more` numbers to those of `seen`, for each of `count` columns. */
__attribute__((noinline)) static void ptl_join(double *restrict totals, double *restrict squares,
                                               const double *restrict more_totals, const double *restrict more_squares,
                                               int64_t count, int64_t seen, int64_t more) {
    if (more == 0) return;
    const double share = 1.0 / (double)more;
    #pragma omp simd
    for (int64_t k = 0; k < count; k++) {
        squares[k] += more_squares[k] + ptl_gained(more_totals[k] * share, totals[k], seen, more);
        totals[k] += more_totals[k];
    }
}

#endif
