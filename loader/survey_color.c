/* What preprocessing takes from a survey. Sums are whole numbers, so n * sum(xy) - sum(x) sum(y) is
 * computed in 128 bits before anything is rounded. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/eigen.h"
#include "base/memory.h"
#include "loader/survey_private.h"

static int need_images(const struct survey *s, struct error *err)
{
    if (s->counts.images > 0)
        return 0;
    return error_set(err, ERROR_DATA, s->part_count ? s->parts[0].data : NULL,
                     "holds no image that can be decoded");
}

int survey_color(const struct survey *s, struct survey_color *color, struct error *err)
{
    const struct survey_counts *c = &s->counts;
    double n = (double)c->pixels, a[9], w[3];
    if (need_images(s, err) < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            __int128 scaled =
                (__int128)c->product[i][j] * c->pixels - (__int128)c->sum[i] * c->sum[j];
            color->covariance[i][j] = a[3 * i + j] = (double)scaled / n / n / (255.0 * 255.0);
        }
    for (int i = 0; i < 3; i++) {
        color->mean[i] = (double)c->sum[i] / n / 255;
        color->std[i] = sqrt(color->covariance[i][i]);
    }
    if (eigen_symmetric(3, a, w, err) < 0)
        return -1;
    for (int k = 0; k < 3; k++) { /* falling */
        const double *vector = a + 3 * (2 - k);
        int most = 0;
        for (int i = 1; i < 3; i++)
            if (fabs(vector[i]) > fabs(vector[most]))
                most = i;
        color->eigval[k] = w[2 - k] > 0 ? w[2 - k] : 0;
        for (int i = 0; i < 3; i++)
            color->eigvec[i][k] = vector[most] < 0 ? -vector[i] : vector[i];
    }
    return 0;
}

int survey_mean_image(const struct survey *s, float *mean, struct error *err)
{
    if (need_images(s, err) < 0)
        return -1;
    for (size_t i = 0; i < s->values; i++)
        mean[i] = (float)((double)s->frame_sum[i] / (double)s->counts.images);
    return 0;
}

/* The frames' covariance on the 0..1 scale, lower triangle. */
static void covariance(const struct survey *s, double *a)
{
    double n = (double)s->counts.images;
    for (size_t i = 0; i < s->values; i++)
        for (size_t j = 0; j <= i; j++) {
            __int128 scaled = (__int128)s->second[i * s->values + j] * s->counts.images -
                              (__int128)s->frame_sum[i] * s->frame_sum[j];
            /* LAPACK counts columns first: what is its lower triangle is the upper one here. */
            a[j * s->values + i] = (double)scaled / n / n / (255.0 * 255.0);
        }
}

/* Rows scale_k e_k^T, the largest eigenvalue first. */
static void whiten_pca(size_t d, double epsilon, const double *vectors, const double *values,
                       float *matrix)
{
    for (size_t k = 0; k < d; k++) {
        const double *e = vectors + (d - 1 - k) * d;
        double value = values[d - 1 - k] > 0 ? values[d - 1 - k] : 0;
        double scale = 1 / sqrt(value + epsilon);
        for (size_t j = 0; j < d; j++)
            matrix[k * d + j] = (float)(scale * e[j]);
    }
}

/* The sum over k of scale_k e_k e_k^T: a product of A^T A with rows sqrt(scale_k) e_k in A. */
static void whiten_zca(size_t d, double epsilon, double *vectors, const double *values,
                       double *product, float *matrix)
{
    for (size_t k = 0; k < d; k++) {
        double scale = 1 / sqrt(sqrt((values[k] > 0 ? values[k] : 0) + epsilon));
        for (size_t j = 0; j < d; j++)
            vectors[k * d + j] *= scale;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)d, (int)d, 1, vectors, (int)d, 0,
                product, (int)d);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            matrix[i * d + j] = matrix[j * d + i] = (float)product[i * d + j];
}

int survey_whitening(const struct survey *s, bool zca, double epsilon, float *matrix,
                     struct error *err)
{
    size_t d = s->values;
    if (!s->second)
        return error_set(err, ERROR_USAGE, NULL,
                         "the survey holds no covariance of its frames: "
                         "it was made without --whiten");
    if (need_images(s, err) < 0)
        return -1;
    double *a = memory_array(d * d, sizeof(*a), err);
    double *product = zca && a ? memory_array(d * d, sizeof(*product), err) : NULL;
    double *w = a && (product || !zca) ? memory_array(d, sizeof(*w), err) : NULL;
    int rc = w ? 0 : -1;
    if (rc == 0) {
        covariance(s, a);
        rc = eigen_symmetric((int)d, a, w, err);
    }
    if (rc == 0 && zca)
        whiten_zca(d, epsilon, a, w, product, matrix);
    else if (rc == 0)
        whiten_pca(d, epsilon, a, w, matrix);
    free(w);
    free(product);
    free(a);
    return rc;
}
