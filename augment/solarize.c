/*
 * Invert the levels from a threshold on: 255 - x where x >= threshold. torchvision's RandomSolarize
 * (which has p = 0.5). A step in 8 bits, exactly as Pillow and torchvision.
 */
#include <math.h>

#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/levels.h"

enum { THRESHOLD };

static const struct param params[] = {
    [THRESHOLD] = { "threshold", PARAM_NUMBER, "level", .min = 0, .max = 256, .required = true,
                    .help = "lowest level that is inverted; 256: none" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    struct plan_color entry = color_solarize(v[THRESHOLD].number);
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    (void)err;
    struct image from, to;
    double threshold = ceil(step->value[0]);
    raster_through(raster, &from, &to);
    levels_bits(&from, &to, 255, threshold < 0 ? 0 : threshold > 256 ? 256 : (int)threshold);
    return 0;
}

static const char *const strip[] = {
    "{threshold: 224}", "{threshold: 160}", "{threshold: 96}", "{threshold: 32}", NULL,
};

const struct augmentation augment_solarize = {
    .name = "solarize",
    .summary = "invert the levels from a threshold on",
    .source = "torchvision's RandomSolarize; Pillow's ImageOps.solarize",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
