int64_t bad = 0;
#pragma omp simd reduction(|:bad)
for (int64_t i = 0; i < n0; i++) {
    bad |= ptl_out_of_range(x1[i], n1);
}
if (bad) {
    for (int64_t i = 0; i < n0; i++) {
        const int64_t bad_index = x1[i];
        if (ptl_out_of_range(bad_index, n1)) {
            return PTL_FAIL(error, 0, bad_index, n1);
        }
    }
}
double ss = 0.0;
#pragma omp simd
for (int64_t j = 0; j < n1; j++) {
    y1[j] = 0.0;
}
for (int64_t i = 0; i < n0; i++) {
    const int64_t at = ptl_wrap_index(x1[i], n1);
    const double an = x0[at];
    const double r = x2[i] - an;
    ss += r * r;
    y1[at] += r;
}
y0[0] = ss;
/* workspace: [] */
