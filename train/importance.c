/*
 * With leaves l of value c_l, volume v_l and sides w_lj (the box is [0,1]^d):
 *
 *     f0   = sum_l c_l v_l                               the mean
 *     V    = sum_l (c_l - f0)^2 v_l                      the variance
 *     a_j(t) = sum over l whose side j holds t of c_l v_l / w_lj    the mean at x_j = t
 *     V_j  = integral of (a_j(t) - f0)^2                 constant between two splits of j
 */
#include "train/importance.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"

enum { TREES = 64, ENDS = 2 };

struct leaf {
    double value;
    double low[IMPORTANCE_MAX], high[IMPORTANCE_MAX];
};

struct sample {
    double x, y;
};

struct forest {
    const double *x, *y; /* (n,d), (n) */
    size_t n, d;
    size_t *rows;          /* (n) the tree's bootstrap sample, by box; owned, as all below */
    struct sample *sorted; /* (n) */
    struct leaf *leaves;   /* (n) */
    size_t leaf_count;
    double *edge, *step; /* (n + 1) ends of the intervals of one parameter; what a_j rises there */
};

static int by_x(const void *a, const void *b)
{
    double x = ((const struct sample *)a)->x, y = ((const struct sample *)b)->x;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The split of rows[first..end) along j that lowers the sum of squares most, if it beats *gain. */
static bool split_along(struct forest *f, size_t first, size_t end, size_t j, double *gain,
                        double *at)
{
    size_t n = end - first;
    double all = 0, left = 0;
    bool better = false;
    for (size_t i = 0; i < n; i++) {
        size_t row = f->rows[first + i];
        f->sorted[i] = (struct sample){ f->x[row * f->d + j], f->y[row] };
        all += f->y[row];
    }
    qsort(f->sorted, n, sizeof(*f->sorted), by_x);
    for (size_t i = 1; i < n; i++) {
        left += f->sorted[i - 1].y;
        if (f->sorted[i - 1].x == f->sorted[i].x)
            continue;
        double right = all - left, k = (double)i, m = (double)(n - i);
        double now = left * left / k + right * right / m - all * all / (double)n;
        if (now <= *gain)
            continue;
        *gain = now;
        *at = (f->sorted[i - 1].x + f->sorted[i].x) / 2;
        better = true;
    }
    return better;
}

/* Rows below the split to the front; where the others begin. */
static size_t part(struct forest *f, size_t first, size_t end, size_t j, double at)
{
    size_t middle = first;
    for (size_t i = first; i < end; i++)
        if (f->x[f->rows[i] * f->d + j] < at) {
            size_t row = f->rows[i];
            f->rows[i] = f->rows[middle];
            f->rows[middle++] = row;
        }
    return middle;
}

static bool is_constant(const struct forest *f, size_t first, size_t end)
{
    for (size_t i = first + 1; i < end; i++)
        if (f->y[f->rows[i]] != f->y[f->rows[first]])
            return false;
    return true;
}

/* The leaves of rows[first..end) in the box, which is as it was afterwards. A level of recursion is
 * a split, so that there are fewer than n. */
static void grow(struct forest *f, size_t first, size_t end, struct leaf *box)
{
    double gain = 0, at = 0;
    size_t along = f->d;
    for (size_t j = 0; j < f->d && !is_constant(f, first, end); j++)
        if (split_along(f, first, end, j, &gain, &at))
            along = j;
    if (along == f->d) {
        struct leaf *leaf = &f->leaves[f->leaf_count++];
        *leaf = *box;
        leaf->value = 0;
        for (size_t i = first; i < end; i++)
            leaf->value += f->y[f->rows[i]] / (double)(end - first);
        return;
    }
    size_t middle = part(f, first, end, along, at);
    double low = box->low[along], high = box->high[along];
    assert(middle > first && middle < end);
    box->high[along] = at;
    grow(f, first, middle, box);
    box->high[along] = high;
    box->low[along] = at;
    grow(f, middle, end, box);
    box->low[along] = low;
}

static double volume(const struct forest *f, const struct leaf *leaf)
{
    double v = 1;
    for (size_t j = 0; j < f->d; j++)
        v *= leaf->high[j] - leaf->low[j];
    return v;
}

static size_t place_of(const double *edge, size_t count, double x)
{
    const double *found = bsearch(&x, edge, count, sizeof(*edge), by_value);
    assert(found);
    return (size_t)(found - edge);
}

/* V_j of the tree whose mean is f0. */
static double main_effect(struct forest *f, size_t j, double f0)
{
    size_t count = 0, kept = 1;
    for (size_t i = 0; i < f->leaf_count; i++)
        f->edge[count++] = f->leaves[i].low[j]; /* every split is the lower end of some leaf */
    f->edge[count++] = 1;
    qsort(f->edge, count, sizeof(*f->edge), by_value);
    for (size_t i = 1; i < count; i++)
        if (f->edge[i] != f->edge[kept - 1])
            f->edge[kept++] = f->edge[i];
    memset(f->step, 0, kept * sizeof(*f->step));
    for (size_t i = 0; i < f->leaf_count; i++) {
        const struct leaf *leaf = &f->leaves[i];
        double rise = leaf->value * volume(f, leaf) / (leaf->high[j] - leaf->low[j]);
        f->step[place_of(f->edge, kept, leaf->low[j])] += rise;
        f->step[place_of(f->edge, kept, leaf->high[j])] -= rise;
    }
    double mean = 0, sum = 0;
    for (size_t i = 0; i + 1 < kept; i++) {
        mean += f->step[i];
        sum += (mean - f0) * (mean - f0) * (f->edge[i + 1] - f->edge[i]);
    }
    return sum;
}

static void add_tree(struct forest *f, struct rng *rng, double *share)
{
    struct leaf box = { 0 };
    double f0 = 0, variance = 0;
    for (size_t i = 0; i < f->n; i++)
        f->rows[i] = (size_t)rng_below(rng, f->n);
    for (size_t j = 0; j < f->d; j++)
        box.high[j] = 1;
    f->leaf_count = 0;
    grow(f, 0, f->n, &box);
    for (size_t i = 0; i < f->leaf_count; i++)
        f0 += f->leaves[i].value * volume(f, &f->leaves[i]);
    for (size_t i = 0; i < f->leaf_count; i++) {
        double off = f->leaves[i].value - f0;
        variance += off * off * volume(f, &f->leaves[i]);
    }
    for (size_t j = 0; j < f->d && variance > 0; j++)
        share[j] += main_effect(f, j, f0) / variance / TREES;
}

int importance(const double *x, const double *y, size_t n, size_t d, uint64_t seed, double *share,
               struct error *err)
{
    assert(n >= 1 && d >= 1 && d <= IMPORTANCE_MAX);
    struct forest f = {
        .x = x,
        .y = y,
        .n = n,
        .d = d,
        .rows = memory_array(n, sizeof(*f.rows), err),
        .sorted = memory_array(n, sizeof(*f.sorted), err),
        .leaves = memory_array(n, sizeof(*f.leaves), err),
        .edge = memory_array(n + ENDS, sizeof(*f.edge), err),
        .step = memory_array(n + ENDS, sizeof(*f.step), err),
    };
    int rc = f.rows && f.sorted && f.leaves && f.edge && f.step ? 0 : -1;
    memset(share, 0, d * sizeof(*share));
    for (uint64_t tree = 0; rc == 0 && tree < TREES; tree++) {
        struct rng rng = rng_start(rng_derive(seed, "sweep", "importance", 0), tree, 0);
        add_tree(&f, &rng, share);
    }
    free(f.step);
    free(f.edge);
    free(f.leaves);
    free(f.sorted);
    free(f.rows);
    return rc;
}
