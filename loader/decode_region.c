#include "loader/decode_region.h"

enum {
    /* Below this many pixels a whole decode takes 30 us: what is left out is less than a
     * restart costs. */
    PIXELS_MIN = 64 * 64,
    /* Of 16 parts: more than this is the whole. */
    PARTS = 16,
    PARTS_MAX = 15,
    /* libjpeg takes another, simpler way to spread color samples when a row has less than 3 of
     * them: what is decoded must not be that narrow unless the image is. */
    SAMPLES_MIN = 3,
};

static int min(int a, int b)
{
    return a < b ? a : b;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

/* Where to begin, at a multiple of `step` (itself one of the MCU's width), to decode the pixels
 * from `left` on. */
static int left_edge(const struct jpeg_grid *grid, int left, int step)
{
    int edge = max(left - grid->reach_x, 0) / step * step;
    if (grid->width - edge < SAMPLES_MIN * grid->reach_x)
        edge = max(edge - step, 0);
    return edge;
}

struct rect region_around(const struct jpeg_grid *grid, struct rect need)
{
    int left = left_edge(grid, need.x, grid->mcu_width);
    int right = max(need.x + need.width + grid->reach_x, left + SAMPLES_MIN * grid->reach_x);
    return (struct rect){ left, need.y, min(right, grid->width) - left, need.height };
}

bool region_pays(const struct jpeg_grid *grid, struct rect region)
{
    long long whole = (long long)grid->width * grid->height;
    return whole >= PIXELS_MIN &&
           (long long)region.width * region.height * PARTS <= whole * PARTS_MAX;
}
