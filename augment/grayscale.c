/*
 * All three channels become the gray 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), with probability
 * p: torchvision's RandomGrayscale. A matrix; alone within 1 level of Pillow, whose coefficients
 * are rounded to 16 bits.
 */
#include "augment/augmentation.h"
#include "augment/color.h"

enum { P };

static const struct param params[] = {
    [P] = { "p", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 1,
            .help = "probability of losing the color" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    if (!(rng_uniform(rng) < v[P].number))
        return 0;
    struct plan_color entry = color_grayscale();
    return plan_color(plan, &entry, err);
}

static const char *const strip[] = {
    "{p: 1}",
    NULL,
};

const struct augmentation augment_grayscale = {
    .name = "grayscale",
    .summary = "take the color away",
    .source = "torchvision's RandomGrayscale: 0.299 R + 0.587 G + 0.114 B",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .strip = strip,
};
