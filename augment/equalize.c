/*
 * Make each channel's histogram flat: with h its counts and last the count of its lightest level,
 * step = floor((sum h - last) / 255), level v becomes floor((floor(step / 2) + h[0] + ... + h[v-1])
 * / step), at most 255; a channel whose step is 0 stays. Pillow's ImageOps.equalize. A step in 8
 * bits, exactly as Pillow and torchvision.
 */
#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/color_run.h"

static const struct param params[] = { { 0 } };

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)v;
    (void)rng;
    struct plan_color entry = color_equalize();
    return plan_color(plan, &entry, err);
}

static void flatten(const uint32_t h[256], uint8_t table[256])
{
    uint64_t sum = 0, last = 0;
    for (int v = 0; v < 256; v++) {
        sum += h[v];
        last = h[v] ? h[v] : last;
    }
    uint64_t step = (sum - last) / 255, n = step / 2;
    for (int v = 0; v < 256; v++) {
        uint64_t level = step ? n / step : (uint64_t)v;
        table[v] = level < 255 ? (uint8_t)level : 255;
        n += h[v];
    }
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    (void)step;
    (void)err;
    uint32_t histogram[3][256];
    uint8_t table[3][256];
    raster_source(raster);
    raster_histogram(raster, histogram);
    for (int c = 0; c < 3; c++)
        flatten(histogram[c], table[c]);
    color_lookup_each(raster, table);
    return 0;
}

static const char *const strip[] = { "{p: 1}", NULL };

const struct augmentation augment_equalize = {
    .name = "equalize",
    .summary = "make each channel's histogram flat",
    .source = "torchvision's RandomEqualize; Pillow's ImageOps.equalize",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
