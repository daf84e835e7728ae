#include "model/im2col.h"

#include <string.h>

int window_output(const struct window *win, int size)
{
    if (win->same)
        return (size + win->stride - 1) / win->stride;
    int span = size + 2 * win->padding - win->dilation * (win->kernel - 1) - 1;
    if (span < 0)
        return 0;
    int outputs = span / win->stride + 1;
    if (win->ceil && span % win->stride != 0 && outputs * win->stride < size + win->padding)
        outputs++;
    return outputs;
}

int window_before(const struct window *win, int size)
{
    if (!win->same)
        return win->padding;
    int outputs = (size + win->stride - 1) / win->stride;
    int total = (outputs - 1) * win->stride + win->dilation * (win->kernel - 1) + 1 - size;
    return total > 0 ? total / 2 : 0;
}

/* 0 <= o * stride + tap * dilation - before < size. */
void window_inside(const struct window *win, int tap, int size, int outputs, int *first, int *last)
{
    int shift = window_before(win, size) - tap * win->dilation;
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
                window_inside(win, r, in.h, out.h, &top, &bottom);
                window_inside(win, s, in.w, out.w, &left, &right);
                int down = r * win->dilation - window_before(win, in.h);
                int along = s * win->dilation - window_before(win, in.w);
                const float *plane = x + (size_t)c * (size_t)in.h * (size_t)in.w;
                for (int oh = 0; oh < out.h; oh++, col += out.w) {
                    if (oh < top || oh >= bottom) {
                        memset(col, 0, (size_t)out.w * sizeof(*col));
                        continue;
                    }
                    const float *row = plane + (size_t)(oh * stride + down) * (size_t)in.w;
                    row += along;
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
                window_inside(win, r, in.h, out.h, &top, &bottom);
                window_inside(win, s, in.w, out.w, &left, &right);
                int down = r * win->dilation - window_before(win, in.h);
                int along = s * win->dilation - window_before(win, in.w);
                float *plane = dx + (size_t)c * (size_t)in.h * (size_t)in.w;
                for (int oh = top; oh < bottom; oh++) {
                    float *row = plane + (size_t)(oh * stride + down) * (size_t)in.w;
                    row += along;
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
