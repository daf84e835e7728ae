#include "base/eigen.h"

#include <stdlib.h>

#include "base/memory.h"

/* Divide and conquer; columns in Fortran's order, so that its lower triangle is the upper one of
 * rows, and its columns are rows. */
void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
             double *w, double *work, const int *lwork, int *iwork, const int *liwork, int *info);

int eigen_symmetric(int n, double *a, double *w, struct error *err)
{
    int info, ask = -1, iwork_size;
    double work_size;
    dsyevd_("V", "L", &n, a, &n, w, &work_size, &ask, &iwork_size, &ask, &info);
    int lwork = (int)work_size, liwork = iwork_size;
    double *work = memory_array((size_t)lwork, sizeof(*work), err);
    int *iwork = work ? memory_array((size_t)liwork, sizeof(*iwork), err) : NULL;
    int rc = iwork ? 0 : -1;
    if (rc == 0) {
        dsyevd_("V", "L", &n, a, &n, w, work, &lwork, iwork, &liwork, &info);
        if (info != 0)
            rc = error_set(err, ERROR_FAILED, NULL,
                           "the eigenvectors of a %d x %d covariance were not found (LAPACK: %d)",
                           n, n, info);
    }
    free(iwork);
    free(work);
    return rc;
}
