/*
 * One resample into a buffer of 8-bit pixels, then row by row: mirror and fill, color, normalize
 * and store in one pass (store.h), erase. Where the color list has steps, which see the whole
 * picture, it is run on a raster in between. Bytes in rows need no store: the raster works in the
 * output itself.
 */
#include "augment/render.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "augment/chain.h"
#include "augment/color_run.h"
#include "augment/erase.h"
#include "augment/geometry.h"
#include "augment/output.h"
#include "augment/store.h"
#include "base/memory.h"
#include "base/simd.h"

struct renderer {
    struct geometry *geometry; /* owned */
    struct raster *raster;     /* owned: of plans with steps */
    struct chain *chain;       /* owned: of plans with chains */
    uint8_t *row;              /* owned: one output row, RGB */
    float *planes;             /* owned: one output row, three planes */
    float *sample;             /* owned: of plans whose output stage takes a table, twice */
    const struct output_tables *tables; /* borrowed; NULL: none */
    struct plan plain;                  /* such a plan without its output stage */
    size_t row_capacity, planes_capacity, sample_capacity;
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
    if (geometry_open(&r->geometry, err) < 0 || raster_open(&r->raster, err) < 0 ||
        chain_open(&r->chain, err) < 0) {
        renderer_close(r);
        return -1;
    }
    *result = r;
    return 0;
}

void renderer_tables(struct renderer *r, const struct output_tables *tables)
{
    r->tables = tables;
}

void renderer_close(struct renderer *r)
{
    if (!r)
        return;
    chain_close(r->chain);
    raster_close(r->raster);
    geometry_close(r->geometry);
    free(r->sample);
    free(r->planes);
    free(r->row);
    free(r);
}

static int reserve(struct renderer *r, size_t width, struct error *err)
{
    void *row = r->row, *planes = r->planes;
    if (memory_grow(&row, &r->row_capacity, 3 * width, 1, err) < 0)
        return -1;
    r->row = row;
    if (memory_grow(&planes, &r->planes_capacity, 3 * width, sizeof(float), err) < 0)
        return -1;
    r->planes = planes;
    return 0;
}

VECTOR_CLONES static void clamp_row(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x = v[i] > 0 ? v[i] : 0;
        v[i] = x < 255 ? x : 255;
    }
}

/* Row y's 8-bit pixels with what `store` does as their only color, and erased. */
static void store_row(struct renderer *r, const struct plan *plan, const struct store *store,
                      const uint8_t *line, bool mirror, int y, void *out)
{
    size_t width = (size_t)plan->width;
    store_pixels(store, line, width, mirror, width * (size_t)y, out);
    erase_store(plan, y, store, r->planes, out);
}

static void render_row(struct renderer *r, const struct plan *plan, const struct store *store,
                       int y, void *out)
{
    bool mirror;
    int span[2];
    const uint8_t *line = geometry_line(r->geometry, y, &mirror);
    if (!line) {
        geometry_row(r->geometry, y, r->row, span);
        line = r->row;
        mirror = false;
    }
    store_row(r, plan, store, line, mirror, y, out);
}

/* Nothing but matrices, which fold: one entry, applied row by row while it is in the cache. */
static bool has_steps(const struct plan *plan)
{
    for (int i = 0; i < plan->colors_used; i++)
        if (plan->colors[i].kind != COLOR_MATRIX)
            return true;
    return false;
}

static void render_rows(struct renderer *r, const struct plan *plan, const struct output_form *form,
                        void *out)
{
    struct color_matrix color;
    struct store store;
    assert(plan->colors_used <= 1);
    if (plan->colors_used) {
        double mean[3] = { 0 };
        if (color_uses_mean(&plan->colors[0]))
            geometry_mean(r->geometry, r->row, mean);
        color_resolve(&plan->colors[0], mean, &color);
    }
    store_init(&store, form, plan->width, plan->height, &plan->output,
               plan->colors_used ? &color : NULL);
    for (int y = 0; y < plan->height; y++)
        render_row(r, plan, &store, y, out);
}

/* The picture before color, in the raster. Where 8 bits are wanted in the end, `out` is memory for
 * them. */
static int lay_out(struct renderer *r, const struct plan *plan, uint8_t *out, struct error *err)
{
    struct image levels;
    if (geometry_view(r->geometry, &levels))
        return raster_view(r->raster, &levels, out, err);
    levels = (struct image){ out, plan->width, plan->height, 3 * (size_t)plan->width };
    if ((out ? raster_view(r->raster, &levels, out, err)
             : raster_start(r->raster, plan->width, plan->height, &levels, err)) < 0)
        return -1;
    for (int y = 0; y < plan->height; y++) {
        int span[2];
        geometry_row(r->geometry, y, levels.pixels + (size_t)y * levels.stride, span);
        raster_span(r->raster, y, span[0], span[1]);
    }
    return 0;
}

/* What is erased is written over pixels in rows. */
static void erase_levels(struct renderer *r, const struct plan *plan,
                         const struct output_form *form, uint8_t *out)
{
    struct store store;
    int first = plan->height, end = 0;
    for (int e = 0; e < plan->erasures_used; e++) {
        const struct rect *area = &plan->erasures[e].area;
        first = area->y < first ? area->y : first;
        end = area->y + area->height > end ? area->y + area->height : end;
    }
    store_init(&store, form, plan->width, plan->height, &plan->output, NULL);
    for (int y = first; y < end; y++)
        erase_store(plan, y, &store, r->planes, out);
}

/* 8-bit pixels in rows, as the color steps have them: no further pass. */
static int render_levels(struct renderer *r, const struct plan *plan,
                         const struct output_form *form, uint8_t *out, struct error *err)
{
    if (lay_out(r, plan, out, err) < 0 || color_run(plan, r->chain, r->raster, err) < 0)
        return -1;
    raster_finish(r->raster);
    if (plan->erasures_used)
        erase_levels(r, plan, form, out);
    return 0;
}

/* Row y of the raster's floats, clamped and erased, stored. */
static void store_planes(struct renderer *r, const struct plan *plan, const struct store *store,
                         const float *planes, int y, void *out)
{
    size_t width = (size_t)plan->width, size = width * (size_t)plan->height;
    for (size_t c = 0; c < 3; c++)
        memcpy(r->planes + c * width, planes + c * size + (size_t)y * width, width * sizeof(float));
    clamp_row(r->planes, 3 * width);
    erase_row(plan, y, r->planes);
    for (int c = 0; c < 3; c++)
        store_channel(store, c, r->planes + (size_t)c * width, width, (size_t)y * width, out);
}

/* Steps see the whole picture: it is laid out in the raster first. */
static int render_steps(struct renderer *r, const struct plan *plan, const struct output_form *form,
                        void *out, struct error *err)
{
    if (lay_out(r, plan, NULL, err) < 0 || color_run(plan, r->chain, r->raster, err) < 0)
        return -1;
    struct store store;
    store_init(&store, form, plan->width, plan->height, &plan->output, NULL);
    bool in_levels = raster_is_levels(r->raster);
    struct image levels = in_levels ? raster_source(r->raster) : (struct image){ 0 };
    const float *planes = in_levels ? NULL : raster_planes(r->raster);
    for (int y = 0; y < plan->height; y++)
        if (in_levels)
            store_row(r, plan, &store, levels.pixels + (size_t)y * levels.stride, false, y, out);
        else
            store_planes(r, plan, &store, planes, y, out);
    return 0;
}

/* All but the output stage into a sample of its own, on the 0..1 scale. */
static int render_tables(struct renderer *r, const struct plan *plan, enum plan_resampler resampler,
                         const struct image *source, int origin_x, int origin_y,
                         const struct output_form *form, void *out, struct error *err)
{
    static const struct output_form planes = { DTYPE_F32, LAYOUT_NCHW };
    size_t values = 3 * (size_t)plan->width * (size_t)plan->height;
    void *sample = r->sample;
    if (memory_grow(&sample, &r->sample_capacity, 2 * values, sizeof(float), err) < 0)
        return -1;
    r->sample = sample;
    r->plain = *plan;
    plan_drop_output(&r->plain);
    if (render(r, &r->plain, resampler, source, origin_x, origin_y, &planes, r->sample, err) < 0)
        return -1;
    if (output_apply(r->tables, plan, r->sample, form, out, err) < 0)
        return -1;
    erase_output(plan, form, out); /* in units of this stage, not of the sample's */
    return 0;
}

/* 8-bit pixels in rows without color. */
static int write_levels(struct renderer *r, const struct plan *plan, enum plan_resampler resampler,
                        const struct image *source, int origin_x, int origin_y,
                        const struct output_form *form, uint8_t *out, struct error *err)
{
    struct image levels = { out, plan->width, plan->height, 3 * (size_t)plan->width };
    if (geometry_write(r->geometry, plan, resampler, source, origin_x, origin_y, &levels, err) < 0)
        return -1;
    if (!plan->erasures_used)
        return 0;
    if (reserve(r, (size_t)plan->width, err) < 0)
        return -1;
    erase_levels(r, plan, form, out);
    erase_output(plan, form, out);
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
    if (form->dtype == DTYPE_U8 && (plan->output.normalize || output_needs_tables(&plan->output)))
        return error_set(err, ERROR_USAGE, NULL,
                         "normalize needs float output; leave it out of the recipe, or set "
                         "data.dtype to float32");
    if (output_needs_tables(&plan->output))
        return render_tables(r, plan, resampler, source, origin_x, origin_y, form, out, err);
    size_t width = (size_t)plan->width;
    if (form->dtype == DTYPE_U8 && form->layout == LAYOUT_NHWC && !plan->colors_used)
        return write_levels(r, plan, resampler, source, origin_x, origin_y, form, out, err);
    if (reserve(r, width, err) < 0 ||
        geometry_run(r->geometry, plan, resampler, source, origin_x, origin_y, err) < 0)
        return -1;
    if (form->dtype == DTYPE_U8 && form->layout == LAYOUT_NHWC) {
        if (render_levels(r, plan, form, out, err) < 0)
            return -1;
    } else if (!has_steps(plan))
        render_rows(r, plan, form, out);
    else if (render_steps(r, plan, form, out, err) < 0)
        return -1;
    erase_output(plan, form, out);
    return 0;
}
