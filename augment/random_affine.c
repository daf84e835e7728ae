/*
 * Turn, move, scale and shear at once about the center (w/2, h/2), drawn and composed as
 * torchvision's RandomAffine: clockwise where positive, the translation rounded to whole pixels.
 */
#include <math.h>

#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { DEGREES, TRANSLATE, SCALE, SHEAR, ANTIALIAS, FILTER, FILL, FILL_MODE, REVEAL };

static const struct param params[] = {
    [DEGREES] = { "degrees", PARAM_NUMBERS, "degrees", .min = -360, .max = 360, .initial = "15",
                  .help = "[lowest, highest], or x for [-x, x]" },
    [TRANSLATE] = { "translate", PARAM_NUMBERS, "share", .min = 0, .max = 1, .initial = "0",
                    .help = "largest move, of the sides: [x, y], or one for both" },
    [SCALE] = { "scale", PARAM_RANGE, "", .min = 0.05, .max = 20, .initial = "[1, 1]",
                .help = "factor of the size of things" },
    [SHEAR] = { "shear", PARAM_NUMBERS, "degrees", .min = -80, .max = 80, .initial = "0",
                .help = "along x: [lowest, highest], or x for [-x, x]; two more are along y" },
    [ANTIALIAS] = ANTIALIAS_ROW,
    [FILTER] = KEEP_FILTER_ROW,
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

/* The shear along x, and along y where there are four numbers. */
static void shears(const union value *v, union value *x, union value *y)
{
    *x = *y = *v;
    y->list.item[0] = y->list.item[1] = 0;
    y->list.count = 2;
    if (v->list.count == 4) {
        x->list.count = 2;
        y->list.item[0] = v->list.item[2];
        y->list.item[1] = v->list.item[3];
    }
}

static int check(const union value *v, const struct node *node, struct error *err)
{
    union value x, y;
    if (v[TRANSLATE].list.count > 2)
        return node_error(node, err, "translate has %d numbers; must be one, or [x, y]",
                          v[TRANSLATE].list.count);
    if (v[SHEAR].list.count == 3 || v[SHEAR].list.count > 4)
        return node_error(node, err, "shear has %d numbers; must be 1, 2 or 4",
                          v[SHEAR].list.count);
    shears(&v[SHEAR], &x, &y);
    if (spread_check("degrees", &v[DEGREES], node, err) < 0 ||
        spread_check("shear", &x, node, err) < 0 ||
        spread_check("shear along y", &y, node, err) < 0)
        return -1;
    return fill_check(&v[FILL], node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    const double *most = v[TRANSLATE].list.item, *scales = v[SCALE].list.item;
    int w = plan->width, h = plan->height;
    double map[9], move_x = most[0] * w, move_y = most[v[TRANSLATE].list.count - 1] * h;
    union value shear_x, shear_y;
    shears(&v[SHEAR], &shear_x, &shear_y);
    double degrees = spread_draw(&v[DEGREES], rng);
    double x = rint(rng_range(rng, -move_x, move_x)), y = rint(rng_range(rng, -move_y, move_y));
    double scale = rng_range(rng, scales[0], scales[1]);
    double along_x = spread_draw(&shear_x, rng), along_y = spread_draw(&shear_y, rng);
    affine_all(degrees, x, y, scale, along_x, along_y, w / 2.0, h / 2.0, map);
    plan->antialias = plan->antialias || v[ANTIALIAS].flag;
    filter_keep(plan, &v[FILTER]);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    return plan_map(plan, map, w, h, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{degrees: [10, 10]}",
    "{degrees: [10, 10], translate: [0.2, 0.2]}",
    "{degrees: [0, 0], scale: [0.6, 0.6]}",
    "{degrees: [0, 0], scale: [1.6, 1.6]}",
    "{degrees: [20, 20], shear: [20, 20], scale: [0.8, 0.8]}",
    NULL,
};

const struct augmentation augment_random_affine = {
    .name = "random_affine",
    .summary = "turn, move, scale and shear at random",
    .source = "torchvision's RandomAffine",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
