/*
 * Tenfold's loader for other programs: batches of decoded, augmented images, in order, from one
 * config.
 *
 *     struct tenfold *t;
 *     char error[TENFOLD_ERROR];
 *     if (tenfold_open(&t, "recipe.yaml", "data=photos batch=64 threads=4", error) != 0)
 *         ...
 *     struct tenfold_batch b;
 *     while (tenfold_next(t, &b, error) == 1) {
 *         use((const float *)b.images, b.label, b.count);
 *         tenfold_release(t, &b);
 *     }
 *     tenfold_close(t);
 *
 * Link with `pkg-config --cflags --libs tenfold`. Results are 0 (or as said), else the exit status
 * that a Tenfold program would have (1 failed, 2 usage or config, 3 data) with one line in `error`.
 * A handle is used by one thread at a time; different handles are independent.
 */
#ifndef TENFOLD_H
#define TENFOLD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENFOLD_API __attribute__((visibility("default")))

enum { TENFOLD_ERROR = 1600 };
enum tenfold_dtype { TENFOLD_F32 = 0, TENFOLD_U8 = 1, TENFOLD_F16 = 2, TENFOLD_BF16 = 3 };
enum tenfold_layout { TENFOLD_NCHW = 0, TENFOLD_NHWC = 1 };

/* A source of batches: the loader in this process, or a daemon's stream. */
struct tenfold;

/* Borrowed until tenfold_release. */
struct tenfold_batch {
    uint64_t step; /* global batches since epoch 0 */
    uint32_t epoch;
    uint32_t count, valid; /* places; places that hold a position of the epoch */
    enum tenfold_dtype dtype;
    enum tenfold_layout layout;
    int height, width;
    const void *images;     /* (count,3,height,width) or (count,height,width,3) */
    const int64_t *label;   /* (count), -1 unknown */
    const int64_t *label_b; /* (count) with mixing, else NULL */
    const float *lambda;    /* (count) with mixing, else NULL: weight of `label` */
    const float *soft;      /* (count,classes) with soft_labels, else NULL: the whole target */
    int classes;            /* of soft */
    const int64_t *id;      /* (count), -1: nothing there */
    const float *weight;    /* (count), 0 where id is -1 */
    int slot;               /* the ring's */
};

TENFOLD_API const char *tenfold_version(void);

/* Open the stream that `config` (a YAML file; NULL for none) describes. `settings` (may be NULL) is
 * a list of `key=value` separated by blanks: keys of the config's `data` section (batch, seed,
 * threads, ...; `data` for the images' place), rank, world, start (step) and steps, section.key as
 * `--set` takes, or `daemon=unix:PATH` (`daemon=auto`: the user's own, started when there is none):
 * then an nnprepd makes the batches, `config` may be @NAME for one that it holds, and without start
 * they go on from where its stream is. */
TENFOLD_API int tenfold_open(struct tenfold **handle, const char *config, const char *settings,
                             char error[TENFOLD_ERROR]);

/* 1: a batch; 0: the stream's steps are done; negative: minus the exit status, `error` filled. */
TENFOLD_API int tenfold_next(struct tenfold *handle, struct tenfold_batch *batch,
                             char error[TENFOLD_ERROR]);
TENFOLD_API void tenfold_release(struct tenfold *handle, const struct tenfold_batch *batch);

/* The stream's state as JSON text, enough to go on with the batch after the last one taken; free
 * with free(). NULL: no memory. */
TENFOLD_API char *tenfold_state(const struct tenfold *handle);
/* As tenfold_open, going on from `state`. */
TENFOLD_API int tenfold_resume(struct tenfold **handle, const char *config, const char *settings,
                               const char *state, char error[TENFOLD_ERROR]);

TENFOLD_API uint64_t tenfold_samples(const struct tenfold *handle); /* of the data set */
TENFOLD_API uint64_t tenfold_steps_per_epoch(const struct tenfold *handle);

TENFOLD_API void tenfold_close(struct tenfold *handle); /* NULL is a no-op */

#ifdef __cplusplus
}
#endif

#endif
