/*
 * A folder of predictions that many processes fill together. predict.json says what it is to hold,
 * so that no process adds what does not belong there, and anybody can tell what is missing:
 *
 *     out/predict.json
 *     out/resnet50.shard-0000-of-0016.safetensors ...      // one for each model and shard
 *     out/.shard-0003-of-0016.part                         // a shard in work, see predict_part.h
 *     out/resnet50.safetensors                             // after merge, or without shards
 *
 *     struct prediction_folder folder;
 *     if (prediction_folder_read(&folder, "out", &err) < 0) ...
 *     if (prediction_folder_has(&folder, shard, &has, &err) < 0) ...
 *     prediction_folder_release(&folder);
 */
#ifndef TENFOLD_EVAL_PREDICTION_FOLDER_H
#define TENFOLD_EVAL_PREDICTION_FOLDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { SHARDS_MAX = 100000 };

struct prediction_folder {
    char *path; /* owned */
    /* What is predicted, owned: data_hash, total, views, kind, keep_views, exif, conv, group, and
     * models, a list of {name, hash}. Checked when it is read. */
    json_t *request;
    int shards;
    int array_first, array_step; /* shard i is task array_first + i * array_step of a job array */
};

/* Read predict.json of `path`. ERROR_DATA: there is none, or it is not sound. */
int prediction_folder_read(struct prediction_folder *folder, const char *path, struct error *err);

/* Make the folder and write predict.json, or agree with the one that is there: ERROR_USAGE says
 * what differs. `request` is borrowed. */
int prediction_folder_claim(struct prediction_folder *folder, const char *path,
                            const json_t *request, int shards, int array_first, int array_step,
                            struct error *err);

int prediction_folder_models(const struct prediction_folder *folder);
const char *prediction_folder_name(const struct prediction_folder *folder, int model);
const char *prediction_folder_hash(const struct prediction_folder *folder, int model);
uint64_t prediction_folder_total(const struct prediction_folder *folder);
int prediction_folder_group(const struct prediction_folder *folder);

/* The range of ids of a shard. Whole groups where there are enough of them. */
void prediction_folder_range(const struct prediction_folder *folder, int shard, uint64_t *first,
                             uint64_t *count);

/* Fresh strings (free()); NULL with err filled when there is no memory. */
char *prediction_folder_file(const struct prediction_folder *folder, int model, int shard,
                             struct error *err);
char *prediction_folder_whole(const struct prediction_folder *folder, int model,
                              struct error *err); /* what merge writes */
char *prediction_folder_part(const struct prediction_folder *folder, int shard, struct error *err);

/* Are all models' files of the shard there, whole and of this request? Their headers are read. */
int prediction_folder_has(const struct prediction_folder *folder, int shard, bool *has,
                          struct error *err);
/* Likewise what merge writes. */
int prediction_folder_has_whole(const struct prediction_folder *folder, bool *has,
                                struct error *err);

/* ERROR_USAGE where a file of the shard would replace one that holds no predictions: the weights
 * themselves, when the folder is theirs. */
int prediction_folder_check_out(const struct prediction_folder *folder, int shard,
                                struct error *err);

void prediction_folder_release(struct prediction_folder *folder);

#endif
