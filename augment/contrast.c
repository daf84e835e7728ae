/*
 * Blend with the mean gray of the output's pixels: f x + (1 - f) mean, f uniform in [max(0, 1 -
 * amount), 1 + amount], gray = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as torchvision's
 * ColorJitter.
 */
#include "augment/augmentation.h"
#include "augment/color.h"

enum { AMOUNT };

static const struct param params[] = {
    [AMOUNT] = { "amount", PARAM_NUMBER, "", .value = 0.4, .min = 0, .max = 10,
                 "largest change of the factor" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double amount = v[AMOUNT].number, low = amount < 1 ? 1 - amount : 0;
    struct plan_color entry = color_contrast(rng_range(rng, low, 1 + amount));
    return plan_color(plan, &entry, err);
}

const struct augmentation augment_contrast = {
    .name = "contrast",
    .summary = "blend with the mean gray by a random factor",
    .source = "torchvision's ColorJitter(contrast)",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
};
