/*
 * Blend with the pixel's own gray: f x + (1 - f) gray, f uniform in [max(0, 1 - amount), 1 +
 * amount] or in [min, max], gray = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as torchvision's
 * ColorJitter. A matrix. Pillow rounds the gray to a level first: within 1 level of it up to f = 2.
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
    struct plan_color entry = color_saturation(strength_draw(&v[AMOUNT], 1, rng));
    return plan_color(plan, &entry, err);
}

static const char *const strip[] = {
    "{amount: [0, 0]}", "{amount: [0.5, 0.5]}", "{amount: [2, 2]}", "{amount: [4, 4]}", NULL,
};

const struct augmentation augment_saturation = {
    .name = "saturation",
    .summary = "blend with the gray of each pixel by a random factor",
    .source = "torchvision's ColorJitter(saturation): f x + (1 - f) gray",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
