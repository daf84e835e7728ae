/*
 * Blend with the mean gray of the output's pixels: f x + (1 - f) mean, f uniform in [max(0, 1 -
 * amount), 1 + amount] or in [min, max], gray = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as
 * torchvision's ColorJitter. A matrix. The mean is exact: Pillow rounds it to a level and
 * torchvision the gray of each pixel, so alone it is within 1 level of them up to f = 2, beyond
 * that within 1 + |1 - f| / 2.
 */
#include "augment/augmentation_values.h"
#include "augment/color.h"

enum { AMOUNT };

static const struct param params[] = {
    [AMOUNT] =
        STRENGTH_ROW("amount", 0, 100, "0.4", "largest change of the factor, or its [min, max]"),
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return strength_check(&v[AMOUNT], "amount", node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    struct plan_color entry = color_contrast(strength_draw(&v[AMOUNT], 1, rng));
    return plan_color(plan, &entry, err);
}

static const char *const strip[] = {
    "{amount: [0, 0]}", "{amount: [0.5, 0.5]}", "{amount: [1.5, 1.5]}", "{amount: [3, 3]}", NULL,
};

const struct augmentation augment_contrast = {
    .name = "contrast",
    .summary = "blend with the mean gray by a random factor",
    .source = "torchvision's ColorJitter(contrast): f x + (1 - f) mean gray",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
