/*
 * Cutout: erase squares, centered anywhere in the image, so that they may stick out over the
 * border. DeVries and Taylor, "Improved Regularization of CNNs with Cutout", arXiv:1708.04552.
 */
#include "augment/augmentation.h"

enum { SIZE, FILL, COUNT };

static const struct param params[] = {
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 16, .min = 1, .max = 4096,
               "side of the square" },
    [FILL] = { "fill", PARAM_NUMBERS, "level", .min = 0, .max = 255, .initial = "[0]",
               .help = "what is written: one level, or one for R, G, B" },
    [COUNT] = { "count", PARAM_INTEGER, "squares", .value = 1, .min = 1, .max = PLAN_ERASURES,
                "each with a center of its own" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[FILL].list.count != 1 && v[FILL].list.count != 3)
        return node_error(node, err, "fill has %d numbers; must be one, or three for R, G, B",
                          v[FILL].list.count);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int size = (int)v[SIZE].integer;
    const double *level = v[FILL].list.item;
    int green = v[FILL].list.count == 3 ? 1 : 0, blue = 2 * green;
    for (int64_t i = 0; i < v[COUNT].integer; i++) {
        int y = (int)rng_below(rng, (uint64_t)plan->height),
            x = (int)rng_below(rng, (uint64_t)plan->width);
        struct plan_erasure erasure = { .area = { x - size / 2, y - size / 2, size, size },
                                        .level = { level[0], level[green], level[blue] } };
        if (plan_erase(plan, &erasure, err) < 0)
            return -1;
    }
    return 0;
}

static const char *const strip[] = {
    "{size: 16}", "{size: 32}", "{size: 48}", "{size: 64}", "{size: 48, fill: 128}", NULL,
};

const struct augmentation augment_cutout = {
    .name = "cutout",
    .summary = "erase random squares",
    .source = "DeVries and Taylor, arXiv:1708.04552",
    .kind = AUGMENT_ERASE,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
