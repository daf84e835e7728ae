/* One learned number times everything, begun at 1 or as told: the multiplier at the end of Fixup's
 * residual branches (Zhang, Dauphin and Ma, arXiv:1901.09321). ds = sum x dy. */
#include "model/layer.h"

enum { INIT };

static const struct param params[] = {
    [INIT] = { "init", PARAM_NUMBER, "", .value = 1, .min = -1000, .max = 1000,
               .help = "number to begin with" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    (void)l;
    (void)err;
    *out = *in;
    return 0;
}

static int weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    (void)in;
    w[0] = (struct layer_weight){ .suffix = "scale",
                                  .rank = 1,
                                  .shape = { 1 },
                                  .trained = true,
                                  .init = INIT_CONSTANT,
                                  .value = l->v[INIT].number };
    return 1;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    for (size_t j = at; j < at + n; j++)
        p->y[j] = p->w[0][0] * p->x[0][j];
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    double sum = 0;
    for (size_t j = at; j < at + n; j++) {
        sum += p->x[0][j] * p->dy[j];
        if (p->dx[0])
            p->dx[0][j] = p->w[0][0] * p->dy[j] + (p->add[0] ? p->dx[0][j] : 0);
    }
    lane[0] += (real)sum;
}

const struct layer_kind LAYER(scale) = {
    .name = "scale",
    .summary = "one learned number times everything",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .weights = weights,
    .forward = forward,
    .backward = backward,
};
