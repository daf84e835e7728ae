/*
 * Pillow's ImagingResample in two passes, for the wanted rectangle only. Coefficients have Pillow's
 * 22 bits (resample_axis.c); the intermediate is rounded to 8 bits, as Pillow's is. A pass that
 * neither scales nor shifts has the single weight 1 and changes nothing: it is left out.
 */
#include "augment/resample.h"

#include <stdlib.h>
#include <string.h>

#include "augment/resample_private.h"
#include "base/memory.h"

/* Beyond so many taps the roundings of 14-bit weights could add up to a second level; see
 * resample_fast.c. */
enum { FAST_TAPS = 16 };

struct resampler {
    struct axis_filter x, y;
    void *between; /* owned: rows between the passes, 8 or 16 bits */
    size_t capacity;
    uint8_t *tail; /* owned: the last source row, with room to read beyond it */
    size_t tail_capacity;
};

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
    free(r->tail);
    free(r->between);
    free(r);
}

bool pass_wide(const struct pass_rows *p)
{
    return p->width >= 4 && p->stride >= PASS_BEYOND;
}

void pass_inputs(const struct pass_rows *p, int row, int rows, int at[PASS_ROWS],
                 const uint8_t *in[PASS_ROWS])
{
    for (int i = 0; i < PASS_ROWS; i++) {
        at[i] = row + i < rows ? row + i : rows - 1;
        in[i] = at[i] == rows - 1 ? p->tail : p->source + (size_t)at[i] * p->stride;
    }
}

static exact_rows_kernel *rows_kernel(const struct pass_rows *p)
{
#ifdef SIMD_X86
    if (pass_wide(p) && simd_level() >= SIMD_LEVEL_AVX512)
        return exact_rows_avx512;
    if (pass_wide(p) && simd_level() >= SIMD_LEVEL_AVX2)
        return exact_rows_avx2;
#else
    (void)p;
#endif
    return exact_rows_plain;
}

static exact_column_kernel *column_kernel(size_t n)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX512 && n >= 64)
        return exact_column_avx512;
    if (simd_level() >= SIMD_LEVEL_AVX2 && n >= 32)
        return exact_column_avx2;
#else
    (void)n;
#endif
    return exact_column_plain;
}

/* The rows between the passes, `*stride` bytes apart, and a copy of the last source row. */
static int reserve_passes(struct resampler *r, struct pass_rows *p, size_t value, size_t *stride,
                          struct error *err)
{
    void *between = r->between, *tail = r->tail;
    *stride = (3 * (size_t)p->width * value + PASS_BEYOND + 63) / 64 * 64;
    if (memory_grow(&between, &r->capacity, (size_t)r->y.span * *stride, 1, err) < 0)
        return -1;
    r->between = between;
    size_t bytes = 3 * (size_t)r->x.span;
    if (memory_grow(&tail, &r->tail_capacity, bytes + PASS_BEYOND, 1, err) < 0)
        return -1;
    p->tail = r->tail = tail;
    memcpy(r->tail, p->source + (size_t)(r->y.span - 1) * p->stride, bytes);
    memset(r->tail + bytes, 0, PASS_BEYOND);
    return 0;
}

static void exact_rows(const struct pass_rows *p, const struct axis_filter *x, int rows,
                       uint8_t *between, size_t stride)
{
    exact_rows_kernel *kernel = rows_kernel(p);
    for (int row = 0; row < rows; row += PASS_ROWS) {
        int at[PASS_ROWS];
        const uint8_t *in[PASS_ROWS];
        uint8_t *out[PASS_ROWS];
        pass_inputs(p, row, rows, at, in);
        for (int i = 0; i < PASS_ROWS; i++)
            out[i] = between + (size_t)at[i] * stride;
        kernel(in, x, p->width, out);
    }
}

static void exact_columns(const struct axis_filter *y, const uint8_t *in, size_t stride,
                          const struct pass_rows *p)
{
    size_t n = 3 * (size_t)p->width;
    exact_column_kernel *kernel = column_kernel(n);
    for (int o = 0; o < p->height; o++)
        kernel(in + (size_t)y->first[o] * stride, stride, y, o, n,
               p->out + (size_t)o * p->out_stride);
}

static int resample_exact(struct resampler *r, struct pass_rows *p, struct error *err)
{
    size_t stride;
    if (reserve_passes(r, p, 1, &stride, err) < 0)
        return -1;
    exact_rows(p, &r->x, r->y.span, r->between, stride);
    exact_columns(&r->y, r->between, stride, p);
    return 0;
}

static int run_fast(struct resampler *r, struct pass_rows *p, struct error *err)
{
    size_t stride;
    if (reserve_passes(r, p, sizeof(int16_t), &stride, err) < 0)
        return -1;
    resample_fast(p, &r->x, &r->y, r->between, stride / sizeof(int16_t));
    return 0;
}

static void copy_rows(const struct pass_rows *p)
{
    for (int y = 0; y < p->height; y++)
        memcpy(p->out + (size_t)y * p->out_stride, p->source + (size_t)y * p->stride,
               3 * (size_t)p->width);
}

int resampler_run(struct resampler *r, enum plan_resampler kind, enum plan_filter filter,
                  const struct image *source, int origin_x, int origin_y, struct rect window,
                  int width, int height, struct rect wanted, struct image *out, struct error *err)
{
    bool same_x = window.width == width, same_y = window.height == height;
    struct pass_rows p = { .stride = source->stride,
                           .width = wanted.width,
                           .height = wanted.height,
                           .out = out->pixels,
                           .out_stride = out->stride };
    bool fast = kind == RESAMPLER_FAST && !same_x &&
                axis_taps(filter, window.width, width) <= FAST_TAPS &&
                axis_taps(filter, window.height, height) <= FAST_TAPS;
    int bits = fast ? FAST_BITS : EXACT_BITS;
    r->x.start = wanted.x;
    r->y.start = wanted.y;
    struct axis_scale x = { (double)window.width / width, 0 };
    struct axis_scale y = { (double)window.height / height, 0 };
    if (!same_x &&
        axis_make(&r->x, filter, x, window.width, wanted.x, wanted.x + wanted.width, bits, err) < 0)
        return -1;
    if (!(same_x && same_y) && axis_make(&r->y, filter, y, window.height, wanted.y,
                                         wanted.y + wanted.height, bits, err) < 0)
        return -1;
    p.source = source->pixels + (size_t)(window.y + r->y.start - origin_y) * source->stride +
               3 * (size_t)(window.x + r->x.start - origin_x);
    if (same_x && same_y) {
        copy_rows(&p);
        return 0;
    }
    if (same_x) {
        exact_columns(&r->y, p.source, p.stride, &p);
        return 0;
    }
    return fast ? run_fast(r, &p, err) : resample_exact(r, &p, err);
}

int resampler_box(struct resampler *r, enum plan_filter filter, const struct image *source,
                  int origin_x, int origin_y, struct rect window, const double scale[2],
                  const double shift[2], struct rect wanted, struct image *out, struct error *err)
{
    struct axis_scale x = { scale[0], shift[0] - window.x }, y = { scale[1], shift[1] - window.y };
    struct pass_rows p = { .stride = source->stride,
                           .width = wanted.width,
                           .height = wanted.height,
                           .out = out->pixels,
                           .out_stride = out->stride };
    if (axis_make(&r->x, filter, x, window.width, wanted.x, wanted.x + wanted.width, EXACT_BITS,
                  err) < 0 ||
        axis_make(&r->y, filter, y, window.height, wanted.y, wanted.y + wanted.height, EXACT_BITS,
                  err) < 0)
        return -1;
    p.source = source->pixels + (size_t)(window.y + r->y.start - origin_y) * source->stride +
               3 * (size_t)(window.x + r->x.start - origin_x);
    return resample_exact(r, &p, err);
}
