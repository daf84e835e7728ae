#include "augment/color.h"

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
