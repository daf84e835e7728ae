#include "model/loss.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

const char *const loss_names[] = {
    [LOSS_CROSS_ENTROPY] = "cross_entropy", [LOSS_HINGE] = "hinge", NULL
};

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

static int count_taking_part(const struct targets *t, int b, int k)
{
    int count = 0;
    for (int i = 0; i < b; i++)
        count += takes_part(t, i, k);
    return count;
}

static int argmax(const float *z, int k)
{
    int best = 0;
    for (int j = 1; j < k; j++)
        best = z[j] > z[best] ? j : best;
    return best;
}

static bool is_right(const struct targets *t, int i, int best)
{
    bool partner = t->label_b && t->lambda && t->lambda[i] < 0.5f;
    return best == (partner ? t->label_b[i] : t->label[i]);
}

/* loss = log sum_j exp(z_j) - sum_j t_j z_j; d loss / d z_j = p_j - t_j (the targets sum to 1). */
double softmax_cross_entropy(const float *logits, const struct targets *t, int b, int k,
                             float *gradient, int *correct)
{
    int taking_part = count_taking_part(t, b, k), right = 0;
    double loss = 0;
    for (int i = 0; i < b; i++) {
        const float *z = logits + (size_t)i * (size_t)k;
        float *g = gradient ? gradient + (size_t)i * (size_t)k : NULL;
        if (!takes_part(t, i, k)) {
            for (int j = 0; g && j < k; j++)
                g[j] = 0;
            continue;
        }
        int best = argmax(z, k);
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
        right += is_right(t, i, best);
    }
    if (correct)
        *correct = right;
    return taking_part ? loss / taking_part : 0;
}

/* dL(y) / ds_j = 1 where s_j - s_y + 1 > 0; dL(y) / ds_y = minus how many those are. */
double multiclass_hinge(const float *logits, const struct targets *t, int b, int k, float *gradient,
                        int *correct)
{
    int taking_part = count_taking_part(t, b, k), right = 0;
    double loss = 0;
    for (int i = 0; i < b; i++) {
        const float *s = logits + (size_t)i * (size_t)k;
        float *g = gradient ? gradient + (size_t)i * (size_t)k : NULL;
        for (int j = 0; g && j < k; j++)
            g[j] = 0;
        if (!takes_part(t, i, k))
            continue;
        for (int y = 0; y < k; y++) {
            double share = target(t, i, y, k), margins = 0;
            if (share <= 0)
                continue;
            for (int j = 0; j < k; j++) {
                double margin = (double)s[j] - s[y] + 1;
                if (j == y || margin <= 0)
                    continue;
                loss += share * margin;
                margins++;
                if (g)
                    g[j] += (float)(share / taking_part);
            }
            if (g)
                g[y] -= (float)(share * margins / taking_part);
        }
        right += is_right(t, i, argmax(s, k));
    }
    if (correct)
        *correct = right;
    return taking_part ? loss / taking_part : 0;
}

double loss_run(const float *logits, const struct targets *t, int b, int k, float *gradient,
                int *correct)
{
    return t->loss == LOSS_HINGE ? multiclass_hinge(logits, t, b, k, gradient, correct)
                                 : softmax_cross_entropy(logits, t, b, k, gradient, correct);
}
