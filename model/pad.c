#include "model/pad.h"

#include <limits.h>
#include <stddef.h>

const char *const pad_names[] = {
    [PAD_ZEROS] = "zeros",       [PAD_REFLECT] = "reflect", [PAD_REPLICATE] = "replicate",
    [PAD_CIRCULAR] = "circular", [PAD_SAME] = "same",       NULL
};

int pad_index(enum pad_mode mode, int i, int size)
{
    if (i >= 0 && i < size)
        return i;
    switch (mode) {
    case PAD_REFLECT:
        return i < 0 ? -i : 2 * (size - 1) - i;
    case PAD_REPLICATE:
        return i < 0 ? 0 : size - 1;
    case PAD_CIRCULAR:
        return i < 0 ? i + size : i - size;
    case PAD_ZEROS:
    case PAD_SAME:
        break;
    }
    return -1;
}

int pad_limit(enum pad_mode mode, int size)
{
    return mode == PAD_REFLECT ? size - 1 : mode == PAD_CIRCULAR ? size : INT_MAX;
}

void pad(const float *x, struct shape in, int padding, enum pad_mode mode, float *padded)
{
    size_t plane = (size_t)in.h * (size_t)in.w;
    for (int c = 0; c < in.c; c++, x += plane)
        for (int h = -padding; h < in.h + padding; h++) {
            int row = pad_index(mode, h, in.h);
            for (int w = -padding; w < in.w + padding; w++) {
                int column = pad_index(mode, w, in.w);
                *padded++ =
                    row < 0 || column < 0 ? 0 : x[(size_t)row * (size_t)in.w + (size_t)column];
            }
        }
}

void pad_back(const float *padded, struct shape in, int padding, enum pad_mode mode, float *dx)
{
    size_t plane = (size_t)in.h * (size_t)in.w;
    for (int c = 0; c < in.c; c++, dx += plane)
        for (int h = -padding; h < in.h + padding; h++) {
            int row = pad_index(mode, h, in.h);
            for (int w = -padding; w < in.w + padding; w++, padded++) {
                int column = pad_index(mode, w, in.w);
                if (row >= 0 && column >= 0)
                    dx[(size_t)row * (size_t)in.w + (size_t)column] += *padded;
            }
        }
}
