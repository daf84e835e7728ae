/*
 * Cutout: erase one square, centered anywhere in the image, so that it may stick out over the
 * border. DeVries and Taylor, "Improved Regularization of CNNs with Cutout", arXiv:1708.04552.
 */
#include "augment/augmentation.h"

enum { SIZE, FILL };

static const struct param params[] = {
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 16, .min = 1, .max = 4096,
               "side of the square" },
    [FILL] = { "fill", PARAM_NUMBER, "level", .value = 0, .min = 0, .max = 255,
               "value written to every channel" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int size = (int)v[SIZE].integer;
    double level = v[FILL].number;
    int y = (int)rng_below(rng, (uint64_t)plan->height),
        x = (int)rng_below(rng, (uint64_t)plan->width);
    struct plan_erasure erasure = { .area = { x - size / 2, y - size / 2, size, size },
                                    .level = { level, level, level } };
    return plan_erase(plan, &erasure, err);
}

static const char *const strip[] = {
    "{size: 16}", "{size: 32}", "{size: 48}", "{size: 64}", "{size: 48, fill: 128}", NULL,
};

const struct augmentation augment_cutout = {
    .name = "cutout",
    .summary = "erase one random square",
    .source = "DeVries and Taylor, arXiv:1708.04552",
    .kind = AUGMENT_ERASE,
    .params = params,
    .draw = draw,
    .strip = strip,
};
