const int64_t i_rows = ptl_block_rows(64, n1);
for (int64_t i_block = 0; i_block < n0; i_block += i_rows) {
    const int64_t i_end = ptl_min_int64(i_block + i_rows, n0);
    double rows_m[64];
    double rows_s[64];
    for (int64_t i = i_block; i < i_end; i++) {
        double m_max = -INFINITY;
        int64_t m_nan = 0;
        #pragma omp simd reduction(max:m_max) reduction(|:m_nan)
        for (int64_t j = 0; j < n1; j++) {
            m_max = x0[i*n1 + j] > m_max ? x0[i*n1 + j] : m_max;
            m_nan |= x0[i*n1 + j] != x0[i*n1 + j];
        }
        const double m = m_nan ? NAN : m_max;
        rows_m[i - i_block] = m;
    }
    for (int64_t i = i_block; i < i_end; i++) {
        double s = 0.0;
        #pragma omp simd reduction(+:s)
        for (int64_t j = 0; j < n1; j++) {
            const double e = exp(x0[i*n1 + j] - rows_m[i - i_block]);
            w0[i*n1 - i_block*n1 + j] = e;
            s += e;
        }
        rows_s[i - i_block] = s;
    }
    for (int64_t i = i_block; i < i_end; i++) {
        #pragma omp simd
        for (int64_t j = 0; j < n1; j++) {
            y0[i*n1 + j] = w0[i*n1 - i_block*n1 + j] / rows_s[i - i_block];
        }
    }
}
/* workspace: [('float64', '64*n1')] */
