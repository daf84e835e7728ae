/*
 * Nearly all of a thousand probabilities lie in the first bin, so that bin is summed for all
 * classes at once and only what lies above its edge is looked at one by one.
 */
#include "eval/class_gap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"
#include "eval/row.h"

struct class_gap {
    int k;
    size_t size;                 /* of a padded row */
    double *first;               /* (size) gaps of the first bin; owned */
    double *gap;                 /* (k, SCORE_BINS) of the others; owned */
    uint64_t count[SCORE_BINS];  /* of all classes; the first one's is what is missing */
    uint64_t labels[SCORE_BINS]; /* of these, labels of their sample */
};

/* A float's product with 15 is exact in double. */
int calibration_bin(float p)
{
    int bin = (int)ceil((double)p * SCORE_BINS) - 1;
    return bin < 0 ? 0 : bin < SCORE_BINS ? bin : SCORE_BINS - 1;
}

/* The largest float of the first bin. */
static float first_edge(void)
{
    float edge = 1.0f / SCORE_BINS;
    return calibration_bin(edge) == 0 ? edge : nextafterf(edge, 0);
}

int class_gap_open(struct class_gap **table, int k, struct error *err)
{
    struct class_gap *t = memory_array(1, sizeof(*t), err);
    if (!t)
        return -1;
    t->k = k;
    t->size = row_padded(k);
    t->first = memory_aligned(t->size, sizeof(*t->first), err);
    t->gap = t->first ? memory_array((size_t)k * SCORE_BINS, sizeof(*t->gap), err) : NULL;
    if (!t->gap) {
        class_gap_close(t);
        return -1;
    }
    *table = t;
    return 0;
}

void class_gap_clear(struct class_gap *t)
{
    memset(t->first, 0, t->size * sizeof(*t->first));
    memset(t->gap, 0, (size_t)t->k * SCORE_BINS * sizeof(*t->gap));
    memset(t->count, 0, sizeof(t->count));
    memset(t->labels, 0, sizeof(t->labels));
}

VECTOR_CLONES static void add_small(const float *row, float edge, double *sum, size_t size)
{
    for (size_t i = 0; i < size; i += ROW_LANES) {
        float small[ROW_LANES];
        for (int j = 0; j < ROW_LANES; j++)
            small[j] = row[i + (size_t)j] <= edge ? row[i + (size_t)j] : 0;
        for (int j = 0; j < ROW_LANES; j++)
            sum[i + (size_t)j] += (double)small[j];
    }
}

void class_gap_add(struct class_gap *t, const float *row, int label)
{
    float edge = first_edge();
    add_small(row, edge, t->first, t->size);
    for (int c = 0; c < t->k; c++) {
        if (!(row[c] > edge))
            continue;
        int bin = calibration_bin(row[c]);
        t->gap[c * SCORE_BINS + bin] += (double)row[c];
        t->count[bin]++;
    }
    if (label >= t->k)
        return;
    int bin = calibration_bin(row[label]);
    t->labels[bin]++;
    if (bin == 0)
        t->first[label] -= 1;
    else
        t->gap[label * SCORE_BINS + bin] -= 1;
}

void class_gap_join(struct class_gap *t, const struct class_gap *part)
{
    for (size_t c = 0; c < t->size; c++)
        t->first[c] += part->first[c];
    for (size_t i = 0; i < (size_t)t->k * SCORE_BINS; i++)
        t->gap[i] += part->gap[i];
    for (int b = 0; b < SCORE_BINS; b++) {
        t->count[b] += part->count[b];
        t->labels[b] += part->labels[b];
    }
}

double class_gap_ece(const struct class_gap *t, uint64_t n, double *of_class)
{
    double total = 0;
    for (int c = 0; c < t->k; c++) {
        double sum = fabs(t->first[c]);
        for (int b = 1; b < SCORE_BINS; b++)
            sum += fabs(t->gap[c * SCORE_BINS + b]);
        double ece = n ? sum / (double)n : 0;
        if (of_class)
            of_class[c] = ece;
        total += ece;
    }
    return total / t->k;
}

void class_gap_bins(const struct class_gap *t, uint64_t n, struct score_bin *bins)
{
    uint64_t rest = n * (uint64_t)t->k;
    for (int b = SCORE_BINS - 1; b >= 0; b--) {
        uint64_t count = b ? t->count[b] : rest;
        rest -= count;
        double gap = 0;
        for (int c = 0; c < t->k; c++)
            gap += b ? t->gap[c * SCORE_BINS + b] : t->first[c];
        bins[b] = (struct score_bin){ .low = (double)b / SCORE_BINS,
                                      .high = (double)(b + 1) / SCORE_BINS,
                                      .count = count,
                                      .accuracy = interval_wilson(t->labels[b], count) };
        if (count)
            bins[b].confidence = (gap + (double)t->labels[b]) / (double)count;
    }
}

VECTOR_CLONES static void add_signed(const float *row, float edge, const double *gap, size_t size,
                                     double *lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES) {
        float small[ROW_LANES];
        for (int j = 0; j < ROW_LANES; j++)
            small[j] = row[i + (size_t)j] <= edge ? row[i + (size_t)j] : 0;
        for (int j = 0; j < ROW_LANES; j++) {
            double x = (double)small[j], turned = -x;
            lane[j] += gap[i + (size_t)j] < 0 ? turned : x;
        }
    }
}

static double sign_of(const struct class_gap *t, int c, int bin)
{
    return (bin ? t->gap[c * SCORE_BINS + bin] : t->first[c]) < 0 ? -1 : 1;
}

double class_gap_share(const struct class_gap *t, const float *row, int label)
{
    float edge = first_edge();
    double lane[ROW_LANES] = { 0 }, sum = 0;
    add_signed(row, edge, t->first, t->size, lane);
    for (int j = 0; j < ROW_LANES; j++)
        sum += lane[j];
    for (int c = 0; c < t->k; c++)
        if (row[c] > edge)
            sum += sign_of(t, c, calibration_bin(row[c])) * (double)row[c];
    if (label < t->k)
        sum -= sign_of(t, label, calibration_bin(row[label]));
    return sum / t->k;
}

void class_gap_close(struct class_gap *t)
{
    if (!t)
        return;
    free(t->first);
    free(t->gap);
    free(t);
}
