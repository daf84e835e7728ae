#include "model/orthogonal.h"

#include <math.h>

#include "base/simd.h"

/* `n` numbers of a vector whose elements lie `step` apart. */
VECTOR_CLONES static double dot(const float *a, const float *b, size_t n, size_t step)
{
    double lanes[8] = { 0 };
    size_t whole = n - n % 8;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t j = 0; j < 8; j++)
            lanes[j] += (double)a[(i + j) * step] * (double)b[(i + j) * step];
    for (size_t i = whole; i < n; i++)
        lanes[i - whole] += (double)a[i * step] * (double)b[i * step];
    double sum = 0;
    for (int j = 0; j < 8; j++)
        sum += lanes[j];
    return sum;
}

VECTOR_CLONES static void subtract(float *a, const float *b, double share, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++)
        a[i * step] = (float)((double)a[i * step] - share * (double)b[i * step]);
}

/*
 * Gram and Schmidt on Gaussian vectors, each against the finished ones in turn, twice: once leaves
 * what float rounds off. A vector that all but vanishes is drawn again.
 */
void orthogonal_fill(float *w, size_t rows, size_t columns, double scale, struct rng *rng)
{
    bool by_rows = rows <= columns;
    size_t vectors = by_rows ? rows : columns, n = by_rows ? columns : rows;
    size_t step = by_rows ? 1 : columns, next = by_rows ? columns : 1;
    for (size_t v = 0; v < vectors;) {
        float *a = w + v * next;
        for (size_t i = 0; i < n; i++)
            a[i * step] = (float)rng_normal(rng);
        double before = sqrt(dot(a, a, n, step));
        for (int round = 0; round < 2; round++)
            for (size_t u = 0; u < v; u++)
                subtract(a, w + u * next, dot(a, w + u * next, n, step), n, step);
        double length = sqrt(dot(a, a, n, step));
        if (length < 1e-4 * before)
            continue;
        for (size_t i = 0; i < n; i++)
            a[i * step] = (float)((double)a[i * step] / length);
        v++;
    }
    for (size_t i = 0; i < rows * columns; i++)
        w[i] = (float)(scale * (double)w[i]);
}
