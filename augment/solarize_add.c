/*
 * Add to the levels below 128, cut to 0..255; the others stay. Cubuk et al., "RandAugment",
 * arXiv:1909.13719, as its reference code and timm do it. A step in 8 bits, exactly as timm.
 */
#include <math.h>

#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/color_run.h"

enum { ADDITION };

static const struct param params[] = {
    [ADDITION] = { "addition", PARAM_NUMBER, "levels", .min = -255, .max = 255, .required = true,
                   .help = "what is added, to whole levels" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    struct plan_color entry = color_solarize_add(v[ADDITION].number);
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    (void)err;
    uint8_t table[256];
    for (int v = 0; v < 256; v++) {
        double level = v < 128 ? v + trunc(step->value[0]) : v;
        table[v] = level < 0 ? 0 : level > 255 ? 255 : (uint8_t)level;
    }
    color_lookup(raster, table);
    return 0;
}

static const char *const strip[] = {
    "{addition: 30}", "{addition: 60}", "{addition: 110}", "{addition: -60}", NULL,
};

const struct augmentation augment_solarize_add = {
    .name = "solarize_add",
    .summary = "add to the levels below 128",
    .source = "Cubuk et al., arXiv:1909.13719; timm's SolarizeAdd",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
