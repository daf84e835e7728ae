/* Both forms have memory of their own; which of them holds the picture is `levels_current`. */
#include "augment/raster.h"

#include <stdlib.h>
#include <string.h>

#include "augment/level_sum.h"
#include "base/memory.h"
#include "base/simd.h"

struct raster {
    int width, height;
    bool levels_current;
    uint8_t *levels, *spare; /* owned */
    size_t levels_capacity, spare_capacity;
    float *planes; /* owned */
    size_t planes_capacity;
    int (*spans)[2]; /* owned: by row */
    size_t spans_capacity;
    void *scratch; /* owned */
    size_t scratch_capacity;
};

int raster_open(struct raster **raster, struct error *err)
{
    *raster = memory_array(1, sizeof(**raster), err);
    return *raster ? 0 : -1;
}

void raster_close(struct raster *r)
{
    if (!r)
        return;
    free(r->scratch);
    free(r->spans);
    free(r->planes);
    free(r->spare);
    free(r->levels);
    free(r);
}

int raster_start(struct raster *r, int width, int height, struct image *levels, struct error *err)
{
    size_t values = 3 * (size_t)width * (size_t)height;
    void *first = r->levels, *second = r->spare, *planes = r->planes, *spans = r->spans;
    if (memory_grow(&first, &r->levels_capacity, values, 1, err) < 0)
        return -1;
    r->levels = first;
    if (memory_grow(&second, &r->spare_capacity, values, 1, err) < 0)
        return -1;
    r->spare = second;
    if (memory_grow(&planes, &r->planes_capacity, values, sizeof(*r->planes), err) < 0)
        return -1;
    r->planes = planes;
    if (memory_grow(&spans, &r->spans_capacity, (size_t)height, sizeof(*r->spans), err) < 0)
        return -1;
    r->spans = spans;
    r->width = width;
    r->height = height;
    r->levels_current = true;
    for (int y = 0; y < height; y++)
        raster_span(r, y, 0, width);
    *levels = raster_levels(r);
    return 0;
}

void raster_span(struct raster *r, int y, int begin, int end)
{
    r->spans[y][0] = begin;
    r->spans[y][1] = end;
}

void raster_inside(const struct raster *r, int y, int *begin, int *end)
{
    *begin = r->spans[y][0];
    *end = r->spans[y][1];
}

int raster_width(const struct raster *r)
{
    return r->width;
}

int raster_height(const struct raster *r)
{
    return r->height;
}

static size_t pixels(const struct raster *r)
{
    return (size_t)r->width * (size_t)r->height;
}

VECTOR_CLONES static void to_levels(const float *planes, size_t n, uint8_t *levels)
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++) {
            float v = planes[c * n + i] > 0 ? planes[c * n + i] : 0;
            levels[3 * i + c] = (uint8_t)((v < 255 ? v : 255) + 0.5f);
        }
}

VECTOR_CLONES static void to_planes(const uint8_t *levels, size_t n, float *planes)
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            planes[c * n + i] = levels[3 * i + c];
}

struct image raster_levels(struct raster *r)
{
    if (!r->levels_current)
        to_levels(r->planes, pixels(r), r->levels);
    r->levels_current = true;
    return (struct image){ r->levels, r->width, r->height, 3 * (size_t)r->width };
}

float *raster_planes(struct raster *r)
{
    if (r->levels_current)
        to_planes(r->levels, pixels(r), r->planes);
    r->levels_current = false;
    return r->planes;
}

bool raster_is_levels(const struct raster *r)
{
    return r->levels_current;
}

struct image raster_spare(struct raster *r)
{
    return (struct image){ r->spare, r->width, r->height, 3 * (size_t)r->width };
}

void raster_swap(struct raster *r)
{
    uint8_t *levels = r->levels;
    size_t capacity = r->levels_capacity;
    r->levels = r->spare;
    r->levels_capacity = r->spare_capacity;
    r->spare = levels;
    r->spare_capacity = capacity;
}

void raster_mean(const struct raster *r, double mean[3])
{
    double total[3] = { 0 };
    uint64_t count = 0;
    for (int y = 0; y < r->height; y++) {
        size_t begin = (size_t)r->spans[y][0], end = (size_t)r->spans[y][1];
        size_t row = (size_t)y * (size_t)r->width;
        uint64_t sum[3] = { 0 };
        if (r->levels_current)
            level_sum(r->levels + 3 * (row + begin), end - begin, sum);
        for (size_t c = 0; c < 3; c++) {
            total[c] += (double)sum[c]; /* exact: whole numbers far below 2^53 */
            for (size_t x = row + begin; !r->levels_current && x < row + end; x++)
                total[c] += (double)r->planes[c * pixels(r) + x];
        }
        count += end - begin;
    }
    for (size_t c = 0; c < 3; c++)
        mean[c] = count ? total[c] / (double)count : 0;
}

void raster_histogram(const struct raster *r, uint32_t histogram[3][256])
{
    memset(histogram, 0, 3 * sizeof(histogram[0]));
    for (int y = 0; y < r->height; y++) {
        const uint8_t *row = r->levels + 3 * (size_t)y * (size_t)r->width;
        for (int x = r->spans[y][0]; x < r->spans[y][1]; x++)
            for (int c = 0; c < 3; c++)
                histogram[c][row[3 * x + c]]++;
    }
}

void *raster_scratch(struct raster *r, size_t bytes, struct error *err)
{
    if (memory_grow(&r->scratch, &r->scratch_capacity, bytes, 1, err) < 0)
        return NULL;
    return r->scratch;
}
