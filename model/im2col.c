#include "model/im2col.h"

#include <string.h>

int window_output(const struct window *win, int size)
{
    int span = size + 2 * win->padding - win->kernel;
    return span < 0 ? 0 : span / win->stride + 1;
}

/* Outputs [*first, *last) whose tap at offset `tap` lies inside 0..size-1: 0 <= o * stride + tap -
 * padding < size. */
static void inside(const struct window *win, int tap, int size, int outputs, int *first, int *last)
{
    int shift = win->padding - tap; /* o * stride >= shift and < size + shift */
    *first = shift <= 0 ? 0 : (shift + win->stride - 1) / win->stride;
    int end = size + shift <= 0 ? 0 : (size + shift + win->stride - 1) / win->stride;
    *last = end < outputs ? end : outputs;
    if (*first > *last)
        *first = *last;
}

void im2col(const float *x, struct shape in, const struct window *win, struct shape out, float *col)
{
    int stride = win->stride;
    for (int c = 0; c < in.c; c++)
        for (int r = 0; r < win->kernel; r++)
            for (int s = 0; s < win->kernel; s++) {
                int top, bottom, left, right;
                inside(win, r, in.h, out.h, &top, &bottom);
                inside(win, s, in.w, out.w, &left, &right);
                const float *plane = x + (size_t)c * (size_t)in.h * (size_t)in.w;
                for (int oh = 0; oh < out.h; oh++, col += out.w) {
                    if (oh < top || oh >= bottom) {
                        memset(col, 0, (size_t)out.w * sizeof(*col));
                        continue;
                    }
                    const float *row =
                        plane + (size_t)(oh * stride + r - win->padding) * (size_t)in.w;
                    row += s - win->padding;
                    for (int ow = 0; ow < left; ow++)
                        col[ow] = 0;
                    if (stride == 1)
                        memcpy(col + left, row + left, (size_t)(right - left) * sizeof(*col));
                    else
                        for (int ow = left; ow < right; ow++)
                            col[ow] = row[ow * stride];
                    for (int ow = right; ow < out.w; ow++)
                        col[ow] = 0;
                }
            }
}

void col2im(const float *col, struct shape in, const struct window *win, struct shape out,
            float *dx)
{
    int stride = win->stride;
    for (int c = 0; c < in.c; c++)
        for (int r = 0; r < win->kernel; r++)
            for (int s = 0; s < win->kernel; s++) {
                int top, bottom, left, right;
                inside(win, r, in.h, out.h, &top, &bottom);
                inside(win, s, in.w, out.w, &left, &right);
                float *plane = dx + (size_t)c * (size_t)in.h * (size_t)in.w;
                for (int oh = top; oh < bottom; oh++) {
                    float *row = plane + (size_t)(oh * stride + r - win->padding) * (size_t)in.w;
                    row += s - win->padding;
                    const float *from = col + (size_t)oh * (size_t)out.w;
                    if (stride == 1)
                        for (int ow = left; ow < right; ow++)
                            row[ow] += from[ow];
                    else
                        for (int ow = left; ow < right; ow++)
                            row[ow * stride] += from[ow];
                }
                col += (size_t)out.h * (size_t)out.w;
            }
}
