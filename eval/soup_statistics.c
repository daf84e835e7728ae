#include "eval/soup_statistics.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/soup.h"
#include "eval/view_store.h"
#include "loader/index.h"
#include "model/backprop.h"

struct soup_statistics {
    struct index *index; /* owned, as the next three */
    struct view_store *store;
    struct view_hand **hand; /* (threads) */
    struct error *error;     /* (threads) of a load that failed */
    const struct preprocess *preprocess;
    struct pool *pool;
    uint64_t images; /* how many are used */
    uint64_t first;  /* of the batch at hand */
};

int soup_statistics_open(struct soup_statistics **statistics, const char *data,
                         const struct preprocess *preprocess, uint64_t images, struct pool *pool,
                         struct error *err)
{
    struct soup_statistics *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    struct index_options options = { 0 };
    struct view_spec spec = { .policy = &view_protocols[VIEWS_1CROP],
                              .preprocesses = preprocess,
                              .models = 1,
                              .places = SOUP_BATCH };
    s->preprocess = preprocess;
    s->pool = pool;
    size_t threads = (size_t)pool_threads(pool);
    if (index_open(&s->index, data, &options, err) < 0 ||
        view_store_open(&s->store, &spec, err) < 0 ||
        !(s->hand = memory_array(threads, sizeof(struct view_hand *), err)) ||
        !(s->error = memory_array(threads, sizeof(*s->error), err)))
        goto undo;
    for (size_t t = 0; t < threads; t++)
        if (view_hand_open(&s->hand[t], s->index, &spec, err) < 0)
            goto undo;
    uint64_t all = index_count(s->index);
    s->images = images && images < all ? images : all;
    if (s->images < 2) {
        error_set(err, ERROR_DATA, data, "has too few images for statistics; 2 are needed");
        goto undo;
    }
    *statistics = s;
    return 0;
undo:
    soup_statistics_close(s);
    return -1;
}

static void load(void *context, size_t place, int worker)
{
    struct soup_statistics *s = context;
    uint64_t all = index_count(s->index), number = s->first + place;
    /* number * all / images, without the product. */
    uint64_t id = all / s->images * number + all % s->images * number / s->images;
    struct error *err = &s->error[worker];
    if (!err->kind)
        view_store_load(s->store, s->hand[worker], id, (int)place, err);
}

static int take_batch(struct soup_statistics *s, struct backprop *bp, int count, int nth,
                      struct error *err)
{
    struct view_batch batch;
    view_store_clear(s->store);
    pool_run(s->pool, (size_t)count, load, s);
    for (int t = 0; t < pool_threads(s->pool); t++) {
        if (!s->error[t].kind)
            continue;
        *err = s->error[t];
        return -1;
    }
    if (view_store_batch(s->store, s->hand[0], 0, 0, &batch, err) < 0)
        return -1;
    backprop_reestimate(bp, batch.x, count, nth);
    return 0;
}

/* A rest of one image has no variance, so it is left out. */
int soup_statistics_take(struct soup_statistics *s, struct net *net, struct error *err)
{
    struct backprop *bp;
    if (backprop_open(&bp, net, SOUP_BATCH, s->pool, err) < 0)
        return -1;
    int status = 0, nth = 0;
    for (s->first = 0; s->first < s->images && status == 0; s->first += SOUP_BATCH) {
        uint64_t left = s->images - s->first;
        int count = left < SOUP_BATCH ? (int)left : SOUP_BATCH;
        if (count > 1)
            status = take_batch(s, bp, count, ++nth, err);
    }
    backprop_close(bp);
    return status;
}

void soup_statistics_close(struct soup_statistics *s)
{
    if (!s)
        return;
    for (int t = 0; s->hand && t < pool_threads(s->pool); t++)
        view_hand_close(s->hand[t]);
    free(s->hand);
    free(s->error);
    view_store_close(s->store);
    index_close(s->index);
    free(s);
}
