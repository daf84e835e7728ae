/*
 * f x + (1 - f) s, s being x smoothed by (1 1 1; 1 5 1; 1 1 1) / 13 and rounded; the picture's
 * border stays as it is. torchvision's RandomAdjustSharpness (which has p = 0.5): factor 0 smooths,
 * 1 leaves, 2 sharpens. A step in 8 bits: s + f (x - s) in float, cut off behind the point, exactly
 * as Pillow's ImageEnhance.Sharpness; torchvision on tensors adds in another order, which may be a
 * level off.
 */
#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/smooth.h"

enum { FACTOR };

static const struct param params[] = {
    [FACTOR] = { "sharpness_factor", PARAM_NUMBER, "", .min = 0, .max = 100, .required = true,
                 .help = "0 smooths, 1 leaves, 2 sharpens" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    struct plan_color entry = color_sharpness(v[FACTOR].number);
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    struct image from, to;
    size_t values = 3 * (size_t)raster_width(raster);
    uint16_t *sums = raster_scratch(raster, values * sizeof(*sums), err);
    if (!sums)
        return -1;
    raster_across(raster, &from, &to);
    smooth_blend(&from, (float)step->value[0], sums, &to);
    return 0;
}

static const char *const strip[] = {
    "{sharpness_factor: 0}",
    "{sharpness_factor: 2}",
    "{sharpness_factor: 5}",
    "{sharpness_factor: 10}",
    NULL,
};

const struct augmentation augment_sharpness = {
    .name = "sharpness",
    .summary = "sharpen or smooth",
    .source = "torchvision's RandomAdjustSharpness; Pillow's ImageEnhance.Sharpness",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
