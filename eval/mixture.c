#include "eval/mixture.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"

VECTOR_CLONES static void add_scaled(double *sum, const float *x, double weight, size_t size)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            sum[i + (size_t)j] += weight * (double)x[i + (size_t)j];
}

VECTOR_CLONES static void divide(const double *sum, double by, float *row, size_t size)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            row[i + (size_t)j] = (float)(sum[i + (size_t)j] / by);
}

static const float *outputs_of(const struct mixture *m, int member, uint64_t i)
{
    const struct mixture_member *of = &m->member[member];
    return (m->rule == SCORE_RULE_LOGIT ? of->logits : of->probs) + (size_t)i * (size_t)m->k;
}

static double weight_of(const struct mixture *m, int member)
{
    return m->weight ? m->weight[member] : 1;
}

/* The weighted mean of what `outputs_of` gives, or of its logarithm. */
static void average(const struct mixture *m, uint64_t i, float *row, double *sum)
{
    size_t size = row_padded(m->k);
    memset(sum, 0, size * sizeof(*sum));
    for (int j = 0; j < m->count; j++) {
        row_load(row, outputs_of(m, j, i), m->k, 0);
        if (m->rule == SCORE_RULE_LOGPROB)
            row_log(row, row, size);
        add_scaled(sum, row, weight_of(m, j), size);
    }
    divide(sum, m->weight ? 1 : m->count, row, size);
}

int mixture_vote(const struct mixture *m, uint64_t i, double *share)
{
    for (int j = 0; j < m->count; j++)
        share[m->member[j].votes[i]] += weight_of(m, j);
    int best = m->member[0].votes[i];
    for (int j = 1; j < m->count; j++) {
        int vote = m->member[j].votes[i];
        if (share[vote] > share[best] || (share[vote] == share[best] && vote < best))
            best = vote;
    }
    for (int j = 0; j < m->count; j++)
        share[m->member[j].votes[i]] = 0;
    return best;
}

static void share_votes(const struct mixture *m, uint64_t i, float *row, double *share)
{
    size_t size = row_padded(m->k);
    memset(share, 0, size * sizeof(*share));
    for (int j = 0; j < m->count; j++)
        share[m->member[j].votes[i]] += weight_of(m, j);
    divide(share, m->weight ? 1 : m->count, row, size);
}

void mixture_row(const struct mixture *m, uint64_t i, float *row, double *scratch)
{
    if (m->rule == SCORE_RULE_VOTE) {
        share_votes(m, i, row, scratch);
        return;
    }
    if (m->count == 1 && m->rule == SCORE_RULE_PROB) {
        row_load(row, outputs_of(m, 0, i), m->k, 0);
        return;
    }
    average(m, i, row, scratch);
    if (m->rule == SCORE_RULE_PROB)
        return;
    for (size_t c = (size_t)m->k; c < row_padded(m->k); c++)
        row[c] = -INFINITY;
    row_softmax(row, row_padded(m->k));
}

void mixture_source(const void *rows, uint64_t i, float *row, double *scratch)
{
    const struct mixture_rows *r = rows;
    mixture_row(r->mixture, r->sample ? r->sample[i] : i, row, scratch);
}
