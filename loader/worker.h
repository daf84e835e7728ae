/*
 * What one thread needs to turn a sample's id into pixels: read, decode the header, draw, decode
 * what the plan needs, render. Opened once per thread, for any number of jobs; nothing is allocated
 * per sample beyond what a larger image than all before asks for.
 *
 *     struct worker *w;
 *     if (worker_open(&w, NULL, &err) < 0) ...
 *     if (worker_render(w, &job, id, epoch, place, &err) < 0) ...      // err: why it is bad
 *     if (worker_warning(w)) ...
 */
#ifndef TENFOLD_LOADER_WORKER_H
#define TENFOLD_LOADER_WORKER_H

#include <stdbool.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "loader/cache.h"
#include "loader/index.h"
#include "loader/stats.h"

struct worker_job {
    const struct index *index;   /* borrowed */
    const struct recipe *recipe; /* borrowed */
    enum plan_resampler resampler;
    struct output_form form;
    bool exif_apply;
    int width, height;   /* that every plan must have; 0: any */
    struct cache *cache; /* borrowed, shared by all workers; NULL: none */
};

struct worker;

/* `stats`: borrowed, this worker's alone, begun by its thread; NULL: none. */
int worker_open(struct worker **worker, struct thread_stats *stats, struct error *err);

/* The sample's pixels in the job's form into `out`, which must hold them. What was written is
 * unspecified after an error, whose place names the file (and member), or the line of the recipe
 * that does not suit the image. */
int worker_render(struct worker *worker, const struct worker_job *job, uint64_t id, uint32_t epoch,
                  void *out, struct error *err);

/* The same sample for several jobs of one index, exif and cache: read once, decoded once at the
 * union of what they need. Whatever is not as it should be (a file that is damaged, an image that a
 * recipe does not suit) leaves tasks that are not `done`; worker_render says why, and decides as if
 * the job were alone. */
struct worker_task {
    const struct worker_job *job;
    void *out;
    bool done;
};
enum { WORKER_TASKS = 16 };
void worker_render_together(struct worker *worker, struct worker_task *tasks, int n, uint64_t id,
                            uint32_t epoch);

/* What the decoder warned of in the last sample, NULL if nothing. */
const char *worker_warning(const struct worker *worker);
/* The plan of the last sample. */
const struct plan *worker_plan(const struct worker *worker);

void worker_close(struct worker *worker); /* NULL is a no-op */

#endif
