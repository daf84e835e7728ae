/*
 * One prediction file from those of shards, if they hold every sample exactly once: the bytes that
 * one process without shards would have written.
 *
 *     struct merge_result result;
 *     struct merge_request r = { .paths = paths, .count = 16, .out = "resnet50.safetensors" };
 *     int status = merge(&r, &result, &err);
 *     fputs(result.lines.data, stdout);      // what is missing, doubled, foreign
 *     merge_release(&result);
 */
#ifndef TENFOLD_EVAL_MERGE_H
#define TENFOLD_EVAL_MERGE_H

#include "base/buffer.h"
#include "eval/prediction.h"
#include "loader/index.h"

struct merge_result {
    uint64_t n;
    char kernels[512];   /* of the files, each once; a comma between where they differ */
    bool mixed;          /* they do: bits may differ from those of one process */
    struct buffer lines; /* a line for each range of samples that is not there once */
};

/* Borrowed. */
struct merge_request {
    const char *const *paths;
    int count;
    const char *out;
    /* What the files are to be of; where nothing is said (0, NULL) the first one decides. */
    uint64_t total;
    const char *data_hash, *model_hash;
    const struct index *index; /* decides about data, and about each key and label */
};

/* ERROR_DATA: not every sample is there
 * once (`result->lines` lists them, and nothing is written), or files of different models, views,
 * kinds, types or groups, naming both. `result` is always to be released. */
int merge(const struct merge_request *request, struct merge_result *result, struct error *err);

void merge_release(struct merge_result *result);

#endif
