/* Resize so that the shorter side is `size`, keeping the aspect: the longer side is int(long * size
 * / short). */
#include "augment/augmentation_values.h"

enum { SIZE, FILTER };

static const struct param params[] = {
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 256, .min = 1, .max = 16384,
               "the shorter side afterwards" },
    [FILTER] = FILTER_ROW,
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    plan->filter = (enum plan_filter)v[FILTER].integer;
    return plan_resize_short(plan, (int)v[SIZE].integer, err);
}

static const char *const strip[] = {
    "{size: 96}", "{size: 72}", "{size: 48}", "{size: 24}", "{size: 12}", NULL,
};

const struct augmentation augment_resize_short = {
    .name = "resize_short",
    .summary = "resize the shorter side to a fixed size",
    .source = "torchvision's Resize(int)",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .draw = draw,
    .strip = strip,
};
