#include "model/unfold.h"

#include <string.h>

int unfold_shape(const struct shape *built, const struct shape *in, int channels, struct shape *out,
                 struct error *err)
{
    *out = (struct shape){ channels, in->h - built->h + 1, in->w - built->w + 1 };
    if (in->c != built->c || out->h < 1 || out->w < 1)
        return error_set(err, ERROR_USAGE, NULL,
                         "was made for %dx%dx%d, which %dx%dx%d does not hold", built->c, built->h,
                         built->w, in->c, in->h, in->w);
    return 0;
}

void unfold(const float *x, struct shape in, struct shape built, float *col)
{
    size_t wide = (size_t)in.w, plane = (size_t)in.h * wide;
    int oh = in.h - built.h + 1, ow = in.w - built.w + 1;
    for (int c = 0; c < built.c; c++, x += plane)
        for (int r = 0; r < built.h; r++)
            for (int s = 0; s < built.w; s++)
                for (int h = 0; h < oh; h++, col += ow)
                    memcpy(col, x + (size_t)(h + r) * wide + s, (size_t)ow * sizeof(*col));
}
