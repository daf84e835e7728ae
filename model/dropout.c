/*
 * Srivastava et al., "Dropout", JMLR 15, 2014. Each value is set to zero with probability p,
 * independently, during training.
 *
 *     inverted:  training y = x m / (1 - p), evaluation y = x            (PyTorch's Dropout)
 *     vanilla:   training y = x m,           evaluation y = x (1 - p)    (the paper's)
 *
 * with m = 0 with probability p and else 1: both have in evaluation training's expectation. The
 * mask is drawn again in backward, from the same counter.
 */
#include "model/layer.h"

enum { P, FORM };
enum { INVERTED, VANILLA };
static const char *const forms[] = { [INVERTED] = "inverted", [VANILLA] = "vanilla", NULL };

static const struct param params[] = {
    [P] = { "p", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 0.999,
            .help = "probability that a value is set to zero" },
    [FORM] = { "form", PARAM_CHOICE, "", .value = INVERTED, .choices = forms,
               .help = "inverted: scaled up in training; vanilla: scaled down in evaluation" },
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

/* to (+)= from m scale. */
static void mask(const struct pass *p, int i, const real *from, real *to, bool add)
{
    size_t n = shape_count(p->out);
    const union value *v = p->layer->v;
    real scale = v[FORM].integer == INVERTED ? (real)(1 / (1 - v[P].number)) : 1;
    uint64_t below = (uint64_t)(v[P].number * 0x1p32); /* of 2^32 draws so many drop */
    struct rng rng = pass_rng(p, i);
    for (size_t j = 0; j < n; j++) {
        real kept = rng_u32(&rng) < below ? 0 : from[j] * scale;
        to[j] = add ? to[j] + kept : kept;
    }
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out);
    const union value *v = p->layer->v;
    const real *x = p->x[0] + (size_t)i * n;
    real *y = p->y + (size_t)i * n;
    if (p->training || p->noise) {
        mask(p, i, x, y, false);
        return;
    }
    real scale = v[FORM].integer == INVERTED ? 1 : (real)(1 - v[P].number);
    for (size_t j = 0; j < n; j++)
        y[j] = x[j] * scale;
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    size_t at = (size_t)i * shape_count(p->out);
    if (p->dx[0])
        mask(p, i, p->dy + at, p->dx[0] + at, p->add[0]);
}

const struct layer_kind LAYER(dropout) = {
    .name = "dropout",
    .summary = "values set to zero by chance (PyTorch's Dropout)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .draws = true,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
