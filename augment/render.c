/*
 * One resample into a buffer of 8-bit pixels, then row by row: mirror and fill, color, normalize
 * and store in one pass (store.h), erase. Where the color list has steps, which see the whole
 * picture, it is run on a raster in between, whose rows are float planes.
 */
#include "augment/render.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color_run.h"
#include "augment/store.h"
#include "base/memory.h"
#include "base/simd.h"

struct renderer {
    struct resampler *resampler; /* owned */
    struct raster *raster;       /* owned: of plans with steps */
    uint8_t *pixels;             /* owned: what the resampler made */
    uint8_t *row;                /* owned: one output row, RGB */
    float *planes;               /* owned: one output row, three planes */
    size_t pixels_capacity, row_capacity, planes_capacity;
};

size_t output_bytes(const struct output_form *form, int width, int height)
{
    return 3 * (size_t)width * (size_t)height * dtype_size(form->dtype);
}

int renderer_open(struct renderer **result, struct error *err)
{
    struct renderer *r = memory_array(1, sizeof(*r), err);
    if (!r)
        return -1;
    if (resampler_open(&r->resampler, err) < 0 || raster_open(&r->raster, err) < 0) {
        renderer_close(r);
        return -1;
    }
    *result = r;
    return 0;
}

void renderer_close(struct renderer *r)
{
    if (!r)
        return;
    raster_close(r->raster);
    resampler_close(r->resampler);
    free(r->planes);
    free(r->row);
    free(r->pixels);
    free(r);
}

static int reserve(struct renderer *r, const struct plan *plan, struct rect visible,
                   struct error *err)
{
    void *pixels = r->pixels, *row = r->row, *planes = r->planes;
    size_t width = (size_t)plan->width;
    if (memory_grow(&pixels, &r->pixels_capacity,
                    3 * (size_t)visible.width * (size_t)visible.height, 1, err) < 0)
        return -1;
    r->pixels = pixels;
    if (memory_grow(&row, &r->row_capacity, 3 * width, 1, err) < 0)
        return -1;
    r->row = row;
    if (memory_grow(&planes, &r->planes_capacity, 3 * width, sizeof(float), err) < 0)
        return -1;
    r->planes = planes;
    return 0;
}

enum { MEAN_BLOCK = 16, MEAN_BLOCKS = 1 << 20 }; /* 2^20 levels' sum fits 32 bits */

/* Sums of each place of a block of 16 pixels over many blocks. */
VECTOR_CLONES static void add_blocks(const uint8_t *pixels, size_t blocks,
                                     uint32_t sum[3 * MEAN_BLOCK])
{
    for (; blocks > 0; blocks--, pixels += 3 * MEAN_BLOCK)
        for (int i = 0; i < 3 * MEAN_BLOCK; i++)
            sum[i] += pixels[i];
}

/* Mean RGB of the visible pixels, exact: sums are integers. */
static void mean_color(const uint8_t *pixels, size_t count, double mean[3])
{
    uint64_t sum[3] = { 0 };
    size_t i = 0;
    while (count - i >= MEAN_BLOCK) {
        uint32_t part[3 * MEAN_BLOCK] = { 0 };
        size_t blocks = (count - i) / MEAN_BLOCK;
        blocks = blocks < MEAN_BLOCKS ? blocks : MEAN_BLOCKS;
        add_blocks(pixels + 3 * i, blocks, part);
        for (int k = 0; k < 3 * MEAN_BLOCK; k++)
            sum[k % 3] += part[k];
        i += blocks * MEAN_BLOCK;
    }
    for (; i < count; i++)
        for (int c = 0; c < 3; c++)
            sum[c] += pixels[3 * i + (size_t)c];
    for (int c = 0; c < 3; c++)
        mean[c] = count ? (double)sum[c] / (double)count : 0;
}

/* Row y of the output in 8 bits: fill, and the visible pixels where the clip lies, mirrored as the
 * plan says. */
static void make_row(const struct plan *plan, const uint8_t *pixels, int y, uint8_t *row)
{
    const struct rect *clip = &plan->axis.clip;
    bool shown = y >= clip->y && y < clip->y + clip->height;
    int begin = shown ? clip->x : plan->width, end = shown ? clip->x + clip->width : plan->width;
    for (int x = 0; x < begin; x++)
        memcpy(row + 3 * (size_t)x, plan->fill.level, 3);
    for (int x = end; x < plan->width; x++)
        memcpy(row + 3 * (size_t)x, plan->fill.level, 3);
    if (!shown)
        return;
    int from = plan->axis.mirror_y ? clip->height - 1 - (y - clip->y) : y - clip->y;
    const uint8_t *line = pixels + 3 * (size_t)from * (size_t)clip->width;
    uint8_t *to = row + 3 * (size_t)begin;
    if (!plan->axis.mirror_x) {
        memcpy(to, line, 3 * (size_t)clip->width);
        return;
    }
    for (int x = 0; x < clip->width; x++, to += 3) {
        const uint8_t *pixel = line + 3 * (size_t)(clip->width - 1 - x);
        to[0] = pixel[0];
        to[1] = pixel[1];
        to[2] = pixel[2];
    }
}

VECTOR_CLONES static void clamp_row(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x = v[i] > 0 ? v[i] : 0;
        v[i] = x < 255 ? x : 255;
    }
}

/* Row y with what `store` does as its only color. */
static void render_row(struct renderer *r, const struct plan *plan, const struct store *store,
                       int y, void *out)
{
    const struct rect *clip = &plan->axis.clip;
    size_t width = (size_t)plan->width, at = width * (size_t)y;
    if (clip->width == plan->width && clip->height == plan->height) {
        int from = plan->axis.mirror_y ? plan->height - 1 - y : y;
        store_pixels(store, r->pixels + 3 * width * (size_t)from, width, plan->axis.mirror_x, at,
                     out);
    } else {
        make_row(plan, r->pixels, y, r->row);
        store_pixels(store, r->row, width, false, at, out);
    }
    for (int e = 0; e < plan->erasures_used; e++) {
        const struct plan_erasure *erasure = &plan->erasures[e];
        const struct rect *area = &erasure->area;
        if (y >= area->y && y < area->y + area->height)
            store_level(store, erasure->level, (size_t)area->width, at + (size_t)area->x, out);
    }
}

static void erase_row(const struct plan *plan, int y, float *planes)
{
    for (int e = 0; e < plan->erasures_used; e++) {
        const struct plan_erasure *erasure = &plan->erasures[e];
        const struct rect *area = &erasure->area;
        if (y < area->y || y >= area->y + area->height)
            continue;
        for (int c = 0; c < 3; c++)
            for (int x = area->x; x < area->x + area->width; x++)
                planes[(size_t)c * (size_t)plan->width + (size_t)x] = (float)erasure->level[c];
    }
}

/* Nothing but matrices, which fold: one entry, applied row by row while it is in the cache. */
static bool has_steps(const struct plan *plan)
{
    for (int i = 0; i < plan->colors_used; i++)
        if (plan->colors[i].kind != COLOR_MATRIX)
            return true;
    return false;
}

static int render_rows(struct renderer *r, const struct plan *plan, struct rect visible,
                       const struct output_form *form, void *out)
{
    struct color_matrix color;
    struct store store;
    assert(plan->colors_used <= 1);
    if (plan->colors_used) {
        double mean[3] = { 0 };
        if (color_uses_mean(&plan->colors[0]))
            mean_color(r->pixels, (size_t)visible.width * (size_t)visible.height, mean);
        color_resolve(&plan->colors[0], mean, &color);
    }
    store_init(&store, form, plan->width, plan->height, &plan->output,
               plan->colors_used ? &color : NULL);
    for (int y = 0; y < plan->height; y++)
        render_row(r, plan, &store, y, out);
    return 0;
}

/* Steps see the whole picture: it is laid out in the raster first. */
static int render_steps(struct renderer *r, const struct plan *plan, const struct output_form *form,
                        void *out, struct error *err)
{
    struct image levels;
    const struct rect *clip = &plan->axis.clip;
    size_t width = (size_t)plan->width, size = width * (size_t)plan->height;
    if (raster_start(r->raster, plan->width, plan->height, &levels, err) < 0)
        return -1;
    for (int y = 0; y < plan->height; y++) {
        bool shown = y >= clip->y && y < clip->y + clip->height;
        make_row(plan, r->pixels, y, levels.pixels + (size_t)y * levels.stride);
        raster_span(r->raster, y, shown ? clip->x : 0, shown ? clip->x + clip->width : 0);
    }
    if (color_run(plan, r->raster, err) < 0)
        return -1;
    const float *planes = raster_planes(r->raster);
    struct store store;
    store_init(&store, form, plan->width, plan->height, &plan->output, NULL);
    for (int y = 0; y < plan->height; y++) {
        for (size_t c = 0; c < 3; c++)
            memcpy(r->planes + c * width, planes + c * size + (size_t)y * width,
                   width * sizeof(float));
        clamp_row(r->planes, 3 * width);
        erase_row(plan, y, r->planes);
        for (int c = 0; c < 3; c++)
            store_channel(&store, c, r->planes + (size_t)c * width, width, (size_t)y * width, out);
    }
    return 0;
}

int render(struct renderer *r, const struct plan *plan, enum plan_resampler resampler,
           const struct image *source, int origin_x, int origin_y, const struct output_form *form,
           void *out, struct error *err)
{
    if (form->dtype != DTYPE_F32 && form->dtype != DTYPE_F16 && form->dtype != DTYPE_BF16 &&
        form->dtype != DTYPE_U8)
        return error_set(err, ERROR_USAGE, NULL, "output type %s; must be F32, F16, BF16 or U8",
                         dtype_name(form->dtype));
    if (form->dtype == DTYPE_U8 && plan->output.normalize)
        return error_set(err, ERROR_USAGE, NULL,
                         "normalize needs float output; leave it out of the recipe, or set "
                         "data.dtype to float32");
    struct rect visible = plan_visible(plan);
    if (reserve(r, plan, visible, err) < 0)
        return -1;
    if (visible.width > 0) {
        struct image shown = { r->pixels, visible.width, visible.height,
                               3 * (size_t)visible.width };
        if (resampler_run(r->resampler, resampler, plan->filter, source, origin_x, origin_y,
                          plan->axis.window, plan->axis.width, plan->axis.height, visible, &shown,
                          err) < 0)
            return -1;
    }
    return has_steps(plan) ? render_steps(r, plan, form, out, err)
                           : render_rows(r, plan, visible, form, out);
}
