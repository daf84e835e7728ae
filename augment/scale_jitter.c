/*
 * Scale augmentation: the shorter side is an integer drawn uniformly from [min, max]. Simonyan and
 * Zisserman, arXiv:1409.1556; He et al., arXiv:1512.03385, section 3.4, with [256, 480]. A crop
 * usually follows.
 */
#include "augment/augmentation_values.h"

enum { MIN, MAX, FILTER };

static const struct param params[] = {
    [MIN] = { "min", PARAM_INTEGER, "px", .value = 256, .min = 1, .max = 16384,
              "smallest shorter side" },
    [MAX] = { "max", PARAM_INTEGER, "px", .value = 480, .min = 1, .max = 16384,
              "largest shorter side, included" },
    [FILTER] = FILTER_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[MIN].integer > v[MAX].integer)
        return node_error(node, err, "min is %d; must be at most max, which is %d",
                          (int)v[MIN].integer, (int)v[MAX].integer);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    plan->filter = (enum plan_filter)v[FILTER].integer;
    return plan_resize_short(plan, (int)rng_integer(rng, v[MIN].integer, v[MAX].integer), err);
}

static const char *const strip[] = {
    "{min: 112, max: 112}", "{min: 96, max: 96}", "{min: 64, max: 64}", "{min: 32, max: 32}", NULL,
};

const struct augmentation augment_scale_jitter = {
    .name = "scale_jitter",
    .summary = "resize the shorter side to a random size",
    .source = "He et al., arXiv:1512.03385, section 3.4",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
