/*
 * What the resampler made is `shown`: for an axis-aligned plan the visible part of the resized
 * frame (the source itself where nothing is resized), for a general map the output. Rows come from
 * it by copying: mirrored, between fill, or column by column where an edge or a reflection repeats.
 */
#include "augment/geometry.h"

#include <stdlib.h>
#include <string.h>

#include "augment/level_sum.h"
#include "augment/mirror.h"
#include "augment/plan_private.h"
#include "augment/resample.h"
#include "augment/resample_map.h"
#include "base/memory.h"

struct geometry {
    struct resampler *resampler; /* owned */
    struct mapper *mapper;       /* owned */
    uint8_t *pixels;             /* owned: what a resampler made */
    int (*spans)[2];             /* owned: of general maps, by row */
    int *columns;                /* owned: of the resized frame, by output column; -1: fill */
    size_t pixels_capacity, spans_capacity, columns_capacity;

    const struct plan *plan; /* borrowed: of the run */
    struct image shown;
    struct rect visible; /* which part of the resized frame that is; of axis-aligned plans */
    bool separable, repeats;
};

int geometry_open(struct geometry **result, struct error *err)
{
    struct geometry *g = memory_array(1, sizeof(*g), err);
    if (!g)
        return -1;
    if (resampler_open(&g->resampler, err) < 0 || mapper_open(&g->mapper, err) < 0) {
        geometry_close(g);
        return -1;
    }
    *result = g;
    return 0;
}

void geometry_close(struct geometry *g)
{
    if (!g)
        return;
    mapper_close(g->mapper);
    resampler_close(g->resampler);
    free(g->columns);
    free(g->spans);
    free(g->pixels);
    free(g);
}

static int reserve_pixels(struct geometry *g, int width, int height, struct error *err)
{
    void *pixels = g->pixels;
    if (memory_grow(&pixels, &g->pixels_capacity, 3 * (size_t)width * (size_t)height, 1, err) < 0)
        return -1;
    g->pixels = pixels;
    g->shown = (struct image){ pixels, width, height, 3 * (size_t)width };
    return 0;
}

static int run_separable(struct geometry *g, enum plan_resampler resampler,
                         const struct image *source, int origin_x, int origin_y, struct error *err)
{
    const struct plan *plan = g->plan;
    const struct plan_axis *axis = &plan->axis;
    struct rect visible = g->visible = plan_visible(plan);
    if (visible.width == 0)
        return 0;
    if (axis->width == axis->window.width && axis->height == axis->window.height) {
        int x = axis->window.x + visible.x - origin_x, y = axis->window.y + visible.y - origin_y;
        g->shown = (struct image){ source->pixels + (size_t)y * source->stride + 3 * (size_t)x,
                                   visible.width, visible.height, source->stride };
        return 0;
    }
    if (reserve_pixels(g, visible.width, visible.height, err) < 0)
        return -1;
    return resampler_run(g->resampler, resampler, plan->filter, source, origin_x, origin_y,
                         axis->window, axis->width, axis->height, visible, &g->shown, err);
}

/* Columns that edge or reflect fill come from all over the frame. */
static int list_columns(struct geometry *g, struct error *err)
{
    const struct plan *plan = g->plan;
    void *columns = g->columns;
    if (memory_grow(&columns, &g->columns_capacity, (size_t)plan->width, sizeof(int), err) < 0)
        return -1;
    g->columns = columns;
    for (int x = 0; x < plan->width; x++)
        g->columns[x] = plan_position(plan, false, x);
    return 0;
}

static int reserve_spans(struct geometry *g, int height, struct error *err)
{
    void *spans = g->spans;
    if (memory_grow(&spans, &g->spans_capacity, (size_t)height, sizeof(*g->spans), err) < 0)
        return -1;
    g->spans = spans;
    return 0;
}

int geometry_run(struct geometry *g, const struct plan *plan, enum plan_resampler resampler,
                 const struct image *source, int origin_x, int origin_y, struct error *err)
{
    g->plan = plan;
    g->separable = plan_is_separable(plan);
    g->repeats = g->separable && plan->clips_used == 1 && plan->clips[0].fill.mode != FILL_CONSTANT;
    if (g->repeats && list_columns(g, err) < 0)
        return -1;
    if (g->separable)
        return run_separable(g, resampler, source, origin_x, origin_y, err);
    if (reserve_pixels(g, plan->width, plan->height, err) < 0 ||
        reserve_spans(g, plan->height, err) < 0)
        return -1;
    return mapper_plan(g->mapper, plan, source, origin_x, origin_y, &g->shown, g->spans, err);
}

static void paint(uint8_t *row, int begin, int end, const uint8_t level[3])
{
    for (uint8_t *to = row + 3 * (size_t)begin; begin < end; begin++, to += 3) {
        to[0] = level[0];
        to[1] = level[1];
        to[2] = level[2];
    }
}

static void copy_columns(const struct geometry *g, const uint8_t *line, uint8_t *row)
{
    for (int x = 0; x < g->plan->width; x++, row += 3) {
        const uint8_t *pixel = line + 3 * (size_t)(g->columns[x] - g->visible.x);
        row[0] = pixel[0];
        row[1] = pixel[1];
        row[2] = pixel[2];
    }
}

void geometry_row(const struct geometry *g, int y, uint8_t *row, int span[2])
{
    const struct plan *plan = g->plan;
    if (!g->separable) {
        memcpy(row, g->shown.pixels + (size_t)y * g->shown.stride, g->shown.stride);
        span[0] = g->spans[y][0];
        span[1] = g->spans[y][1];
        return;
    }
    const struct rect *clip = &plan->axis.clip;
    int at = plan_position(plan, true, y);
    span[0] = g->repeats ? 0 : clip->x;
    span[1] = g->repeats ? plan->width : clip->x + clip->width;
    if (at < 0)
        span[0] = span[1] = plan->width;
    /* Clips of an axis-aligned plan have one fill. */
    const uint8_t *level = plan->clips[0].fill.level;
    paint(row, 0, span[0], level);
    paint(row, span[1], plan->width, level);
    if (span[0] == span[1])
        return;
    const uint8_t *line = g->shown.pixels + (size_t)(at - g->visible.y) * g->shown.stride;
    if (g->repeats)
        copy_columns(g, line, row);
    else if (plan->axis.mirror_x)
        mirror_row(line, (size_t)clip->width, row + 3 * (size_t)clip->x);
    else
        memcpy(row + 3 * (size_t)clip->x, line, 3 * (size_t)clip->width);
}

int geometry_write(struct geometry *g, const struct plan *plan, enum plan_resampler resampler,
                   const struct image *source, int origin_x, int origin_y, struct image *out,
                   struct error *err)
{
    int span[2];
    if (!plan_is_separable(plan))
        return mapper_plan(g->mapper, plan, source, origin_x, origin_y, out, NULL, err);
    if (geometry_run(g, plan, resampler, source, origin_x, origin_y, err) < 0)
        return -1;
    struct image view;
    if (geometry_view(g, &view) && view.stride == out->stride &&
        view.stride == 3 * (size_t)plan->width) {
        memcpy(out->pixels, view.pixels, view.stride * (size_t)plan->height);
        return 0;
    }
    for (int y = 0; y < plan->height; y++)
        geometry_row(g, y, out->pixels + (size_t)y * out->stride, span);
    return 0;
}

const uint8_t *geometry_line(const struct geometry *g, int y, bool *mirror)
{
    const struct plan *plan = g->plan;
    const struct rect *clip = &plan->axis.clip;
    *mirror = g->separable && plan->axis.mirror_x;
    if (!g->separable)
        return g->shown.pixels + (size_t)y * g->shown.stride;
    int at = plan_position(plan, true, y);
    if (g->repeats || clip->width != plan->width || at < 0)
        return NULL;
    return g->shown.pixels + (size_t)(at - g->visible.y) * g->shown.stride;
}

bool geometry_view(const struct geometry *g, struct image *view)
{
    const struct plan *plan = g->plan;
    *view = g->shown;
    return g->separable && !g->repeats && !plan->axis.mirror_x && !plan->axis.mirror_y &&
           plan->axis.clip.width == plan->width && plan->axis.clip.height == plan->height;
}

void geometry_mean(const struct geometry *g, uint8_t *row, double mean[3])
{
    uint64_t sum[3] = { 0 }, count = 0;
    for (int y = 0; y < g->plan->height; y++) {
        int span[2];
        geometry_row(g, y, row, span);
        level_sum(row + 3 * (size_t)span[0], (size_t)(span[1] - span[0]), sum);
        count += (uint64_t)(span[1] - span[0]);
    }
    for (int c = 0; c < 3; c++)
        mean[c] = count ? (double)sum[c] / (double)count : 0;
}
