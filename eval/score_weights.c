#include "eval/score_weights.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/simd.h"
#include "eval/fit.h"

/* p (count,n): what each member gives to the labels. */
static float *take_labels(const struct mixture_member *member, int count,
                          const struct score_samples *s, struct error *err)
{
    size_t n = (size_t)s->n, all, k = (size_t)s->input->k;
    if (!size_mul(n, (size_t)count, &all)) {
        error_set(err, ERROR_FAILED, NULL, "no memory for the fit of %d members", count);
        return NULL;
    }
    float *p = memory_array(all, sizeof(*p), err);
    for (int j = 0; p && j < count; j++)
        for (size_t i = 0; i < n; i++)
            if ((size_t)s->label[i] < k)
                p[(size_t)j * n + i] = member[j].probs[(size_t)s->row[i] * k + (size_t)s->label[i]];
    return p;
}

struct gram {
    const struct mixture_member *member;
    const struct score_samples *samples;
    int count;
    double *matrix; /* (count,count) */
};

VECTOR_CLONES static void add_products(const float *a, const float *b, size_t size, double *lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += (double)a[i + (size_t)j] * (double)b[i + (size_t)j];
}

static void gram_turn(void *context, size_t at, int worker)
{
    struct gram *g = context;
    size_t a = at / (size_t)g->count, b = at % (size_t)g->count;
    size_t k = (size_t)g->samples->input->k, whole = k / ROW_LANES * ROW_LANES;
    double lane[ROW_LANES] = { 0 }, sum = 0;
    (void)worker;
    if (b < a)
        return;
    for (uint64_t i = 0; i < g->samples->n; i++) {
        const float *x = g->member[a].probs + (size_t)g->samples->row[i] * k;
        const float *y = g->member[b].probs + (size_t)g->samples->row[i] * k;
        add_products(x, y, whole, lane);
        for (size_t c = whole; c < k; c++)
            sum += (double)x[c] * (double)y[c];
    }
    for (int j = 0; j < ROW_LANES; j++)
        sum += lane[j];
    g->matrix[a * (size_t)g->count + b] = g->matrix[b * (size_t)g->count + a] = sum;
}

/* Least squares of all probabilities against the labels' indicators (Breiman, "Stacked
 * Regressions", 1996). */
static int fit_squares(const struct mixture_member *member, int count,
                       const struct score_samples *s, struct pool *pool, const float *p,
                       double *weight, struct error *err)
{
    size_t m = (size_t)count;
    struct gram g = { member, s, count, memory_array(m * m, sizeof(double), err) };
    double *target = g.matrix ? memory_array(m, sizeof(*target), err) : NULL;
    int status = -1;
    if (target) {
        pool_run(pool, m * m, gram_turn, &g);
        for (size_t j = 0; j < m; j++)
            for (uint64_t i = 0; i < s->n; i++)
                target[j] += (double)p[j * s->n + i];
        status = fit_nnls(g.matrix, target, count, weight, err);
        fit_normalize(weight, count);
    }
    free(g.matrix);
    free(target);
    return status;
}

int score_weights_fit(enum score_weighting how, const struct mixture_member *member, int count,
                      const struct score_samples *samples, int steps, struct pool *pool,
                      double *weight, struct greedy *greedy, struct error *err)
{
    float *p = take_labels(member, count, samples, err);
    int status = p ? 0 : -1;
    if (p && how == SCORE_WEIGHTS_NNLS)
        status = fit_squares(member, count, samples, pool, p, weight, err);
    else if (p && how == SCORE_WEIGHTS_LIKELIHOOD)
        status = fit_likelihood(p, samples->n, count, weight, err);
    else if (p) {
        status = greedy_select(p, samples->n, count, steps, greedy, err);
        for (int s = 0; status == 0 && s < greedy->chosen; s++)
            weight[greedy->step[s]] += 1.0 / greedy->chosen;
    }
    free(p);
    return status;
}
