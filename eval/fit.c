#include "eval/fit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void fit_normalize(double *w, int m)
{
    double sum = 0;
    for (int j = 0; j < m; j++)
        sum += w[j];
    for (int j = 0; j < m; j++)
        w[j] = sum > 0 ? w[j] / sum : 1.0 / m;
}

struct nnls {
    int m;
    const double *gram, *target;
    double *w, *s;  /* (m) the weights, and the solution of the free ones */
    double *matrix; /* (m,m+1) */
    bool *free;     /* (m) not held at 0 */
    int *at;        /* (m) rows of the free ones */
};

/* Solve the free rows of gram s = target by elimination with pivots; a pivot that vanishes (a
 * member that is a combination of others) leaves its weight at 0. */
static void solve_free(struct nnls *p)
{
    int count = 0;
    for (int j = 0; j < p->m; j++) {
        p->s[j] = 0;
        if (p->free[j])
            p->at[count++] = j;
    }
    size_t width = (size_t)count + 1;
    double *a = p->matrix;
    for (int r = 0; r < count; r++) {
        for (int c = 0; c < count; c++)
            a[(size_t)r * width + (size_t)c] = p->gram[p->at[r] * p->m + p->at[c]];
        a[(size_t)r * width + (size_t)count] = p->target[p->at[r]];
    }
    /* Gauss-Jordan on a symmetric positive matrix: its diagonal serves as pivots. */
    for (int r = 0; r < count; r++) {
        double pivot = a[(size_t)r * width + (size_t)r];
        bool vanishes = !(pivot > 1e-12 * p->gram[p->at[r] * p->m + p->at[r]]);
        for (size_t c = 0; c < width; c++)
            a[(size_t)r * width + c] = vanishes ? 0 : a[(size_t)r * width + c] / pivot;
        for (int q = 0; q < count; q++) {
            double factor = a[(size_t)q * width + (size_t)r];
            if (q == r || factor == 0)
                continue;
            for (size_t c = 0; c < width; c++)
                a[(size_t)q * width + c] -= factor * a[(size_t)r * width + c];
        }
    }
    for (int r = 0; r < count; r++)
        p->s[p->at[r]] = a[(size_t)r * width + (size_t)count];
}

/* The held member whose weight would lower the error most; -1: none. */
static int steepest(const struct nnls *p, double tolerance)
{
    int best = -1;
    double most = tolerance;
    for (int j = 0; j < p->m; j++) {
        if (p->free[j])
            continue;
        double slope = p->target[j];
        for (int l = 0; l < p->m; l++)
            slope -= p->gram[j * p->m + l] * p->w[l];
        if (slope > most) {
            most = slope;
            best = j;
        }
    }
    return best;
}

/* Go from w towards s until a weight reaches 0, hold it there, and solve again. */
static void settle(struct nnls *p)
{
    for (int round = 0; round < p->m; round++) {
        double step = 1;
        int first = -1;
        for (int j = 0; j < p->m; j++) {
            if (!p->free[j] || p->s[j] > 0)
                continue;
            double reach = p->w[j] > 0 ? p->w[j] / (p->w[j] - p->s[j]) : 0;
            if (first < 0 || reach < step) {
                step = reach;
                first = j;
            }
        }
        for (int j = 0; j < p->m; j++)
            p->w[j] += step * (p->s[j] - p->w[j]);
        if (first < 0)
            return;
        p->w[first] = 0;
        p->free[first] = false;
        for (int j = 0; j < p->m; j++)
            if (p->free[j] && !(p->w[j] > 0) && !(p->s[j] > 0)) {
                p->w[j] = 0;
                p->free[j] = false;
            }
        solve_free(p);
    }
}

int fit_nnls(const double *gram, const double *target, int m, double *w, struct error *err)
{
    struct nnls p = { .m = m, .gram = gram, .target = target, .w = w };
    size_t count = (size_t)m;
    int status = -1;
    memset(w, 0, count * sizeof(*w));
    if ((p.s = memory_array(count, sizeof(*p.s), err)) &&
        (p.matrix = memory_array(count * (count + 1), sizeof(*p.matrix), err)) &&
        (p.free = memory_array(count, sizeof(*p.free), err)) &&
        (p.at = memory_array(count, sizeof(*p.at), err))) {
        double largest = 0;
        for (int j = 0; j < m; j++)
            largest = fmax(largest, fabs(target[j]));
        /* Each round frees one member; 3 m rounds are what is usually needed at most. */
        for (int round = 0; round < 10 * m; round++) {
            int j = steepest(&p, 1e-10 * largest);
            if (j < 0)
                break;
            p.free[j] = true;
            solve_free(&p);
            if (!(p.s[j] > 0)) { /* rounding: it would go the wrong way at once */
                p.free[j] = false;
                break;
            }
            settle(&p);
        }
        status = 0;
    }
    free(p.s);
    free(p.matrix);
    free(p.free);
    free(p.at);
    return status;
}

enum { EM_ROUNDS = 20000 };

/* ratio[j] = mean over i of p[j][i] / mixture[i]. */
static void measure_ratios(const float *p, uint64_t n, int m, const double *w, double *mixture,
                           double *ratio)
{
    static const double least = 1e-12;
    for (uint64_t i = 0; i < n; i++)
        mixture[i] = 0;
    for (int j = 0; j < m; j++)
        for (uint64_t i = 0; i < n; i++)
            mixture[i] += w[j] * fmax((double)p[(size_t)j * n + i], least);
    for (uint64_t i = 0; i < n; i++)
        mixture[i] = 1 / mixture[i];
    for (int j = 0; j < m; j++) {
        double sum = 0;
        for (uint64_t i = 0; i < n; i++)
            sum += fmax((double)p[(size_t)j * n + i], least) * mixture[i];
        ratio[j] = sum / (double)n;
    }
}

/* By concavity the best log-likelihood is at most log max_j ratio_j above the one at hand. */
int fit_likelihood(const float *p, uint64_t n, int m, double *w, struct error *err)
{
    double *mixture = memory_array((size_t)n, sizeof(*mixture), err);
    double *ratio = mixture ? memory_array((size_t)m, sizeof(*ratio), err) : NULL;
    for (int j = 0; j < m; j++)
        w[j] = 1.0 / m;
    for (int round = 0; ratio && n && round < EM_ROUNDS; round++) {
        measure_ratios(p, n, m, w, mixture, ratio);
        double largest = 0;
        for (int j = 0; j < m; j++) {
            largest = fmax(largest, ratio[j]);
            w[j] *= ratio[j];
        }
        fit_normalize(w, m);
        if (largest < 1 + 1e-7)
            break;
    }
    int status = ratio ? 0 : -1;
    free(mixture);
    free(ratio);
    return status;
}
