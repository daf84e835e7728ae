#include "augment/output.h"

#include <math.h>

#include "augment/affine.h"
#include "augment/store.h"
#include "base/simd.h"

bool output_needs_tables(const struct plan_output *output)
{
    return output->mean_image || output->whiten;
}

static int clamp(int i, int size)
{
    return i < 0 ? 0 : i >= size ? size - 1 : i;
}

/* The mean at a point of its picture, 0..255: whole pixels are hit within rounding. */
static void mean_at(const struct output_tables *t, double x, double y, float mean[3])
{
    double fx = x - 0.5, fy = y - 0.5;
    double limit = (double)PLAN_SIZE_MAX * 4; /* far outside: its edge all the same */
    fx = fx < -limit ? -limit : fx > limit ? limit : fx;
    fy = fy < -limit ? -limit : fy > limit ? limit : fy;
    int left = (int)floor(fx + 1e-6), top = (int)floor(fy + 1e-6);
    float dx = (float)(fx - left), dy = (float)(fy - top);
    dx = dx < 1e-5f ? 0 : dx;
    dy = dy < 1e-5f ? 0 : dy;
    size_t x0 = (size_t)clamp(left, t->mean_width), x1 = (size_t)clamp(left + 1, t->mean_width);
    size_t y0 = (size_t)clamp(top, t->mean_height), y1 = (size_t)clamp(top + 1, t->mean_height);
    size_t width = (size_t)t->mean_width, plane = width * (size_t)t->mean_height;
    for (size_t c = 0; c < 3; c++) {
        const float *m = t->mean_image + c * plane;
        float upper = m[y0 * width + x0] * (1 - dx) + m[y0 * width + x1] * dx;
        float lower = m[y1 * width + x0] * (1 - dx) + m[y1 * width + x1] * dx;
        mean[c] = upper * (1 - dy) + lower * dy;
    }
}

static void subtract_mean(const struct output_tables *t, const struct plan *plan, float *sample)
{
    size_t plane = (size_t)plan->width * (size_t)plan->height;
    float scale[3];
    for (int c = 0; c < 3; c++)
        scale[c] = (float)(1 / plan->output.std[c]);
    for (int j = 0; j < plan->height; j++)
        for (int i = 0; i < plan->width; i++) {
            size_t at = (size_t)j * (size_t)plan->width + (size_t)i;
            double x = i + 0.5, y = j + 0.5;
            float mean[3];
            affine_point(plan->output.frame, x, y, &x, &y);
            mean_at(t, x, y, mean);
            for (size_t c = 0; c < 3; c++)
                sample[c * plane + at] = (sample[c * plane + at] - mean[c] / 255) * scale[c];
        }
}

enum { LANES = 16 };

/* Sums of every 16th product, then a fixed tree: the same bits at every width. */
VECTOR_CLONES static float dot(const float *a, const float *b, size_t n)
{
    float lane[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += a[i + (size_t)k] * b[i + (size_t)k];
    for (int k = 0; i < n; i++, k++)
        lane[k] += a[i] * b[i];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            lane[k] += lane[k + half];
    return lane[0];
}

static void put(const float *values, const struct plan *plan, const struct output_form *form,
                void *out)
{
    size_t plane = (size_t)plan->width * (size_t)plan->height;
    struct store s = { .form = *form, .plane = plane, .scale = { 1, 1, 1 } };
    for (int c = 0; c < 3; c++)
        store_channel(&s, c, values + (size_t)c * plane, plane, 0, out);
}

int output_apply(const struct output_tables *t, const struct plan *plan, float *sample,
                 const struct output_form *form, void *out, struct error *err)
{
    const struct plan_output *o = &plan->output;
    size_t values = 3 * (size_t)plan->width * (size_t)plan->height;
    if (!t || (o->mean_image && !t->mean_image) || (o->whiten && !t->whitening))
        return error_set(err, ERROR_USAGE, NULL, "the file of the recipe's %s was not read",
                         o->whiten ? "whitening" : "mean image");
    if (o->mean_image) {
        subtract_mean(t, plan, sample);
        put(sample, plan, form, out);
        return 0;
    }
    if (values != t->values)
        return error_set(err, ERROR_USAGE, NULL,
                         "%d x %d pixels are whitened by a matrix of %zu values; must be as many",
                         plan->width, plan->height, t->values);
    for (size_t i = 0; i < values; i++)
        sample[i] -= t->center[i];
    float *white = sample + values;
    for (size_t i = 0; i < values; i++)
        white[i] = dot(t->whitening + i * values, sample, values);
    put(white, plan, form, out);
    return 0;
}
