/*
 * Turn the hue: the hue circle of HSV is 1 around, the turn uniform in [-amount, amount] or in
 * [min, max], as torchvision's ColorJitter; value and saturation stay. A step in floats, as
 * torchvision's path for tensors (Pillow's has 256 hues): within 1 level of it alone, since
 * torchvision cuts off what is behind the point. What earlier entries left outside of 0..255 is
 * clamped first.
 */
#include "augment/hue_turn.h"

#include "augment/augmentation_values.h"
#include "augment/color.h"

enum { AMOUNT };

static const struct param params[] = {
    [AMOUNT] = STRENGTH_ROW("amount", -0.5, 0.5, "0.1",
                            "largest turn, or its [min, max]; the circle is 1"),
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return strength_check(&v[AMOUNT], "amount", node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    struct plan_color entry = color_hue(strength_draw(&v[AMOUNT], 0, rng));
    return plan_color(plan, &entry, err);
}

static void apply_pixels(const struct plan_color *step, size_t first, size_t n, float *r, float *g,
                         float *b)
{
    (void)first;
    hue_turn((float)(6 * step->value[0]), n, r, g, b);
}

static const char *const strip[] = {
    "{amount: [0.1, 0.1]}",
    "{amount: [0.25, 0.25]}",
    "{amount: [0.5, 0.5]}",
    "{amount: [-0.25, -0.25]}",
    NULL,
};

const struct augmentation augment_hue = {
    .name = "hue",
    .summary = "turn the hue by a random angle",
    .source = "torchvision's ColorJitter(hue): h + turn mod 1 in HSV",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .apply_pixels = apply_pixels,
    .strip = strip,
};
