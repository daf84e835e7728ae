#include <math.h>

#include "train/tune_curves_private.h"

static const double CREEPS = 0.005; /* of the loss of guessing: a smaller fall is none */
enum { POINTS_OF_BLOCK = 3 };

size_t curves_blocks(const struct curve_facts *f, struct curve_block *blocks)
{
    bool rows = f->points < 2 * POINTS_OF_BLOCK;
    size_t points = rows ? f->epochs : f->points;
    size_t n = rows ? points : points / POINTS_OF_BLOCK;
    if (n > CURVES_BLOCKS)
        n = CURVES_BLOCKS;
    for (size_t i = 0; i < n; i++) {
        size_t first = i * points / n, end = (i + 1) * points / n;
        struct curve_block *b = &blocks[i];
        *b = (struct curve_block){ 0 };
        for (size_t j = first; j < end; j++) {
            double share = 1 / (double)(end - first);
            b->epoch += share * (rows ? (double)j + 1 : f->epoch[j]);
            b->loss += share * (rows ? f->train_loss[j] : f->loss[j]);
            b->lr += share * (rows ? f->epoch_lr[j] : f->lr[j]);
        }
    }
    return n;
}

double curve_last(const double *x, size_t n)
{
    while (n > 0 && !isfinite(x[n - 1]))
        n--;
    return n > 0 ? x[n - 1] : NAN;
}

static double largest(const double *x, size_t n)
{
    double most = NAN;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, x[i]);
    return most;
}

void curve_look(const struct curve_facts *f, struct curve_shape *s)
{
    *s = (struct curve_shape){ .least = INFINITY, .most = -INFINITY };
    s->n = curves_blocks(f, s->b);
    for (size_t i = 0; i < s->n; i++) {
        s->least = fmin(s->least, s->b[i].loss);
        s->most = fmax(s->most, s->b[i].loss);
        s->top_lr = fmax(s->top_lr, s->b[i].lr);
    }
    for (size_t q = 0; q < 4 && s->n; q++) {
        size_t from = q * s->n / 4, end = (q + 1) * s->n / 4;
        for (size_t i = from; i < end; i++)
            s->quarter[q] += s->b[i].loss / (double)(end - from);
        if (from == end)
            s->quarter[q] = s->b[from].loss;
    }
    size_t tail = s->n / 10 ? s->n / 10 : 1;
    for (size_t i = s->n - (s->n ? tail : 0); i < s->n; i++)
        s->final += s->b[i].loss / (double)tail;
    s->first = s->n ? s->b[0].loss : NAN;
    /* Of an unknown problem: where the run began. */
    s->chance = isfinite(f->chance) ? f->chance : s->first;
    s->guess = f->classes > 0 ? 1.0 / f->classes : NAN;
    s->train_top1 = curve_last(f->train_top1, f->epochs);
    s->eval_top1 = curve_last(f->eval_top1, f->epochs);
    s->best_eval_top1 = largest(f->eval_top1, f->epochs);
}

/* The least-squares slope of the loss in its standard errors, the blocks being 0, 1, 2 ... */
static double trend(const struct curve_shape *s)
{
    double n = (double)s->n, x = (n - 1) / 2, y = 0, xx = 0, xy = 0, rest = 0;
    for (size_t i = 0; i < s->n; i++)
        y += s->b[i].loss / n;
    for (size_t i = 0; i < s->n; i++) {
        xx += ((double)i - x) * ((double)i - x);
        xy += ((double)i - x) * (s->b[i].loss - y);
    }
    for (size_t i = 0; i < s->n; i++) {
        double off = s->b[i].loss - y - xy / xx * ((double)i - x);
        rest += off * off;
    }
    return s->n > 2 ? xy / xx / sqrt(rest / (n - 2) / xx + 1e-30) : 0;
}

/* The same of whole epochs, which see the same images: from one to the next the loss falls, and by
 * the sum of rates in the second half as much as in the first. */
static bool epochs_creep(const struct curve_facts *f, const struct curve_shape *s)
{
    size_t n = f->epochs, down = 0, half = n / 2;
    const double *loss = f->train_loss, *lr = f->epoch_lr;
    double rates = 0, late = 0;
    for (size_t i = 1; i < n; i++) {
        double rate = isfinite(lr[i - 1] + lr[i]) ? (lr[i - 1] + lr[i]) / 2 : 1;
        down += loss[i] < loss[i - 1];
        rates += rate;
        late += i > half ? rate : 0;
    }
    double fall = loss[0] - loss[n - 1];
    return 4 * down >= 3 * (n - 1) && fall > CREEPS * s->chance &&
           loss[half] - loss[n - 1] > 0.5 * late / rates * fall;
}

bool curve_creeps(const struct curve_facts *f, const struct curve_shape *s)
{
    const double *q = s->quarter;
    double fall = q[0] - q[3];
    if (f->epochs >= 4)
        return epochs_creep(f, s);
    return trend(s) < -4 && fall > CREEPS * s->chance && q[1] - q[3] > 0.4 * fall;
}

double curve_scatter(const struct curve_facts *f, const struct curve_shape *s)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < f->epochs; i++) {
        least = fmin(least, f->train_loss[i]);
        most = fmax(most, f->train_loss[i]);
    }
    return f->epochs >= 4 ? most - least : s->most - s->least;
}

double curve_late_gain(const struct curve_shape *s)
{
    return s->n >= 3 ? s->b[2 * s->n / 3].loss - s->final : 0;
}

size_t curve_milestone(const struct curve_shape *s, size_t *last)
{
    size_t i = 0;
    while (i < s->n && s->b[i].lr <= 0.9 * s->top_lr) /* warm-up */
        i++;
    while (i < s->n && s->b[i].lr > 0.9 * s->top_lr)
        i++;
    *last = i - 1;
    for (size_t next = i; i > 0 && next < i + 2 && next < s->n; next++)
        if (s->b[next].lr < 0.5 * s->top_lr)
            return next;
    return 0;
}
