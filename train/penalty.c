#include "train/penalty.h"

#include "base/simd.h"

enum { SUM_LANES = 8 };

bool penalty_counts(const struct penalty *p)
{
    return p->l2 > 0 || p->l1 > 0 || p->elastic > 0;
}

/* square sum w^2 + absolute sum |w|, in double and always in the same order. */
VECTOR_CLONES static double add(const float *w, float *gradient, size_t n, double square,
                                double absolute)
{
    double lane[SUM_LANES] = { 0 }, sum = 0;
    float slope = (float)(2 * square), sign = (float)absolute;
    for (size_t i = 0; i < n; i++) {
        double x = w[i];
        lane[i % SUM_LANES] += square * x * x + absolute * (x < 0 ? -x : x);
        gradient[i] += slope * w[i] + (w[i] > 0 ? sign : w[i] < 0 ? -sign : 0);
    }
    for (int j = 0; j < SUM_LANES; j++)
        sum += lane[j];
    return sum;
}

double penalty_add(const struct penalty *p, struct net *net)
{
    double sum = 0;
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (w->trained && !w->frozen && w->matrix)
            sum += add(w->value.data, w->gradient, tensor_count(&w->value),
                       p->l2 + p->elastic * p->beta, p->l1 + p->elastic);
    }
    return sum;
}
