/*
 * A part of the samples, as k-fold cross-validation takes them: which ids belong to which fold is a
 * keyed permutation's to say, so that nothing is copied or written down, and every process with the
 * same seed divides the data in the same way.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/index_layout.h"
#include "loader/order.h"

/* An epoch that no training comes to. */
static const uint32_t FOLDS_EPOCH = UINT32_MAX;

/* The same bytes as for a whole data set, of the samples that are kept. */
static int hash_kept(struct index *index, struct error *err)
{
    struct sha256 *sha;
    if (sha256_open(&sha, err) < 0)
        return -1;
    for (uint64_t i = 0; i < index->kept_count; i++) {
        struct index_item item;
        char tail[32];
        const char *key = layout_key(&index->layout, index->kept[i]);
        if (!key || !layout_item(&index->layout, index->kept[i], &item)) {
            sha256_abandon(sha);
            return error_set(err, ERROR_DATA, index->data,
                             "the index is damaged at sample %" PRIu64, index->kept[i]);
        }
        sha256_add(sha, key, strlen(key));
        sha256_add(sha, tail, (size_t)snprintf(tail, sizeof(tail), "\t%d\n", (int)item.label));
    }
    return sha256_close(sha, index->hash, err);
}

int index_keep_fold(struct index *index, const struct index_fold *fold, struct error *err)
{
    uint64_t n = index->layout.header.count, at = 0;
    if (fold->fold >= fold->folds || n < fold->folds)
        return error_set(err, ERROR_USAGE, index->data,
                         "fold %u of %u cannot be taken of %" PRIu64 " samples; folds are counted "
                         "from 0, and each needs a sample",
                         fold->fold, fold->folds, n);
    uint64_t first = n * fold->fold / fold->folds, end = n * (fold->fold + 1) / fold->folds;
    index->kept_count = fold->held_out ? end - first : n - (end - first);
    index->kept = memory_array(index->kept_count, sizeof(*index->kept), err);
    if (!index->kept)
        return -1;
    struct order order = order_make(n, fold->seed, true);
    for (uint64_t id = 0; id < n; id++) {
        uint64_t position = order_of(&order, FOLDS_EPOCH, id);
        if ((position >= first && position < end) == fold->held_out)
            index->kept[at++] = id;
    }
    return hash_kept(index, err);
}
