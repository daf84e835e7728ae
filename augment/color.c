#include "augment/color.h"

#include "augment/augmentation.h"

extern const struct augmentation augment_hue, augment_gamma, augment_autocontrast, augment_equalize,
    augment_posterize, augment_solarize, augment_solarize_add, augment_sharpness,
    augment_gaussian_blur, augment_gaussian_noise;

/* factor x + (1 - factor) gray, the gray of the pixel or of the mean pixel. */
static struct plan_color blend(double factor, bool of_mean)
{
    const double gray[3] = { COLOR_GRAY_R, COLOR_GRAY_G, COLOR_GRAY_B };
    struct plan_color entry = { .kind = COLOR_MATRIX };
    for (int r = 0; r < 3; r++) {
        entry.pixel[r][r] = factor;
        for (int c = 0; c < 3; c++)
            (of_mean ? entry.mean : entry.pixel)[r][c] += (1 - factor) * gray[c];
    }
    return entry;
}

static struct plan_color diagonal(double factor, double offset)
{
    struct plan_color entry = { .kind = COLOR_MATRIX };
    for (int r = 0; r < 3; r++) {
        entry.pixel[r][r] = factor;
        entry.offset[r] = offset;
    }
    return entry;
}

struct plan_color color_brightness(double factor)
{
    return diagonal(factor, 0);
}

struct plan_color color_contrast(double factor)
{
    return blend(factor, true);
}

struct plan_color color_saturation(double factor)
{
    return blend(factor, false);
}

struct plan_color color_grayscale(void)
{
    return blend(0, false);
}

struct plan_color color_invert(void)
{
    return diagonal(-1, 255);
}

struct plan_color color_offset(const double offset[3])
{
    struct plan_color entry = diagonal(1, 0);
    for (int c = 0; c < 3; c++)
        entry.offset[c] = offset[c];
    return entry;
}

static struct plan_color step(const struct augmentation *op)
{
    return (struct plan_color){ .kind = COLOR_STEP, .op = augmentation_place(op) };
}

static struct plan_color step_of(const struct augmentation *op, double value)
{
    struct plan_color entry = step(op);
    entry.value[0] = value;
    return entry;
}

struct plan_color color_hue(double turn)
{
    return step_of(&augment_hue, turn);
}

struct plan_color color_gamma(double gamma, double gain)
{
    struct plan_color entry = step_of(&augment_gamma, gamma);
    entry.value[1] = gain;
    return entry;
}

struct plan_color color_autocontrast(void)
{
    return step(&augment_autocontrast);
}

struct plan_color color_equalize(void)
{
    return step(&augment_equalize);
}

struct plan_color color_posterize(int bits)
{
    return step_of(&augment_posterize, bits);
}

struct plan_color color_solarize(double threshold)
{
    return step_of(&augment_solarize, threshold);
}

struct plan_color color_solarize_add(double addition)
{
    return step_of(&augment_solarize_add, addition);
}

struct plan_color color_sharpness(double factor)
{
    return step_of(&augment_sharpness, factor);
}

struct plan_color color_gaussian_blur(int size_x, int size_y, double sigma_x, double sigma_y)
{
    struct plan_color entry = step_of(&augment_gaussian_blur, size_x);
    entry.value[1] = size_y;
    entry.value[2] = sigma_x;
    entry.value[3] = sigma_y;
    return entry;
}

struct plan_color color_gaussian_noise(double std, uint64_t seed)
{
    struct plan_color entry = step_of(&augment_gaussian_noise, std);
    entry.seed = seed;
    return entry;
}
