/*
 * The 8-bit picture is in one of three places: the view that it started from, which is only read,
 * and two places to write, of which the first is the caller's `out` where there is one. The floats
 * have memory of their own; which form holds the picture is `levels_current`.
 */
#include "augment/raster.h"

#include <stdlib.h>
#include <string.h>

#include "augment/level_sum.h"
#include "augment/levels.h"
#include "base/memory.h"

enum place { FIRST, SECOND, VIEW };

struct raster {
    int width, height;
    bool levels_current;
    bool ends_in_levels;
    enum place place;     /* of the 8-bit picture */
    struct image view;    /* borrowed */
    uint8_t *writable[2]; /* borrowed: memory[] or the caller's */
    uint8_t *memory[2];   /* owned */
    size_t capacity[2];
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
    free(r->memory[SECOND]);
    free(r->memory[FIRST]);
    free(r);
}

static size_t pixels(const struct raster *r)
{
    return (size_t)r->width * (size_t)r->height;
}

static struct image dense(const struct raster *r, enum place place)
{
    return (struct image){ r->writable[place], r->width, r->height, 3 * (size_t)r->width };
}

static struct image at(const struct raster *r, enum place place)
{
    return place == VIEW ? r->view : dense(r, place);
}

/* Memory for width x height; with `out`, the first place is there. */
static int reserve(struct raster *r, int width, int height, uint8_t *out, struct error *err)
{
    size_t values = 3 * (size_t)width * (size_t)height;
    void *planes = r->planes, *spans = r->spans;
    for (int i = out ? SECOND : FIRST; i <= SECOND; i++) {
        void *memory = r->memory[i];
        if (memory_grow(&memory, &r->capacity[i], values, 1, err) < 0)
            return -1;
        r->memory[i] = memory;
    }
    if (memory_grow(&planes, &r->planes_capacity, values, sizeof(*r->planes), err) < 0)
        return -1;
    r->planes = planes;
    if (memory_grow(&spans, &r->spans_capacity, (size_t)height, sizeof(*r->spans), err) < 0)
        return -1;
    r->spans = spans;
    r->width = width;
    r->height = height;
    r->writable[FIRST] = out ? out : r->memory[FIRST];
    r->writable[SECOND] = r->memory[SECOND];
    r->levels_current = true;
    r->ends_in_levels = out != NULL;
    for (int y = 0; y < height; y++)
        raster_span(r, y, 0, width);
    return 0;
}

int raster_start(struct raster *r, int width, int height, struct image *levels, struct error *err)
{
    if (reserve(r, width, height, NULL, err) < 0)
        return -1;
    r->place = FIRST;
    *levels = dense(r, FIRST);
    return 0;
}

int raster_view(struct raster *r, const struct image *picture, uint8_t *out, struct error *err)
{
    if (reserve(r, picture->width, picture->height, out, err) < 0)
        return -1;
    r->view = *picture;
    r->place = picture->pixels == out ? FIRST : VIEW;
    return 0;
}

static void copy_to(struct raster *r, enum place place)
{
    struct image from = at(r, r->place), to = dense(r, place);
    for (int y = 0; y < r->height; y++)
        memcpy(to.pixels + (size_t)y * to.stride, from.pixels + (size_t)y * from.stride, to.stride);
    r->place = place;
}

void raster_finish(struct raster *r)
{
    raster_source(r);
    if (r->place != FIRST)
        copy_to(r, FIRST);
}

bool raster_ends_in_levels(const struct raster *r)
{
    return r->ends_in_levels;
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

struct image raster_source(struct raster *r)
{
    if (!r->levels_current) {
        size_t n = pixels(r);
        levels_from_planes(r->planes, r->planes + n, r->planes + 2 * n, n, r->writable[FIRST]);
        r->place = FIRST;
        r->levels_current = true;
    }
    return at(r, r->place);
}

struct image raster_levels(struct raster *r)
{
    raster_source(r);
    if (r->place == VIEW)
        copy_to(r, FIRST);
    return dense(r, r->place);
}

struct image raster_target(struct raster *r)
{
    return dense(r, r->place == VIEW ? FIRST : r->place);
}

void raster_set_target(struct raster *r)
{
    r->place = r->place == VIEW ? FIRST : r->place;
    r->levels_current = true;
}

void raster_through(struct raster *r, struct image *from, struct image *to)
{
    *from = raster_source(r);
    *to = raster_target(r);
    raster_set_target(r);
}

void raster_across(struct raster *r, struct image *from, struct image *to)
{
    *from = raster_source(r);
    *to = raster_spare(r);
    raster_swap(r);
}

void raster_fetch(const struct raster *r, size_t first, size_t n, float *red, float *green,
                  float *blue)
{
    size_t all = pixels(r), width = (size_t)r->width;
    if (!r->levels_current) {
        memcpy(red, r->planes + first, n * sizeof(float));
        memcpy(green, r->planes + all + first, n * sizeof(float));
        memcpy(blue, r->planes + 2 * all + first, n * sizeof(float));
        return;
    }
    struct image from = at(r, r->place);
    for (size_t done = 0; done < n;) { /* as far as the rows go */
        size_t y = (first + done) / width, x = (first + done) % width, some = width - x;
        some = from.stride == 3 * width || some > n - done ? n - done : some;
        levels_to_planes(from.pixels + y * from.stride + 3 * x, some, red + done, green + done,
                         blue + done);
        done += some;
    }
}

float *raster_plane_memory(struct raster *r)
{
    return r->planes;
}

void raster_set_planes(struct raster *r)
{
    r->levels_current = false;
}

float *raster_planes(struct raster *r)
{
    size_t n = pixels(r);
    if (r->levels_current)
        raster_fetch(r, 0, n, r->planes, r->planes + n, r->planes + 2 * n);
    r->levels_current = false;
    return r->planes;
}

bool raster_is_levels(const struct raster *r)
{
    return r->levels_current;
}

struct image raster_spare(struct raster *r)
{
    return dense(r, r->place == FIRST ? SECOND : FIRST);
}

void raster_swap(struct raster *r)
{
    r->place = r->place == FIRST ? SECOND : FIRST;
}

/* The pixels inside the clips in runs without gaps: the one at row *y, over as many rows as it
 * lasts; *y is then the row after it. False behind the last row. */
static bool next_run(const struct raster *r, int *y, const uint8_t **rgb, size_t *n)
{
    struct image from = at(r, r->place);
    if (*y >= r->height)
        return false;
    int first = (*y)++, begin = r->spans[first][0], end = r->spans[first][1];
    *rgb = from.pixels + (size_t)first * from.stride + 3 * (size_t)begin;
    *n = end > begin ? (size_t)(end - begin) : 0;
    if (from.stride != 3 * (size_t)r->width || begin != 0 || end != r->width)
        return true;
    while (*y < r->height && r->spans[*y][0] == 0 && r->spans[*y][1] == r->width)
        (*y)++;
    *n = (size_t)(*y - first) * (size_t)r->width;
    return true;
}

/* In lanes, so that additions need not wait for one another. */
static double sum_floats(const float *v, size_t n)
{
    enum { LANES = 8 };
    double lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)v[i + k];
    for (; i < n; i++)
        sum += (double)v[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

static uint64_t sum_planes(const struct raster *r, double total[3])
{
    uint64_t count = 0;
    for (int y = 0; y < r->height; y++) {
        int begin = r->spans[y][0], end = r->spans[y][1];
        size_t first = (size_t)y * (size_t)r->width + (size_t)begin;
        size_t n = end > begin ? (size_t)(end - begin) : 0;
        for (size_t c = 0; c < 3; c++)
            total[c] += sum_floats(r->planes + c * pixels(r) + first, n);
        count += n;
    }
    return count;
}

void raster_mean(const struct raster *r, double mean[3])
{
    double total[3] = { 0 };
    uint64_t sum[3] = { 0 }, count = 0;
    if (r->levels_current) {
        const uint8_t *rgb;
        size_t n;
        for (int y = 0; next_run(r, &y, &rgb, &n); count += n)
            level_sum(rgb, n, sum);
        for (int c = 0; c < 3; c++)
            total[c] = (double)sum[c]; /* exact: whole numbers far below 2^53 */
    } else
        count = sum_planes(r, total);
    for (int c = 0; c < 3; c++)
        mean[c] = count ? total[c] / (double)count : 0;
}

void raster_histogram(const struct raster *r, uint32_t histogram[3][256])
{
    const uint8_t *rgb;
    size_t n;
    memset(histogram, 0, 3 * sizeof(histogram[0]));
    for (int y = 0; next_run(r, &y, &rgb, &n);)
        levels_count(rgb, n, histogram);
}

void raster_extremes(const struct raster *r, uint8_t low[3], uint8_t high[3])
{
    const uint8_t *rgb;
    size_t n;
    memset(low, 255, 3);
    memset(high, 0, 3);
    for (int y = 0; next_run(r, &y, &rgb, &n);)
        levels_extremes(rgb, n, low, high);
}

void *raster_scratch(struct raster *r, size_t bytes, struct error *err)
{
    if (memory_grow(&r->scratch, &r->scratch_capacity, bytes, 1, err) < 0)
        return NULL;
    return r->scratch;
}
