#pragma omp simd
for (int64_t i = 0; i < n1; i++) {
    y1[i] = -x0[i];
}
int64_t bad = 0;
#pragma omp simd reduction(|:bad)
for (int64_t j = 0; j < n0; j++) {
    bad |= ptl_out_of_range(x1[j], n1);
}
if (bad) {
    for (int64_t j = 0; j < n0; j++) {
        const int64_t bad_index = x1[j];
        if (ptl_out_of_range(bad_index, n1)) {
            return PTL_FAIL(error, 0, bad_index, n1);
        }
    }
}
double ss = 0.0;
for (int64_t j_block = 0; j_block < n0; j_block += 512) {
    const int64_t j_end = ptl_min_int64(j_block + 512, n0);
    int64_t rows_at[512];
    double rows_r[512];
    #pragma omp simd reduction(+:ss)
    for (int64_t j = j_block; j < j_end; j++) {
        const int64_t at = ptl_wrap_index(x1[j], n1);
        rows_at[j - j_block] = at;
        const double an = x0[at];
        const double r = x2[j] - an;
        rows_r[j - j_block] = r;
        ss += r * r;
    }
    for (int64_t j = j_block; j < j_end; j++) {
        const int64_t ga_at0 = rows_at[j - j_block];
        y1[ga_at0] += rows_r[j - j_block];
    }
}
y0[0] = ss;
/* workspace: [] */
