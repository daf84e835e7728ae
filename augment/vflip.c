/* Mirror top-bottom with probability `p`. */
#include "augment/augmentation.h"

enum { P };

static const struct param params[] = {
    [P] = { "p", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 1, "probability" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)err;
    if (rng_uniform(rng) < v[P].number)
        plan_mirror(plan, false, true);
    return 0;
}

static const char *const strip[] = {
    "{p: 1}",
    NULL,
};

const struct augmentation augment_vflip = {
    .name = "vflip",
    .summary = "mirror top-bottom",
    .source = "torchvision's RandomVerticalFlip",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .draw = draw,
    .strip = strip,
};
