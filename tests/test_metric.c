/* Claim: right answers are counted as argmax counts them, unlabeled samples take no part, and the
 * shares, the interval and the NLL of a row are those of the counts. */
#include <math.h>

#include "eval/metric.h"
#include "tests/suite.h"

START_TEST(hits)
{
    static const struct {
        float p[4];
        int64_t label;
        int top;
        bool hit;
    } rows[] = {
        { { 0.1f, 0.6f, 0.2f, 0.1f }, 1, 1, true },
        { { 0.1f, 0.6f, 0.2f, 0.1f }, 2, 1, false },
        { { 0.1f, 0.6f, 0.2f, 0.1f }, 2, 2, true },
        { { 0.1f, 0.6f, 0.2f, 0.1f }, 0, 3, true },  /* of two equal ones the smaller class ... */
        { { 0.1f, 0.6f, 0.2f, 0.1f }, 3, 3, false }, /* ... comes first */
        { { 0.4f, 0.4f, 0.1f, 0.1f }, 0, 1, true },
        { { 0.4f, 0.4f, 0.1f, 0.1f }, 1, 1, false },
        { { 0.25f, 0.25f, 0.25f, 0.25f }, 3, 3, false },
        { { 0.25f, 0.25f, 0.25f, 0.25f }, 3, 4, true },
        { { 0.1f, 0.2f, 0.3f, 0.4f }, 0, 9, true },   /* more than there are classes */
        { { 0.1f, 0.2f, 0.3f, 0.4f }, -1, 4, false }, /* unknown */
        { { 0.1f, 0.2f, 0.3f, 0.4f }, 4, 4, false },  /* a class the network does not have */
        { { NAN, 0.2f, 0.3f, 0.4f }, 0, 1, false },
        { { NAN, NAN, NAN, NAN }, 0, 1, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(metric_hit(rows[i].p, rows[i].label, 4, rows[i].top) == rows[i].hit,
                      "row %zu", i);
}
END_TEST

/* Five samples: right, second, unlabeled, right, impossible label. */
static const float p[5][3] = { { 0.7f, 0.2f, 0.1f },
                               { 0.5f, 0.3f, 0.2f },
                               { 0.1f, 0.1f, 0.8f },
                               { 0.0f, 0.0f, 1.0f },
                               { 1.0f, 0.0f, 0.0f } };
static const int64_t label[5] = { 0, 1, -1, 2, 7 };

START_TEST(counts)
{
    ck_assert_uint_eq(metric_labeled(label, 5), 4);
    ck_assert_uint_eq(metric_correct(p[0], label, 5, 3, 1), 2);
    ck_assert_uint_eq(metric_correct(p[0], label, 5, 3, 2), 3);
    ck_assert_uint_eq(metric_correct(p[0], label, 0, 3, 1), 0);
    /* The last one costs the most that a sample can. */
    double nll = -(log(0.7f) + log(0.3f) + log(1.0) + log(1e-12)) / 4;
    ck_assert_double_eq_tol(metric_nll(p[0], label, 5, 3), nll, 1e-12);
    ck_assert(metric_nll(p[0], label + 2, 1, 3) == 0);
}
END_TEST

START_TEST(score)
{
    struct metric_score s = metric_score(p[0], label, 5, 3);
    ck_assert_uint_eq(s.labeled, 4);
    ck_assert_uint_eq(s.correct, 2);
    ck_assert_int_eq(s.top, 3);
    ck_assert_uint_eq(s.correct_top, 3);
    ck_assert(s.top1 == 0.5 && s.top5 == 0.75);
    /* The closed form of the interval at 2 of 4. */
    double z = 1.959963984540054, n = 4, center = (0.5 + z * z / (2 * n)) / (1 + z * z / n);
    double half = z * sqrt(0.25 / n + z * z / (4 * n * n)) / (1 + z * z / n);
    ck_assert_double_eq_tol(s.low, center - half, 1e-12);
    ck_assert_double_eq_tol(s.high, center + half, 1e-12);
    ck_assert(s.nll == metric_nll(p[0], label, 5, 3));

    struct metric_score none = metric_score(p[2], label + 2, 1, 3);
    ck_assert_uint_eq(none.labeled, 0);
    ck_assert(none.top1 == 0 && none.low == 0 && none.high == 1);
    static const float wide[7] = { 0.3f, 0.2f, 0.15f, 0.14f, 0.1f, 0.06f, 0.05f };
    static const int64_t sixth = 5, fifth = 4;
    ck_assert_int_eq(metric_score(wide, &fifth, 1, 7).top, METRIC_TOP);
    ck_assert_uint_eq(metric_score(wide, &fifth, 1, 7).correct_top, 1);
    ck_assert_uint_eq(metric_score(wide, &sixth, 1, 7).correct_top, 0);
}
END_TEST

START_TEST(changes)
{
    static const float after[5][3] = { { 0.2f, 0.7f, 0.1f },
                                       { 0.1f, 0.7f, 0.2f },
                                       { 0.8f, 0.1f, 0.1f },
                                       { 0.1f, 0.1f, 0.8f },
                                       { 0.0f, 0.0f, 1.0f } };
    uint64_t corrected, corrupted;
    metric_changes(p[0], after[0], label, 5, 3, &corrected, &corrupted);
    ck_assert_uint_eq(corrected, 1);
    ck_assert_uint_eq(corrupted, 1);
    metric_changes(p[0], p[0], label, 5, 3, &corrected, &corrupted);
    ck_assert_uint_eq(corrected + corrupted, 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("metric");
    tcase_add_test(cases, hits);
    tcase_add_test(cases, counts);
    tcase_add_test(cases, score);
    tcase_add_test(cases, changes);
    return suite_run();
}
