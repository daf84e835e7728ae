/*
 * Convolve with a Gaussian whose sigma is uniform in its range: weights exp(-x^2 / (2 sigma^2)) for
 * whole x up to half the kernel, divided by their sum, beyond the border the picture mirrored at
 * the border pixel's center. torchvision's GaussianBlur; kernel_size [x, y]. A step in 8 bits, in
 * fixed point (blur.h), within 1 level of torchvision, which sums floats; where the kernel reaches
 * beyond the mirrored picture, which torchvision refuses, it is mirrored again.
 */
#include "augment/augmentation.h"
#include "augment/blur.h"
#include "augment/color.h"

enum { KERNEL_SIZE, SIGMA };

static const struct param params[] = {
    [KERNEL_SIZE] = { "kernel_size", PARAM_NUMBERS, "px", .min = 1, .max = BLUR_TAPS_MAX,
                      .required = true, .help = "odd; both sides, or [x, y]" },
    [SIGMA] = { "sigma", PARAM_RANGE, "px", .min = 1e-3, .max = 1e3, .initial = "[0.1, 2]",
                .help = "standard deviation of the Gaussian" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    const double *size = v[KERNEL_SIZE].list.item;
    if (v[KERNEL_SIZE].list.count > 2)
        return node_error(node, err, "kernel_size has %d numbers; must be one, or [x, y]",
                          v[KERNEL_SIZE].list.count);
    for (int i = 0; i < v[KERNEL_SIZE].list.count; i++)
        if (size[i] != (int)size[i] || (int)size[i] % 2 == 0)
            return node_error(node, err, "kernel_size is %g; must be an odd whole number", size[i]);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    const double *size = v[KERNEL_SIZE].list.item, *limits = v[SIGMA].list.item;
    double sigma = rng_range(rng, limits[0], limits[1]);
    struct plan_color entry =
        color_gaussian_blur((int)size[0], (int)size[v[KERNEL_SIZE].list.count - 1], sigma, sigma);
    return plan_color(plan, &entry, err);
}

static int apply(const struct plan_color *step, struct raster *raster, struct error *err)
{
    struct image from, to;
    struct blur_kernel x, y;
    blur_gaussian((int)step->value[0], step->value[2], &x);
    blur_gaussian((int)step->value[1], step->value[3], &y);
    void *scratch = raster_scratch(
        raster, blur_scratch(raster_width(raster), raster_height(raster), &x, &y), err);
    if (!scratch)
        return -1;
    raster_across(raster, &from, &to);
    blur_run(&from, &x, &y, scratch, &to);
    return 0;
}

static const char *const strip[] = {
    "{kernel_size: 3, sigma: 0.5}",
    "{kernel_size: 5, sigma: 1}",
    "{kernel_size: 9, sigma: 2}",
    "{kernel_size: 23, sigma: 5}",
    NULL,
};

const struct augmentation augment_gaussian_blur = {
    .name = "gaussian_blur",
    .summary = "blur by a Gaussian of random width",
    .source = "torchvision's GaussianBlur",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .apply = apply,
    .strip = strip,
};
