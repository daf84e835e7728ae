/*
 * Images are packed by all threads, written by one, in order: while the threads pack one chunk of
 * images, one of them writes the chunk before (turn 0 of each loop), so that neither packing waits
 * for the disk nor the disk for packing, and at most two chunks are in memory. Every shard of the
 * plan is a run of ids; a chunk never crosses from one to the next.
 */
#include "loader/pack.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/thread.h"
#include "loader/pack_out.h"
#include "loader/pack_summary.h"

enum {
    CHUNK_A_THREAD = 32,    /* images; the threads end a chunk together within one of them */
    CHUNK_BYTES = 32 << 20, /* of the source, so that large images do not fill the memory */
    KEEP_BYTES = 256 << 10, /* a larger buffer is given back */
};

/* An image on its way from a worker to the writer. */
struct slot {
    struct packed packed;
    uint32_t crc;
    bool failed;
    struct error err;
};

struct chunk {
    struct slot *slots; /* owned */
    uint64_t shard, first;
    size_t count; /* 0: nothing to do */
    bool ends;    /* the shard */
};

struct worker {
    struct packer *packer; /* owned */
    struct buffer file;    /* owned */
};

struct pack {
    const struct index *index;          /* borrowed */
    const char *out;                    /* borrowed */
    const struct pack_options *options; /* borrowed */
    struct pool *pool;                  /* owned, as all below */
    struct pack_plan plan;
    bool *there; /* by shard */
    struct worker *workers;
    size_t chunk_max;
    struct chunk chunks[2];
    int now;        /* the chunk that is packed; the other one is written */
    uint64_t shard; /* of the next chunk */
    uint64_t next;  /* id of its first image */
    struct shard_out shard_out;
    uint64_t shards_made;
    struct error err; /* of the writer */
    bool failed;
    struct progress *progress;
    uint64_t done; /* images packed; counted atomically */
};

struct pack_options pack_defaults(void)
{
    return (struct pack_options){
        .shard_bytes = 256000000, .prefix = "shard", .form = { .restart = 64 }, .parts = 1
    };
}

/* Asked between chunks, by the thread that called pack_run only: the flag is no atomic. */
static bool stopped(const struct pack *p)
{
    return p->options->stop && *p->options->stop;
}

static int pack_image(struct pack *p, struct slot *slot, uint64_t id, struct worker *worker)
{
    struct error *err = &slot->err;
    struct packed *packed = &slot->packed;
    enum pack_bad on_error = p->options->on_error;
    char place[512];
    if (index_read(p->index, id, &worker->file, err) < 0)
        return -1;
    index_place(p->index, id, place, sizeof(place));
    if (worker->file.size != p->plan.sizes[id])
        return error_set(err, ERROR_DATA, place,
                         "has %zu bytes; it had %" PRIu32 " when the shards were planned",
                         worker->file.size, p->plan.sizes[id]);
    if (packer_run(worker->packer, &worker->file, packed, err) < 0)
        return -1;
    if (packed->kind == PACK_UNREADABLE && on_error == PACK_BAD_FAIL)
        return error_set(err, ERROR_DATA, place, "%s", packed->reason);
    if (packed->kind == PACK_UNREADABLE && on_error == PACK_BAD_SKIP) {
        packed->kind = PACK_SKIPPED;
        packed->bytes.size = 0;
    }
    slot->crc = crc32_of(packed->bytes.data, packed->bytes.size);
    return 0;
}

static int write_image(struct pack *p, struct slot *slot, uint64_t id, struct error *err)
{
    struct sample sample = index_sample(p->index, id);
    struct packed *packed = &slot->packed;
    struct pack_row row = { .kind = packed->kind,
                            .size = packed->bytes.size,
                            .label = sample.label,
                            .crc = slot->crc,
                            .key = sample.key,
                            .reason = packed->reason };
    int rc = shard_out_add(&p->shard_out, &row, &packed->bytes, err);
    if (packed->bytes.capacity > KEEP_BYTES)
        packed_release(packed);
    return rc;
}

static int write_chunk(struct pack *p, struct chunk *chunk, struct error *err)
{
    for (size_t i = 0; i < chunk->count; i++) {
        struct slot *slot = &chunk->slots[i];
        if (slot->failed) {
            *err = slot->err;
            return -1;
        }
        if ((!shard_out_is_open(&p->shard_out) &&
             shard_out_open(&p->shard_out, p->out, p->options->prefix, chunk->shard, err) < 0) ||
            write_image(p, slot, chunk->first + i, err) < 0)
            return -1;
    }
    if (chunk->count == 0 || !chunk->ends)
        return 0;
    if (shard_out_close(&p->shard_out, &p->plan, err) < 0)
        return -1;
    p->there[chunk->shard] = true;
    p->shards_made++;
    return 0;
}

/* Turn 0 writes the chunk before; turn i packs image i - 1 of this one. */
static void turn(void *context, size_t i, int worker)
{
    struct pack *p = context;
    struct chunk *chunk = &p->chunks[p->now];
    if (i == 0) {
        p->failed = write_chunk(p, &p->chunks[!p->now], &p->err) < 0;
        return;
    }
    struct slot *slot = &chunk->slots[i - 1];
    slot->failed = pack_image(p, slot, chunk->first + i - 1, &p->workers[worker]) < 0;
    progress_update(p->progress, __atomic_add_fetch(&p->done, 1, __ATOMIC_RELAXED), NULL);
}

/* The next images to pack; count 0 when all are. */
static void next_chunk(struct pack *p, struct chunk *chunk)
{
    const struct pack_plan *plan = &p->plan;
    uint64_t bytes = 0;
    chunk->count = 0;
    while (p->shard < plan->shards && p->there[p->shard])
        p->shard += p->options->parts;
    if (p->shard >= plan->shards)
        return;
    uint64_t last = plan->first[p->shard + 1];
    if (p->next < plan->first[p->shard])
        p->next = plan->first[p->shard];
    chunk->shard = p->shard;
    chunk->first = p->next;
    while (p->next < last && chunk->count < p->chunk_max &&
           (chunk->count == 0 || bytes + plan->sizes[p->next] <= CHUNK_BYTES)) {
        bytes += plan->sizes[p->next++];
        chunk->count++;
    }
    chunk->ends = p->next == last;
    if (chunk->ends)
        p->shard += p->options->parts;
}

static int pack_shards(struct pack *p, struct error *err)
{
    uint64_t total = 0;
    p->shard = p->options->part;
    for (uint64_t s = p->shard; s < p->plan.shards; s += p->options->parts)
        total += p->there[s] ? 0 : p->plan.first[s + 1] - p->plan.first[s];
    p->progress = progress_open("pack", total, "images", p->options->quiet || total == 0);
    bool more = total > 0;
    while (more && !p->failed && !stopped(p)) {
        struct chunk *chunk = &p->chunks[p->now];
        next_chunk(p, chunk);
        more = chunk->count > 0;
        pool_run(p->pool, 1 + chunk->count, turn, p);
        p->now = !p->now;
    }
    progress_close(p->progress);
    if (p->failed)
        *err = p->err;
    else if (more)
        error_set(err, ERROR_INTERRUPTED, p->out,
                  "interrupted; the shards that are whole stay, run it again to go on");
    return p->failed || more ? -1 : 0;
}

static int open_workers(struct pack *p, struct error *err)
{
    size_t threads = (size_t)pool_threads(p->pool);
    p->chunk_max = CHUNK_A_THREAD * threads;
    p->workers = memory_array(threads, sizeof(*p->workers), err);
    p->there = memory_array((size_t)p->plan.shards, sizeof(*p->there), err);
    if (!p->workers || !p->there)
        return -1;
    for (int i = 0; i < 2; i++) {
        p->chunks[i].slots = memory_array(p->chunk_max, sizeof(struct slot), err);
        if (!p->chunks[i].slots)
            return -1;
    }
    for (size_t i = 0; i < threads; i++)
        if (packer_open(&p->workers[i].packer, &p->options->form, err) < 0)
            return -1;
    return 0;
}

static void close_pack(struct pack *p)
{
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < p->chunk_max && p->chunks[i].slots; k++)
            packed_release(&p->chunks[i].slots[k].packed);
        free(p->chunks[i].slots);
    }
    for (int i = 0; p->workers && i < pool_threads(p->pool); i++) {
        packer_close(p->workers[i].packer);
        buffer_release(&p->workers[i].file);
    }
    free(p->workers);
    free(p->there);
    shard_out_release(&p->shard_out);
    pack_plan_release(&p->plan);
    pool_close(p->pool);
}

int pack_run(const struct index *index, const char *out, const struct pack_options *options,
             struct pack_result *result, struct error *err)
{
    struct pack p = { .index = index, .out = out, .options = options };
    double start = clock_seconds();
    int rc = pack_folder_names(out, options->prefix, index, err);
    *result = (struct pack_result){ 0 };
    if (rc < 0 || pool_open(&p.pool, options->threads, err) < 0)
        return -1;
    rc = pack_plan_make(&p.plan, index, p.pool, options, err);
    if (rc == 0)
        rc = open_workers(&p, err);
    if (rc == 0)
        rc = pack_folder_check(out, &p.plan, options->prefix, p.there, err);
    if (rc == 0)
        rc = file_make_folders(out, err);
    if (rc == 0)
        rc = pack_folder_clean(out, options->prefix, options->part, options->parts, err);
    if (rc == 0)
        rc = pack_shards(&p, err);
    result->images_made = p.done;
    result->shards_made = p.shards_made;
    if (rc == 0) /* other processes may have gone on meanwhile */
        rc = pack_folder_check(out, &p.plan, options->prefix, p.there, err);
    if (rc == 0)
        rc = pack_summary(result, index, out, &p.plan, p.there, options, err);
    result->seconds = clock_seconds() - start;
    close_pack(&p);
    return rc;
}
