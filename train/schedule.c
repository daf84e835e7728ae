#include "train/schedule.h"

#include "base/real.h"

#define PI 3.14159265358979323846

double schedule_lr(const struct schedule *s, uint64_t t)
{
    if (t < s->warmup)
        return s->base * (double)(t + 1) / (double)s->warmup;
    double lr = s->base;
    switch (s->kind) {
    case SCHEDULE_CONSTANT:
        break;
    case SCHEDULE_STEP:
        for (int i = 0; i < s->milestones_used; i++)
            if (t >= s->milestones[i])
                lr *= s->gamma;
        break;
    case SCHEDULE_COSINE:
        if (t >= s->steps)
            return s->min;
        double u = (double)(t - s->warmup) / (double)(s->steps - s->warmup);
        lr = s->min + (s->base - s->min) * (1 + real_cos(PI * u)) / 2;
        break;
    }
    return lr;
}
