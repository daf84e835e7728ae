/*
 * Claim: a bootstrap's draws belong to seed and round alone; measures of a resample are those of
 * the samples written out as often as they were drawn; a measure without a sample is that of the
 * others; intervals contain their value, and hold the truth about as often as they say.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/bootstrap.h"
#include "eval/ranking.h"
#include "eval/tally.h"
#include "tests/suite.h"

enum { N = 300, K = 4, ROUNDS = 400 };

static struct error err;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

/* Answers with confidences 0, 0.1 .. 1 (so that there are equal ones), right as often as they say.
 */
struct data {
    int32_t label[2 * N];
    struct answers answers;
};

static void make(struct data *d, uint64_t n, uint32_t epoch)
{
    struct rng rng = rng_start(rng_derive(3, "sample", "answers", 0), 0, epoch);
    check(answers_init(&d->answers, n, K, d->label, true, &err));
    for (uint64_t i = 0; i < n; i++) {
        d->label[i] = (int32_t)rng_below(&rng, K);
        d->answers.confidence[i] = (float)rng_below(&rng, 11) / 10;
        bool right = rng_uniform(&rng) < (double)d->answers.confidence[i];
        d->answers.predicted[i] = right ? d->label[i] : (d->label[i] + 1) % K;
        d->answers.nll[i] = rng_uniform(&rng) * rng_uniform(&rng);
    }
}

struct measures {
    double ece, ece_mass, aurc;
};

static struct measures measure(const struct answers *a)
{
    struct ranking r;
    check(ranking_open(&r, a, &err));
    struct ranking_measures m = ranking_measure(&r, NULL);
    struct measures all = { m.ece, m.ece_mass, ranking_aurc(&r, NULL) };
    ranking_close(&r);
    return all;
}

/* `to` gets sample i of `from` count[i] times. */
static void repeat(const struct data *from, const uint16_t *count, struct data *to)
{
    make(to, from->answers.n, 0);
    uint64_t at = 0;
    for (uint64_t i = 0; i < from->answers.n; i++) {
        for (int c = 0; c < count[i]; c++, at++) {
            to->label[at] = from->label[i];
            to->answers.confidence[at] = from->answers.confidence[i];
            to->answers.predicted[at] = from->answers.predicted[i];
            to->answers.nll[at] = from->answers.nll[i];
        }
    }
    ck_assert_uint_eq(at, from->answers.n);
}

START_TEST(resamples)
{
    static struct data data, drawn;
    make(&data, N, 0);
    struct ranking r;
    struct tally t, u;
    check(ranking_open(&r, &data.answers, &err));
    check(tally_open(&t, K, &err));
    check(tally_open(&u, K, &err));
    for (int round = 0; round < 20; round++) {
        uint16_t count[N], in_order[N];
        bootstrap_draw(N, 7, round, count);
        repeat(&data, count, &drawn);
        ranking_sort(&r, count, in_order);
        struct ranking_measures found = ranking_measure(&r, in_order);
        struct measures expected = measure(&drawn.answers);
        ck_assert_double_eq_tol(found.ece, expected.ece, 1e-12);
        ck_assert_double_eq_tol(ranking_aurc(&r, in_order), expected.aurc, 1e-12);
        double sum = 0;
        for (int i = 0; i < N; i++)
            sum += drawn.answers.nll[i];
        ck_assert_double_eq_tol(bootstrap_sum(count, data.answers.nll, N), sum, 1e-10);
        tally_count(&t, data.label, data.answers.predicted, N, count);
        tally_count(&u, drawn.label, drawn.answers.predicted, N, NULL);
        ck_assert_mem_eq(t.of_class, u.of_class, K * sizeof(*t.of_class));
        answers_release(&drawn.answers);
    }
    tally_close(&t);
    tally_close(&u);
    ranking_close(&r);
    answers_release(&data.answers);
}
END_TEST

/* `out` is `data` without sample i. */
static void drop(const struct data *data, uint64_t i, struct data *out)
{
    make(out, data->answers.n - 1, 0);
    for (uint64_t from = 0, to = 0; from < data->answers.n; from++) {
        if (from == i)
            continue;
        out->label[to] = data->label[from];
        out->answers.confidence[to] = data->answers.confidence[from];
        out->answers.predicted[to++] = data->answers.predicted[from];
    }
}

START_TEST(without_one)
{
    static struct data data, rest;
    make(&data, N, 1);
    data.label[5] = K; /* a class that cannot be answered */
    struct ranking r;
    struct tally t, u;
    double ece[N], mass[N], aurc[N];
    struct tally_means without[N];
    check(ranking_open(&r, &data.answers, &err));
    ranking_leave_out(&r, ece, mass, aurc);
    check(tally_open(&t, K, &err));
    check(tally_open(&u, K, &err));
    tally_count(&t, data.label, data.answers.predicted, N, NULL);
    tally_leave_out(&t, data.label, data.answers.predicted, N, without);
    for (uint64_t d = 0; d < N; d++) {
        uint64_t i = r.order[d];
        drop(&data, i, &rest);
        struct measures expected = measure(&rest.answers);
        ck_assert_double_eq_tol(ece[d], expected.ece, 1e-12);
        ck_assert_double_eq_tol(aurc[d], expected.aurc, 1e-12);
        tally_count(&u, rest.label, rest.answers.predicted, N - 1, NULL);
        struct tally_means means = tally_means(&u);
        ck_assert_double_eq_tol(without[i].precision, means.precision, 1e-12);
        ck_assert_double_eq_tol(without[i].recall, means.recall, 1e-12);
        ck_assert_double_eq_tol(without[i].f1, means.f1, 1e-12);
        answers_release(&rest.answers);
    }
    tally_close(&t);
    tally_close(&u);
    ranking_close(&r);
    answers_release(&data.answers);
}
END_TEST

START_TEST(ends_of_the_bins)
{
    ck_assert_int_eq(calibration_bin(0), 0);
    ck_assert_int_eq(calibration_bin(1), SCORE_BINS - 1);
    ck_assert_int_eq(calibration_bin(nextafterf(1, 2)), SCORE_BINS - 1);
    ck_assert_int_eq(calibration_bin(0.2f), 3); /* 0.2f lies just above 3/15 */
    ck_assert_int_eq(calibration_bin(nextafterf(0.2f, 0)), 2);
    /* All wrong and sure of it: the error is 1, not 0. */
    static struct data data;
    make(&data, N, 0);
    for (int i = 0; i < N; i++) {
        data.answers.confidence[i] = 1;
        data.answers.predicted[i] = (data.label[i] + 1) % K;
    }
    struct measures m = measure(&data.answers);
    ck_assert(m.ece == 1 && m.ece_mass == 1 && m.aurc == 1);
    for (int i = 0; i < N; i++) {
        data.answers.confidence[i] = 0;
        data.answers.predicted[i] = data.label[i];
    }
    m = measure(&data.answers);
    ck_assert(m.ece == 1 && m.ece_mass == 1 && m.aurc == 0);
    answers_release(&data.answers);
}
END_TEST

struct record {
    uint64_t hash[ROUNDS];
};

static void remember(void *context, const uint16_t *count, int round, int worker)
{
    struct record *record = context;
    uint64_t total = 0, mixed = 0;
    (void)worker;
    for (uint64_t i = 0; i < N; i++) {
        total += count[i];
        mixed = mixed * 31 + count[i];
    }
    record->hash[round] = total == N ? mixed : 0;
}

START_TEST(draws)
{
    static struct record one, other;
    struct pool *pool;
    check(pool_open(&pool, 1, &err));
    check(bootstrap_run(N, ROUNDS, 5, pool, remember, &one, &err));
    pool_close(pool);
    check(pool_open(&pool, 3, &err));
    check(bootstrap_run(N, ROUNDS, 5, pool, remember, &other, &err));
    ck_assert_mem_eq(&one, &other, sizeof(one));
    for (int i = 1; i < ROUNDS; i++)
        ck_assert(one.hash[i] != 0 && one.hash[i] != one.hash[i - 1]);
    check(bootstrap_run(N, ROUNDS, 6, pool, remember, &other, &err));
    ck_assert(one.hash[0] != other.hash[0]);
    pool_close(pool);
}
END_TEST

/* Means of a skewed variable over 300 data sets of 60: about 95 in 100 intervals hold the truth.
 * The calibration error of a calibrated predictor is its floor on average. */
START_TEST(coverage)
{
    enum { SETS = 300, SIZE = 60 };
    static struct data data;
    int held = 0;
    double errors = 0, floors = 0;
    for (uint32_t set = 0; set < SETS; set++) {
        make(&data, SIZE, set + 10);
        double replicate[ROUNDS], ece[ROUNDS], mean = 0;
        struct ranking r;
        check(ranking_open(&r, &data.answers, &err));
        for (int round = 0; round < ROUNDS; round++) {
            uint16_t count[SIZE], in_order[SIZE];
            bootstrap_draw(SIZE, set, round, count);
            replicate[round] = bootstrap_sum(count, data.answers.nll, SIZE) / SIZE;
            ranking_sort(&r, count, in_order);
            ece[round] = ranking_measure(&r, in_order).ece;
        }
        for (int i = 0; i < SIZE; i++)
            mean += data.answers.nll[i] / SIZE;
        struct interval x = interval_bootstrap(
            mean, replicate, ROUNDS, interval_acceleration_of_mean(data.answers.nll, SIZE));
        ck_assert(x.low <= x.value && x.value <= x.high && x.kind == INTERVAL_BCA);
        held += x.low <= 0.25 && 0.25 <= x.high; /* the mean of a product of two uniforms */
        double without[SIZE], mass[SIZE], aurc[SIZE];
        ranking_leave_out(&r, without, mass, aurc);
        x = interval_bootstrap(ranking_measure(&r, NULL).ece, ece, ROUNDS,
                               interval_acceleration(without, SIZE));
        ck_assert(x.low <= x.value && x.value <= x.high);
        static struct score_calibration c;
        ranking_bins(&r, &c);
        errors += x.value / SETS;
        floors += c.ece_floor / SETS;
        ranking_close(&r);
        answers_release(&data.answers);
    }
    ck_assert_msg(held >= 0.90 * SETS && held <= 0.985 * SETS, "%d of %d", held, SETS);
    ck_assert_msg(fabs(floors / errors - 1) < 0.05, "%g, its floor %g", errors, floors);
}
END_TEST

START_TEST(degenerate)
{
    double same[ROUNDS], above[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        same[i] = 0.5;
        above[i] = 0.02 + 0.0001 * i;
    }
    struct interval x = interval_bootstrap(0.5, same, ROUNDS, 0);
    ck_assert(x.kind == INTERVAL_BCA && x.low == 0.5 && x.high == 0.5);
    x = interval_bootstrap(0.01, above, ROUNDS, 0);
    ck_assert(x.kind == INTERVAL_BASIC && x.low < 0 && x.high == 0.01);
    x = interval_bootstrap(0.3, NULL, 0, 0);
    ck_assert(x.kind == INTERVAL_NONE && x.low == 0.3 && x.high == 0.3);
    ck_assert(interval_acceleration(same, ROUNDS) == 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("bootstrap");
    tcase_add_test(cases, resamples);
    tcase_add_test(cases, without_one);
    tcase_add_test(cases, ends_of_the_bins);
    tcase_add_test(cases, draws);
    tcase_add_test(cases, coverage);
    tcase_add_test(cases, degenerate);
    return suite_run();
}
