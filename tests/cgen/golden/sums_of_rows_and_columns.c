#pragma omp simd
for (int64_t j = 0; j < n1; j++) {
    y1[j] = 0.0;
}
for (int64_t i = 0; i < n0; i++) {
    double rows = 0.0;
    #pragma omp simd reduction(+:rows)
    for (int64_t j = 0; j < n1; j++) {
        rows += x0[i*n1 + j];
        y1[j] += x0[i*n1 + j];
    }
    y0[i] = rows;
}
/* workspace: [] */
