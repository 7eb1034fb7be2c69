#pragma omp simd
for (int64_t i = 0; i < n0*n1; i++) {
    y0[i] = x0[i] * x1[i];
}
/* workspace: [] */
