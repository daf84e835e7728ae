/*
 * Look through a lens: Brown's radial and tangential distortion about the center of the picture,
 * with half of its diagonal as the unit, so that the corners lie at radius 1. A point at radius r
 * shows what was at r (1 + k1 r^2 + k2 r^4): k1 above 0 bends lines outwards (barrel), below 0
 * inwards (pincushion). p1 and p2 tilt the lens, in OpenCV's order. Brown, "Close-Range Camera
 * Calibration", 1971.
 */
#include <math.h>

#include "augment/augmentation_values.h"

enum { K1, K2, P1, P2, ANTIALIAS, FILTER, FILL, FILL_MODE, REVEAL };

static const struct param params[] = {
    [K1] = { "k1", PARAM_RANGE, "", .min = -1, .max = 1, .initial = "[-0.2, 0.2]",
             .help = "radial, of r^2: above 0 barrel, below pincushion" },
    [K2] = { "k2", PARAM_RANGE, "", .min = -1, .max = 1, .initial = "[0, 0]",
             .help = "radial, of r^4" },
    [P1] = { "p1", PARAM_RANGE, "", .min = -0.2, .max = 0.2, .initial = "[0, 0]",
             .help = "tangential, up and down" },
    [P2] = { "p2", PARAM_RANGE, "", .min = -0.2, .max = 0.2, .initial = "[0, 0]",
             .help = "tangential, left and right" },
    [ANTIALIAS] = ANTIALIAS_ROW,
    [FILTER] = KEEP_FILTER_ROW,
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

/* The slope of r (1 + k1 r^2 + k2 r^4) is 1 + 3 k1 s + 5 k2 s^2 with s = r^2: where it falls to 0
 * before the corner, the picture folds back. */
static int check(const union value *v, const struct node *node, struct error *err)
{
    double k1 = v[K1].list.item[0], k2 = v[K2].list.item[0], least = 1 + 3 * k1 + 5 * k2;
    double s = k2 > 0 ? -3 * k1 / (10 * k2) : 0; /* of the lowest slope */
    if (s > 0 && s < 1)
        least = fmin(least, 1 + 3 * k1 * s + 5 * k2 * s * s);
    if (least <= 0)
        return node_error(node, err,
                          "a lens of k1 %g and k2 %g folds the picture back before its corners; "
                          "1 + 3 k1 s + 5 k2 s^2 must stay above 0 for s up to 1",
                          k1, k2);
    return fill_check(&v[FILL], node, err);
}

static double drawn(const union value *v, struct rng *rng)
{
    return rng_range(rng, v->list.item[0], v->list.item[1]);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double w = plan->width, h = plan->height;
    struct plan_lens lens = { .k1 = drawn(&v[K1], rng),
                              .k2 = drawn(&v[K2], rng),
                              .p1 = drawn(&v[P1], rng),
                              .p2 = drawn(&v[P2], rng),
                              .center_x = w / 2,
                              .center_y = h / 2,
                              .radius = sqrt(w * w + h * h) / 2 };
    plan->antialias = plan->antialias || v[ANTIALIAS].flag;
    filter_keep(plan, &v[FILTER]);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    return plan_look(plan, &lens, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{k1: [0.1, 0.1]}",
    "{k1: [0.3, 0.3]}",
    "{k1: [0.6, 0.6]}",
    "{k1: [-0.1, -0.1]}",
    "{k1: [-0.3, -0.3]}",
    "{k1: [0, 0], p1: [0.1, 0.1]}",
    "{k1: [0, 0], p2: [0.1, 0.1]}",
    NULL,
};

const struct augmentation augment_lens = {
    .name = "lens",
    .summary = "bend lines by a random barrel or pincushion lens",
    .source = "Brown, Close-Range Camera Calibration, 1971",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
