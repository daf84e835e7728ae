/*
 * Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450. Over the whole image, with weights
 * (c,h,w), as PyTorch's LayerNorm([c, h, w]); or over the channels of each position, with weights
 * (c), as ConvNeXt has it.
 */
#include "model/normalize.h"

enum { EPS, OVER };
enum { IMAGE, CHANNELS };
static const char *const sets[] = { [IMAGE] = "image", [CHANNELS] = "channels", NULL };

static const struct param params[] = {
    [EPS] = { "eps", PARAM_NUMBER, "", .value = 1e-5, .min = 0, .max = 1,
              .help = "added to the variance" },
    [OVER] = { "over", PARAM_CHOICE, "", .value = IMAGE, .choices = sets,
               .help = "what is normalized together: the image, or the channels of a position" },
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
    bool image = l->v[OVER].integer == IMAGE;
    for (int i = 0; i < 2; i++)
        w[i] = (struct layer_weight){ .suffix = i ? "bias" : "weight",
                                      .rank = image ? 3 : 1,
                                      .shape = { in->c, image ? in->h : 0, image ? in->w : 0 },
                                      .trained = true,
                                      .init = i ? INIT_ZERO : INIT_ONE };
    return 2;
}

/* The image as sets: `count` of `n` numbers, `step` apart; a set begins at its number. */
struct sets {
    size_t count, n, step;
};

static struct sets sets_of(const struct pass *p)
{
    size_t plane = (size_t)p->out.h * (size_t)p->out.w;
    if (p->layer->v[OVER].integer == IMAGE)
        return (struct sets){ 1, shape_count(p->out), 1 };
    return (struct sets){ plane, (size_t)p->out.c, plane };
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    struct sets s = sets_of(p);
    for (size_t k = 0; k < s.count; k++) {
        const real *x = p->x[0] + (size_t)i * shape_count(p->out) + k;
        real *y = p->y + (size_t)i * shape_count(p->out) + k;
        struct moments m = moments_of(x, s.n, s.step, p->layer->v[EPS].number);
        for (size_t j = 0; j < s.n; j++)
            y[j * s.step] = (real)((x[j * s.step] - m.mean) * m.inverse) * p->w[0][j] + p->w[1][j];
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    struct sets s = sets_of(p);
    for (size_t k = 0; k < s.count; k++) {
        size_t at = (size_t)i * shape_count(p->out) + k;
        const real *x = p->x[0] + at, *dy = p->dy + at;
        struct moments m = moments_of(x, s.n, s.step, p->layer->v[EPS].number);
        double sum = 0, product = 0;
        for (size_t j = 0; j < s.n; j++) {
            double xhat = (x[j * s.step] - m.mean) * m.inverse, d = dy[j * s.step];
            lane[j] += (real)(d * xhat);
            lane[s.n + j] += (real)d;
            sum += d * p->w[0][j];
            product += d * p->w[0][j] * xhat;
        }
        sum /= (double)s.n;
        product /= (double)s.n;
        real *dx = p->dx[0] ? p->dx[0] + at : NULL;
        for (size_t j = 0; dx && j < s.n; j++) {
            double xhat = (x[j * s.step] - m.mean) * m.inverse;
            double d = ((double)dy[j * s.step] * p->w[0][j] - sum - xhat * product) * m.inverse;
            dx[j * s.step] = (real)d + (p->add[0] ? dx[j * s.step] : 0);
        }
    }
}

const struct layer_kind LAYER(layernorm) = {
    .name = "layernorm",
    .summary = "layer normalization (PyTorch's LayerNorm)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .weights = weights,
    .forward = forward,
    .backward = backward,
};
