/*
 * One shard of a folder of predictions, from images to files: what was done before is not done
 * again, every group that is done is kept, and the files of all models appear when the last group
 * is there.
 *
 *     struct shard_request r = { .folder = "out", .index = index, .members = &members,
 *                                .options = { .views = &policy, .pool = pool }, .shards = 1 };
 *     struct shard_result result;
 *     if (predict_shard(&r, &result, &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_PREDICT_SHARD_H
#define TENFOLD_EVAL_PREDICT_SHARD_H

#include "eval/members.h"
#include "eval/predict.h"

enum keep_views { KEEP_NO, KEEP_FLOAT16, KEEP_FLOAT32 };
extern const char *const keep_views_names[]; /* ends with NULL */

/* All borrowed. */
struct shard_request {
    const char *folder;
    const struct index *index;
    const struct members *members;
    struct predict_options options; /* `first` and `count` are the shard's */
    enum keep_views keep;
    int shard, shards;
    int array_first, array_step; /* see prediction_folder.h */
};

struct shard_result {
    uint64_t images; /* of the shard */
    uint64_t found;  /* images of groups that were there already */
    bool begun_anew; /* a checkpoint of other kernels was given up */
};

/* ERROR_USAGE: the folder holds something else; more shards than samples. ERROR_REQUEUE, or
 * ERROR_INTERRUPTED where a person stopped it: what is done is kept, and the next call goes on.
 * Else as predict. */
int predict_shard(const struct shard_request *request, struct shard_result *result,
                  struct error *err);

#endif
