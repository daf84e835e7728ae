#include "loader/decode_region.h"

enum {
    /* A part of a smaller image saves a microsecond; all of it shows all damage. */
    PIXELS_MIN = 64 * 64,
    /* Sixteenths of the image: so does what is nearly all of a larger one. */
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

static int ceil_div(int a, int b)
{
    return a / b + (a % b > 0);
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

bool restart_cut(const struct jpeg_grid *grid, struct rect need, struct restart_cut *cut)
{
    int columns = ceil_div(grid->width, grid->mcu_width);
    int rows = ceil_div(grid->height, grid->mcu_height);
    long long interval = grid->interval;
    if (interval == 0 || interval >= (long long)columns * rows ||
        (columns % interval != 0 && interval % columns != 0))
        return false;
    /* One side of a segment is a row's part, the other a number of rows; one of them is 1. */
    int wide = (int)(interval < columns ? interval : columns), high = (int)(interval / wide);
    int step_x = wide * grid->mcu_width, step_y = high * grid->mcu_height;
    int left = left_edge(grid, need.x, step_x);
    int top = max(need.y - grid->reach_y, 0) / step_y * step_y;
    int right = ceil_div(need.x + need.width + grid->reach_x, step_x) * step_x;
    int bottom = ceil_div(need.y + need.height + grid->reach_y, step_y) * step_y;
    right = min(right, grid->width);
    bottom = min(bottom, grid->height);
    cut->across = columns / wide;
    cut->down = ceil_div(rows, high);
    cut->pixels = (struct rect){ left, top, right - left, bottom - top };
    cut->segments = (struct rect){ left / step_x, top / step_y, ceil_div(right - left, step_x),
                                   ceil_div(bottom - top, step_y) };
    return cut->pixels.width < grid->width || cut->pixels.height < grid->height;
}
