/*
 * What is done to blocks of channels pixel by pixel, over the vectors of vec.h: to and from planes,
 * pooling, sums, depthwise convolution, gathering of a product's pixels.
 */
#ifndef TENFOLD_MODEL_BLOCKED_PIXELS_H
#define TENFOLD_MODEL_BLOCKED_PIXELS_H

#include "model/blocked_private.h"
#include "model/vec.h"

static size_t plane_of(struct shape s)
{
    return (size_t)s.h * (size_t)s.w;
}

/* Vectors of up to VEC_LANES channels (rows `plane` apart), n pixels of each, zeros for the rest.
 */
VEC_INLINE void load_square(const float *x, size_t plane, int channels, size_t n, vec r[VEC_LANES])
{
    UNROLL for (int l = 0; l < VEC_LANES; l++)
    {
        float tail[VEC_LANES] = { 0 };
        if (l < channels && n < VEC_LANES)
            memcpy(tail, x + (size_t)l * plane, n * sizeof(*tail));
        r[l] = l < channels && n >= VEC_LANES ? vec_load(x + (size_t)l * plane) : vec_load(tail);
    }
}

VEC static void spread(const struct blocked *t, const float *x, float *y)
{
    size_t plane = plane_of(t->shape);
    for (int b = 0; b < t->blocks; b++) {
        int first = b * VEC_LANES, left = t->shape.c - first;
        float *to = y + (size_t)b * t->plane;
        for (size_t i = 0; i < plane; i += VEC_LANES) {
            size_t n = plane - i < VEC_LANES ? plane - i : VEC_LANES;
            vec r[VEC_LANES];
            load_square(x + (size_t)first * plane + i, plane, left, n, r);
            vec_transpose(r);
            for (size_t j = 0; j < n; j++)
                vec_store(to + (i + j) * VEC_LANES, r[j]);
        }
    }
}

VEC static void collect(const struct blocked *t, const float *x, float *y)
{
    size_t plane = plane_of(t->shape);
    for (int b = 0; b < t->blocks; b++) {
        int first = b * VEC_LANES;
        int count = t->shape.c - first < VEC_LANES ? t->shape.c - first : VEC_LANES;
        const float *from = x + (size_t)b * t->plane;
        for (size_t i = 0; i < plane; i += VEC_LANES) {
            size_t n = plane - i < VEC_LANES ? plane - i : VEC_LANES;
            vec r[VEC_LANES];
            for (size_t j = 0; j < VEC_LANES; j++)
                r[j] = j < n ? vec_load(from + (i + j) * VEC_LANES) : vec_all(0);
            vec_transpose(r);
            for (int l = 0; l < count; l++) {
                float *to = y + (size_t)(first + l) * plane + i, tail[VEC_LANES];
                vec_store(n == VEC_LANES ? to : tail, r[l]);
                if (n < VEC_LANES)
                    memcpy(to, tail, n * sizeof(*tail));
            }
        }
    }
}

/* Taps first..last - 1 of a window that begins at `at` lie inside 0..size-1. */
struct range {
    int first, last;
};

static struct range taps_inside(int at, int taps, int dilation, int size)
{
    struct range r = { at < 0 ? (-at + dilation - 1) / dilation : 0, taps };
    if (at + (taps - 1) * dilation >= size)
        r.last = size > at ? (size - at + dilation - 1) / dilation : 0;
    return r;
}

VEC static void maxpool(const struct blocked *in, const struct blocked *out,
                        const struct window *win, const float *x, float *y)
{
    size_t row = (size_t)in->shape.w * VEC_LANES;
    for (int b = 0; b < in->blocks; b++, x += in->plane, y += out->plane) {
        float *to = y;
        for (int i = 0; i < out->shape.h; i++)
            for (int j = 0; j < out->shape.w; j++, to += VEC_LANES) {
                int top = i * win->stride - win->padding, left = j * win->stride - win->padding;
                struct range down = taps_inside(top, win->kernel, 1, in->shape.h);
                struct range along = taps_inside(left, win->kernel, 1, in->shape.w);
                vec best = vec_all(-__builtin_inff());
                for (int r = down.first; r < down.last; r++) {
                    const float *from = x + (size_t)(top + r) * row;
                    for (int s = along.first; s < along.last; s++)
                        best = vec_max(best, vec_load(from + (ptrdiff_t)(left + s) * VEC_LANES));
                }
                vec_store(to, best);
            }
    }
}

VEC static void average(const struct blocked *in, const struct blocked *out, const float *x,
                        float *y)
{
    size_t pixels = plane_of(in->shape);
    for (int b = 0; b < in->blocks; b++) {
        const float *from = x + (size_t)b * in->plane;
        double sum[VEC_LANES] = { 0 };
        for (size_t i = 0; i < pixels; i++)
            for (int l = 0; l < VEC_LANES; l++)
                sum[l] += from[i * VEC_LANES + (size_t)l];
        for (int l = 0; l < VEC_LANES; l++)
            y[(size_t)b * out->plane + (size_t)l] = (float)(sum[l] / (double)pixels);
    }
}

VEC static void add(const float *a, const float *b, float least, size_t n, float *y)
{
    vec low = vec_all(least);
    for (size_t i = 0; i < n; i += VEC_LANES)
        vec_store(y + i, vec_max(low, vec_load(a + i) + vec_load(b + i)));
}

/* Weights [block][tap][lane]. */
VEC static void depthwise(const struct blocked_conv *v, const float *x, const float *weights,
                          const struct blocked_finish *finish, float *y)
{
    struct shape in = v->in.shape, out = v->out.shape;
    vec least = vec_all(finish->least), most = vec_all(finish->most);
    size_t row = (size_t)in.w * VEC_LANES;
    for (int b = 0; b < v->in.blocks; b++, x += v->in.plane) {
        const float *w = weights + (size_t)(b * v->terms) * VEC_LANES;
        vec bias = vec_load(finish->bias + b * VEC_LANES);
        size_t to = (size_t)b * v->out.plane;
        for (int i = 0; i < out.h; i++)
            for (int j = 0; j < out.w; j++, to += VEC_LANES) {
                int top = i * v->stride - v->top, left = j * v->stride - v->left;
                struct range down = taps_inside(top, v->kernel_h, v->dilation, in.h);
                struct range along = taps_inside(left, v->kernel_w, v->dilation, in.w);
                vec sum = vec_all(0);
                for (int r = down.first; r < down.last; r++)
                    for (int s = along.first; s < along.last; s++)
                        sum = vec_fma(vec_load(x + (size_t)(top + r * v->dilation) * row +
                                               (size_t)(left + s * v->dilation) * VEC_LANES),
                                      vec_load(w + (r * v->kernel_w + s) * VEC_LANES), sum);
                sum = sum + bias;
                if (finish->residual)
                    sum = sum + vec_load(finish->residual + to);
                vec_store(y + to, vec_min(most, vec_max(least, sum)));
            }
    }
}

/* Output pixels first .. first + count (of all images, one after the other), at most GATHER_MOST,
 * as a product takes them: [block][tap][pixel][lane], v->pitch pixels apart, of blocks b..last - 1.
 */
VEC static void gather(const struct blocked_conv *v, const float *x, size_t first, int count, int b,
                       int last, float *panel)
{
    struct shape in = v->in.shape, out = v->out.shape;
    struct {
        const float *image;
        int top, left;
    } from[GATHER_MOST];
    for (int i = 0; i < count; i++) {
        size_t at = first + (size_t)i, pixels = plane_of(out);
        from[i].image = x + at / pixels * v->in.image;
        from[i].top = (int)(at % pixels) / out.w * v->stride - v->top;
        from[i].left = (int)(at % pixels) % out.w * v->stride - v->left;
    }
    int taps = v->kernel_h * v->kernel_w;
    for (int tap = 0; tap < taps; tap++) {
        const float *pixel[GATHER_MOST]; /* in the first block; NULL: outside */
        for (int i = 0; i < count; i++) {
            int row = from[i].top + tap / v->kernel_w * v->dilation;
            int col = from[i].left + tap % v->kernel_w * v->dilation;
            bool inside = row >= 0 && row < in.h && col >= 0 && col < in.w;
            size_t at = inside ? ((size_t)row * (size_t)in.w + (size_t)col) * VEC_LANES : 0;
            pixel[i] = inside ? from[i].image + at : NULL;
        }
        for (int block = b; block < last; block++) {
            size_t plane = (size_t)block * v->in.plane;
            size_t place = (size_t)((block - b) * taps + tap) * (size_t)v->pitch;
            float *to = panel + place * VEC_LANES;
            for (int i = 0; i < count; i++, to += VEC_LANES)
                vec_store(to, pixel[i] ? vec_load(pixel[i] + plane) : vec_all(0));
        }
    }
}

/* Sums [block][pixel][lane], v->pitch pixels apart, to where these pixels lie. */
VEC static void scatter(const struct blocked_conv *v, const float *sums, size_t first, int count,
                        const struct blocked_finish *finish, float *y)
{
    vec least = vec_all(finish->least), most = vec_all(finish->most);
    size_t pixels = plane_of(v->out.shape);
    for (int b = 0; b < v->out.blocks; b++, sums += v->pitch * VEC_LANES) {
        vec bias = vec_load(finish->bias + b * VEC_LANES);
        for (int i = 0; i < count; i++) {
            size_t at = first + (size_t)i;
            size_t to =
                at / pixels * v->out.image + (size_t)b * v->out.plane + at % pixels * VEC_LANES;
            vec sum = vec_load(sums + i * VEC_LANES) + bias;
            if (finish->residual)
                sum = sum + vec_load(finish->residual + to);
            vec_store(y + to, vec_min(most, vec_max(least, sum)));
        }
    }
}

#endif
