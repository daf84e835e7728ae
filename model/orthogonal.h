/*
 * Random matrices with orthonormal rows, or columns where there are more rows than columns (Saxe et
 * al., arXiv:1312.6120; PyTorch's orthogonal_).
 *
 *     orthogonal_fill(w, k, c * r * r, 1, &rng);
 */
#ifndef TENFOLD_MODEL_ORTHOGONAL_H
#define TENFOLD_MODEL_ORTHOGONAL_H

#include <stddef.h>

#include "base/rng.h"

/* w (rows, columns), every one of the orthogonal vectors `scale` long. */
void orthogonal_fill(float *w, size_t rows, size_t columns, double scale, struct rng *rng);

#endif
