#include "eval/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/bootstrap.h"

struct entry {
    float confidence;
    uint32_t sample;
};

/* Equal ones in the order of the samples. */
static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->confidence != y->confidence)
        return x->confidence > y->confidence ? -1 : 1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

static void fill(struct ranking *r, const struct answers *a, struct entry *entries)
{
    for (uint64_t i = 0; i < r->n; i++)
        entries[i] = (struct entry){ a->confidence[i], (uint32_t)i };
    qsort(entries, (size_t)r->n, sizeof(*entries), compare);
    for (uint64_t d = 0; d < r->n; d++) {
        bool wrong = !answers_right(a, entries[d].sample);
        r->order[d] = entries[d].sample;
        r->confidence[d] = entries[d].confidence;
        r->gap[d] = (double)entries[d].confidence - !wrong;
        r->wrong[d] = wrong;
        r->last[d] = d + 1 == r->n || entries[d + 1].confidence < entries[d].confidence;
    }
}

static void place_bins(struct ranking *r)
{
    uint64_t d = 0;
    for (int b = SCORE_BINS - 1; b >= 0; b--) {
        r->width[b + 1] = d;
        while (d < r->n && calibration_bin(r->confidence[d]) == b)
            d++;
    }
    r->width[0] = r->n;
    for (int b = 0; b <= SCORE_BINS; b++)
        r->mass[b] = r->n - r->n * (uint64_t)b / SCORE_BINS;
}

int ranking_open(struct ranking *r, const struct answers *a, struct error *err)
{
    *r = (struct ranking){ .n = a->n };
    if (a->n > UINT32_MAX)
        return error_set(err, ERROR_FAILED, NULL, "more than 4 billion samples in one score");
    size_t n = (size_t)a->n;
    struct entry *entries = memory_array(n, sizeof(*entries), err);
    if (entries && (r->order = memory_array(n, sizeof(*r->order), err)) &&
        (r->confidence = memory_array(n, sizeof(*r->confidence), err)) &&
        (r->gap = memory_array(n, sizeof(*r->gap), err)) && (r->wrong = memory_array(n, 1, err)) &&
        (r->last = memory_array(n, 1, err))) {
        fill(r, a, entries);
        place_bins(r);
        free(entries);
        return 0;
    }
    free(entries);
    ranking_close(r);
    return -1;
}

void ranking_close(struct ranking *r)
{
    free(r->order);
    free(r->confidence);
    free(r->gap);
    free(r->wrong);
    free(r->last);
    *r = (struct ranking){ 0 };
}

void ranking_sort(const struct ranking *r, const uint16_t *by_sample, uint16_t *count)
{
    for (uint64_t d = 0; d < r->n; d++)
        count[d] = by_sample[r->order[d]];
}

static double sum_gaps(const struct ranking *r, const uint16_t *count, uint64_t first, uint64_t end)
{
    if (count)
        return bootstrap_sum(count + first, r->gap + first, end - first);
    double sum = 0;
    for (uint64_t d = first; d < end; d++)
        sum += r->gap[d];
    return sum;
}

/* With c samples drawn up to a confidence and e of them wrong, each sample of that confidence
 * counts e / c. */
double ranking_aurc(const struct ranking *r, const uint16_t *count)
{
    double sum = 0;
    uint64_t covered = 0, wrong = 0, before = 0;
    for (uint64_t d = 0; d < r->n; d++) {
        uint64_t drawn = count ? count[d] : 1;
        covered += drawn;
        wrong += drawn * r->wrong[d];
        if (!r->last[d] || covered == before)
            continue;
        sum += (double)((covered - before) * wrong) / (double)covered;
        before = covered;
    }
    return covered ? sum / (double)covered : 0;
}

static double measure_ece(const struct ranking *r, const uint16_t *count, const uint64_t *start)
{
    double sum = 0;
    for (int b = 0; b < SCORE_BINS; b++)
        sum += fabs(sum_gaps(r, count, start[b + 1], start[b]));
    return r->n ? sum / (double)r->n : 0;
}

struct ranking_measures ranking_measure(const struct ranking *r, const uint16_t *count)
{
    struct ranking_measures m;
    m.ece = measure_ece(r, count, r->width);
    m.ece_mass = measure_ece(r, count, r->mass);
    return m;
}

static void leave_out_ece(const struct ranking *r, const uint64_t *start, double *ece)
{
    double gap[SCORE_BINS], total = 0;
    for (int b = 0; b < SCORE_BINS; b++) {
        gap[b] = sum_gaps(r, NULL, start[b + 1], start[b]);
        total += fabs(gap[b]);
    }
    for (int b = 0; b < SCORE_BINS; b++)
        for (uint64_t d = start[b + 1]; d < start[b]; d++)
            ece[d] = (total - fabs(gap[b]) + fabs(gap[b] - r->gap[d])) / (double)(r->n - 1);
}

/* Groups of equal confidence g with c_g samples, C_g covered and E_g wrong up to it. Without a
 * sample of group h that is wrong (e = 1) or not (e = 0):
 * sum_{g<h} c_g E_g / C_g + (c_h - 1) (E_h - e) / (C_h - 1) + sum_{g>h} c_g (E_g - e) / (C_g - 1).
 */
static void leave_out_aurc(const struct ranking *r, double *aurc)
{
    double behind_wrong = 0, behind = 0, before = 0; /* sums over g > h, then g < h */
    uint64_t wrong = 0;
    for (uint64_t d = 0; d < r->n; d++)
        wrong += r->wrong[d];
    for (uint64_t end = r->n; end > 0;) {
        uint64_t first = end - 1, in_group = r->wrong[first];
        while (first > 0 && !r->last[first - 1])
            in_group += r->wrong[--first];
        double size = (double)(end - first), others = end > 1 ? (double)(end - 1) : 1;
        for (uint64_t d = first; d < end; d++) {
            double e = r->wrong[d];
            aurc[d] = (size - 1) * ((double)wrong - e) / others + behind_wrong - e * behind;
        }
        behind_wrong += size * (double)wrong / others;
        behind += size / others;
        wrong -= in_group;
        end = first;
    }
    for (uint64_t first = 0; first < r->n;) {
        uint64_t end = first;
        do
            wrong += r->wrong[end];
        while (!r->last[end++]);
        for (uint64_t d = first; d < end; d++)
            aurc[d] = (aurc[d] + before) / (double)(r->n - 1);
        before += (double)((end - first) * wrong) / (double)end;
        first = end;
    }
}

void ranking_leave_out(const struct ranking *r, double *ece, double *ece_mass, double *aurc)
{
    leave_out_ece(r, r->width, ece);
    leave_out_ece(r, r->mass, ece_mass);
    leave_out_aurc(r, aurc);
}

static struct score_bin make_bin(const struct ranking *r, uint64_t first, uint64_t end)
{
    struct score_bin bin = { .count = end - first };
    uint64_t right = 0;
    for (uint64_t d = first; d < end; d++) {
        right += !r->wrong[d];
        bin.confidence += (double)r->confidence[d];
    }
    if (bin.count)
        bin.confidence /= (double)bin.count;
    bin.accuracy = interval_wilson(right, bin.count);
    return bin;
}

/* If each sample were right with its confidence p as the probability, a bin's sum of gaps would be
 * about normal with variance V = sum p (1 - p), and its mean size sqrt(2 V / pi). */
static double floor_of_bin(const struct ranking *r, uint64_t first, uint64_t end)
{
    static const double TWO_OVER_PI = 0.636619772367581343;
    double variance = 0;
    for (uint64_t d = first; d < end; d++)
        variance += (double)r->confidence[d] * (1 - (double)r->confidence[d]);
    return variance > 0 ? sqrt(TWO_OVER_PI * variance) / (double)r->n : 0;
}

void ranking_bins(const struct ranking *r, struct score_calibration *c)
{
    c->mce = c->ece_floor = 0;
    for (int b = 0; b < SCORE_BINS; b++) {
        struct score_bin *bin = &c->width[b];
        *bin = make_bin(r, r->width[b + 1], r->width[b]);
        bin->low = (double)b / SCORE_BINS;
        bin->high = (double)(b + 1) / SCORE_BINS;
        double gap = fabs(bin->confidence - bin->accuracy.value);
        if (bin->count && gap > c->mce)
            c->mce = gap;
        c->ece_floor += floor_of_bin(r, r->width[b + 1], r->width[b]);
        uint64_t first = r->mass[b + 1], end = r->mass[b];
        c->mass[b] = make_bin(r, first, end);
        if (first < end) {
            c->mass[b].low = (double)r->confidence[end - 1];
            c->mass[b].high = (double)r->confidence[first];
        }
    }
}

void ranking_risks(const struct ranking *r, struct score_risk *risk)
{
    uint64_t d = 0, wrong = 0;
    for (int i = 0; i < SCORE_RISKS; i++) {
        uint64_t wanted = (r->n * (uint64_t)i + SCORE_RISKS - 2) / (SCORE_RISKS - 1);
        wanted = wanted ? wanted : 1;
        while (d < r->n && (d < wanted || !r->last[d - 1]))
            wrong += r->wrong[d++];
        risk[i] = (struct score_risk){ .coverage = (double)i / (SCORE_RISKS - 1) };
        if (!d)
            continue;
        risk[i].risk = (double)wrong / (double)d;
        risk[i].threshold = (double)r->confidence[d - 1];
    }
}
