/*
 * Add a normal number to each value: mean and sigma on the 0..1 scale, sigma uniform in its range,
 * drawn once an image. torchvision v2's GaussianNoise; the result is always clamped. A step in
 * floats; the numbers come from a key that is drawn with the plan (normal_noise.h), so that they
 * are the same on every machine.
 */
#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/normal_noise.h"

enum { MEAN, SIGMA };

static const struct param params[] = {
    [MEAN] = { "mean", PARAM_NUMBER, "0..1 scale", .value = 0, .min = -1, .max = 1,
               .help = "mean of the noise" },
    [SIGMA] = { "sigma", PARAM_RANGE, "0..1 scale", .min = 0, .max = 10, .initial = "0.1",
                .help = "its standard deviation, or the range of it" },
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double mean = 255 * v[MEAN].number, offset[3] = { mean, mean, mean };
    double sigma = rng_range(rng, v[SIGMA].list.item[0], v[SIGMA].list.item[1]);
    struct plan_color shift = color_offset(offset),
                      noise = color_gaussian_noise(255 * sigma, rng_u64(rng));
    if (mean != 0 && plan_color(plan, &shift, err) < 0)
        return -1;
    return plan_color(plan, &noise, err);
}

static void apply_pixels(const struct plan_color *step, size_t first, size_t n, float *r, float *g,
                         float *b)
{
    struct rng_key key = { { (uint32_t)step->seed, (uint32_t)(step->seed >> 32) } };
    float *plane[3] = { r, g, b };
    for (uint32_t c = 0; c < 3; c++)
        noise_add(key, c, first, n, (float)step->value[0], plane[c]);
}

static const char *const strip[] = {
    "{sigma: 0.03}", "{sigma: 0.1}", "{sigma: 0.2}", "{sigma: 0.5}", NULL,
};

const struct augmentation augment_gaussian_noise = {
    .name = "gaussian_noise",
    .summary = "add normal noise to each value",
    .source = "torchvision v2's GaussianNoise; Salmon et al., SC 2011; Box and Muller, 1958",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply_pixels = apply_pixels,
    .strip = strip,
};
