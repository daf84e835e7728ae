/*
 * Move the picture by whole pixels, right and down where positive: the translation of torchvision's
 * RandomAffine, which draws a real number and rounds half to even, as Python does. What comes in is
 * fill.
 */
#include <math.h>

#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { TRANSLATE, UNIT, FILL, FILL_MODE, REVEAL };
enum { FRACTION, PIXELS };

static const char *const units[] = { [FRACTION] = "fraction", [PIXELS] = "pixels", NULL };

static const struct param params[] = {
    [TRANSLATE] = { "translate", PARAM_NUMBERS, "", .min = 0, .max = 4096, .initial = "[0.1, 0.1]",
                    .help = "largest move either way: [x, y], or one for both" },
    [UNIT] = { "unit", PARAM_CHOICE, "", .help = "of translate: shares of the sides, or pixels",
               .choices = units },
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    const double *most = v[TRANSLATE].list.item;
    if (v[TRANSLATE].list.count > 2)
        return node_error(node, err, "translate has %d numbers; must be one, or [x, y]",
                          v[TRANSLATE].list.count);
    for (int i = 0; i < v[TRANSLATE].list.count; i++) {
        if (v[UNIT].integer == FRACTION && most[i] > 1)
            return node_error(
                node, err, "translate is %g; must be 0..1 (share of a side), or set unit: pixels",
                most[i]);
        if (v[UNIT].integer == PIXELS && most[i] != rint(most[i]))
            return node_error(node, err, "translate is %g; must be a whole number of pixels",
                              most[i]);
    }
    return fill_check(&v[FILL], node, err);
}

static double move(const union value *v, double most, int side, struct rng *rng)
{
    if (v[UNIT].integer == PIXELS)
        return (double)rng_integer(rng, -(int64_t)most, (int64_t)most);
    return rint(rng_range(rng, -most * side, most * side));
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double map[9];
    const double *most = v[TRANSLATE].list.item;
    double x = move(v, most[0], plan->width, rng);
    double y = move(v, most[v[TRANSLATE].list.count - 1], plan->height, rng);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    affine_translate(x, y, map);
    return plan_map(plan, map, plan->width, plan->height, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{translate: [0.1, 0]}",
    "{translate: [0.2, 0.2]}",
    "{translate: [0.4, 0.4]}",
    "{translate: [0.3, 0.3], fill: 128}",
    "{translate: [0.3, 0.3], fill_mode: edge}",
    "{translate: [0.3, 0.3], fill_mode: reflect}",
    NULL,
};

const struct augmentation augment_translate = {
    .name = "translate",
    .summary = "move by a random number of pixels",
    .source = "torchvision's RandomAffine(translate)",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
