/* A linear layer as its definition reads, y = w x + bias: the twin that the products of linear.c
 * are held to, at the declared input's size. */
#include <string.h>

#include "model/linear_form.h"

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->in[0]), k = (size_t)p->out.c;
    const real *x = p->x[0] + (size_t)i * n;
    for (size_t j = 0; j < k; j++) {
        real sum = p->w[LINEAR_BIAS] ? p->w[LINEAR_BIAS][j] : 0;
        for (size_t t = 0; t < n; t++)
            sum += p->w[LINEAR_WEIGHT][j * n + t] * x[t];
        p->y[(size_t)i * k + j] = sum;
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    size_t n = shape_count(p->in[0]), k = (size_t)p->out.c;
    const real *x = p->x[0] + (size_t)i * n, *dy = p->dy + (size_t)i * k;
    real *dx = p->dx[0] ? p->dx[0] + (size_t)i * n : NULL;
    if (dx && !p->add[0])
        memset(dx, 0, n * sizeof(*dx));
    for (size_t j = 0; j < k; j++) {
        for (size_t t = 0; t < n; t++) {
            lane[j * n + t] += x[t] * dy[j];
            if (dx)
                dx[t] += p->w[LINEAR_WEIGHT][j * n + t] * dy[j];
        }
        if (p->w[LINEAR_BIAS])
            lane[k * n + j] += dy[j];
    }
}

const struct layer_kind LAYER(linear_plain) = {
    .name = "linear",
    .summary = "fully connected by its definition",
    .params = linear_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = linear_shape,
    .weights = linear_weights,
    .forward = forward,
    .backward = backward,
};
