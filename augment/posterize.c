/*
 * Keep the highest bits of each level and clear the others: torchvision's RandomPosterize (which
 * has p = 0.5). A step in 8 bits, exactly as Pillow and torchvision.
 */
#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/levels.h"

enum { BITS };

static const struct param params[] = {
    [BITS] = { "bits", PARAM_INTEGER, "bits", .min = 0, .max = 8, .required = true,
               .help = "how many of the eight are kept" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    struct plan_color entry = color_posterize((int)v[BITS].integer);
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    (void)err;
    struct image from, to;
    int cleared = 8 - (int)step->value[0];
    raster_through(raster, &from, &to);
    levels_bits(&from, &to, (uint8_t)(255 << cleared), 256);
    return 0;
}

static const char *const strip[] = {
    "{bits: 6}", "{bits: 4}", "{bits: 2}", "{bits: 1}", NULL,
};

const struct augmentation augment_posterize = {
    .name = "posterize",
    .summary = "keep the highest bits of each level",
    .source = "torchvision's RandomPosterize; Pillow's ImageOps.posterize",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
