#include "augment/blend.h"

#include "base/simd.h"

/* Pillow's "L": 0.299 R + 0.587 G + 0.114 B in units of 1/65536, rounded. */
static inline uint32_t gray(const uint8_t *rgb)
{
    return (rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16;
}

static inline uint8_t blend(float factor, int from, int level)
{
    float v = (float)from + factor * (float)(level - from);
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

/* The mean of the rounded grays, rounded half up. */
static int mean_gray(const struct image *from)
{
    uint64_t sum = 0, count = (uint64_t)from->width * (uint64_t)from->height;
    for (int y = 0; y < from->height; y++) {
        const uint8_t *row = from->pixels + (size_t)y * from->stride;
        for (size_t x = 0; x < (size_t)from->width; x++)
            sum += gray(row + 3 * x);
    }
    return (int)((double)sum / (double)count + 0.5);
}

VECTOR_CLONES static void blend_with(float factor, int level, const uint8_t *row, size_t n,
                                     uint8_t *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = blend(factor, level, row[i]);
}

VECTOR_CLONES static void blend_with_gray(float factor, const uint8_t *row, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++) {
        int level = (int)gray(row + 3 * i);
        for (size_t c = 0; c < 3; c++)
            to[3 * i + c] = blend(factor, level, row[3 * i + c]);
    }
}

void blend_levels(enum plan_blend kind, double factor, const struct image *from, struct image *to)
{
    int level = kind == BLEND_MEAN ? mean_gray(from) : 0;
    for (int y = 0; y < from->height; y++) {
        const uint8_t *row = from->pixels + (size_t)y * from->stride;
        uint8_t *out = to->pixels + (size_t)y * to->stride;
        if (kind == BLEND_GRAY)
            blend_with_gray((float)factor, row, (size_t)from->width, out);
        else
            blend_with((float)factor, level, row, 3 * (size_t)from->width, out);
    }
}
