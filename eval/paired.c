#include "eval/paired.h"

#include <math.h>

#include "base/real.h"

/* log of (n over i), i terms added up: exact enough (1e-12 at n = 1e5) and the same everywhere. */
static double log_choose(uint64_t n, uint64_t i)
{
    double sum = 0;
    for (uint64_t j = 1; j <= i; j++)
        sum += real_log((double)(n - i + j) / (double)j);
    return sum;
}

double paired_mcnemar(uint64_t only_a, uint64_t only_b)
{
    static const double LN2 = 0.693147180559945309;
    uint64_t n = only_a + only_b, least = only_a < only_b ? only_a : only_b;
    if (only_a == only_b)
        return 1;
    /* From the largest term down: each is the one before times i / (n - i + 1). */
    double term = real_exp(log_choose(n, least) - (double)n * LN2), sum = 0;
    for (uint64_t i = least;; i--) {
        sum += term;
        if (i == 0 || term < sum * 1e-18)
            break;
        term *= (double)i / (double)(n - i + 1);
    }
    return sum < 0.5 ? 2 * sum : 1;
}

struct score_pair paired_compare(const struct answers *a, const struct answers *b)
{
    struct score_pair pair = { 0 };
    uint64_t different = 0;
    for (uint64_t i = 0; i < a->n; i++) {
        bool in_a = answers_right(a, i), in_b = answers_right(b, i);
        pair.both += in_a && in_b;
        pair.only_a += in_a && !in_b;
        pair.only_b += !in_a && in_b;
        pair.neither += !in_a && !in_b;
        different += a->predicted[i] != b->predicted[i];
    }
    double n = (double)a->n;
    pair.mcnemar = paired_mcnemar(pair.only_a, pair.only_b);
    if (a->n == 0)
        return pair;
    pair.disagreement = (double)different / n;
    /* Pearson's correlation of two indicators. */
    double wrong_a = (double)(pair.neither + pair.only_b) / n;
    double wrong_b = (double)(pair.neither + pair.only_a) / n;
    double spread = wrong_a * (1 - wrong_a) * wrong_b * (1 - wrong_b);
    if (spread > 0)
        pair.error_correlation = ((double)pair.neither / n - wrong_a * wrong_b) / sqrt(spread);
    return pair;
}

double paired_bootstrap(const double *difference, int rounds)
{
    int below = 1, above = 1;
    for (int i = 0; i < rounds; i++) {
        below += difference[i] <= 0;
        above += difference[i] >= 0;
    }
    double p = 2.0 * (below < above ? below : above) / (rounds + 1);
    return p < 1 ? p : 1;
}

void paired_changes(const struct answers *before, const struct answers *after, uint64_t *corrected,
                    uint64_t *corrupted)
{
    *corrected = *corrupted = 0;
    for (uint64_t i = 0; i < before->n; i++) {
        bool was = answers_right(before, i), is = answers_right(after, i);
        *corrected += !was && is;
        *corrupted += was && !is;
    }
}
