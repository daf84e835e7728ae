/*
 * Claim: metrics, tests, intervals, temperatures, weights and suspects are those of scikit-learn,
 * SciPy and the definitions written out in golden/make_metrics.py: counts exactly, what is summed
 * in double within 1e-9, what goes through floats (classes' bins, temperature, log-probabilities)
 * within 1e-6, and optima of searches within what their search promises.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/npy.h"
#include "eval/fit.h"
#include "eval/greedy.h"
#include "eval/mixture.h"
#include "eval/paired.h"
#include "eval/ranking.h"
#include "eval/suspect.h"
#include "eval/tally.h"
#include "eval/temperature.h"
#include "tests/suite.h"

enum { P = 3 };

static json_t *golden;
static struct tensor probs, labels; /* (P,n,k), (n) */
static int n, k;
static int32_t *label;
static struct pool *pool;
static struct answers answers[P];
static struct class_gap *table[P];
static struct mixture_member member[P];
static struct error err;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

static const json_t *at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(value != NULL, "no %s", key);
    return value;
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(at(object, key));
}

static double item(const json_t *object, const char *key, int i)
{
    return json_number_value(json_array_get(at(object, key), (size_t)i));
}

static const json_t *predictor(int p)
{
    return json_array_get(at(golden, "predictors"), (size_t)p);
}

static struct mixture_rows rows_of(const struct mixture *m)
{
    return (struct mixture_rows){ m, NULL };
}

static void fill(int p)
{
    struct mixture m = { SCORE_RULE_PROB, k, 1, &member[p], NULL };
    struct mixture_rows rows = rows_of(&m);
    struct row_source source = { (uint64_t)n, k, mixture_source, &rows };
    check(answers_init(&answers[p], (uint64_t)n, k, label, true, &err));
    check(class_gap_open(&table[p], k, &err));
    check(answers_fill(&answers[p], &source, table[p], pool, &err));
    check(answers_share(&answers[p], &source, table[p], pool, &err));
}

static void setup(void)
{
    golden = json_read("tests/golden/metrics.json", &err);
    ck_assert_msg(golden != NULL, "%s: %s", err.place, err.message);
    check(npy_read("tests/golden/metrics_probs.npy", &probs, &err));
    check(npy_read("tests/golden/metrics_label.npy", &labels, &err));
    check(pool_open(&pool, 2, &err));
    n = (int)probs.shape[1];
    k = (int)probs.shape[2];
    label = calloc((size_t)n, sizeof(*label));
    ck_assert_ptr_nonnull(label);
    for (int i = 0; i < n; i++)
        label[i] = (int32_t)((const int64_t *)labels.data)[i];
    for (int p = 0; p < P; p++) {
        member[p].probs = (const float *)probs.data + (size_t)p * (size_t)n * (size_t)k;
        fill(p);
        member[p].votes = answers[p].predicted;
    }
}

static void teardown(void)
{
    for (int p = 0; p < P; p++) {
        answers_release(&answers[p]);
        class_gap_close(table[p]);
    }
    pool_close(pool);
    free(label);
    free(probs.data);
    free(labels.data);
    json_decref(golden);
}

static double mean(const double *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum / n;
}

START_TEST(shares)
{
    const json_t *expected = predictor(_i);
    const struct answers *a = &answers[_i];
    uint64_t correct = answers_within(a, 1);
    ck_assert_uint_eq(correct, (uint64_t)number(expected, "correct"));
    ck_assert_uint_eq(answers_within(a, 3), (uint64_t)number(expected, "top3"));
    struct interval wilson = interval_wilson(correct, a->n);
    ck_assert_double_eq_tol(wilson.low, item(expected, "wilson", 0), 1e-9);
    ck_assert_double_eq_tol(wilson.high, item(expected, "wilson", 1), 1e-9);
    ck_assert_double_eq_tol(mean(a->nll), number(expected, "nll"), 1e-9);
    /* scikit-learn divides rows by their sums, which in floats are not quite 1. */
    ck_assert_double_eq_tol(mean(a->nll), number(expected, "log_loss"), 1e-7);
    ck_assert_double_eq_tol(mean(a->brier), number(expected, "brier"), 1e-9);
}
END_TEST

START_TEST(calibration)
{
    const json_t *expected = predictor(_i);
    const struct answers *a = &answers[_i];
    struct ranking r;
    check(ranking_open(&r, a, &err));
    struct ranking_measures m = ranking_measure(&r, NULL);
    ck_assert_double_eq_tol(m.ece, number(expected, "ece"), 1e-9);
    ck_assert_double_eq_tol(m.ece_mass, number(expected, "ece_mass"), 1e-9);
    ck_assert_double_eq_tol(ranking_aurc(&r, NULL), number(expected, "aurc"), 1e-9);
    ranking_close(&r);

    double *of_class = calloc((size_t)k, sizeof(*of_class)), sum = 0;
    ck_assert_ptr_nonnull(of_class);
    double ece = class_gap_ece(table[_i], (uint64_t)n, of_class);
    for (int c = 0; c < k; c++) {
        ck_assert_double_eq_tol(of_class[c], item(expected, "class_ece", c), 1e-9);
        sum += of_class[c];
    }
    ck_assert_double_eq_tol(ece, sum / k, 1e-12);
    ck_assert_double_eq_tol(mean(a->class_gap), ece, 1e-12);
    free(of_class);
}
END_TEST

START_TEST(classes)
{
    const json_t *expected = predictor(_i);
    struct tally t;
    check(tally_open(&t, k, &err));
    tally_count(&t, label, answers[_i].predicted, (uint64_t)n, NULL);
    struct tally_means macro = tally_means(&t);
    ck_assert_double_eq_tol(macro.precision, item(expected, "macro", 0), 1e-9);
    ck_assert_double_eq_tol(macro.recall, item(expected, "macro", 1), 1e-9);
    ck_assert_double_eq_tol(macro.f1, item(expected, "macro", 2), 1e-9);
    for (int c = 0; c < k; c++) {
        struct tally_means m = tally_of_class(t.of_class[c]);
        ck_assert_double_eq_tol(m.precision, item(expected, "precision", c), 1e-9);
        ck_assert_double_eq_tol(m.recall, item(expected, "recall", c), 1e-9);
        ck_assert_double_eq_tol(m.f1, item(expected, "f1", c), 1e-9);
        const json_t *row = json_array_get(at(expected, "confusion"), (size_t)c);
        ck_assert_uint_eq(t.of_class[c].correct,
                          (uint32_t)json_integer_value(json_array_get(row, (size_t)c)));
    }
    tally_close(&t);
}
END_TEST

START_TEST(temperatures)
{
    const json_t *expected = predictor(_i);
    struct mixture m = { SCORE_RULE_PROB, k, 1, &member[_i], NULL };
    struct mixture_rows rows = rows_of(&m);
    struct row_source source = { (uint64_t)n, k, mixture_source, &rows };
    struct temperature_rows z;
    check(temperature_open(&z, &source, pool, &err));
    uint8_t *part = calloc((size_t)n, 1);
    ck_assert_ptr_nonnull(part);
    double t = 0;
    check(temperature_fit(&z, label, part, 0, pool, &t, &err));
    ck_assert_double_eq_tol(t / number(expected, "temperature"), 1, 1e-5);

    temperature_apply(&z, part, &t, pool);
    struct row_source after = { (uint64_t)n, k, temperature_row, &z };
    struct answers a;
    check(answers_init(&a, (uint64_t)n, k, label, true, &err));
    check(answers_fill(&a, &after, table[_i], pool, &err));
    ck_assert_double_eq_tol(mean(a.nll), number(expected, "scaled_nll"), 1e-6);
    ck_assert_uint_eq(answers_within(&a, 1), answers_within(&answers[_i], 1));
    answers_release(&a);
    free(part);
    temperature_close(&z);
}
END_TEST

START_TEST(suspects)
{
    const json_t *expected = at(predictor(_i), "suspects");
    struct mixture m = { SCORE_RULE_PROB, k, 1, &member[_i], NULL };
    struct mixture_rows rows = rows_of(&m);
    struct row_source source = { (uint64_t)n, k, mixture_source, &rows };
    struct score_suspect list[20];
    int count;
    uint64_t found;
    check(suspect_find(&source, &answers[_i], pool, list, 20, &count, &found, &err));
    ck_assert_uint_eq(found, (uint64_t)number(expected, "found"));
    ck_assert_int_eq(count, 20);
    for (int i = 0; i < count; i++) {
        ck_assert_uint_eq(list[i].row, (uint64_t)item(expected, "row", i));
        ck_assert_int_eq(list[i].suggested, (int)item(expected, "suggested", i));
        ck_assert_int_eq(list[i].label, label[list[i].row]);
    }
}
END_TEST

/* Gram matrix of the stacked probabilities, and their products with the labels. */
START_TEST(fitted_weights)
{
    const json_t *expected = at(golden, "weights");
    double gram[P * P], target[P] = { 0 }, w[P];
    for (int a = 0; a < P; a++) {
        for (int b = 0; b < P; b++) {
            gram[a * P + b] = 0;
            for (int i = 0; i < n * k; i++)
                gram[a * P + b] += (double)member[a].probs[i] * (double)member[b].probs[i];
        }
        for (int i = 0; i < n; i++)
            target[a] += (double)answers[a].p_label[i];
    }
    check(fit_nnls(gram, target, P, w, &err));
    for (int j = 0; j < P; j++)
        ck_assert_double_eq_tol(w[j], item(expected, "nnls", j), 1e-8);

    float *own = calloc((size_t)n * P, sizeof(*own));
    ck_assert_ptr_nonnull(own);
    for (int j = 0; j < P; j++)
        memcpy(own + (size_t)j * (size_t)n, answers[j].p_label, (size_t)n * sizeof(*own));
    check(fit_likelihood(own, (uint64_t)n, P, w, &err));
    double nll = 0;
    for (int i = 0; i < n; i++) {
        double p = 0;
        for (int j = 0; j < P; j++)
            p += w[j] * (double)own[j * n + i];
        nll -= log(p) / n;
    }
    ck_assert_double_eq_tol(nll, number(expected, "likelihood_nll"), 2e-7);
    for (int j = 0; j < P; j++)
        ck_assert_double_eq_tol(w[j], item(expected, "likelihood", j), 1e-3);

    struct greedy g;
    const json_t *path = at(golden, "greedy");
    int steps = (int)json_array_size(at(path, "step")), best = 0;
    check(greedy_select(own, (uint64_t)n, P, steps, &g, &err));
    for (int s = 0; s < steps; s++) {
        ck_assert_int_eq(g.step[s], (int)item(path, "step", s));
        ck_assert_double_eq_tol(g.nll[s], item(path, "nll", s), 1e-9);
        if (item(path, "nll", s) < item(path, "nll", best))
            best = s;
    }
    ck_assert_int_eq(g.chosen, best + 1);
    greedy_release(&g);
    free(own);
}
END_TEST

START_TEST(ensembles)
{
    static const enum score_rule rules[] = { SCORE_RULE_PROB, SCORE_RULE_LOGPROB, SCORE_RULE_VOTE };
    for (size_t r = 0; r < 3; r++) {
        struct mixture m = { rules[r], k, P, member, NULL };
        struct mixture_rows rows = rows_of(&m);
        struct row_source source = { (uint64_t)n, k, mixture_source, &rows };
        struct answers a;
        check(answers_init(&a, (uint64_t)n, k, label, true, &err));
        check(answers_fill(&a, &source, table[0], pool, &err));
        const char *name = score_rule_names[rules[r]];
        ck_assert_uint_eq(answers_within(&a, 1), (uint64_t)number(at(golden, "ensembles"), name));
        if (rules[r] == SCORE_RULE_PROB)
            ck_assert_double_eq_tol(mean(a.nll), number(golden, "mean_nll"), 1e-7);
        if (rules[r] == SCORE_RULE_LOGPROB)
            ck_assert_double_eq_tol(mean(a.nll), number(golden, "logprob_nll"), 1e-6);
        double share[64] = { 0 };
        for (int i = 0; i < n && rules[r] == SCORE_RULE_VOTE; i++)
            ck_assert_int_eq(mixture_vote(&m, (uint64_t)i, share), a.predicted[i]);
        answers_release(&a);
    }
}
END_TEST

START_TEST(pairs)
{
    int row = 0;
    for (int a = 0; a < P; a++) {
        for (int b = a + 1; b < P; b++, row++) {
            const json_t *expected = json_array_get(at(golden, "pairs"), (size_t)row);
            struct score_pair pair = paired_compare(&answers[a], &answers[b]);
            ck_assert_uint_eq(pair.only_a, (uint64_t)item(expected, "only", 0));
            ck_assert_uint_eq(pair.only_b, (uint64_t)item(expected, "only", 1));
            ck_assert_double_eq_tol(pair.mcnemar / number(expected, "p"), 1, 1e-9);
            ck_assert_double_eq_tol(pair.disagreement, number(expected, "disagreement"), 1e-12);
            ck_assert_double_eq_tol(pair.error_correlation, number(expected, "correlation"), 1e-9);
        }
    }
    const json_t *cases = at(golden, "mcnemar");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        double only_a = json_number_value(json_array_get(c, 0));
        double only_b = json_number_value(json_array_get(c, 1));
        double p = paired_mcnemar((uint64_t)only_a, (uint64_t)only_b);
        ck_assert_msg(fabs(p / json_number_value(json_array_get(c, 2)) - 1) < 1e-9,
                      "%g against %g: p = %.12g", only_a, only_b, p);
    }
}
END_TEST

START_TEST(bootstrap_intervals)
{
    const json_t *bca = at(golden, "bca"), *cases = at(bca, "cases");
    double x[100], without[100], replicates[1000];
    int size = (int)json_array_size(at(bca, "x"));
    for (int i = 0; i < size; i++)
        x[i] = item(bca, "x", i);
    for (size_t c = 0; c < json_array_size(cases); c++) {
        const json_t *expected = json_array_get(cases, c);
        int rounds = (int)json_array_size(at(expected, "replicates"));
        for (int i = 0; i < rounds; i++)
            replicates[i] = item(expected, "replicates", i);
        for (int i = 0; i < size; i++)
            without[i] = item(expected, "without", i);
        double acceleration = interval_acceleration(without, (uint64_t)size);
        if (c == 0)
            ck_assert_double_eq_tol(acceleration, interval_acceleration_of_mean(x, (uint64_t)size),
                                    1e-12);
        struct interval found =
            interval_bootstrap(number(expected, "value"), replicates, rounds, acceleration);
        ck_assert_int_eq(found.kind, INTERVAL_BCA);
        ck_assert_double_eq_tol(found.low, item(expected, "interval", 0), 1e-9);
        ck_assert_double_eq_tol(found.high, item(expected, "interval", 1), 1e-9);
    }
}
END_TEST

START_TEST(normal)
{
    const json_t *expected = at(golden, "normal");
    for (size_t i = 0; i < json_array_size(at(expected, "x")); i++)
        ck_assert_double_eq_tol(
            interval_normal(item(expected, "x", (int)i)) / item(expected, "cdf", (int)i), 1, 1e-12);
    for (size_t i = 0; i < json_array_size(at(expected, "p")); i++)
        ck_assert_double_eq_tol(interval_normal_quantile(item(expected, "p", (int)i)),
                                item(expected, "quantile", (int)i), 1e-12);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("metrics_golden");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, shares, 0, P);
    tcase_add_loop_test(cases, calibration, 0, P);
    tcase_add_loop_test(cases, classes, 0, P);
    tcase_add_loop_test(cases, temperatures, 0, P);
    tcase_add_loop_test(cases, suspects, 0, P);
    tcase_add_test(cases, fitted_weights);
    tcase_add_test(cases, ensembles);
    tcase_add_test(cases, pairs);
    tcase_add_test(cases, bootstrap_intervals);
    tcase_add_test(cases, normal);
    return suite_run();
}
