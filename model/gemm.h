/*
 * Matrix products on OpenBLAS, one thread per call; row-major. The bits of a product depend on its
 * shape and kernel set alone.
 *
 *     if (gemm_check(&err) < 0) ...                                   // once
 *     gemm(false, false, m, n, k, a, b, 0, c);                        // c (m,n) = a (m,k) b (k,n)
 */
#ifndef TENFOLD_MODEL_GEMM_H
#define TENFOLD_MODEL_GEMM_H

#include <stdbool.h>

#include "base/error.h"

/* Hold OpenBLAS to one thread a call and see that it is so. Any thread, any number of times. */
int gemm_check(struct error *err);

/* c (m,n) = op(a) op(b) + beta c; op(a) is (m,k), stored (k,m) when `transpose_a`; likewise b
 * (k,n). */
void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, const float *b,
          float beta, float *c);

/* y (m) = a (m,k) x, or y (k) = a^T x when `transpose`; plus beta y. */
void gemv(bool transpose, int m, int k, const float *a, const float *x, float beta, float *y);

/* OpenBLAS's name for the processor it chose kernels for. */
const char *gemm_core(void);

#endif
