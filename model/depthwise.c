#include "model/depthwise.h"

#include <string.h>

#include "base/simd.h"

enum { SUM_LANES = 16 }; /* of a dot product: one AVX-512 register, the same at every width */

/* The part of a plane that one tap reads: outputs [top, bottom) x [left, right), from x[from] on.
 */
struct tap {
    int top, bottom, left, right;
    ptrdiff_t from; /* of output (0, 0) */
};

static struct tap tap_at(const struct window *win, struct shape in, struct shape out, int r, int s)
{
    struct tap t;
    window_inside(win, r, in.h, out.h, &t.top, &t.bottom);
    window_inside(win, s, in.w, out.w, &t.left, &t.right);
    t.from = (ptrdiff_t)(r * win->dilation - window_before(win, in.h)) * in.w + s * win->dilation -
             window_before(win, in.w);
    return t;
}

/* y += w x over the tap's outputs; `up` is a row of x times the stride. */
VECTOR_CLONES static void add_tap(const float *x, struct tap t, int stride, ptrdiff_t up, int wide,
                                  float w, float *y)
{
    for (int oh = t.top; oh < t.bottom; oh++) {
        ptrdiff_t from = t.from + oh * up;
        float *to = y + (ptrdiff_t)oh * wide;
        if (stride == 1)
            for (int ow = t.left; ow < t.right; ow++)
                to[ow] += w * x[from + ow];
        else
            for (int ow = t.left; ow < t.right; ow++)
                to[ow] += w * x[from + (ptrdiff_t)ow * stride];
    }
}

/* dx += w dy, the transpose. */
VECTOR_CLONES static void add_tap_back(const float *dy, struct tap t, int stride, ptrdiff_t up,
                                       int wide, float w, float *dx)
{
    for (int oh = t.top; oh < t.bottom; oh++) {
        ptrdiff_t to = t.from + oh * up;
        const float *from = dy + (ptrdiff_t)oh * wide;
        if (stride == 1)
            for (int ow = t.left; ow < t.right; ow++)
                dx[to + ow] += w * from[ow];
        else
            for (int ow = t.left; ow < t.right; ow++)
                dx[to + (ptrdiff_t)ow * stride] += w * from[ow];
    }
}

/* sum dy x over the tap's outputs, each row in SUM_LANES lanes. */
VECTOR_CLONES static float dot_tap(const float *x, struct tap t, int stride, ptrdiff_t up, int wide,
                                   const float *dy)
{
    float lanes[SUM_LANES] = { 0 };
    for (int oh = t.top; oh < t.bottom; oh++) {
        const float *a = dy + (ptrdiff_t)oh * wide + t.left;
        ptrdiff_t from = t.from + oh * up + (ptrdiff_t)t.left * stride;
        int n = t.right - t.left, whole = n - n % SUM_LANES;
        for (int i = 0; i < whole; i += SUM_LANES)
            for (int j = 0; j < SUM_LANES; j++)
                lanes[j] += a[i + j] * x[from + (ptrdiff_t)(i + j) * stride];
        for (int i = whole; i < n; i++)
            lanes[i - whole] += a[i] * x[from + (ptrdiff_t)i * stride];
    }
    double sum = 0;
    for (int j = 0; j < SUM_LANES; j++)
        sum += lanes[j];
    return (float)sum;
}

void depthwise(const float *x, struct shape in, const struct window *win, struct shape out,
               const float *w, float *y)
{
    size_t plane = (size_t)in.h * (size_t)in.w, positions = (size_t)out.h * (size_t)out.w;
    int each = out.c / in.c;
    memset(y, 0, (size_t)out.c * positions * sizeof(*y));
    for (int k = 0; k < out.c; k++, y += positions)
        for (int r = 0; r < win->kernel; r++)
            for (int s = 0; s < win->kernel; s++)
                add_tap(x + (size_t)(k / each) * plane, tap_at(win, in, out, r, s), win->stride,
                        (ptrdiff_t)in.w * win->stride, out.w, *w++, y);
}

void depthwise_back(const float *x, struct shape in, const struct window *win, struct shape out,
                    const float *w, const float *dy, float *dw, float *dx)
{
    size_t plane = (size_t)in.h * (size_t)in.w, positions = (size_t)out.h * (size_t)out.w;
    ptrdiff_t up = (ptrdiff_t)in.w * win->stride;
    int each = out.c / in.c;
    for (int k = 0; k < out.c; k++, dy += positions)
        for (int r = 0; r < win->kernel; r++)
            for (int s = 0; s < win->kernel; s++, w++, dw++) {
                struct tap t = tap_at(win, in, out, r, s);
                size_t at = (size_t)(k / each) * plane;
                *dw += dot_tap(x + at, t, win->stride, up, out.w, dy);
                if (dx)
                    add_tap_back(dy, t, win->stride, up, out.w, *w, dx + at);
            }
}
