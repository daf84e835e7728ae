#include "augment/erase.h"

#include <string.h>

#include "base/half.h"
#include "base/rng.h"

static struct rng noise_of_row(const struct plan_erasure *erasure, int row)
{
    struct rng_key key = { { (uint32_t)erasure->seed, (uint32_t)(erasure->seed >> 32) } };
    return rng_start(key, (uint64_t)row, 0);
}

static bool covers_row(const struct plan_erasure *erasure, int y)
{
    return y >= erasure->area.y && y < erasure->area.y + erasure->area.height;
}

static void write_levels(const struct plan_erasure *erasure, size_t width, float *planes)
{
    size_t begin = (size_t)erasure->area.x, end = begin + (size_t)erasure->area.width;
    for (size_t c = 0; c < 3; c++)
        for (size_t x = begin; x < end; x++)
            planes[c * width + x] = (float)erasure->level[c];
}

/* Four levels from each word. */
static void write_noise(const struct plan_erasure *erasure, int y, size_t width, float *planes)
{
    struct rng rng = noise_of_row(erasure, y - erasure->area.y);
    size_t begin = (size_t)erasure->area.x, count = 3 * (size_t)erasure->area.width;
    uint32_t word = 0;
    for (size_t i = 0; i < count; i++, word >>= 8) {
        if (i % 4 == 0)
            word = rng_u32(&rng);
        planes[i % 3 * width + begin + i / 3] = (float)(word & 255);
    }
}

void erase_row(const struct plan *plan, int y, float *planes)
{
    for (int e = 0; e < plan->erasures_used; e++) {
        const struct plan_erasure *erasure = &plan->erasures[e];
        if (!covers_row(erasure, y))
            continue;
        if (erasure->kind == ERASE_LEVEL)
            write_levels(erasure, (size_t)plan->width, planes);
        else if (erasure->kind == ERASE_NOISE)
            write_noise(erasure, y, (size_t)plan->width, planes);
    }
}

/* One rectangle of one level: what was stored of the row before, but for its first row. */
static bool repeat_row(const struct plan *plan, int y, const struct store *store, void *out)
{
    const struct plan_erasure *erasure = &plan->erasures[0];
    bool planar = store->form.layout == LAYOUT_NCHW;
    size_t pixel = dtype_size(store->form.dtype) * (planar ? 1 : 3);
    size_t row = pixel * (size_t)plan->width, plane = row * (size_t)plan->height;
    if (plan->erasures_used > 1 || y == erasure->area.y)
        return false;
    uint8_t *to = (uint8_t *)out + row * (size_t)y + pixel * (size_t)erasure->area.x;
    for (int c = 0; c < (planar ? 3 : 1); c++, to += plane)
        memcpy(to, to - row, pixel * (size_t)erasure->area.width);
    return true;
}

void erase_store(const struct plan *plan, int y, const struct store *store, float *planes,
                 void *out)
{
    size_t width = (size_t)plan->width;
    for (int e = 0; e < plan->erasures_used; e++) {
        const struct plan_erasure *erasure = &plan->erasures[e];
        size_t begin = (size_t)erasure->area.x, count = (size_t)erasure->area.width;
        size_t at = (size_t)y * width + begin;
        if (!covers_row(erasure, y))
            continue;
        if (erasure->kind == ERASE_LEVEL && !repeat_row(plan, y, store, out))
            store_level(store, erasure->level, count, at, out);
        if (erasure->kind != ERASE_NOISE)
            continue;
        write_noise(erasure, y, width, planes);
        for (int c = 0; c < 3; c++)
            store_channel(store, c, planes + (size_t)c * width + begin, count, at, out);
    }
}

static uint8_t level_of(const struct plan_output *output, size_t c, double value)
{
    double level = 255 * (output->mean[c] + output->std[c] * value) + 0.5;
    return level < 0 ? 0 : level > 255 ? 255 : (uint8_t)level;
}

static void write_row(const struct plan *plan, const struct output_form *form,
                      const struct plan_erasure *erasure, int y, void *out)
{
    struct rng rng = noise_of_row(erasure, y - erasure->area.y);
    size_t width = (size_t)plan->width, plane = width * (size_t)plan->height;
    size_t begin = (size_t)y * width + (size_t)erasure->area.x;
    for (size_t at = begin; at < begin + (size_t)erasure->area.width; at++)
        for (size_t c = 0; c < 3; c++) {
            double value =
                erasure->kind == ERASE_NORMAL_NOISE ? rng_normal(&rng) : erasure->level[c];
            size_t i = form->layout == LAYOUT_NCHW ? c * plane + at : 3 * at + c;
            float x = (float)value;
            if (form->dtype == DTYPE_U8)
                ((uint8_t *)out)[i] = level_of(&plan->output, c, value);
            else if (form->dtype == DTYPE_F16)
                half_from_floats(&x, 1, (uint16_t *)out + i);
            else if (form->dtype == DTYPE_BF16)
                bfloat_from_floats(&x, 1, (uint16_t *)out + i);
            else
                ((float *)out)[i] = x;
        }
}

void erase_output(const struct plan *plan, const struct output_form *form, void *out)
{
    for (int e = 0; e < plan->erasures_used; e++) {
        const struct plan_erasure *erasure = &plan->erasures[e];
        if (erasure->kind != ERASE_NORMAL_LEVEL && erasure->kind != ERASE_NORMAL_NOISE)
            continue;
        for (int y = erasure->area.y; y < erasure->area.y + erasure->area.height; y++)
            write_row(plan, form, erasure, y, out);
    }
}
