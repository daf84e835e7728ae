/*
 * Claim: the losses are their formulas, for hard, soft, mixed and smoothed targets, their gradients
 * are their slopes, and places that take no part do not.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "model/loss.h"
#include "tests/suite.h"

enum { B = 4, K = 5 };

static const float logits[B * K] = {
    3.2f, 5.1f, -1.7f, 0.3f, 2.0f, 1.3f,  4.9f, 2.0f, -0.4f, 1.1f,
    2.2f, 2.5f, -3.1f, 0.8f, 1.9f, -1.0f, 0.2f, 0.7f, 0.1f,  0.6f
};

/* The lecture's example: scores of cat, car and frog for three pictures; losses 2.9, 0 and 12.9. */
START_TEST(lecture)
{
    static const float scores[] = { 3.2f, 5.1f, -1.7f, 1.3f, 4.9f, 2.0f, 2.2f, 2.5f, -3.1f };
    static const int64_t label[] = { 0, 1, 2 };
    static const double expected[] = { 2.9, 0, 12.9 };
    int correct;
    for (int i = 0; i < 3; i++) {
        struct targets one = { .loss = LOSS_HINGE, .label = label + i };
        ck_assert_double_eq_tol(loss_run(scores + 3 * i, &one, 1, 3, NULL, &correct), expected[i],
                                1e-6);
        ck_assert_int_eq(correct, i == 1);
    }
    struct targets all = { .loss = LOSS_HINGE, .label = label };
    ck_assert_double_eq_tol(loss_run(scores, &all, 3, 3, NULL, &correct), (2.9 + 12.9) / 3, 1e-6);
    /* Softmax of the first: probabilities 0.13, 0.87, 0.00. */
    struct targets soft = { .label = label };
    ck_assert_double_eq_tol(loss_run(scores, &soft, 1, 3, NULL, &correct), -log(0.1301), 2e-3);
}
END_TEST

static double target_of(const struct targets *t, int i, int j)
{
    if (t->soft)
        return (double)t->soft[i * K + j];
    double l = t->label_b ? (double)t->lambda[i] : 1;
    double y = (t->label[i] == j) * l + (t->label_b && t->label_b[i] == j) * (1 - l);
    return (1 - (double)t->smoothing) * y + (double)t->smoothing / K;
}

static double by_formula(const struct targets *t, const float *s, bool taking_part[B])
{
    double loss = 0;
    int count = 0;
    for (int i = 0; i < B; i++) {
        const float *z = s + i * K;
        double sum = 0;
        taking_part[i] = t->label[i] >= 0 && (!t->weight || t->weight[i] > 0);
        if (!taking_part[i])
            continue;
        count++;
        for (int j = 0; j < K; j++)
            sum += exp((double)z[j]);
        for (int y = 0; y < K; y++) {
            double l = 0;
            for (int j = 0; j < K && t->loss == LOSS_HINGE; j++)
                l += j == y ? 0 : fmax(0, (double)z[j] - (double)z[y] + 1);
            if (t->loss == LOSS_CROSS_ENTROPY)
                l = -log(exp((double)z[y]) / sum);
            loss += target_of(t, i, y) * l;
        }
    }
    return loss / count;
}

START_TEST(formulas)
{
    static const int64_t label[B] = { 0, 4, 2, 3 }, other[B] = { 1, 4, 0, 2 },
                         unknown[B] = { 0, -1, 2, 3 };
    static const float lambda[B] = { 0.3f, 0.5f, 0.9f, 1 }, weight[B] = { 1, 1, 0, 1 };
    static const float soft[B * K] = { .2f, .2f, .2f, .2f, .2f, 1, 0,   0,   0,   0,
                                       0,   .5f, 0,   .5f, 0,   0, .1f, .2f, .3f, .4f };
    const struct targets rows[] = {
        { .label = label },
        { .label = label, .smoothing = 0.1f },
        { .label = label, .label_b = other, .lambda = lambda },
        { .label = label, .label_b = other, .lambda = lambda, .smoothing = 0.2f },
        { .label = label, .soft = soft },
        { .label = label, .weight = weight },
        { .label = unknown },
    };
    for (int kind = 0; kind < 2; kind++)
        for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
            struct targets t = rows[r];
            float gradient[B * K], moved[B * K];
            bool taking_part[B];
            t.loss = (enum loss_kind)kind;
            double loss = loss_run(logits, &t, B, K, gradient, NULL);
            ck_assert_double_eq_tol(loss, by_formula(&t, logits, taking_part), 1e-5);
            for (int i = 0; i < B * K; i++) {
                double h = 1e-2, ends[2];
                for (int side = 0; side < 2; side++) {
                    memcpy(moved, logits, sizeof(moved));
                    moved[i] += (float)(side ? h : -h);
                    ends[side] = by_formula(&t, moved, taking_part);
                }
                double slope = (ends[1] - ends[0]) / (2 * h);
                ck_assert_msg(fabs(slope - (double)gradient[i]) < 1e-4,
                              "loss %d, row %d: slope %g, gradient %g", kind, (int)r, slope,
                              (double)gradient[i]);
                if (!taking_part[i / K])
                    ck_assert_float_eq(gradient[i], 0);
            }
        }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("loss");
    tcase_add_test(cases, lecture);
    tcase_add_test(cases, formulas);
    return suite_run();
}
