/*
 * Huang et al., "Deep Networks with Stochastic Depth", arXiv:1603.09382: a residual branch is left
 * out with a probability that grows linearly with depth. The l-th of the network's L such layers
 * drops with probability p l / L (`decay: linear`) or p (`decay: none`).
 *
 *     inverted:  training y = x m / (1 - p_l), evaluation y = x       (torchvision's
 * StochasticDepth) vanilla:   training y = x m,             evaluation y = x (1 - p_l)    (the
 * paper's)
 *
 * m is drawn for every image (`mode: row`), or for the batch (`mode: batch`, the paper's).
 */
#include "model/layer.h"

enum { P, DECAY, MODE, FORM };
enum { LINEAR, NONE };
enum { ROW, BATCH };
enum { INVERTED, VANILLA };
static const char *const decays[] = { [LINEAR] = "linear", [NONE] = "none", NULL };
static const char *const modes[] = { [ROW] = "row", [BATCH] = "batch", NULL };
static const char *const forms[] = { [INVERTED] = "inverted", [VANILLA] = "vanilla", NULL };

static const struct param params[] = {
    [P] = { "p", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 0.999,
            .help = "probability that the network's last such branch is left out" },
    [DECAY] = { "decay", PARAM_CHOICE, "", .value = LINEAR, .choices = decays,
                .help = "linear: the l-th of L has p l / L; none: all have p" },
    [MODE] = { "mode", PARAM_CHOICE, "", .value = ROW, .choices = modes,
               .help = "row: each image by itself; batch: all images of a batch together" },
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

static double probability(const struct layer *l)
{
    double p = l->v[P].number;
    return l->v[DECAY].integer == LINEAR ? p * l->nth / l->of : p;
}

/* What image i is multiplied by. */
static real factor(const struct pass *p, int i)
{
    double drop = probability(p->layer);
    bool inverted = p->layer->v[FORM].integer == INVERTED;
    if (!p->training && !p->noise)
        return inverted ? 1 : (real)(1 - drop);
    struct rng rng = pass_rng(p, p->layer->v[MODE].integer == ROW ? i : 0);
    if (rng_uniform(&rng) < drop)
        return 0;
    return inverted ? (real)(1 / (1 - drop)) : 1;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    real f = factor(p, i);
    for (size_t j = at; j < at + n; j++)
        p->y[j] = f * p->x[0][j];
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    real f = factor(p, i);
    for (size_t j = at; p->dx[0] && j < at + n; j++)
        p->dx[0][j] = f * p->dy[j] + (p->add[0] ? p->dx[0][j] : 0);
}

const struct layer_kind LAYER(stochastic_depth) = {
    .name = "stochastic_depth",
    .summary = "a branch left out by chance (torchvision's StochasticDepth)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .draws = true,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
