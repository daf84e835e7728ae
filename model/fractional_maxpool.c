/*
 * Fractional max pooling (Graham, arXiv:1412.6071): the largest value of regions whose sides are
 * one or two pixels (overlapping: two or three), so that a plane shrinks by a ratio between 1 and
 * 2. Regions are drawn for every image, in training and in evaluation: with several `sample`s the
 * paper's averaging over draws at test time. Sample 0 draws, too.
 */
#include <string.h>

#include "model/fractional.h"
#include "model/layer.h"

enum { RATIO, REGIONS, OVERLAPPING };
enum { RANDOM, PSEUDO };
static const char *const regions[] = { [RANDOM] = "random", [PSEUDO] = "pseudorandom", NULL };

static const struct param params[] = {
    [RATIO] = { "ratio", PARAM_NUMBER, "", .value = 1.41421356, .min = 1, .max = 2,
                .help = "of the sides before and after" },
    [REGIONS] = { "regions", PARAM_CHOICE, "", .value = PSEUDO, .choices = regions,
                  .help =
                      "random: any order of one and two pixels; pseudorandom: as evenly as they "
                      "can lie, from a random start" },
    [OVERLAPPING] = { "overlapping", PARAM_FLAG, "", .value = 1,
                      .help = "neighbors share a row or column" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    double ratio = l->v[RATIO].number;
    bool overlapping = l->v[OVERLAPPING].flag;
    *out = (struct shape){ in->c, fractional_outputs(in->h, ratio, overlapping),
                           fractional_outputs(in->w, ratio, overlapping) };
    if (out->h < 1 || out->w < 1)
        return error_set(err, ERROR_USAGE, NULL, "%dx%d is too small for overlapping regions",
                         in->h, in->w);
    return 0;
}

/* Where rows and columns of regions begin. */
static size_t scratch(const struct pass *p)
{
    return (size_t)p->out.h + (size_t)p->out.w + 2;
}

/* Where in its plane each output's value came from. */
static size_t state(const struct pass *p)
{
    return (size_t)p->b * shape_count(p->out) * sizeof(int32_t);
}

static void forward(const struct pass *p, int i, real *scratch_)
{
    bool overlapping = p->layer->v[OVERLAPPING].flag;
    bool pseudo = p->layer->v[REGIONS].integer == PSEUDO;
    int more = overlapping ? 1 : 0, h = p->in[0].h, w = p->in[0].w;
    int *top = (int *)scratch_, *left = top + p->out.h + 1; /* an int is no larger than a real */
    struct rng rng = pass_rng(p, i);
    fractional_regions(h, p->out.h, overlapping, pseudo, &rng, top);
    fractional_regions(w, p->out.w, overlapping, pseudo, &rng, left);
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    size_t out = (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++, x += (size_t)h * (size_t)w)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++, out++) {
                int32_t best = top[oh] * w + left[ow];
                for (int r = top[oh]; r < top[oh + 1] + more; r++)
                    for (int s = left[ow]; s < left[ow + 1] + more; s++)
                        best = x[r * w + s] > x[best] ? r * w + s : best;
                p->y[out] = x[best];
                if (p->training)
                    ((int32_t *)p->state)[out] = best;
            }
}

static void backward(const struct pass *p, int i, real *scratch_, real *lane)
{
    (void)scratch_;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w, at = (size_t)i * shape_count(p->out);
    size_t positions = (size_t)p->out.h * (size_t)p->out.w;
    real *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    for (int c = 0; c < p->out.c; c++, dx += plane)
        for (size_t o = 0; o < positions; o++, at++)
            dx[((const int32_t *)p->state)[at]] += p->dy[at];
}

const struct layer_kind LAYER(fractional_maxpool) = {
    .name = "fractional_maxpool",
    .summary = "largest value of random regions of one or two pixels",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .draws = true,
    .shape = shape,
    .scratch = scratch,
    .state = state,
    .forward = forward,
    .backward = backward,
};
