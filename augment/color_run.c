/*
 * Entries that look at one pixel at a time go together: a chunk of pixels passes through all of
 * them while it is in the first cache. A matrix that needs the mean of what other entries made
 * costs them another pass.
 */
#include "augment/color_run.h"

#include <string.h>

#include "augment/augmentation.h"
#include "augment/levels.h"
#include "base/simd.h"

enum { CHUNK = 1024 }; /* pixels: 12 KiB of floats; a multiple of 32, as apply_pixels wants */

bool color_uses_mean(const struct plan_color *entry)
{
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            if (entry->mean[r][c] != 0)
                return true;
    return false;
}

/* Beyond this every level above 0 ends at 255, or every one at 0: sums stay finite, and far from
 * the limits of an integer. */
static float bounded(double x)
{
    const double most = 1e6;
    return (float)(x < -most ? -most : x > most ? most : x);
}

void color_resolve(const struct plan_color *entry, const double mean[3], struct color_matrix *m)
{
    for (int r = 0; r < 3; r++) {
        double offset = entry->offset[r];
        for (int c = 0; c < 3; c++) {
            m->pixel[r][c] = bounded(entry->pixel[r][c]);
            offset += entry->mean[r][c] * mean[c];
        }
        m->offset[r] = bounded(offset);
    }
}

void color_apply(const struct color_matrix *m, size_t n, float *r, float *g, float *b)
{
    size_t i = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        i = n / 8 * 8;
        color_apply_avx2(m, i, r, g, b);
    }
#endif
    for (; i < n; i++) {
        float x = r[i], y = g[i], z = b[i];
        r[i] = m->pixel[0][0] * x + m->pixel[0][1] * y + m->pixel[0][2] * z + m->offset[0];
        g[i] = m->pixel[1][0] * x + m->pixel[1][1] * y + m->pixel[1][2] * z + m->offset[1];
        b[i] = m->pixel[2][0] * x + m->pixel[2][1] * y + m->pixel[2][2] * z + m->offset[2];
    }
}

/* Entries of one pixel at a time; the matrices of those that are one, resolved. */
struct pixel_entries {
    int count;
    const struct plan_color *entry; /* borrowed */
    struct color_matrix matrix[PLAN_COLORS];
};

static void apply_entries(const struct pixel_entries *e, size_t first, size_t n, float *r, float *g,
                          float *b)
{
    for (int i = 0; i < e->count; i++)
        if (e->entry[i].kind == COLOR_MATRIX)
            color_apply(&e->matrix[i], n, r, g, b);
        else
            augmentations[e->entry[i].op]->apply_pixels(&e->entry[i], first, n, r, g, b);
}

static size_t pixels_of(const struct raster *raster)
{
    return (size_t)raster_width(raster) * (size_t)raster_height(raster);
}

static double sum_of(const float *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)v[i];
    return sum;
}

/* Sums of those of n pixels from `first` on that are inside the clips; how many they are. */
static size_t add_inside(const struct raster *raster, float plane[3][CHUNK], size_t first, size_t n,
                         double total[3])
{
    size_t width = (size_t)raster_width(raster), count = 0;
    for (size_t i = 0; i < n;) {
        size_t y = (first + i) / width, x = (first + i) % width;
        size_t some = width - x < n - i ? width - x : n - i;
        int from, to;
        raster_inside(raster, (int)y, &from, &to);
        size_t begin = (size_t)from > x ? (size_t)from : x,
               end = (size_t)to < x + some ? (size_t)to : x + some;
        for (int c = 0; c < 3 && begin < end; c++)
            total[c] += sum_of(plane[c] + i + (begin - x), end - begin);
        count += begin < end ? end - begin : 0;
        i += some;
    }
    return count;
}

/* The mean of what the entries make of the picture. */
static void mean_behind(const struct pixel_entries *e, const struct raster *raster, double mean[3])
{
    float plane[3][CHUNK];
    double total[3] = { 0 };
    size_t all = pixels_of(raster), count = 0;
    for (size_t first = 0; first < all; first += CHUNK) {
        size_t n = all - first < CHUNK ? all - first : CHUNK;
        raster_fetch(raster, first, n, plane[0], plane[1], plane[2]);
        apply_entries(e, first, n, plane[0], plane[1], plane[2]);
        count += add_inside(raster, plane, first, n, total);
    }
    for (int c = 0; c < 3; c++)
        mean[c] = count ? total[c] / (double)count : 0;
}

/* From whatever form to 8 bits, rounded. */
static void run_to_levels(const struct pixel_entries *e, struct raster *raster)
{
    struct image from, to;
    size_t all = pixels_of(raster);
    if (e->count == 1 && e->entry->kind == COLOR_MATRIX && raster_is_levels(raster)) {
        raster_through(raster, &from, &to);
        levels_matrix(&e->matrix[0], &from, &to);
        return;
    }
    float plane[3][CHUNK];
    to = raster_target(raster);
    for (size_t first = 0; first < all; first += CHUNK) {
        size_t n = all - first < CHUNK ? all - first : CHUNK;
        raster_fetch(raster, first, n, plane[0], plane[1], plane[2]);
        apply_entries(e, first, n, plane[0], plane[1], plane[2]);
        levels_from_planes(plane[0], plane[1], plane[2], n, to.pixels + 3 * first);
    }
    raster_set_target(raster);
}

static void run_to_planes(const struct pixel_entries *e, struct raster *raster)
{
    size_t all = pixels_of(raster);
    float *planes = raster_plane_memory(raster);
    for (size_t first = 0; first < all; first += CHUNK) {
        size_t n = all - first < CHUNK ? all - first : CHUNK;
        float *r = planes + first, *g = r + all, *b = g + all;
        if (raster_is_levels(raster))
            raster_fetch(raster, first, n, r, g, b);
        apply_entries(e, first, n, r, g, b);
    }
    raster_set_planes(raster);
}

static void run_pixels(const struct plan_color *entries, int count, bool to_levels,
                       struct raster *raster)
{
    struct pixel_entries e = { .entry = entries };
    for (; e.count < count; e.count++) {
        const struct plan_color *entry = &entries[e.count];
        double mean[3] = { 0 };
        if (entry->kind != COLOR_MATRIX)
            continue;
        if (color_uses_mean(entry) && e.count == 0)
            raster_mean(raster, mean);
        else if (color_uses_mean(entry))
            mean_behind(&e, raster, mean);
        color_resolve(entry, mean, &e.matrix[e.count]);
    }
    if (to_levels)
        run_to_levels(&e, raster);
    else
        run_to_planes(&e, raster);
}

void color_lookup_each(struct raster *raster, const uint8_t table[3][256])
{
    struct image from, to;
    raster_through(raster, &from, &to);
    levels_table(&from, &to, table);
}

void color_lookup(struct raster *raster, const uint8_t table[256])
{
    uint8_t each[3][256];
    for (int c = 0; c < 3; c++)
        memcpy(each[c], table, sizeof(each[c]));
    color_lookup_each(raster, (const uint8_t(*)[256])each);
}

static bool is_pixelwise(const struct plan_color *entry)
{
    return entry->kind == COLOR_MATRIX ||
           (entry->kind == COLOR_STEP && augmentations[entry->op]->apply_pixels);
}

int color_run_levels(const struct plan_color *entry, struct raster *raster, struct error *err)
{
    if (!is_pixelwise(entry))
        return augmentations[entry->op]->apply(entry, raster, err);
    run_pixels(entry, 1, true, raster);
    return 0;
}

int color_run(const struct plan *plan, struct chain *chain, struct raster *raster,
              struct error *err)
{
    for (int i = 0; i < plan->colors_used;) {
        const struct plan_color *entry = &plan->colors[i];
        int end = i;
        while (end < plan->colors_used && is_pixelwise(&plan->colors[end]))
            end++;
        if (end > i) {
            bool last = end == plan->colors_used;
            run_pixels(entry, end - i, !last || raster_ends_in_levels(raster), raster);
            i = end;
            continue;
        }
        if ((entry->kind == COLOR_CHAIN ? chain_run(chain, plan, entry, raster, err)
                                        : augmentations[entry->op]->apply(entry, raster, err)) < 0)
            return -1;
        i++;
    }
    return 0;
}
