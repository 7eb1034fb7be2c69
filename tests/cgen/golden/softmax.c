for (int64_t i = 0; i < n0; i++) {
    double m = -INFINITY;
    #pragma omp simd reduction(ptl_max:m)
    for (int64_t j = 0; j < n1; j++) {
        m = ptl_max(m, x0[i*n1 + j]);
    }
    double s = 0.0;
    #pragma omp simd reduction(+:s)
    for (int64_t j = 0; j < n1; j++) {
        const double e = exp(x0[i*n1 + j] - m);
        w0[j] = e;
        s += e;
    }
    #pragma omp simd
    for (int64_t j = 0; j < n1; j++) {
        y0[i*n1 + j] = w0[j] / s;
    }
}
/* workspace: [('float64', 'n1')] */
