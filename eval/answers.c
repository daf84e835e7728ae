#include "eval/answers.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/real.h"

enum { CHUNK = 2048 }; /* rows of a turn: sums of chunks are added in order, whoever made them */

int answers_init(struct answers *a, uint64_t n, int k, const int32_t *label, bool probs,
                 struct error *err)
{
    *a = (struct answers){ .n = n, .k = k, .label = label };
    size_t count = (size_t)n;
    a->predicted = memory_array(count, sizeof(*a->predicted), err);
    if (a->predicted && !probs)
        return 0;
    if (a->predicted && (a->rank = memory_array(count, sizeof(*a->rank), err)) &&
        (a->confidence = memory_array(count, sizeof(*a->confidence), err)) &&
        (a->p_label = memory_array(count, sizeof(*a->p_label), err)) &&
        (a->nll = memory_array(count, sizeof(*a->nll), err)) &&
        (a->brier = memory_array(count, sizeof(*a->brier), err)) &&
        (a->class_gap = memory_array(count, sizeof(*a->class_gap), err)))
        return 0;
    answers_release(a);
    return -1;
}

/* A pass over all rows in chunks. */
struct pass {
    struct answers *answers;
    const struct row_source *source;
    const struct class_gap *table; /* of answers_share */
    struct class_gap **part;       /* (chunks) of answers_fill; NULL in answers_share */
    float *row;                    /* (threads, size) */
    double *scratch;               /* (threads, size) */
    size_t size;
};

static void look(struct answers *a, const float *row, size_t size, uint64_t i)
{
    int label = a->label[i];
    float largest = row_max(row, size);
    a->confidence[i] = largest;
    a->predicted[i] = row_find(row, size, largest);
    bool has = label < a->k;
    double own = has ? (double)row[label] : 0;
    a->rank[i] = has ? row_ahead(row, size, label) : a->k;
    a->p_label[i] = (float)own;
    a->nll[i] = -real_log(own > ANSWERS_SMALLEST ? own : ANSWERS_SMALLEST);
    a->brier[i] = row_squares(row, size) - 2 * own + 1;
}

static void turn(void *context, size_t chunk, int worker)
{
    struct pass *pass = context;
    struct answers *a = pass->answers;
    float *row = pass->row + (size_t)worker * pass->size;
    double *scratch = pass->scratch + (size_t)worker * pass->size;
    uint64_t first = (uint64_t)chunk * CHUNK, end = first + CHUNK < a->n ? first + CHUNK : a->n;
    for (uint64_t i = first; i < end; i++) {
        pass->source->row(pass->source->context, i, row, scratch);
        if (pass->part) {
            look(a, row, pass->size, i);
            class_gap_add(pass->part[chunk], row, a->label[i]);
        } else {
            a->class_gap[i] = class_gap_share(pass->table, row, a->label[i]);
        }
    }
}

static int run(struct pass *pass, struct pool *pool, struct error *err)
{
    size_t threads = (size_t)pool_threads(pool);
    pass->size = row_padded(pass->source->k);
    assert(pass->source->n == pass->answers->n && pass->source->k == pass->answers->k);
    pass->row = memory_aligned(threads * pass->size, sizeof(*pass->row), err);
    pass->scratch =
        pass->row ? memory_aligned(threads * pass->size, sizeof(*pass->scratch), err) : NULL;
    if (pass->scratch)
        pool_run(pool, (size_t)((pass->answers->n + CHUNK - 1) / CHUNK), turn, pass);
    int status = pass->scratch ? 0 : -1;
    free(pass->row);
    free(pass->scratch);
    return status;
}

int answers_fill(struct answers *a, const struct row_source *source, struct class_gap *table,
                 struct pool *pool, struct error *err)
{
    size_t chunks = (size_t)((a->n + CHUNK - 1) / CHUNK);
    struct pass pass = { .answers = a, .source = source };
    pass.part = memory_array(chunks, sizeof(struct class_gap *), err);
    int status = pass.part ? 0 : -1;
    for (size_t i = 0; i < chunks && status == 0; i++)
        status = class_gap_open(&pass.part[i], a->k, err);
    if (status == 0)
        status = run(&pass, pool, err);
    if (status == 0) {
        class_gap_clear(table);
        for (size_t i = 0; i < chunks; i++)
            class_gap_join(table, pass.part[i]);
    }
    for (size_t i = 0; pass.part && i < chunks; i++)
        class_gap_close(pass.part[i]);
    free(pass.part);
    return status;
}

int answers_share(struct answers *a, const struct row_source *source, const struct class_gap *table,
                  struct pool *pool, struct error *err)
{
    struct pass pass = { .answers = a, .source = source, .table = table };
    return run(&pass, pool, err);
}

void answers_release(struct answers *a)
{
    free(a->predicted);
    free(a->rank);
    free(a->confidence);
    free(a->p_label);
    free(a->nll);
    free(a->brier);
    free(a->class_gap);
    *a = (struct answers){ 0 };
}

uint64_t answers_within(const struct answers *a, int top)
{
    assert(a->rank || top == 1);
    uint64_t count = 0;
    for (uint64_t i = 0; i < a->n; i++)
        count += a->rank ? a->rank[i] < top : answers_right(a, i);
    return count;
}
