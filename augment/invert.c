/*
 * 255 - x, as torchvision's RandomInvert (which has p = 0.5). A matrix; alone exactly as Pillow and
 * torchvision.
 */
#include "augment/augmentation.h"
#include "augment/color.h"

static const struct param params[] = { { 0 } };

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)v;
    (void)rng;
    struct plan_color entry = color_invert();
    return plan_color(plan, &entry, err);
}

static const char *const strip[] = { "{p: 1}", NULL };

const struct augmentation augment_invert = {
    .name = "invert",
    .summary = "turn into the negative",
    .source = "torchvision's RandomInvert: 255 - x",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .strip = strip,
};
