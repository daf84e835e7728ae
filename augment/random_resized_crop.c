/*
 * Keep a rectangle of random area and aspect and resize it to `size`: the Inception crop (Szegedy
 * et al., arXiv:1409.4842), as torchvision draws it: area uniform, aspect log-uniform, ten tries,
 * then the largest center rectangle whose aspect is within the limits.
 */
#include <math.h>

#include "augment/augmentation_values.h"
#include "base/real.h"

enum { SIZE, SCALE, RATIO, FILTER };
enum { TRIES = 10 };

static const struct param params[] = {
    [SIZE] = SIZE_ROW,
    [SCALE] = { "scale", PARAM_RANGE, "share", .min = 1e-6, .max = 1, .initial = "[0.08, 1]",
                .help = "area kept, as a share of the image's" },
    [RATIO] = { "ratio", PARAM_RANGE, "width/height", .min = 0.01, .max = 100,
                .initial = "[0.75, 1.3333333333333333]", .help = "aspect of the rectangle" },
    [FILTER] = FILTER_ROW,
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int out_width, out_height, w = plan->width, h = plan->height;
    const double *scale = v[SCALE].list.item, *ratio = v[RATIO].list.item;
    size_of(&v[SIZE], &out_width, &out_height);
    double area = (double)w * h, log_low = real_log(ratio[0]), log_high = real_log(ratio[1]);
    int x = -1, y = 0, width = 0, height = 0;
    for (int i = 0; i < TRIES && x < 0; i++) {
        double target = area * rng_range(rng, scale[0], scale[1]);
        double aspect = real_exp(rng_range(rng, log_low, log_high));
        width = (int)rint(sqrt(target * aspect)); /* half to even, as Python rounds */
        height = (int)rint(sqrt(target / aspect));
        if (width < 1 || width > w || height < 1 || height > h)
            continue;
        y = (int)rng_integer(rng, 0, h - height);
        x = (int)rng_integer(rng, 0, w - width);
    }
    if (x < 0) {
        double aspect = (double)w / h;
        width = w;
        height = h;
        if (aspect < ratio[0])
            height = (int)rint(w / ratio[0]);
        else if (aspect > ratio[1])
            width = (int)rint(h * ratio[1]);
        width = width < 1 ? 1 : width;
        height = height < 1 ? 1 : height;
        x = (w - width) / 2;
        y = (h - height) / 2;
    }
    plan->filter = (enum plan_filter)v[FILTER].integer;
    if (plan_crop(plan, x, y, width, height, err) < 0)
        return -1;
    return plan_resize(plan, out_width, out_height, err);
}

static const char *const strip[] = {
    "{size: 112, scale: [0.8, 0.8]}",
    "{size: 112, scale: [0.5, 0.5]}",
    "{size: 112, scale: [0.25, 0.25]}",
    "{size: 112, scale: [0.08, 0.08]}",
    "{size: 112, scale: [0.3, 0.3], ratio: [2, 2]}",
    NULL,
};

const struct augmentation augment_random_resized_crop = {
    .name = "random_resized_crop",
    .summary = "keep a rectangle of random area and aspect, resized",
    .source = "Szegedy et al., arXiv:1409.4842; torchvision's RandomResizedCrop",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = size_check,
    .draw = draw,
    .strip = strip,
};
