/*
 * Multiply all levels by a factor drawn uniformly from [max(0, 1 - amount), 1 + amount], or from
 * [min, max], as torchvision's ColorJitter. A matrix: rounded once, in the end, where torchvision
 * and Pillow cut off what is behind the point, so that alone it is within 1 level of them.
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
    struct plan_color entry = color_brightness(strength_draw(&v[AMOUNT], 1, rng));
    return plan_color(plan, &entry, err);
}

static const char *const strip[] = {
    "{amount: [0.3, 0.3]}",
    "{amount: [0.6, 0.6]}",
    "{amount: [1.4, 1.4]}",
    "{amount: [2, 2]}",
    NULL,
};

const struct augmentation augment_brightness = {
    .name = "brightness",
    .summary = "multiply all levels by a random factor",
    .source = "torchvision's ColorJitter(brightness): factor x",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
