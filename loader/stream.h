/*
 * Batches in order, decoded and rendered by many threads into a ring of slots.
 *
 *     struct stream_options o = stream_defaults();
 *     o.batch = 256;
 *     struct stream *s;
 *     if (stream_open(&s, index, recipe, mix, &o, &err) < 0) ...
 *     struct batch batch;
 *     while (stream_next(s, &batch, &err) > 0) {
 *         train(batch.images, batch.label, ...);
 *         stream_release(s, &batch);
 *     }
 *     stream_close(s);
 *
 * Workers take the next position (serial, a few instructions), then decode and render straight into
 * that sample's place (parallel). Slots leave in order. A full ring blocks the workers: that is the
 * backpressure. What a batch holds depends on (file bytes, recipe, seeds, epoch, sample id) alone:
 * not on threads, ranks, slots or restarts.
 */
#ifndef TENFOLD_LOADER_STREAM_H
#define TENFOLD_LOADER_STREAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "augment/mix.h"
#include "augment/recipe.h"
#include "augment/render.h"
#include "base/param.h"
#include "loader/cache.h"
#include "loader/index.h"
#include "loader/stats.h"

enum on_error { ON_ERROR_SUBSTITUTE, ON_ERROR_SKIP, ON_ERROR_FAIL };
enum last_batch { LAST_DROP, LAST_KEEP };

struct stream_options {
    uint64_t order_seed, augment_seed;
    bool shuffle;
    uint32_t batch; /* samples of a global batch; world divides it */
    uint32_t rank, world;
    enum last_batch last;
    enum on_error on_error;
    double max_bad; /* share of the epoch's samples that may be bad before the run stops */
    uint64_t start; /* first step: global batches since epoch 0 */
    uint64_t steps; /* stop after so many; 0: never (epoch after epoch) */
    int threads;    /* 0: thread_cpus() */
    int slots;      /* of the ring; 0: 4 */
    struct output_form form;
    enum plan_resampler resampler;
    bool exif_apply;
    bool soft_labels;       /* batches carry them in the dense form, too */
    int classes;            /* of that form; 0: as many as the data has */
    double label_smoothing; /* of that form */
    const char *ledger;     /* JSON lines of bad images are appended here; NULL: none is written */
    uint64_t bad_before;    /* bad samples of start's epoch that an earlier run has counted */
    enum cache_kind cache;
    uint64_t cache_memory; /* bytes; 0: half of what is free */
    uint32_t read_ahead;   /* samples that the kernel is told of in advance; 0: none */
};

struct stream_options stream_defaults(void);

/* The `data:` section: train, val, classes, batch, seed, order_seed, augment_seed, shuffle, last,
 * on_error, max_bad, threads, slots, dtype, layout, resampler, exif, ledger, soft_labels,
 * label_smoothing, cache, cache_memory, read_ahead, folds, fold, fold_seed. */
enum { DATA_PARAMS = 26 };
extern const struct param data_params[DATA_PARAMS + 1];
struct data_config {
    const char *train, *val, *classes; /* borrowed from the config; NULL when absent */
    struct index_fold fold; /* of train */
    struct stream_options stream;
    union value values[DATA_PARAMS]; /* as read, by row of data_params */
};
/* `node` NULL: defaults. Paths that are relative are taken from the working folder. */
int data_config_read(struct data_config *data, const struct node *node, struct error *err);
json_t *data_config_json(const struct data_config *data, struct error *err);

/* The first 64 bytes of a slot; then the tensors, each from a page boundary on. */
struct slot_header {
    uint32_t version;
    uint32_t epoch;
    uint64_t step;           /* global batches since epoch 0 */
    uint64_t first_position; /* of this rank's part, within the epoch */
    uint32_t count;          /* places: B / W */
    uint32_t valid; /* places that hold a position of the epoch (a short last batch has fewer) */
    uint64_t bad;   /* samples of the epoch so far, this batch included, that were bad */
    uint8_t reserved[24];
};

/* A finished batch, borrowed until stream_release. b = header->count. */
struct batch {
    const struct slot_header *header;
    void *images;           /* (b,3,h,w) or (b,h,w,3), type of the stream's form */
    const int64_t *label;   /* (b), -1 unknown */
    const int64_t *label_b; /* (b), the partner's; NULL without mixing */
    const float *lambda;    /* (b), weight of `label`; NULL without mixing */
    const float *soft;      /* (b,classes), label, label_b and lambda as one target; or NULL */
    int classes;            /* of `soft`; 0 without */
    const int64_t *id;   /* (b), of the sample really there; -1: none (skipped, or past the end) */
    const float *weight; /* (b), 1, or 0 where id is -1 */
    int height, width;
    int slot; /* the ring's */
};

struct stream;

/* ERROR_USAGE when the options do not fit together or the data (world does not divide the batch,
 * odd b with mixing, fewer samples than a batch with `last: drop`, sizes that vary, soft labels of
 * data without labels). */
int stream_check(const struct index *index, const struct recipe *recipe, const struct mix *mix,
                 const struct stream_options *options, struct error *err);

/* Borrows index, recipe and mix until close. What stream_check refuses is refused here, too. */
int stream_open(struct stream **stream, const struct index *index, const struct recipe *recipe,
                const struct mix *mix, const struct stream_options *options, struct error *err);

/* Wait for the next batch. 1: `batch` is filled; 0: all steps are done; -1: error (a bad image with
 * on_error: fail, more than max_bad). One thread at a time; several batches may be held at once, up
 * to the ring's slots. */
int stream_next(struct stream *stream, struct batch *batch, struct error *err);
void stream_release(struct stream *stream, const struct batch *batch);

/* The number of global batches of an epoch of `count` samples; 0 when there are too few for one. */
uint64_t stream_epoch_steps(uint64_t count, const struct stream_options *options);
uint64_t stream_steps_per_epoch(const struct stream *stream);

/* What became of an epoch's samples, of this rank's part, complete once the epoch's last batch was
 * taken: before + delivered + substituted + skipped + dropped = share, and the ranks' shares add up
 * to the data set's size. */
struct account {
    uint32_t epoch;
    bool complete;
    uint64_t before; /* in batches before the stream's start */
    uint64_t delivered, substituted, skipped;
    uint64_t dropped; /* in no batch, by `last: drop`; 0 until the epoch is complete */
    uint64_t share;
    uint64_t warnings; /* delivered, but the file is damaged */
};
/* Of the epoch that the last batch taken belongs to. */
struct account stream_account(const struct stream *stream);

/* {version, dataset, recipe, order_seed, augment_seed, shuffle, epoch, position, batch, last, bad}:
 * all that it takes to go on with the batch after the last one taken. The world size may change in
 * between. */
json_t *stream_state(const struct stream *stream, struct error *err);
/* Check `state` against the data set, recipe and options, and set options->start and bad_before
 * from it; ERROR_DATA says what does not fit. */
int stream_resume(const json_t *state, const struct index *index, const struct recipe *recipe,
                  const struct mix *mix, struct stream_options *options, struct error *err);

/* Checksums of a batch: sums modulo 2^64 over its places of hash64 of (global position, content),
 * so that the ranks' sums add up to the whole batch's. docs/formats.md has the bytes. */
struct batch_sums {
    uint64_t ids, content; /* sample ids; pixels, labels, lambda and weight */
};
struct batch_sums batch_checksum(const struct stream *stream, const struct batch *batch);
/* The same of a batch from anywhere, whose images have `sample_bytes` each. */
struct batch_sums batch_sums_of(const struct batch *batch, size_t sample_bytes);

/* Where the time goes, so far. Any thread. */
struct stats_sum stream_stats(const struct stream *stream);

void stream_close(struct stream *stream); /* stops the workers; NULL is a no-op */

#endif
