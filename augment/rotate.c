/*
 * Turn the picture about its center (w/2, h/2), counter-clockwise where positive, as torchvision's
 * RandomRotation. With `expand` the picture grows to hold all of the turned one: Pillow's sizes,
 * from the corners.
 */
#include <math.h>

#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { DEGREES, EXPAND, FILTER, FILL, FILL_MODE, REVEAL };

static const struct param params[] = {
    [DEGREES] = { "degrees", PARAM_NUMBERS, "degrees", .min = -360, .max = 360, .initial = "30",
                  .help = "[lowest, highest], or x for [-x, x]" },
    [EXPAND] = { "expand", PARAM_FLAG, "", .help = "grow the picture to hold all of it" },
    [FILTER] = KEEP_FILTER_ROW,
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return spread_check("degrees", &v[DEGREES], node, err) < 0 ? -1
                                                               : fill_check(&v[FILL], node, err);
}

/* The size of the turned picture, and the map moved so that it is in the middle of that. Pillow
 * takes the corners through the map to the old picture; the box is the same. */
static void grow(double map[9], int *width, int *height)
{
    double left = 0, right = 0, top = 0, bottom = 0, move[9];
    for (int i = 0; i < 4; i++) {
        double x, y;
        affine_point(map, i & 1 ? *width : 0, i & 2 ? *height : 0, &x, &y);
        left = i ? fmin(left, x) : x;
        right = i ? fmax(right, x) : x;
        top = i ? fmin(top, y) : y;
        bottom = i ? fmax(bottom, y) : y;
    }
    int new_width = (int)(ceil(right) - floor(left)), new_height = (int)(ceil(bottom) - floor(top));
    affine_translate((new_width - *width) / 2.0, (new_height - *height) / 2.0, move);
    affine_multiply(map, move, map);
    *width = new_width;
    *height = new_height;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double map[9];
    int width = plan->width, height = plan->height;
    affine_rotate(spread_draw(&v[DEGREES], rng), width / 2.0, height / 2.0, map);
    if (v[EXPAND].flag)
        grow(map, &width, &height);
    filter_keep(plan, &v[FILTER]);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    return plan_map(plan, map, width, height, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{degrees: [5, 5]}",
    "{degrees: [15, 15]}",
    "{degrees: [30, 30]}",
    "{degrees: [60, 60]}",
    "{degrees: [-30, -30], fill: 128}",
    "{degrees: [30, 30], fill_mode: reflect}",
    "{degrees: [30, 30], expand: yes}",
    NULL,
};

const struct augmentation augment_rotate = {
    .name = "rotate",
    .summary = "turn about the center by a random angle",
    .source = "torchvision's RandomRotation",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
