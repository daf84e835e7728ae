#include "model/gemm.h"

#include <cblas.h>

int gemm_check(struct error *err)
{
    openblas_set_num_threads(1);
    if (openblas_get_num_threads() != 1)
        return error_set(err, ERROR_FAILED, "OpenBLAS",
                         "keeps %d threads a call when told to use one; install the pthread build "
                         "(libopenblas-pthread-dev)",
                         openblas_get_num_threads());
    return 0;
}

void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, const float *b,
          float beta, float *c)
{
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1, a, transpose_a ? m : k, b,
                transpose_b ? k : n, beta, c, n);
}

void gemv(bool transpose, int m, int k, const float *a, const float *x, float beta, float *y)
{
    cblas_sgemv(CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, m, k, 1, a, k, x, 1, beta, y,
                1);
}

const char *gemm_core(void)
{
    return openblas_get_corename();
}
