/*
 * The consumer's side of a stream: opened, batches taken in order, closed. stream_fill.c is the
 * threads' side.
 */
#include "loader/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/thread.h"
#include "loader/stream_private.h"

enum { SLOTS_DEFAULT = 4, SLOTS_MAX = 4096, THREADS_MAX = 1024, CLASSES_MAX = 1 << 20 };

struct stream_options stream_defaults(void)
{
    return (struct stream_options){
        .shuffle = true,
        .batch = 128,
        .world = 1,
        .max_bad = 0.01,
        .resampler = RESAMPLER_EXACT,
        .read_ahead = 256,
    };
}

int stream_check(const struct index *index, const struct recipe *recipe, const struct mix *mix,
                 const struct stream_options *o, struct error *err)
{
    uint64_t count = index_count(index), steps = stream_epoch_steps(count, o);
    int width, height;
    if (o->batch < 1 || o->world < 1 || o->batch % o->world != 0)
        return error_set(err, ERROR_USAGE, "data.batch",
                         "a batch of %u samples cannot be shared by %u ranks evenly", o->batch,
                         o->world);
    if (o->rank >= o->world)
        return error_set(err, ERROR_USAGE, "rank", "rank is %u; must be 0..%u (world %u)", o->rank,
                         o->world - 1, o->world);
    if (mix && o->batch / o->world % 2 != 0)
        return error_set(err, ERROR_USAGE, "data.batch",
                         "mixing needs an even number of samples a rank; %u of %u ranks make %u",
                         o->batch, o->world, o->batch / o->world);
    if (count == 0)
        return error_set(err, ERROR_DATA, "data", "holds no sample");
    if (steps == 0)
        return error_set(err, ERROR_USAGE, "data.batch",
                         "a batch of %u samples is larger than the data set of %llu, and the short "
                         "last batch is dropped; take a smaller batch or data.last: keep",
                         o->batch, (unsigned long long)count);
    if (o->soft_labels && (index_classes(index) < 1 || index_classes(index) > CLASSES_MAX))
        return error_set(err, ERROR_USAGE, "data.soft_labels",
                         "the data has %lld classes; dense labels need 1..%d",
                         (long long)index_classes(index), CLASSES_MAX);
    if (o->threads < 0 || o->threads > THREADS_MAX || o->slots < 0 || o->slots > SLOTS_MAX)
        return error_set(err, ERROR_USAGE, "data", "threads must be 0..%d and slots 0..%d",
                         THREADS_MAX, SLOTS_MAX);
    struct plan_output output = recipe_output(recipe);
    if (o->form.dtype == DTYPE_U8 && (output.normalize || output_needs_tables(&output)))
        return error_set(
            err, ERROR_USAGE, "data.dtype",
            "uint8 levels cannot be normalized; leave the output stage out of the recipe or "
            "take dtype: float32");
    if (o->form.dtype == DTYPE_U8 && output.in_units)
        return error_set(err, ERROR_USAGE, "data.dtype",
                         "uint8 levels cannot hold what random_erasing writes in units: normal; "
                         "take units: level or dtype: float32");
    if (o->start / steps >= UINT32_MAX)
        return error_set(err, ERROR_USAGE, "start", "step %llu lies behind the last epoch",
                         (unsigned long long)o->start);
    return recipe_size(recipe, &width, &height, err);
}

/* A stream works without it: where no thread is to be had, nobody goes ahead. */
static void start_ahead(struct stream *s)
{
    if (s->maker.options.read_ahead > 0)
        s->reads_ahead = pthread_create(&s->read_ahead, NULL, stream_ahead_main, s) == 0;
}

static int start_threads(struct stream *s, int threads, struct error *err)
{
    s->stats = stats_open(threads, err);
    if (!s->stats)
        return -1;
    s->threads = memory_array((size_t)threads, sizeof(*s->threads), err);
    if (!s->threads)
        return -1;
    for (int i = 0; i < threads; i++) {
        struct stream_thread *t = &s->threads[i];
        t->stream = s;
        t->stats = &s->stats->threads[i];
        if (worker_open(&t->worker, t->stats, err) < 0)
            return -1;
        int rc = pthread_create(&t->thread, NULL, stream_thread_main, t);
        if (rc != 0) {
            worker_close(t->worker);
            return error_set(err, ERROR_FAILED, NULL,
                             "loader thread %d of %d cannot be started: %s", i + 1, threads,
                             strerror(rc));
        }
        s->started = i + 1;
    }
    return 0;
}

int stream_open(struct stream **result, const struct index *index, const struct recipe *recipe,
                const struct mix *mix, const struct stream_options *options, struct error *err)
{
    struct stream *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    if (maker_init(&s->maker, index, recipe, mix, options, err) < 0)
        goto fail;
    s->next_step = options->start;
    s->books.bad = options->bad_before;
    books_begin(&s->books, &s->maker, (uint32_t)(options->start / s->maker.steps_per_epoch),
                options->start % s->maker.steps_per_epoch);
    struct ring_shape shape = {
        .slots = options->slots ? options->slots : SLOTS_DEFAULT,
        .slot = maker_shape(&s->maker),
        .start = options->start,
        .steps = options->steps,
    };
    if (ring_open(&s->ring, &shape, err) < 0)
        goto fail;
    if (options->cache != CACHE_NONE &&
        cache_open(&s->cache, options->cache, s->maker.count, options->cache_memory, err) < 0)
        goto fail;
    s->maker.job.cache = s->cache;
    s->outcomes = memory_array((size_t)shape.slots * s->maker.places, sizeof(*s->outcomes), err);
    if (!s->outcomes || (options->ledger && log_open(&s->ledger, options->ledger, true, err) < 0) ||
        start_threads(s, options->threads ? options->threads : thread_cpus(), err) < 0)
        goto fail;
    s->books.ledger = s->ledger;
    start_ahead(s);
    *result = s;
    return 0;
fail:
    stream_close(s);
    return -1;
}

static int end_stream(struct stream *s, const struct error *why)
{
    s->ended = true;
    s->why = *why;
    ring_stop(s->ring);
    return -1;
}

int stream_next(struct stream *s, struct batch *batch, struct error *err)
{
    if (s->ended) {
        *err = s->why;
        return -1;
    }
    struct slot *slot;
    stats_come(&s->stats->consumer);
    int rc = ring_next(s->ring, &slot, err);
    if (rc <= 0)
        return rc;
    struct filling f = stream_filling(s, slot);
    if (books_enter(&s->books, &f, err) < 0)
        return end_stream(s, err);
    stats_go(&s->stats->consumer, slot->header->valid);
    s->next_step = slot->step + 1;
    struct slot_shape shape = maker_shape(&s->maker);
    *batch = slot_batch(slot, &shape, s->maker.width, s->maker.height);
    return 1;
}

void stream_release(struct stream *s, const struct batch *batch)
{
    ring_release(s->ring, batch->slot);
}

uint64_t stream_epoch_steps(uint64_t count, const struct stream_options *o)
{
    if (o->batch == 0)
        return 0;
    return count / o->batch + (o->last == LAST_KEEP && count % o->batch != 0);
}

uint64_t stream_steps_per_epoch(const struct stream *s)
{
    return s->maker.steps_per_epoch;
}

struct account stream_account(const struct stream *s)
{
    return s->books.account;
}

struct stats_sum stream_stats(const struct stream *s)
{
    struct stats_sum sum = stats_sum(s->stats);
    sum.cache_items = cache_items(s->cache);
    sum.cache_bytes = cache_used(s->cache);
    return sum;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    if (s->ring)
        ring_stop(s->ring);
    for (int i = 0; i < s->started; i++) {
        pthread_join(s->threads[i].thread, NULL);
        worker_close(s->threads[i].worker);
    }
    if (s->reads_ahead)
        pthread_join(s->read_ahead, NULL);
    struct error ignored = { 0 }; /* every line is on disk already */
    (void)log_close(s->ledger, &ignored);
    free(s->threads);
    free(s->stats);
    cache_close(s->cache);
    free(s->outcomes);
    ring_close(s->ring);
    free(s);
}
