/* The pixels of a pair mixed, and its labels as one dense vector. */
#include <string.h>

#include "augment/mix.h"
#include "base/half.h"
#include "base/simd.h"

enum { STEP = 32 }; /* values at a time: compilers make vectors of loops whose length they know */

static void blend_float(float lambda, float rest, float *a, float *b)
{
    float x = *a, y = *b;
    *a = lambda * x + rest * y;
    *b = lambda * y + rest * x;
}

VECTOR_CLONES static void blend_floats(float lambda, size_t count, float *restrict a,
                                       float *restrict b)
{
    float rest = 1 - lambda;
    size_t i = 0;
    for (; i + STEP <= count; i += STEP)
        for (size_t k = i; k < i + STEP; k++) {
            float x = a[k], y = b[k];
            a[k] = lambda * x + rest * y;
            b[k] = lambda * y + rest * x;
        }
    for (; i < count; i++)
        blend_float(lambda, rest, a + i, b + i);
}

/* (w x + (65536 - w) y + 32768) >> 16 of levels x and y, and with both changed: weights that sum to
 * one, so that a level mixed with itself stays. */
static void blend_byte(int32_t weight, uint8_t *a, uint8_t *b)
{
    int32_t x = *a, y = *b, part = weight * (x - y);
    *a = (uint8_t)(y + ((part + 32768) >> 16));
    *b = (uint8_t)(x + ((32768 - part) >> 16));
}

VECTOR_CLONES static void blend_bytes(int32_t weight, size_t count, uint8_t *restrict a,
                                      uint8_t *restrict b)
{
    size_t i = 0;
    for (; i + STEP <= count; i += STEP)
        for (size_t k = i; k < i + STEP; k++) {
            int32_t x = a[k], y = b[k], part = weight * (x - y);
            a[k] = (uint8_t)(y + ((part + 32768) >> 16));
            b[k] = (uint8_t)(x + ((32768 - part) >> 16));
        }
    for (; i < count; i++)
        blend_byte(weight, a + i, b + i);
}

typedef void convert_to(const uint16_t *bits, size_t n, float *x);
typedef void convert_from(const float *x, size_t n, uint16_t *bits);

/* Mixed as floats, rounded once. */
static void blend_shorts(float lambda, size_t count, convert_to *to_floats,
                         convert_from *from_floats, uint16_t *a, uint16_t *b)
{
    enum { BLOCK = 256 };
    float x[BLOCK], y[BLOCK];
    for (size_t i = 0; i < count; i += BLOCK) {
        size_t n = count - i < BLOCK ? count - i : BLOCK;
        to_floats(a + i, n, x);
        to_floats(b + i, n, y);
        blend_floats(lambda, n, x, y);
        from_floats(x, n, a + i);
        from_floats(y, n, b + i);
    }
}

static void blend(double lambda, enum dtype dtype, size_t count, void *a, void *b)
{
    if (dtype == DTYPE_U8)
        blend_bytes((int32_t)(lambda * 65536 + 0.5), count, a, b);
    else if (dtype == DTYPE_F16)
        blend_shorts((float)lambda, count, half_to_floats, half_from_floats, a, b);
    else if (dtype == DTYPE_BF16)
        blend_shorts((float)lambda, count, bfloat_to_floats, bfloat_from_floats, a, b);
    else
        blend_floats((float)lambda, count, a, b);
}

VECTOR_CLONES static void swap(uint8_t *restrict a, uint8_t *restrict b, size_t bytes)
{
    enum { PIECE = 64 };
    size_t at = 0;
    for (; at + PIECE <= bytes; at += PIECE) {
        uint8_t x[PIECE], y[PIECE];
        memcpy(x, a + at, PIECE);
        memcpy(y, b + at, PIECE);
        memcpy(a + at, y, PIECE);
        memcpy(b + at, x, PIECE);
    }
    for (; at < bytes; at++) {
        uint8_t x = a[at];
        a[at] = b[at];
        b[at] = x;
    }
}

static void swap_box(const struct rect *box, const struct output_form *form, int width, int height,
                     uint8_t *a, uint8_t *b)
{
    bool planar = form->layout == LAYOUT_NCHW;
    size_t pixel = dtype_size(form->dtype) * (planar ? 1 : 3), row = pixel * (size_t)width;
    for (size_t plane = 0; plane < (planar ? 3 : 1); plane++)
        for (int y = box->y; y < box->y + box->height; y++) {
            size_t at = (plane * (size_t)height + (size_t)y) * row + (size_t)box->x * pixel;
            swap(a + at, b + at, (size_t)box->width * pixel);
        }
}

void mix_apply(const struct mix_draw *draw, const struct output_form *form, int width, int height,
               void *a, void *b)
{
    if (draw->kind == MIX_CUT)
        swap_box(&draw->box, form, width, height, a, b);
    else if (draw->kind == MIX_BLEND)
        blend(draw->lambda, form->dtype, 3 * (size_t)width * (size_t)height, a, b);
}

void mix_soft_label(int64_t label, int64_t label_b, double lambda, double smoothing, int k,
                    float *soft)
{
    if (label < 0 || label >= k) {
        memset(soft, 0, (size_t)k * sizeof(*soft));
        return;
    }
    double off = smoothing / k, on = 1 - smoothing + off;
    for (int j = 0; j < k; j++)
        soft[j] =
            (float)(lambda * (j == label ? on : off) + (1 - lambda) * (j == label_b ? on : off));
}
