#include "eval/ensemble.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Two members with one hash hold the same bits: their order does not matter. */
void ensemble_order(const char *const *hashes, int models, int *order)
{
    for (int m = 0; m < models; m++) {
        int at = m;
        while (at > 0 && strcmp(hashes[order[at - 1]], hashes[m]) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = m;
    }
}

static int check_alike(const struct prediction *p, int models, struct error *err)
{
    for (int m = 1; m < models; m++) {
        if (p[m].k != p[0].k)
            return error_set(err, ERROR_DATA, NULL,
                             "the predictions to average have %d and %d classes", p[0].k, p[m].k);
        if (p[m].n != p[0].n)
            return error_set(err, ERROR_DATA, NULL,
                             "the predictions to average have %" PRIu64 " and %" PRIu64 " samples",
                             p[0].n, p[m].n);
        for (uint64_t i = 0; i < p[0].n; i++)
            if (p[m].id[i] != p[0].id[i] || p[m].label[i] != p[0].label[i])
                return error_set(err, ERROR_DATA, NULL,
                                 "the predictions to average differ at row %" PRIu64
                                 ": sample %" PRId64 " with label %" PRId64 " and sample %" PRId64
                                 " with label %" PRId64,
                                 i, p[0].id[i], p[0].label[i], p[m].id[i], p[m].label[i]);
    }
    return 0;
}

int ensemble_mean(const struct prediction *p, const char *const *hashes, int models,
                  struct prediction *out, struct error *err)
{
    assert(models > 0);
    if (check_alike(p, models, err) < 0)
        return -1;
    struct prediction mean;
    if (prediction_init(&mean, p[0].n, p[0].k, err) < 0)
        return -1;
    int *order = memory_array((size_t)models, sizeof(*order), err);
    if (!order) {
        prediction_release(&mean);
        return -1;
    }
    ensemble_order(hashes, models, order);

    size_t count = (size_t)mean.n * (size_t)mean.k;
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int m = 0; m < models; m++)
            sum += p[order[m]].values[i];
        mean.values[i] = (float)(sum / models);
    }
    memcpy(mean.label, p[0].label, (size_t)mean.n * sizeof(*mean.label));
    memcpy(mean.id, p[0].id, (size_t)mean.n * sizeof(*mean.id));
    memcpy(mean.key_hash, p[0].key_hash, (size_t)mean.n * sizeof(*mean.key_hash));
    free(order);
    *out = mean;
    return 0;
}
