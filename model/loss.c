#include "model/loss.h"

#include <math.h>
#include <stddef.h>

void softmax(const float *z, int k, float *p)
{
    double largest = z[0], sum = 0;
    for (int j = 1; j < k; j++)
        largest = z[j] > largest ? z[j] : largest;
    for (int j = 0; j < k; j++)
        sum += exp(z[j] - largest);
    for (int j = 0; j < k; j++)
        p[j] = (float)(exp(z[j] - largest) / sum);
}

/* The share of class j in sample i's target. */
static double target(const struct targets *t, int i, int j, int k)
{
    if (t->soft)
        return t->soft[(size_t)i * (size_t)k + (size_t)j];
    double share = t->label_b && t->lambda ? t->lambda[i] : 1;
    double y = (t->label[i] == j ? share : 0) + (t->label_b && t->label_b[i] == j ? 1 - share : 0);
    return (1 - (double)t->smoothing) * y + (double)t->smoothing / k;
}

static int takes_part(const struct targets *t, int i, int k)
{
    return (!t->weight || t->weight[i] > 0) && t->label[i] >= 0 && t->label[i] < k;
}

/* loss = log sum_j exp(z_j) - sum_j t_j z_j; d loss / d z_j = p_j - t_j (the targets sum to 1). */
double softmax_cross_entropy(const float *logits, const struct targets *t, int b, int k,
                             float *gradient, int *correct)
{
    int taking_part = 0, right = 0;
    for (int i = 0; i < b; i++)
        taking_part += takes_part(t, i, k);
    double loss = 0;
    for (int i = 0; i < b; i++) {
        const float *z = logits + (size_t)i * (size_t)k;
        float *g = gradient ? gradient + (size_t)i * (size_t)k : NULL;
        if (!takes_part(t, i, k)) {
            for (int j = 0; g && j < k; j++)
                g[j] = 0;
            continue;
        }
        int best = 0;
        for (int j = 1; j < k; j++)
            best = z[j] > z[best] ? j : best;
        double sum = 0, dot = 0;
        for (int j = 0; j < k; j++)
            sum += exp((double)z[j] - z[best]);
        for (int j = 0; j < k; j++) {
            double y = target(t, i, j, k);
            dot += y * ((double)z[j] - z[best]);
            if (g)
                g[j] = (float)((exp((double)z[j] - z[best]) / sum - y) / taking_part);
        }
        loss += log(sum) - dot;
        int64_t main_label =
            t->label_b && t->lambda && t->lambda[i] < 0.5f ? t->label_b[i] : t->label[i];
        right += best == main_label;
    }
    if (correct)
        *correct = right;
    return taking_part ? loss / taking_part : 0;
}
