#include "augment/chain.h"

#include <stdlib.h>
#include <string.h>

#include "augment/blend.h"
#include "augment/color_run.h"
#include "augment/resample_map.h"
#include "base/memory.h"
#include "base/simd.h"

struct chain {
    struct mapper *mapper; /* owned, as all below */
    uint8_t *picture;      /* what the branches begin with: (h,w,3) */
    float *sum;            /* of picture and branches: (h,w,3) */
    size_t picture_capacity, sum_capacity;
};

int chain_open(struct chain **result, struct error *err)
{
    struct chain *chain = memory_array(1, sizeof(*chain), err);
    if (!chain)
        return -1;
    if (mapper_open(&chain->mapper, err) < 0) {
        free(chain);
        return -1;
    }
    *result = chain;
    return 0;
}

void chain_close(struct chain *chain)
{
    if (!chain)
        return;
    mapper_close(chain->mapper);
    free(chain->picture);
    free(chain->sum);
    free(chain);
}

static int run_stage(struct chain *chain, const struct plan_stage *stage, struct raster *raster,
                     struct error *err)
{
    struct image from, to;
    if (stage->geometry) {
        raster_across(raster, &from, &to);
        return mapper_stage(chain->mapper, &from, stage->map, stage->filter, &stage->fill, &to,
                            err);
    }
    if (stage->blend == BLEND_NONE)
        return color_run_levels(&stage->color, raster, err);
    raster_through(raster, &from, &to);
    blend_levels(stage->blend, stage->factor, &from, &to);
    return 0;
}

static int run_stages(struct chain *chain, const struct plan *plan, const struct plan_color *entry,
                      int branch, struct raster *raster, struct error *err)
{
    for (int i = entry->first; i < entry->first + entry->count; i++)
        if (plan->stages[i].branch == branch && run_stage(chain, &plan->stages[i], raster, err) < 0)
            return -1;
    return 0;
}

static int reserve(struct chain *chain, size_t values, struct error *err)
{
    void *picture = chain->picture, *sum = chain->sum;
    if (memory_grow(&picture, &chain->picture_capacity, values, 1, err) < 0)
        return -1;
    chain->picture = picture;
    if (memory_grow(&sum, &chain->sum_capacity, values, sizeof(*chain->sum), err) < 0)
        return -1;
    chain->sum = sum;
    return 0;
}

VECTOR_CLONES static void weigh(float share, const uint8_t *levels, size_t n, float *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] = share * (float)levels[i];
}

VECTOR_CLONES static void add(float share, const uint8_t *levels, size_t n, float *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += share * (float)levels[i];
}

static void spread(const float *sum, size_t n, float *planes)
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            planes[c * n + i] = sum[3 * i + c];
}

static int run_branches(struct chain *chain, const struct plan *plan,
                        const struct plan_color *entry, struct raster *raster, struct error *err)
{
    size_t n = (size_t)raster_width(raster) * (size_t)raster_height(raster);
    if (reserve(chain, 3 * n, err) < 0)
        return -1;
    memcpy(chain->picture, raster_levels(raster).pixels, 3 * n);
    weigh((float)entry->rest, chain->picture, 3 * n, chain->sum);
    for (int b = 0; b < entry->branches; b++) {
        if (b > 0)
            memcpy(raster_levels(raster).pixels, chain->picture, 3 * n);
        if (run_stages(chain, plan, entry, b, raster, err) < 0)
            return -1;
        add((float)entry->share[b], raster_levels(raster).pixels, 3 * n, chain->sum);
    }
    spread(chain->sum, n, raster_plane_memory(raster));
    raster_set_planes(raster);
    return 0;
}

int chain_run(struct chain *chain, const struct plan *plan, const struct plan_color *entry,
              struct raster *raster, struct error *err)
{
    raster_source(raster);
    for (int y = 0; y < raster_height(raster); y++)
        raster_span(raster, y, 0, raster_width(raster));
    if (entry->branches)
        return run_branches(chain, plan, entry, raster, err);
    return run_stages(chain, plan, entry, 0, raster, err);
}
