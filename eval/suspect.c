#include "eval/suspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CHUNK = 2048 };

struct search {
    const struct row_source *source;
    const struct answers *answers;
    double *threshold; /* (k) mean probability of a class among the samples labeled so */
    float *row;        /* (threads, size) */
    double *scratch;   /* (threads, size) */
    int32_t *claimed;  /* (n) the most probable claimed class; -1: none */
    float *p_claimed;  /* (n) */
    size_t size;
};

static int set_thresholds(struct search *s, struct error *err)
{
    const struct answers *a = s->answers;
    uint64_t *support = memory_array((size_t)a->k, sizeof(*support), err);
    if (!support)
        return -1;
    for (uint64_t i = 0; i < a->n; i++) {
        if (a->label[i] >= a->k)
            continue;
        s->threshold[a->label[i]] += (double)a->p_label[i];
        support[a->label[i]]++;
    }
    for (int c = 0; c < a->k; c++) /* a class without samples claims none */
        s->threshold[c] = support[c] ? s->threshold[c] / (double)support[c] : 2;
    free(support);
    return 0;
}

static void turn(void *context, size_t chunk, int worker)
{
    struct search *s = context;
    const struct answers *a = s->answers;
    float *row = s->row + (size_t)worker * s->size;
    uint64_t first = (uint64_t)chunk * CHUNK, end = first + CHUNK < a->n ? first + CHUNK : a->n;
    for (uint64_t i = first; i < end; i++) {
        s->source->row(s->source->context, i, row, s->scratch + (size_t)worker * s->size);
        s->claimed[i] = -1;
        for (int c = 0; c < a->k; c++) {
            if ((double)row[c] < s->threshold[c] ||
                (s->claimed[i] >= 0 && row[c] <= s->p_claimed[i]))
                continue;
            s->claimed[i] = c;
            s->p_claimed[i] = row[c];
        }
    }
}

static int by_confidence(const void *a, const void *b)
{
    const struct score_suspect *x = a, *y = b;
    if (x->self_confidence != y->self_confidence)
        return x->self_confidence < y->self_confidence ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int collect(const struct search *s, struct score_suspect *list, int most, int *count,
                   uint64_t *found, struct error *err)
{
    const struct answers *a = s->answers;
    struct score_suspect *all = memory_array((size_t)a->n, sizeof(*all), err);
    if (!all)
        return -1;
    size_t n = 0;
    for (uint64_t i = 0; i < a->n; i++)
        if (a->label[i] < a->k && s->claimed[i] >= 0 && s->claimed[i] != a->label[i])
            all[n++] = (struct score_suspect){ .row = i,
                                               .label = a->label[i],
                                               .suggested = s->claimed[i],
                                               .self_confidence = (double)a->p_label[i],
                                               .suggested_confidence = (double)s->p_claimed[i] };
    qsort(all, n, sizeof(*all), by_confidence);
    *found = n;
    *count = n < (size_t)most ? (int)n : most;
    memcpy(list, all, (size_t)*count * sizeof(*list));
    free(all);
    return 0;
}

int suspect_find(const struct row_source *source, const struct answers *a, struct pool *pool,
                 struct score_suspect *list, int most, int *count, uint64_t *found,
                 struct error *err)
{
    struct search s = { .source = source, .answers = a, .size = row_padded(a->k) };
    size_t rows = (size_t)pool_threads(pool) * s.size;
    int status = -1;
    if ((s.threshold = memory_array((size_t)a->k, sizeof(*s.threshold), err)) &&
        (s.row = memory_aligned(rows, sizeof(*s.row), err)) &&
        (s.scratch = memory_aligned(rows, sizeof(*s.scratch), err)) &&
        (s.claimed = memory_array((size_t)a->n, sizeof(*s.claimed), err)) &&
        (s.p_claimed = memory_array((size_t)a->n, sizeof(*s.p_claimed), err)) &&
        set_thresholds(&s, err) == 0) {
        pool_run(pool, (size_t)((a->n + CHUNK - 1) / CHUNK), turn, &s);
        status = collect(&s, list, most, count, found, err);
    }
    free(s.threshold);
    free(s.row);
    free(s.scratch);
    free(s.claimed);
    free(s.p_claimed);
    return status;
}
