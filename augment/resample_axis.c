/*
 * The filter's coefficients along one axis, computed in double exactly as Pillow does, so that
 * their 22-bit roundings agree.
 */
#include <math.h>
#include <stdlib.h>

#include "augment/resample.h"
#include "augment/resample_private.h"
#include "base/memory.h"

static double filter_support(enum plan_filter filter)
{
    return filter == FILTER_BICUBIC ? 2 : 1;
}

/* The triangle, and Keys' cubic with a = -0.5 (Keys, "Cubic Convolution Interpolation", 1981). */
static double filter_value(enum plan_filter filter, double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (filter == FILTER_BILINEAR)
        return x < 1 ? 1 - x : 0;
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/* Output o's center and the taps [*first, *first + *count) that its filter covers. */
static void output_span(enum plan_filter filter, struct axis_scale at, int window, int o,
                        int *first, int *count, double *center)
{
    double support = filter_support(filter) * (at.scale < 1 ? 1 : at.scale);
    *center = (o + 0.5) * at.scale + at.shift;
    int low = (int)(*center - support + 0.5), high = (int)(*center + support + 0.5);
    *first = low < 0 ? 0 : low;
    *count = (high > window ? window : high) - *first;
}

static int most_taps(enum plan_filter filter, double scale)
{
    return (int)ceil(filter_support(filter) * (scale < 1 ? 1 : scale)) * 2 + 1;
}

int axis_taps(enum plan_filter filter, int window, int size)
{
    return most_taps(filter, (double)window / size);
}

void resample_span(enum plan_filter filter, int start, int window, int size, int begin, int end,
                   int *first, int *last)
{
    int low, high, count;
    double center;
    struct axis_scale at = { (double)window / size, 0 };
    output_span(filter, at, window, begin, &low, &count, &center);
    output_span(filter, at, window, end - 1, &high, &count, &center);
    *first = start + low;
    *last = start + high + count;
}

static int axis_reserve(struct axis_filter *f, size_t outputs, struct error *err)
{
    void *first = f->first, *count = f->count, *weight = f->weight, *pair = f->pair,
         *scratch = f->scratch;
    size_t capacity = f->capacity_outputs, taps = (size_t)f->taps;
    if (memory_grow(&first, &capacity, outputs, sizeof(int), err) < 0)
        return -1;
    f->first = first;
    if (memory_grow(&count, &f->capacity_outputs, outputs, sizeof(int), err) < 0)
        return -1;
    f->count = count;
    if (memory_grow(&weight, &f->capacity_weights, outputs * taps, sizeof(int32_t), err) < 0)
        return -1;
    f->weight = weight;
    if (memory_grow(&pair, &f->capacity_pairs, outputs * taps / 2, sizeof(struct tap_pair), err) <
        0)
        return -1;
    f->pair = pair;
    if (memory_grow(&scratch, &f->capacity_scratch, taps, sizeof(double), err) < 0)
        return -1;
    f->scratch = scratch;
    return 0;
}

/* Weights of one output, zero up to the next multiple of 4, in two parts. */
static void make_pairs(int32_t *weight, int count, struct tap_pair *pair)
{
    int padded = (count + 3) / 4 * 4;
    for (int j = count; j < padded; j++)
        weight[j] = 0;
    for (int j = 0; j < padded; j += 2, pair++)
        for (int i = 0; i < 2; i++) {
            pair->low[i] = (int16_t)weight[j + i];
            pair->high[i] = (int16_t)((weight[j + i] - pair->low[i]) >> 16);
        }
}

int axis_make(struct axis_filter *f, enum plan_filter filter, struct axis_scale scale, int window,
              int begin, int end, int bits, struct error *err)
{
    f->taps = (most_taps(filter, scale.scale) + 3) / 4 * 4;
    if (axis_reserve(f, (size_t)(end - begin), err) < 0)
        return -1;
    double inverse = 1 / (scale.scale < 1 ? 1 : scale.scale);
    f->most = 0;
    for (int o = begin; o < end; o++) {
        int first, count;
        double center, sum = 0;
        output_span(filter, scale, window, o, &first, &count, &center);
        for (int j = 0; j < count; j++) {
            f->scratch[j] = filter_value(filter, (j + first - center + 0.5) * inverse);
            sum += f->scratch[j];
        }
        if (o == begin)
            f->start = first;
        f->first[o - begin] = first - f->start;
        f->count[o - begin] = count;
        f->most = count > f->most ? count : f->most;
        f->span = first + count - f->start;
        size_t at = (size_t)(o - begin) * (size_t)f->taps;
        int32_t *weight = f->weight + at;
        for (int j = 0; j < count; j++) {
            double w = sum != 0 ? f->scratch[j] / sum : f->scratch[j];
            weight[j] = (int32_t)((w < 0 ? -0.5 : 0.5) + w * (1 << bits));
        }
        make_pairs(weight, count, f->pair + at / 2);
    }
    return 0;
}

void axis_release(struct axis_filter *f)
{
    free(f->scratch);
    free(f->pair);
    free(f->weight);
    free(f->count);
    free(f->first);
}
