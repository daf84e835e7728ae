/*
 * With b = 1/T and z = log p, the NLL of one row is log sum_c exp(b z_c) - b z_y. It is convex in
 * b: its slope is E[z] - z_y and its curvature Var[z] under the scaled probabilities, so Newton's
 * method needs a handful of passes over the rows. A step that leaves the interval in which the
 * slope changes its sign is replaced by the interval's (geometric) middle.
 */
#include "eval/temperature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"

enum { CHUNK = 2048, STEPS = 60 };

/* Newton's method squares the error: a step of 5e-4 leaves one of 1e-7 or so behind. */
static const double LAST_STEP = 5e-4;

/* As good as -inf under any temperature, and its product with 0 is 0. */
static const float PADDING = -1e30f;

struct load {
    struct temperature_rows *rows;
    const struct row_source *source;
    double *scratch; /* (threads, size) */
};

static void load_chunk(void *context, size_t chunk, int worker)
{
    struct load *load = context;
    struct temperature_rows *r = load->rows;
    uint64_t first = (uint64_t)chunk * CHUNK, end = first + CHUNK < r->n ? first + CHUNK : r->n;
    for (uint64_t i = first; i < end; i++) {
        float *z = r->z + (size_t)i * r->size;
        load->source->row(load->source->context, i, z, load->scratch + (size_t)worker * r->size);
        float largest = row_max(z, r->size);
        row_scale(z, 1 / largest, z, r->size);
        row_log(z, z, r->size);
        for (size_t c = (size_t)r->k; c < r->size; c++)
            z[c] = PADDING;
    }
}

int temperature_open(struct temperature_rows *rows, const struct row_source *source,
                     struct pool *pool, struct error *err)
{
    struct temperature_rows r = { .n = source->n, .k = source->k, .size = row_padded(source->k) };
    struct load load = { &r, source, NULL };
    size_t count;
    if (!size_mul((size_t)r.n, r.size, &count))
        return error_set(err, ERROR_FAILED, NULL, "no memory for temperature scaling");
    r.z = memory_aligned(count, sizeof(*r.z), err);
    load.scratch =
        r.z ? memory_array((size_t)pool_threads(pool) * r.size, sizeof(double), err) : NULL;
    if (!load.scratch) {
        free(r.z);
        return -1;
    }
    pool_run(pool, (size_t)((r.n + CHUNK - 1) / CHUNK), load_chunk, &load);
    free(load.scratch);
    *rows = r;
    return 0;
}

void temperature_close(struct temperature_rows *rows)
{
    free(rows->z);
    *rows = (struct temperature_rows){ 0 };
}

/* Slope and curvature of the NLL, summed over rows. */
struct slope {
    double first, second;
};

struct fit {
    const struct temperature_rows *rows;
    const int32_t *label;
    const uint8_t *part;
    int which;
    double b;
    float *p;               /* (threads, size) */
    struct slope *part_sum; /* (chunks) */
};

/* lane[j] += p z and square[j] += p z^2. */
VECTOR_CLONES static void add_moments(const float *p, const float *z, size_t size, double *lane,
                                      double *square)
{
    for (size_t i = 0; i < size; i += ROW_LANES) {
        double pz[ROW_LANES];
        for (int j = 0; j < ROW_LANES; j++)
            pz[j] = (double)p[i + (size_t)j] * (double)z[i + (size_t)j];
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += pz[j];
        for (int j = 0; j < ROW_LANES; j++)
            square[j] += pz[j] * (double)z[i + (size_t)j];
    }
}

static struct slope slope_of_row(const float *z, int label, double b, float *p, size_t size)
{
    double lane[ROW_LANES] = { 0 }, square[ROW_LANES] = { 0 }, mean = 0, mean_square = 0;
    double sum = row_exp(z, (float)b, 0, p, size);
    add_moments(p, z, size, lane, square);
    for (int j = 0; j < ROW_LANES; j++) {
        mean += lane[j];
        mean_square += square[j];
    }
    mean /= sum;
    return (struct slope){ mean - (double)z[label], mean_square / sum - mean * mean };
}

static void fit_chunk(void *context, size_t chunk, int worker)
{
    struct fit *fit = context;
    const struct temperature_rows *r = fit->rows;
    float *p = fit->p + (size_t)worker * r->size;
    uint64_t first = (uint64_t)chunk * CHUNK, end = first + CHUNK < r->n ? first + CHUNK : r->n;
    struct slope sum = { 0 };
    for (uint64_t i = first; i < end; i++) {
        if (fit->part[i] != fit->which || fit->label[i] >= r->k)
            continue;
        struct slope s =
            slope_of_row(r->z + (size_t)i * r->size, fit->label[i], fit->b, p, r->size);
        sum.first += s.first;
        sum.second += s.second;
    }
    fit->part_sum[chunk] = sum;
}

static struct slope measure(struct fit *fit, double b, struct pool *pool)
{
    size_t chunks = (size_t)((fit->rows->n + CHUNK - 1) / CHUNK);
    struct slope sum = { 0 };
    fit->b = b;
    pool_run(pool, chunks, fit_chunk, fit);
    for (size_t i = 0; i < chunks; i++) {
        sum.first += fit->part_sum[i].first;
        sum.second += fit->part_sum[i].second;
    }
    return sum;
}

static double search(struct fit *fit, double b, struct pool *pool)
{
    double low = 1 / TEMPERATURE_MOST, high = 1 / TEMPERATURE_LEAST;
    for (int step = 0; step < STEPS; step++) {
        struct slope s = measure(fit, b, pool);
        if (s.first == 0)
            return b;
        if (s.first < 0)
            low = b;
        else
            high = b;
        double next = s.second > 0 ? b - s.first / s.second : 0;
        bool newton = next > low && next < high;
        if (!newton)
            next = sqrt(low * high);
        double change = fabs(next - b);
        b = next;
        if (change <= (newton ? LAST_STEP : 1e-7) * b)
            break;
    }
    return b;
}

int temperature_fit(const struct temperature_rows *rows, const int32_t *label, const uint8_t *part,
                    int which, struct pool *pool, double *temperature, struct error *err)
{
    struct fit fit = { .rows = rows, .label = label, .part = part, .which = which };
    size_t chunks = (size_t)((rows->n + CHUNK - 1) / CHUNK);
    fit.p = memory_aligned((size_t)pool_threads(pool) * rows->size, sizeof(*fit.p), err);
    fit.part_sum = fit.p ? memory_array(chunks, sizeof(*fit.part_sum), err) : NULL;
    if (fit.part_sum)
        *temperature = 1 / search(&fit, *temperature > 0 ? 1 / *temperature : 1, pool);
    int status = fit.part_sum ? 0 : -1;
    free(fit.p);
    free(fit.part_sum);
    return status;
}

struct scaling {
    struct temperature_rows *rows;
    const uint8_t *part;
    const double *temperature;
};

static void scale_chunk(void *context, size_t chunk, int worker)
{
    struct scaling *s = context;
    struct temperature_rows *r = s->rows;
    uint64_t first = (uint64_t)chunk * CHUNK, end = first + CHUNK < r->n ? first + CHUNK : r->n;
    (void)worker;
    for (uint64_t i = first; i < end; i++) {
        float *z = r->z + (size_t)i * r->size;
        double sum = row_exp(z, (float)(1 / s->temperature[s->part[i]]), 0, z, r->size);
        row_scale(z, (float)(1 / sum), z, r->size);
    }
}

void temperature_apply(struct temperature_rows *rows, const uint8_t *part,
                       const double *temperature, struct pool *pool)
{
    struct scaling scaling = { rows, part, temperature };
    pool_run(pool, (size_t)((rows->n + CHUNK - 1) / CHUNK), scale_chunk, &scaling);
}

void temperature_row(const void *rows, uint64_t i, float *row, double *scratch)
{
    const struct temperature_rows *r = rows;
    (void)scratch;
    memcpy(row, r->z + (size_t)i * r->size, r->size * sizeof(*row));
}
