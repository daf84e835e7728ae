/*
 * Shear about the center (w/2, h/2) by angles along x and y, with the signs of torchvision's
 * functional.affine: a positive x moves the lower half of the picture to the left.
 */
#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { X, Y, FILTER, FILL, FILL_MODE, REVEAL };

static const struct param params[] = {
    [X] = { "x", PARAM_NUMBERS, "degrees", .min = -80, .max = 80, .initial = "20",
            .help = "[lowest, highest], or x for [-x, x]" },
    [Y] = { "y", PARAM_NUMBERS, "degrees", .min = -80, .max = 80, .initial = "0",
            .help = "[lowest, highest], or y for [-y, y]" },
    [FILTER] = KEEP_FILTER_ROW,
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (spread_check("x", &v[X], node, err) < 0 || spread_check("y", &v[Y], node, err) < 0)
        return -1;
    return fill_check(&v[FILL], node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double map[9], x = spread_draw(&v[X], rng), y = spread_draw(&v[Y], rng);
    affine_all(0, 0, 0, 1, x, y, plan->width / 2.0, plan->height / 2.0, map);
    filter_keep(plan, &v[FILTER]);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    return plan_map(plan, map, plan->width, plan->height, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{x: [10, 10]}",
    "{x: [20, 20]}",
    "{x: [40, 40]}",
    "{x: [0, 0], y: [20, 20]}",
    "{x: [-20, -20], fill_mode: reflect}",
    NULL,
};

const struct augmentation augment_shear = {
    .name = "shear",
    .summary = "shear by random angles",
    .source = "torchvision's RandomAffine(shear)",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
