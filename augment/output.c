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

enum { LANES = 16 };

/* The column or row of the mean image that the first of the output's shows, where the frame moves
 * by whole pixels and mirrors at most: first + step i for the i-th. */
struct walk {
    int first, step;
};

static bool walk_make(double scale, double offset, struct walk *walk)
{
    double first = scale * 0.5 + offset - 0.5;
    double whole = rint(first);
    if (fabs(scale) != 1 || !(fabs(first - whole) < 1e-7) || fabs(whole) > 1 << 24)
        return false;
    *walk = (struct walk){ (int)whole, scale > 0 ? 1 : -1 };
    return true;
}

/* (x - mean / 255) * scale along a row. */
VECTOR_CLONES static void subtract_row(float *restrict x, const float *restrict mean, float scale,
                                       size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = i; k < i + LANES; k++)
            x[k] = (x[k] - mean[k] / 255) * scale;
    for (; i < n; i++)
        x[i] = (x[i] - mean[i] / 255) * scale;
}

static void subtract_mirrored(float *x, const float *last, float scale, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - last[-(ptrdiff_t)i] / 255) * scale;
}

/* One row of a channel by a row of the mean image, whose ends go on beyond it. */
static void subtract_walk(float *x, int n, const float *mean, int width, struct walk w, float scale)
{
    int i = 0;
    for (; i < n && (w.first + w.step * i < 0 || w.first + w.step * i >= width); i++)
        subtract_row(x + i, mean + clamp(w.first + w.step * i, width), scale, 1);
    int left = w.step > 0 ? width - (w.first + i) : w.first - i + 1;
    int inside = left < n - i ? left : n - i;
    if (inside > 0 && w.step > 0)
        subtract_row(x + i, mean + w.first + i, scale, (size_t)inside);
    else if (inside > 0)
        subtract_mirrored(x + i, mean + w.first - i, scale, (size_t)inside);
    for (i += inside > 0 ? inside : 0; i < n; i++)
        subtract_row(x + i, mean + clamp(w.first + w.step * i, width), scale, 1);
}

/* Crops and mirrors, which is all there is but for pictures that are resized behind the mean image:
 * the values are subtract_each's. */
static bool subtract_whole(const struct output_tables *t, const struct plan *plan, float *sample,
                           const float scale[3])
{
    const double *f = plan->output.frame;
    struct walk across, down;
    if (f[1] != 0 || f[3] != 0 || f[6] != 0 || f[7] != 0 || f[8] != 1 ||
        !walk_make(f[0], f[2], &across) || !walk_make(f[4], f[5], &down))
        return false;
    size_t width = (size_t)plan->width, plane = width * (size_t)plan->height;
    size_t mean_plane = (size_t)t->mean_width * (size_t)t->mean_height;
    for (size_t c = 0; c < 3; c++)
        for (int j = 0; j < plan->height; j++) {
            int row = clamp(down.first + down.step * j, t->mean_height);
            subtract_walk(sample + c * plane + (size_t)j * width, plan->width,
                          t->mean_image + c * mean_plane + (size_t)row * (size_t)t->mean_width,
                          t->mean_width, across, scale[c]);
        }
    return true;
}

/* Through any frame. */
static void subtract_each(const struct output_tables *t, const struct plan *plan, float *sample,
                          const float scale[3])
{
    size_t plane = (size_t)plan->width * (size_t)plan->height;
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
        float scale[3];
        for (int c = 0; c < 3; c++)
            scale[c] = (float)(1 / o->std[c]);
        if (!subtract_whole(t, plan, sample, scale))
            subtract_each(t, plan, sample, scale);
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
