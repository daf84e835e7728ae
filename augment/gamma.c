/*
 * floor(255.999 gain (x / 255)^gamma), cut to 0..255: torchvision's adjust_gamma, gamma uniform in
 * its range. A step in 8 bits, exactly as torchvision on Pillow's pictures (on tensors it computes
 * in float, which may be another level).
 */
#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/color_run.h"
#include "base/real.h"

enum { GAMMA, GAIN };

static const struct param params[] = {
    [GAMMA] = { "gamma", PARAM_RANGE, "", .min = 0, .max = 100, .initial = "[0.8, 1.2]",
                .help = "exponent; above 1 shadows get darker" },
    [GAIN] = { "gain", PARAM_NUMBER, "", .value = 1, .min = 0, .max = 100,
               .help = "factor behind it" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    const double *gamma = v[GAMMA].list.item;
    struct plan_color entry = color_gamma(rng_range(rng, gamma[0], gamma[1]), v[GAIN].number);
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    (void)err;
    uint8_t table[256];
    for (int v = 0; v < 256; v++) {
        double level = (255 + 1 - 1e-3) * step->value[1] * real_pow(v / 255.0, step->value[0]);
        table[v] = level < 255 ? (uint8_t)level : 255;
    }
    color_lookup(raster, table);
    return 0;
}

static const char *const strip[] = {
    "{gamma: 0.4}", "{gamma: 0.7}", "{gamma: 1.5}", "{gamma: 2.5}", NULL,
};

const struct augmentation augment_gamma = {
    .name = "gamma",
    .summary = "raise levels to a random power",
    .source = "torchvision's adjust_gamma: gain x^gamma",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
