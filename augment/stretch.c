/*
 * Stretch the picture about its center by independent factors along x and y, drawn uniformly in
 * their logarithm, so that twice and half are as likely; the size stays. Below 1 the border comes
 * in.
 */
#include "augment/affine.h"
#include "augment/augmentation_values.h"
#include "base/real.h"

enum { X, Y, ANTIALIAS, FILTER, FILL, FILL_MODE, REVEAL };

static const struct param params[] = {
    [X] = { "x", PARAM_RANGE, "", .min = 0.05, .max = 20, .initial = "[0.8, 1.25]",
            .help = "factor of the width of things" },
    [Y] = { "y", PARAM_RANGE, "", .min = 0.05, .max = 20, .initial = "[0.8, 1.25]",
            .help = "factor of their height" },
    [ANTIALIAS] = ANTIALIAS_ROW,
    [FILTER] = KEEP_FILTER_ROW,
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return fill_check(&v[FILL], node, err);
}

static double factor(const union value *v, struct rng *rng)
{
    return real_exp(rng_range(rng, real_log(v->list.item[0]), real_log(v->list.item[1])));
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double x = factor(&v[X], rng), y = factor(&v[Y], rng), map[9];
    affine_identity(map);
    map[0] = 1 / x;
    map[2] = plan->width / 2.0 * (1 - 1 / x);
    map[4] = 1 / y;
    map[5] = plan->height / 2.0 * (1 - 1 / y);
    plan->antialias = plan->antialias || v[ANTIALIAS].flag;
    filter_keep(plan, &v[FILTER]);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    return plan_map(plan, map, plan->width, plan->height, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{x: [1.2, 1.2], y: [1, 1]}", "{x: [1.6, 1.6], y: [1, 1]}", "{x: [1, 1], y: [1.6, 1.6]}",
    "{x: [0.6, 0.6], y: [1, 1]}", "{x: [1, 1], y: [0.4, 0.4]}", NULL,
};

const struct augmentation augment_stretch = {
    .name = "stretch",
    .summary = "stretch width and height by random factors",
    .source = "Wu et al., Deep Image, arXiv:1501.02876",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
