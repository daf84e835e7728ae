/*
 * Stretch each channel so that its darkest level becomes 0 and its lightest 255: with lo and hi
 * these levels, floor(x 255 / (hi - lo) - lo 255 / (hi - lo)) in double; a channel of one level
 * stays. Pillow's ImageOps.autocontrast without cutoff. A step in 8 bits, exactly as Pillow and
 * torchvision on its pictures (on tensors torchvision computes in float, which may be a level off).
 */
#include "augment/augmentation.h"
#include "augment/color.h"
#include "augment/color_run.h"

static const struct param params[] = { { 0 } };

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)v;
    (void)rng;
    struct plan_color entry = color_autocontrast();
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    (void)step;
    (void)err;
    uint8_t low[3], high[3], table[3][256];
    raster_source(raster);
    raster_extremes(raster, low, high);
    for (int c = 0; c < 3; c++) {
        bool flat = high[c] <= low[c];
        double scale = flat ? 1 : 255.0 / (high[c] - low[c]), offset = flat ? 0 : -low[c] * scale;
        for (int v = 0; v < 256; v++) {
            double level = v * scale + offset;
            table[c][v] = level <= 0 ? 0 : level < 255 ? (uint8_t)level : 255;
        }
    }
    color_lookup_each(raster, table);
    return 0;
}

static const char *const strip[] = { "{p: 1}", NULL };

const struct augmentation augment_autocontrast = {
    .name = "autocontrast",
    .summary = "stretch each channel to the whole range",
    .source = "torchvision's RandomAutocontrast; Pillow's ImageOps.autocontrast",
    .kind = AUGMENT_COLOR,
    .params = params,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
