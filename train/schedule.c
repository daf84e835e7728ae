#include "train/schedule.h"

#include <math.h>
#include <stddef.h>

#include "base/real.h"

#define PI 3.14159265358979323846

const char *const schedule_names[] = {
    [SCHEDULE_CONSTANT] = "constant",
    [SCHEDULE_STEP] = "step",
    [SCHEDULE_EXPONENTIAL] = "exponential",
    [SCHEDULE_LINEAR] = "linear",
    [SCHEDULE_COSINE] = "cosine",
    [SCHEDULE_COSINE_RESTARTS] = "cosine_restarts",
    [SCHEDULE_INVERSE_SQRT] = "inverse_sqrt",
    [SCHEDULE_ONE_CYCLE] = "one_cycle",
    [SCHEDULE_PLATEAU] = "plateau",
    NULL,
};

/* Half a cosine from `from` at u = 0 to `to` at u = 1. */
static double glide(double from, double to, double u)
{
    return to + (from - to) * (1 + real_cos(PI * u)) / 2;
}

/* x^n, whole n, by repeated multiplication as PyTorch's schedulers chain it. */
static double times(double x, double gamma, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        x *= gamma;
    return x;
}

/* Where step t lies in its cycle. */
struct place {
    uint64_t step, length;
};

static struct place cycle_place(const struct schedule *s, uint64_t t)
{
    struct place place = { t, s->cycle };
    while (place.step >= place.length) {
        place.step -= place.length;
        place.length = (uint64_t)((double)place.length * s->cycle_times);
    }
    return place;
}

/* Of the two halves of one_cycle, at the ends and the top as PyTorch has them. */
static double one_cycle(const struct schedule *s, uint64_t t, double first, double top, double last)
{
    double up = (double)s->warmup - 1, down = (double)s->steps - 1 - up;
    if (t >= s->steps)
        return last;
    if ((double)t <= up)
        return up > 0 ? glide(first, top, (double)t / up) : top;
    return glide(top, last, ((double)t - up) / down);
}

double schedule_lr(const struct schedule *s, uint64_t t)
{
    if (s->kind == SCHEDULE_ONE_CYCLE)
        return one_cycle(s, t, s->base / s->div, s->base, s->base / s->div / s->final_div);
    if (t < s->warmup)
        return s->base * (double)(t + 1) / (double)s->warmup;
    uint64_t since = t - s->warmup, length = s->steps - s->warmup;
    double lr = s->base;
    struct place place;
    switch (s->kind) {
    case SCHEDULE_STEP:
        for (int i = 0; i < s->milestones_used; i++)
            if (t >= s->milestones[i])
                lr *= s->gamma;
        return lr;
    case SCHEDULE_EXPONENTIAL:
        return times(lr, s->gamma, t / s->epoch);
    case SCHEDULE_LINEAR:
        return since >= length ? s->min : lr - (lr - s->min) * (double)since / (double)length;
    case SCHEDULE_COSINE:
        return since >= length ? s->min : glide(lr, s->min, (double)since / (double)length);
    case SCHEDULE_COSINE_RESTARTS:
        place = cycle_place(s, since);
        return glide(lr, s->min, (double)place.step / (double)place.length);
    case SCHEDULE_INVERSE_SQRT:
        return lr * sqrt((s->warmup ? (double)s->warmup : 1) / (double)(t + 1));
    case SCHEDULE_CONSTANT:
    case SCHEDULE_PLATEAU:
    case SCHEDULE_ONE_CYCLE:
        break;
    }
    return lr;
}

double schedule_momentum(const struct schedule *s, uint64_t t)
{
    return one_cycle(s, t, s->momentum_high, s->momentum_low, s->momentum_high);
}

bool schedule_ends_cycle(const struct schedule *s, uint64_t t)
{
    if (s->kind != SCHEDULE_COSINE_RESTARTS || t < s->warmup)
        return false;
    struct place place = cycle_place(s, t - s->warmup);
    return place.step + 1 == place.length;
}

struct plateau plateau_begin(int patience, double threshold, double gamma)
{
    return (struct plateau){
        .patience = patience, .threshold = threshold, .gamma = gamma, .best = INFINITY, .times = 1
    };
}

double plateau_see(struct plateau *p, double loss)
{
    if (loss < p->best * (1 - p->threshold)) {
        p->best = loss;
        p->bad = 0;
    } else if (++p->bad > p->patience) {
        p->times *= p->gamma;
        p->bad = 0;
    }
    return p->times;
}
