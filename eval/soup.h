/*
 * Several networks of one kind averaged into one: the mean of their weights, which costs nothing
 * when it runs (Wortsman et al., "Model soups", ICML 2022; snapshots of one training: Izmailov et
 * al., "Averaging Weights Leads to Wider Optima", UAI 2018). Running statistics of batch
 * normalization belong to weights and cannot be averaged with them: they are taken anew from
 * training images.
 *
 *     struct soup_request r = { .models = paths, .count = 3, .statistics = "data/train", .pool = p
 * }; struct soup s; if (soup_make(&s, &r, &err) < 0) ... soup_save(&s, "soup.safetensors", &err);
 *     soup_release(&s);
 *
 * The same bits for any number of threads and any order of the models.
 */
#ifndef TENFOLD_EVAL_SOUP_H
#define TENFOLD_EVAL_SOUP_H

#include "base/thread.h"
#include "eval/members.h"

enum { SOUP_BATCH = 128 }; /* images whose statistics are taken together */

/* Borrowed. */
struct soup_request {
    const char *const *models; /* as members_open takes them */
    int count;
    const char *statistics; /* images for the statistics; NULL only where a network has none */
    uint64_t images;        /* how many of them, spread over the data set; 0: all */
    const char *select;     /* labeled images for greedy selection; NULL: all are averaged */
    const char *classes;    /* as in index.h; or NULL */
    struct pool *pool;
    bool quiet; /* no progress */
};

struct soup {
    struct members members; /* owned; nets[0] holds the soup */
    bool *in;               /* (members.count) which are part of it; owned */
    uint64_t *correct;    /* (members.count) on the selection images, alone; owned; zero without */
    uint64_t n, labeled;  /* selection images */
    uint64_t best;        /* correct answers of the soup on them */
    char select_hash[65]; /* of the selection data; "" without */
};

/* Uniform: the mean of all. Greedy: beginning with the best alone, each next one stays if the mean
 * with it is right as often or more often. ERROR_DATA: networks of different kinds or
 * preprocessing; ERROR_USAGE: batch normalization and no images for it. `soup` is filled on success
 * and untouched on failure. */
int soup_make(struct soup *soup, const struct soup_request *request, struct error *err);
/* Weights with network and preprocessing; metadata `soup` has the members' hashes,
 * `selected_on` the hash of the data set that they were selected on. */
int soup_save(const struct soup *soup, const char *path, struct error *err);
void soup_release(struct soup *soup);

#endif
