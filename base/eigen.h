/*
 * Eigenvalues and eigenvectors of symmetric matrices, by LAPACK (which comes with OpenBLAS).
 *
 *     double a[9] = { ... }, w[3];
 *     if (eigen_symmetric(3, a, w, &err) < 0) ...
 *     // w[2] is the largest eigenvalue, a[6..8] its eigenvector
 */
#ifndef TENFOLD_BASE_EIGEN_H
#define TENFOLD_BASE_EIGEN_H

#include "base/error.h"

/* The eigenvalues of `a` (n,n) into w (n), rising; rows of `a` become the eigenvectors, of length
 * 1 and either sign. What is read of `a` is its upper triangle. ERROR_FAILED where LAPACK finds
 * none, as with values that are not finite. */
int eigen_symmetric(int n, double *a, double *w, struct error *err);

#endif
