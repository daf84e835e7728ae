/*
 * Pillow's ImagingResample in two passes, for the wanted rectangle only. Coefficients are computed
 * in double exactly as Pillow does, so that their 22-bit roundings agree; the intermediate is
 * rounded to 8 bits, as Pillow's is. A pass that neither scales nor shifts has the single weight 1
 * and changes nothing, so Pillow's leaving it out needs no special case.
 */
#include "augment/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/resample_private.h"
#include "base/memory.h"
#include "base/simd.h"

enum {
    EXACT_BITS = 22, /* Pillow's 32 - 8 - 2: room for 8-bit pixels and for bicubic's overshoot */
    FAST_BITS = 14,
    /* Beyond so many taps the roundings of 14-bit weights could add up to a second level; see
       resample_fast.c. */
    FAST_TAPS = 16,
};

struct resampler {
    struct axis_filter x, y;
    void *between; /* owned: rows between the passes, 8 or 16 bits */
    size_t capacity;
};

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

/* Taps [*first, *first + *count) of output o: center (o + 0.5) scale, support widened by the scale
 * when shrinking. */
static void output_span(enum plan_filter filter, int window, int size, int o, int *first,
                        int *count, double *center)
{
    double scale = (double)window / size, widen = scale < 1 ? 1 : scale;
    double support = filter_support(filter) * widen;
    *center = (o + 0.5) * scale;
    int low = (int)(*center - support + 0.5), high = (int)(*center + support + 0.5);
    *first = low < 0 ? 0 : low;
    *count = (high > window ? window : high) - *first;
}

int axis_taps(enum plan_filter filter, int window, int size)
{
    double scale = (double)window / size, widen = scale < 1 ? 1 : scale;
    return (int)ceil(filter_support(filter) * widen) * 2 + 1;
}

void resample_span(enum plan_filter filter, int start, int window, int size, int begin, int end,
                   int *first, int *last)
{
    int low, high, count;
    double center;
    output_span(filter, window, size, begin, &low, &count, &center);
    output_span(filter, window, size, end - 1, &high, &count, &center);
    *first = start + low;
    *last = start + high + count;
}

static int axis_reserve(struct axis_filter *f, size_t outputs, struct error *err)
{
    void *first = f->first, *count = f->count, *weight = f->weight, *scratch = f->scratch;
    size_t capacity = f->capacity_outputs;
    if (memory_grow(&first, &capacity, outputs, sizeof(int), err) < 0)
        return -1;
    f->first = first;
    if (memory_grow(&count, &f->capacity_outputs, outputs, sizeof(int), err) < 0)
        return -1;
    f->count = count;
    if (memory_grow(&weight, &f->capacity_weights, outputs * (size_t)f->taps, sizeof(int32_t),
                    err) < 0)
        return -1;
    f->weight = weight;
    if (memory_grow(&scratch, &f->capacity_scratch, (size_t)f->taps, sizeof(double), err) < 0)
        return -1;
    f->scratch = scratch;
    return 0;
}

int axis_make(struct axis_filter *f, enum plan_filter filter, int window, int size, int begin,
              int end, int bits, struct error *err)
{
    f->taps = axis_taps(filter, window, size);
    if (axis_reserve(f, (size_t)(end - begin), err) < 0)
        return -1;
    double scale = (double)window / size, inverse = 1 / (scale < 1 ? 1 : scale);
    for (int o = begin; o < end; o++) {
        int first, count;
        double center, sum = 0;
        output_span(filter, window, size, o, &first, &count, &center);
        for (int j = 0; j < count; j++) {
            f->scratch[j] = filter_value(filter, (j + first - center + 0.5) * inverse);
            sum += f->scratch[j];
        }
        f->first[o - begin] = first;
        f->count[o - begin] = count;
        int32_t *weight = f->weight + (size_t)(o - begin) * (size_t)f->taps;
        for (int j = 0; j < count; j++) {
            double w = sum != 0 ? f->scratch[j] / sum : f->scratch[j];
            weight[j] = (int32_t)((w < 0 ? -0.5 : 0.5) + w * (1 << bits));
        }
    }
    return 0;
}

void axis_release(struct axis_filter *f)
{
    free(f->scratch);
    free(f->weight);
    free(f->count);
    free(f->first);
}

int resampler_open(struct resampler **resampler, struct error *err)
{
    *resampler = memory_array(1, sizeof(**resampler), err);
    return *resampler ? 0 : -1;
}

void resampler_close(struct resampler *r)
{
    if (!r)
        return;
    axis_release(&r->x);
    axis_release(&r->y);
    free(r->between);
    free(r);
}

static inline uint8_t to_level(int32_t sum)
{
    int32_t level = sum >> EXACT_BITS; /* arithmetic: bicubic may fall below 0 */
    return level < 0 ? 0 : level > 255 ? 255 : (uint8_t)level;
}

static void exact_row(const uint8_t *in, const struct axis_filter *x, int width, uint8_t *out)
{
    for (int o = 0; o < width; o++, out += 3) {
        const int32_t *w = x->weight + (size_t)o * (size_t)x->taps;
        const uint8_t *pixel = in + 3 * x->first[o];
        int32_t r = 1 << (EXACT_BITS - 1), g = r, b = r;
        for (int j = 0; j < x->count[o]; j++, pixel += 3) {
            r += pixel[0] * w[j];
            g += pixel[1] * w[j];
            b += pixel[2] * w[j];
        }
        out[0] = to_level(r);
        out[1] = to_level(g);
        out[2] = to_level(b);
    }
}

/* A block of output values at a time: the sums stay in registers while the taps go by. */
enum { BLOCK = 64 };

VECTOR_CLONES static void exact_column_block(const uint8_t *in, size_t stride, const int32_t *w,
                                             int count, int n, uint8_t *out)
{
    int32_t sum[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        sum[i] = 1 << (EXACT_BITS - 1);
    for (int j = 0; j < count; j++, in += stride) {
        if (n == BLOCK)
            for (int i = 0; i < BLOCK; i++)
                sum[i] += in[i] * w[j];
        else
            for (int i = 0; i < n; i++)
                sum[i] += in[i] * w[j];
    }
    for (int i = 0; i < n; i++)
        out[i] = to_level(sum[i]);
}

void resample_exact(const struct pass_rows *p, const struct axis_filter *x,
                    const struct axis_filter *y, uint8_t *between)
{
    size_t stride = 3 * (size_t)p->width;
    for (int row = 0; row < p->rows; row++)
        exact_row(p->source + (size_t)row * p->stride, x, p->width, between + (size_t)row * stride);
    for (int o = 0; o < p->height; o++) {
        const uint8_t *in = between + (size_t)(y->first[o] - p->first_row) * stride;
        const int32_t *w = y->weight + (size_t)o * (size_t)y->taps;
        for (size_t i = 0; i < stride; i += BLOCK) {
            int n = stride - i < BLOCK ? (int)(stride - i) : BLOCK;
            exact_column_block(in + i, stride, w, y->count[o], n,
                               p->out + (size_t)o * p->out_stride + i);
        }
    }
}

int resampler_run(struct resampler *r, enum plan_resampler kind, enum plan_filter filter,
                  const struct image *source, int origin_x, int origin_y, struct rect window,
                  int width, int height, struct rect wanted, struct image *out, struct error *err)
{
    bool fast = kind == RESAMPLER_FAST && axis_taps(filter, window.width, width) <= FAST_TAPS &&
                axis_taps(filter, window.height, height) <= FAST_TAPS;
    int bits = fast ? FAST_BITS : EXACT_BITS;
    if (axis_make(&r->x, filter, window.width, width, wanted.x, wanted.x + wanted.width, bits,
                  err) < 0 ||
        axis_make(&r->y, filter, window.height, height, wanted.y, wanted.y + wanted.height, bits,
                  err) < 0)
        return -1;
    int last = wanted.height - 1;
    int first_row = r->y.first[0], rows = r->y.first[last] + r->y.count[last] - first_row;
    size_t need = (size_t)rows * 3 * (size_t)wanted.width;
    if (memory_grow(&r->between, &r->capacity, need, sizeof(int16_t), err) < 0)
        return -1;
    /* Back to the window's own left edge: the filter's positions count from there. */
    ptrdiff_t at = (ptrdiff_t)(window.y + first_row - origin_y) * (ptrdiff_t)source->stride +
                   3 * (ptrdiff_t)(window.x - origin_x);
    struct pass_rows p = { .source = source->pixels + at,
                           .stride = source->stride,
                           .first_row = first_row,
                           .rows = rows,
                           .width = wanted.width,
                           .height = wanted.height,
                           .out = out->pixels,
                           .out_stride = out->stride };
    if (fast)
        resample_fast(&p, &r->x, &r->y, r->between);
    else
        resample_exact(&p, &r->x, &r->y, r->between);
    return 0;
}
