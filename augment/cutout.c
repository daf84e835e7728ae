/*
 * Cutout: erase squares, centered anywhere in the image, so that they may stick out over the
 * border. DeVries and Taylor, "Improved Regularization of CNNs with Cutout", arXiv:1708.04552.
 */
#include "augment/augmentation.h"

enum { SIZE, FILL, COUNT };

static const struct param params[] = {
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 16, .min = 1, .max = 4096,
               "side of the square" },
    [FILL] = { "fill", PARAM_NUMBER, "level", .value = 0, .min = 0, .max = 255,
               "value written to every channel" },
    [COUNT] = { "count", PARAM_INTEGER, "squares", .value = 1, .min = 1, .max = PLAN_ERASURES,
                "each with a center of its own" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int size = (int)v[SIZE].integer;
    double level = v[FILL].number;
    for (int64_t i = 0; i < v[COUNT].integer; i++) {
        int y = (int)rng_below(rng, (uint64_t)plan->height),
            x = (int)rng_below(rng, (uint64_t)plan->width);
        struct plan_erasure erasure = { .area = { x - size / 2, y - size / 2, size, size },
                                        .level = { level, level, level } };
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
    .draw = draw,
    .strip = strip,
};
