/* The largest value under a window, as PyTorch's MaxPool2d (padding counts as minus infinity); the
 * gradient goes to the first of the largest. */
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "model/pooling.h"

/* Where in its plane each output's value came from. */
static size_t state(const struct pass *p)
{
    return (size_t)p->b * shape_count(p->out) * sizeof(int32_t);
}

/* A plane (h,w) under any window. */
static void pool_plane(const struct window *win, const real *x, int h, int w, struct shape out,
                       real *y, int32_t *from)
{
    for (int oh = 0; oh < out.h; oh++)
        for (int ow = 0; ow < out.w; ow++) {
            real best = -INFINITY;
            int32_t place = -1;
            for (int r = 0; r < win->kernel; r++)
                for (int s = 0; s < win->kernel; s++) {
                    int yy = oh * win->stride + r - win->padding,
                        xx = ow * win->stride + s - win->padding;
                    if (yy < 0 || yy >= h || xx < 0 || xx >= w)
                        continue;
                    real v = x[(size_t)yy * (size_t)w + (size_t)xx];
                    if (v > best || place < 0) {
                        best = v;
                        place = yy * w + xx;
                    }
                }
            *y++ = best;
            if (from)
                *from++ = place;
        }
}

/* The same where windows of 2 x 2 lie side by side inside the plane. */
VECTOR_CLONES static void halve_plane(const real *restrict x, int w, struct shape out,
                                      real *restrict y, int32_t *restrict from)
{
    for (int oh = 0; oh < out.h; oh++) {
        const real *a = x + (size_t)(2 * oh) * (size_t)w, *b = a + w;
        int32_t row = 2 * oh * w;
        for (int ow = 0; ow < out.w; ow++) {
            real best = a[2 * ow];
            int32_t place = row + 2 * ow;
            int32_t right = place + 1, below = place + w, across = below + 1;
            place = a[2 * ow + 1] > best ? right : place;
            best = a[2 * ow + 1] > best ? a[2 * ow + 1] : best;
            place = b[2 * ow] > best ? below : place;
            best = b[2 * ow] > best ? b[2 * ow] : best;
            place = b[2 * ow + 1] > best ? across : place;
            best = b[2 * ow + 1] > best ? b[2 * ow + 1] : best;
            y[ow] = best;
            from[ow] = place;
        }
        y += out.w;
        from += out.w;
    }
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    struct window win = pooling_window(p->layer);
    int h = p->in[0].h, w = p->in[0].w;
    size_t out = (size_t)i * shape_count(p->out), positions = (size_t)p->out.h * (size_t)p->out.w;
    bool halves = win.kernel == 2 && win.stride == 2 && win.padding == 0 && 2 * p->out.h <= h &&
                  2 * p->out.w <= w && p->training;
    for (int c = 0; c < p->out.c; c++, out += positions) {
        const real *x =
            p->x[0] + ((size_t)i * (size_t)p->out.c + (size_t)c) * (size_t)h * (size_t)w;
        int32_t *from = p->training ? (int32_t *)p->state + out : NULL;
        if (halves)
            halve_plane(x, w, p->out, p->y + out, from);
        else
            pool_plane(&win, x, h, w, p->out, p->y + out, from);
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w,
           positions = (size_t)p->out.h * (size_t)p->out.w;
    real *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    size_t at = (size_t)i * shape_count(p->out);
    const int32_t *from = (const int32_t *)p->state + at;
    for (int c = 0; c < p->out.c; c++, dx += plane)
        for (size_t o = 0; o < positions; o++)
            dx[*from++] += p->dy[at++];
}

const struct layer_kind LAYER(maxpool) = {
    .name = "maxpool",
    .summary = "largest value under a window (PyTorch's MaxPool2d)",
    .params = pooling_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = pooling_shape,
    .state = state,
    .forward = forward,
    .backward = backward,
};
