/*
 * The plain code goes through blocks of float planes, so that every loop is element by element.
 */
#include "augment/store.h"

#include <string.h>

#include "augment/store_private.h"
#include "base/half.h"

enum { BLOCK = 64 };

void store_init(struct store *s, const struct output_form *form, int width, int height,
                const struct plan_output *output, const struct color_matrix *matrix)
{
    *s = (struct store){ .form = *form, .plane = (size_t)width * (size_t)height };
    for (int c = 0; c < 3; c++) {
        s->scale[c] = (float)(1 / (255 * output->std[c]));
        s->shift[c] = (float)(-output->mean[c] / output->std[c]);
    }
    if (matrix) {
        s->colored = true;
        s->matrix = *matrix;
    }
}

/* The output's elements of one channel from place `at` on are out[first + step i]. */
static size_t first_element(const struct store *s, int channel, size_t at, size_t *step)
{
    bool planar = s->form.layout == LAYOUT_NCHW;
    *step = planar ? 1 : 3;
    return planar ? (size_t)channel * s->plane + at : 3 * at + (size_t)channel;
}

static void put_floats(const float *v, size_t n, size_t step, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[step * i] = v[i];
}

static void put_shorts(const uint16_t *v, size_t n, size_t step, uint16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[step * i] = v[i];
}

static void put_levels(const float *level, size_t n, size_t step, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[step * i] = (uint8_t)(level[i] + 0.5f);
}

static void channel_block(const struct store *s, int channel, const float *level, size_t n,
                          size_t at, void *out)
{
    size_t step, first = first_element(s, channel, at, &step);
    if (s->form.dtype == DTYPE_U8) {
        put_levels(level, n, step, (uint8_t *)out + first);
        return;
    }
    float v[BLOCK];
    uint16_t bits[BLOCK];
    for (size_t i = 0; i < n; i++)
        v[i] = level[i] * s->scale[channel] + s->shift[channel];
    if (s->form.dtype == DTYPE_F32) {
        put_floats(v, n, step, (float *)out + first);
        return;
    }
    if (s->form.dtype == DTYPE_F16)
        half_from_floats(v, n, bits);
    else
        bfloat_from_floats(v, n, bits);
    put_shorts(bits, n, step, (uint16_t *)out + first);
}

void store_channel(const struct store *s, int channel, const float *level, size_t n, size_t at,
                   void *out)
{
    for (size_t i = 0; i < n; i += BLOCK)
        channel_block(s, channel, level + i, n - i < BLOCK ? n - i : BLOCK, at + i, out);
}

void store_level(const struct store *s, const double level[3], size_t n, size_t at, void *out)
{
    float block[BLOCK];
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < BLOCK; i++)
            block[i] = (float)level[c];
        for (size_t i = 0; i < n; i += BLOCK)
            channel_block(s, c, block, n - i < BLOCK ? n - i : BLOCK, at + i, out);
    }
}

static void color_block(const struct color_matrix *m, size_t n, float v[3][BLOCK])
{
    for (size_t i = 0; i < n; i++) {
        float r = v[0][i], g = v[1][i], b = v[2][i];
        for (int c = 0; c < 3; c++) {
            float x = m->pixel[c][0] * r + m->pixel[c][1] * g + m->pixel[c][2] * b + m->offset[c];
            x = x > 0 ? x : 0;
            v[c][i] = x < 255 ? x : 255;
        }
    }
}

void store_pixels_plain(const struct store *s, const uint8_t *rgb, size_t n, bool mirror, size_t at,
                        void *out)
{
    float v[3][BLOCK];
    for (size_t done = 0; done < n; done += BLOCK) {
        size_t some = n - done < BLOCK ? n - done : BLOCK;
        for (size_t i = 0; i < some; i++) {
            const uint8_t *pixel = rgb + 3 * (mirror ? n - 1 - done - i : done + i);
            for (int c = 0; c < 3; c++)
                v[c][i] = pixel[c];
        }
        if (s->colored)
            color_block(&s->matrix, some, v);
        for (int c = 0; c < 3; c++)
            channel_block(s, c, v[c], some, at + done, out);
    }
}

void store_pixels(const struct store *s, const uint8_t *rgb, size_t n, bool mirror, size_t at,
                  void *out)
{
    bool as_they_are = s->form.dtype == DTYPE_U8 && !s->colored;
    if (as_they_are && s->form.layout == LAYOUT_NHWC && !mirror) {
        memcpy((uint8_t *)out + 3 * at, rgb, 3 * n);
        return;
    }
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2 && n >= 8) {
        store_pixels_avx2(s, rgb, n, mirror, at, out);
        return;
    }
#endif
    store_pixels_plain(s, rgb, n, mirror, at, out);
}
