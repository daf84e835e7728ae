/*
 * Counting right answers. Ties go to the smaller class, as argmax does in NumPy and PyTorch, so
 * that counts agree with theirs to the sample; comparisons are written so that a NaN loses them.
 */
#include "eval/metric.h"

#include "base/real.h"
#include "base/stat.h"

static const double SMALLEST = 1e-12;        /* a sure and wrong answer costs 27.6, not infinity */
static const double Z95 = 1.959963984540054; /* the normal's 0.975 quantile */

bool metric_hit(const float *p, int64_t label, int k, int top)
{
    if (label < 0 || label >= k)
        return false;
    float own = p[label];
    int ahead = 0;
    for (int c = 0; c < k && ahead < top; c++) {
        if (c == label || own > p[c] || (own == p[c] && label < c))
            continue;
        ahead++;
    }
    return ahead < top;
}

uint64_t metric_correct(const float *p, const int64_t *label, uint64_t n, int k, int top)
{
    uint64_t correct = 0;
    for (uint64_t i = 0; i < n; i++)
        correct += metric_hit(p + i * (size_t)k, label[i], k, top);
    return correct;
}

uint64_t metric_labeled(const int64_t *label, uint64_t n)
{
    uint64_t labeled = 0;
    for (uint64_t i = 0; i < n; i++)
        labeled += label[i] >= 0;
    return labeled;
}

double metric_nll(const float *p, const int64_t *label, uint64_t n, int k)
{
    double sum = 0;
    uint64_t labeled = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (label[i] < 0)
            continue;
        double own = label[i] < k ? p[i * (size_t)k + (size_t)label[i]] : 0;
        sum -= real_log(own > SMALLEST ? own : SMALLEST);
        labeled++;
    }
    return labeled ? sum / (double)labeled : 0;
}

struct metric_score metric_score(const float *p, const int64_t *label, uint64_t n, int k)
{
    struct metric_score s = { .top = k < METRIC_TOP ? k : METRIC_TOP };
    s.labeled = metric_labeled(label, n);
    s.correct = metric_correct(p, label, n, k, 1);
    s.correct_top = metric_correct(p, label, n, k, s.top);
    if (s.labeled) {
        s.top1 = (double)s.correct / (double)s.labeled;
        s.top5 = (double)s.correct_top / (double)s.labeled;
    }
    stat_wilson(s.correct, s.labeled, Z95, &s.low, &s.high);
    s.nll = metric_nll(p, label, n, k);
    return s;
}

void metric_changes(const float *before, const float *after, const int64_t *label, uint64_t n,
                    int k, uint64_t *corrected, uint64_t *corrupted)
{
    *corrected = *corrupted = 0;
    for (uint64_t i = 0; i < n; i++) {
        bool was = metric_hit(before + i * (size_t)k, label[i], k, 1);
        bool is = metric_hit(after + i * (size_t)k, label[i], k, 1);
        *corrected += !was && is;
        *corrupted += was && !is;
    }
}
