/* Mirror left-right with probability `p`. */
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
        plan_mirror(plan, true, false);
    return 0;
}

static const char *const strip[] = {
    "{p: 1}",
    NULL,
};

const struct augmentation augment_hflip = {
    .name = "hflip",
    .summary = "mirror left-right",
    .source = "torchvision's RandomHorizontalFlip; Krizhevsky et al., 2012, section 4.1",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .draw = draw,
    .strip = strip,
};
