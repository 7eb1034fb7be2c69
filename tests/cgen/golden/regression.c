double loss = 0.0;
#pragma omp simd
for (int64_t j = 0; j < n1; j++) {
    y1[j] = 0.0;
}
const int64_t i_rows = ptl_block_rows(64, n1);
for (int64_t i_block = 0; i_block < n0; i_block += i_rows) {
    const int64_t i_end = ptl_min_int64(i_block + i_rows, n0);
    double rows_z[64];
    double rows_r[64];
    for (int64_t i = i_block; i < i_end; i++) {
        double z = 0.0;
        #pragma omp simd reduction(+:z)
        for (int64_t j = 0; j < n1; j++) {
            z += x0[i*n1 + j] * x1[j];
        }
        rows_z[i - i_block] = z;
    }
    #pragma omp simd reduction(+:loss)
    for (int64_t i = i_block; i < i_end; i++) {
        loss += ptl_softplus(rows_z[i - i_block]) - rows_z[i - i_block] * x2[i];
        rows_r[i - i_block] = ptl_sigmoid(rows_z[i - i_block]) - x2[i];
    }
    for (int64_t i = i_block; i < i_end; i++) {
        #pragma omp simd
        for (int64_t j = 0; j < n1; j++) {
            y1[j] += x0[i*n1 + j] * rows_r[i - i_block];
        }
    }
}
y0[0] = loss;
/* workspace: [] */
