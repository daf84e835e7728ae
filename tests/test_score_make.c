/*
 * Claim: a score is the same bits for any number of threads and any order of its files; its numbers
 * agree with each other; members are weighed and selected on declared samples or with a stamp;
 * votes, alternative labels and samples without a label count as they should.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/score_make.h"
#include "tests/suite.h"

enum { N = 400, K = 5, FILES = 3 };

static struct error err;
static float probs[FILES][N * K];
static int64_t label[N], id[N];
static uint8_t use[N];
static struct score_file files[FILES];
static struct pool *pool;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

/* Predictors of growing skill; samples 0, 10, .. have no label. */
static void setup(void)
{
    static const char *const names[FILES] = { "a", "b", "c" };
    struct rng rng = rng_start(rng_derive(9, "sample", "score", 0), 0, 0);
    for (int i = 0; i < N; i++) {
        label[i] = i % 10 ? (int64_t)rng_below(&rng, K) : -1;
        id[i] = 3 * i;
        use[i] = i % 4 == 1 ? SCORE_SELECTION : SCORE_REPORTED;
    }
    for (int f = 0; f < FILES; f++) {
        for (int i = 0; i < N; i++) {
            double sum = 0, p[K];
            for (int c = 0; c < K; c++) {
                p[c] = rng_uniform(&rng) * rng_uniform(&rng) + 1e-3;
                if (c == label[i])
                    p[c] += (0.4 + 0.2 * f) * rng_uniform(&rng);
                sum += p[c];
            }
            for (int c = 0; c < K; c++)
                probs[f][i * K + c] = (float)(p[c] / sum);
        }
        files[f] = (struct score_file){ .name = names[f],
                                        .file = names[f],
                                        .hash = "",
                                        .network = "net",
                                        .views = "",
                                        .kernels = "",
                                        .probs = probs[f],
                                        .parameters = 1000,
                                        .multiply_adds = 50 };
    }
    check(pool_open(&pool, 2, &err));
}

static void teardown(void)
{
    pool_close(pool);
}

static struct score_input input(void)
{
    return (struct score_input){
        .n = N, .k = K, .files = FILES, .file = files, .label = label, .id = id
    };
}

static struct score_options options(const struct score_wish *wish, int wishes)
{
    struct score_options o = score_defaults();
    o.pool = pool;
    o.rounds = 100;
    o.top = 2;
    o.wish = wish;
    o.wishes = wishes;
    return o;
}

static const struct score_wish mean_wish[] = { { SCORE_RULE_PROB, SCORE_WEIGHTS_UNIFORM, NULL } };

static struct score_result *make(const struct score_input *in, const struct score_options *o)
{
    struct score_result *r = NULL;
    check(score_make(in, o, &r, &err));
    return r;
}

static bool inside(struct interval x)
{
    return x.low <= x.value && x.value <= x.high;
}

START_TEST(adds_up)
{
    struct score_input in = input();
    struct score_options o = options(mean_wish, 1);
    struct score_result *r = make(&in, &o);
    ck_assert_uint_eq(r->n, N);
    ck_assert_uint_eq(r->labeled, N - N / 10);
    ck_assert(r->predictors == FILES + 1 && r->singles == FILES && r->ensembles == 1);
    for (int p = 0; p < r->predictors; p++) {
        const struct score_predictor *s = &r->predictor[p];
        uint64_t support = 0, correct = 0, cells = 0, bins = 0;
        for (int c = 0; c < K; c++) {
            support += s->classes[c].support;
            correct += s->classes[c].correct;
            for (int d = 0; d < K; d++)
                cells += s->confusion[c * K + d];
        }
        for (int b = 0; b < SCORE_BINS; b++)
            bins += s->raw.width[b].count;
        ck_assert(support == r->labeled && cells == r->labeled && bins == r->labeled);
        ck_assert_uint_eq(correct, s->correct);
        ck_assert(s->correct_top > s->correct && s->top == 2);
        ck_assert(inside(s->top1) && inside(s->topk) && inside(s->raw.nll) && inside(s->raw.ece) &&
                  inside(s->raw.brier) && inside(s->raw.ece_mass) && inside(s->raw.ece_class) &&
                  inside(s->aurc) && inside(s->f1) && inside(s->precision) && inside(s->recall));
        ck_assert(s->raw.nll.low < s->raw.nll.high && s->raw.ece_floor > 0);
        ck_assert(s->temperature > 0 && s->scaled.nll.value < s->raw.nll.value + 0.02);
        ck_assert_double_eq_tol(s->risk[SCORE_RISKS - 1].risk, 1 - s->top1.value, 1e-12);
        ck_assert_int_eq(s->mistakes, o.mistakes);
        for (int m = 0; m < s->mistakes; m++) {
            ck_assert(s->mistake[m].label == label[s->mistake[m].row]);
            ck_assert(s->mistake[m].id == id[s->mistake[m].row]);
            ck_assert(m == 0 || s->mistake[m].confidence <= s->mistake[m - 1].confidence);
        }
    }
    for (int p = 0; p < FILES; p++)
        ck_assert(r->predictor[p].correct <= r->predictor[r->best].correct);
    const struct score_ensemble *e = &r->ensemble[0];
    ck_assert(e->predictor == FILES && e->members == FILES && !e->optimistic);
    ck_assert_uint_eq(r->predictor[FILES].parameters, 3000);
    for (int m = 0; m < FILES; m++) {
        const struct score_without *x = &e->without[m];
        ck_assert_double_eq_tol(x->top1 + x->gain_top1.value, r->predictor[FILES].top1.value,
                                1e-12);
        ck_assert_double_eq_tol(x->nll - x->gain_nll.value, r->predictor[FILES].raw.nll.value,
                                1e-12);
        ck_assert(inside(x->gain_top1) && inside(x->gain_nll));
    }
    struct score_pair pair = score_pair_of(r, 0, FILES);
    ck_assert_double_eq_tol(pair.gain_top1.value,
                            r->predictor[FILES].top1.value - r->predictor[0].top1.value, 1e-12);
    ck_assert(inside(pair.gain_top1) && pair.bootstrap > 0 && pair.bootstrap <= 1);
    ck_assert(*r->optimistic == '\0');
    score_close(r);
}
END_TEST

/* The interval of every number of predictor p, in one list. */
static int list(const struct score_result *r, int p, struct interval *x)
{
    const struct score_predictor *s = &r->predictor[p];
    const struct interval all[] = {
        s->top1, s->topk,          s->raw.nll, s->raw.brier,  s->raw.ece,    s->raw.ece_mass,
        s->aurc, s->raw.ece_class, s->f1,      s->scaled.nll, s->scaled.ece, s->scaled.ece_class
    };
    memcpy(x, all, sizeof(all));
    return (int)(sizeof(all) / sizeof(all[0]));
}

static void check_same(const struct score_result *a, int p, const struct score_result *b, int q)
{
    struct interval x[16], y[16];
    int count = list(a, p, x);
    ck_assert_int_eq(list(b, q, y), count);
    for (int i = 0; i < count; i++)
        ck_assert_msg(x[i].value == y[i].value && x[i].low == y[i].low && x[i].high == y[i].high,
                      "number %d: %.17g and %.17g", i, x[i].value, y[i].value);
}

START_TEST(threads_and_order)
{
    static const struct score_wish wishes[] = {
        { SCORE_RULE_PROB, SCORE_WEIGHTS_UNIFORM, NULL },
        { SCORE_RULE_LOGPROB, SCORE_WEIGHTS_UNIFORM, NULL },
        { SCORE_RULE_PROB, SCORE_WEIGHTS_GREEDY, NULL },
        { SCORE_RULE_PROB, SCORE_WEIGHTS_NNLS, NULL },
        { SCORE_RULE_PROB, SCORE_WEIGHTS_LIKELIHOOD, NULL },
    };
    struct score_input in = input();
    in.use = use;
    in.selection_how = "every fourth";
    struct score_options o = options(wishes, 5);
    struct score_result *r = make(&in, &o);
    struct pool *one;
    check(pool_open(&one, 1, &err));
    o.pool = one;
    struct score_result *alone = make(&in, &o);
    for (int p = 0; p < r->predictors; p++)
        check_same(r, p, alone, p);
    struct score_file turned[FILES] = { files[2], files[0], files[1] };
    in.file = turned;
    struct score_result *other = make(&in, &o);
    for (int p = 0; p < FILES; p++)
        check_same(r, p, other, (p + 1) % FILES);
    for (int p = FILES; p < r->predictors; p++)
        check_same(r, p, other, p);
    ck_assert(!strcmp(r->predictor[r->best].name, other->predictor[other->best].name));
    for (int m = 0; m < FILES; m++)
        ck_assert(r->ensemble[3].weight[m] == other->ensemble[3].weight[(m + 1) % FILES]);
    pool_close(one);
    score_close(r);
    score_close(alone);
    score_close(other);
}
END_TEST

START_TEST(selection)
{
    static const struct score_wish greedy[] = { { SCORE_RULE_PROB, SCORE_WEIGHTS_GREEDY, NULL } };
    struct score_input in = input();
    struct score_options o = options(greedy, 1);
    struct score_result *r = NULL;
    ck_assert_int_eq(score_make(&in, &o, &r, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "--val-fold"));

    o.optimistic = true;
    r = make(&in, &o);
    ck_assert(r->ensemble[0].optimistic && r->selection.reported);
    ck_assert_ptr_nonnull(strstr(r->optimistic, "optimistic"));
    const struct score_ensemble *e = &r->ensemble[0];
    double sum = 0;
    for (int m = 0; m < e->members; m++)
        sum += e->weight[m];
    ck_assert_double_eq_tol(sum, 1, 1e-12);
    ck_assert(e->steps == o.greedy_steps && e->chosen >= 1 && e->chosen <= e->steps);
    /* Selected on the reported samples, the criterion is the NLL that is reported. */
    ck_assert_double_eq_tol(e->step[e->chosen - 1].criterion, r->predictor[FILES].raw.nll.value,
                            1e-6);
    ck_assert_double_eq_tol(e->step[e->chosen - 1].nll, r->predictor[FILES].raw.nll.value, 1e-6);
    ck_assert(e->step[0].distinct == 1 && e->step[0].multiply_adds == 50);
    score_close(r);

    o.optimistic = false;
    in.use = use;
    in.selection_how = "every fourth";
    r = make(&in, &o);
    ck_assert(!r->ensemble[0].optimistic && *r->optimistic == '\0');
    ck_assert_uint_eq(r->reported, N - N / 4);
    uint64_t chosen = 0;
    for (int i = 0; i < N; i++)
        chosen += label[i] >= 0 && use[i] == SCORE_SELECTION;
    ck_assert_uint_eq(r->selection.n, chosen);
    ck_assert_uint_eq(r->temperature.n, chosen);
    score_close(r);

    /* The same samples from another input. */
    struct score_input other = input(), reported = input();
    reported.selection = &other;
    reported.selection_how = "val.npy";
    r = make(&reported, &o);
    ck_assert_uint_eq(r->reported, N);
    ck_assert_uint_eq(r->selection.n, N - N / 10);
    ck_assert_double_eq_tol(r->ensemble[0].step[0].criterion, r->ensemble[0].step[0].nll, 1e-6);
    score_close(r);
}
END_TEST

START_TEST(given_weights)
{
    static const double only_b[FILES] = { 0, 3, 0 };
    const struct score_wish wish[] = { { SCORE_RULE_PROB, SCORE_WEIGHTS_GIVEN, only_b } };
    struct score_input in = input();
    struct score_options o = options(wish, 1);
    struct score_result *r = make(&in, &o);
    ck_assert(r->predictor[FILES].correct == r->predictor[1].correct);
    ck_assert_double_eq_tol(r->predictor[FILES].raw.nll.value, r->predictor[1].raw.nll.value, 1e-9);
    ck_assert_uint_eq(r->predictor[FILES].parameters, 1000);
    score_close(r);
}
END_TEST

START_TEST(votes)
{
    static int32_t answers[FILES][N];
    static const struct score_wish wish[] = { { SCORE_RULE_VOTE, SCORE_WEIGHTS_UNIFORM, NULL } };
    struct score_file voters[FILES];
    uint64_t expected = 0;
    for (int i = 0; i < N; i++) {
        int count[K] = { 0 }, best = 0;
        for (int f = 0; f < FILES; f++) {
            answers[f][i] = (i * (f + 3) + f) % K;
            count[answers[f][i]]++;
        }
        for (int c = 1; c < K; c++)
            best = count[c] > count[best] ? c : best;
        expected += best == label[i];
    }
    for (int f = 0; f < FILES; f++) {
        voters[f] = files[f];
        voters[f].kind = SCORE_VOTES;
        voters[f].probs = NULL;
        voters[f].votes = answers[f];
    }
    struct score_input in = input();
    in.file = voters;
    struct score_options o = options(wish, 1);
    struct score_result *r = make(&in, &o);
    ck_assert_uint_eq(r->predictor[FILES].correct, expected);
    ck_assert(!r->predictor[FILES].has_probs && r->predictor[0].kind == SCORE_VOTES);
    ck_assert(r->predictor[0].raw.nll.kind == INTERVAL_NONE && r->suspect_predictor == -1);
    ck_assert(score_pair_of(r, 0, FILES).gain_nll.kind == INTERVAL_NONE);
    ck_assert(inside(r->predictor[FILES].f1));
    score_close(r);

    const struct score_wish mean[] = { { SCORE_RULE_PROB, SCORE_WEIGHTS_UNIFORM, NULL } };
    o = options(mean, 1);
    ck_assert_int_eq(score_make(&in, &o, &r, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "vote"));

    /* The votes of predictors with probabilities are their answers. */
    in.file = files;
    o = options(wish, 1);
    r = make(&in, &o);
    ck_assert_int_eq(r->predictor[FILES].kind, SCORE_VOTES);
    ck_assert(r->predictor[FILES].correct > r->predictor[0].correct);
    score_close(r);
}
END_TEST

/* Every class but one is a label of every even sample: right but for that answer. */
START_TEST(alternative_labels)
{
    static uint64_t first[N + 1];
    static int32_t real[N * K];
    uint64_t total = 0, right = 0;
    for (int i = 0; i < N; i++) {
        const float *p = probs[0] + i * K;
        int best = 0;
        for (int c = 1; c < K; c++)
            best = p[c] > p[best] ? c : best;
        for (int c = 0; c < K - 1 && i % 2 == 0; c++)
            real[total++] = c;
        first[i + 1] = total;
        right += label[i] >= 0 && i % 2 == 0 && best != K - 1;
    }
    struct score_input in = input();
    in.real_first = first;
    in.real_label = real;
    struct score_options o = options(NULL, 0);
    struct score_result *r = make(&in, &o);
    ck_assert_uint_eq(r->predictor[0].real_labeled, N / 2 - N / 10);
    ck_assert_uint_eq(r->predictor[0].real_correct, right);
    score_close(r);
}
END_TEST

START_TEST(odd_sizes)
{
    struct score_input in = input();
    struct score_options o = options(mean_wish, 1);
    struct score_result *r = NULL;
    static int64_t unknown[N];
    for (int i = 0; i < N; i++)
        unknown[i] = -1;
    in.label = unknown;
    ck_assert_int_eq(score_make(&in, &o, &r, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    /* One sample, two samples, a label that no predictor has an output for. */
    in.label = label + 1;
    for (in.n = 1; in.n < 4; in.n++) {
        r = make(&in, &o);
        ck_assert_uint_eq(r->labeled, in.n);
        score_close(r);
    }
    static int64_t strange[2] = { K + 3, 1 };
    in.n = 2;
    in.label = strange;
    r = make(&in, &o);
    ck_assert_uint_eq(r->labeled, 2);
    ck_assert(r->predictor[0].correct <= 1 && isfinite(r->predictor[0].raw.nll.value));
    score_close(r);
    /* No bootstrap, one file. */
    in = input();
    in.files = 1;
    o.rounds = 0;
    o.wishes = 0;
    r = make(&in, &o);
    ck_assert(r->predictor[0].raw.nll.kind == INTERVAL_NONE && r->predictors == 1);
    score_close(r);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("score_make");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, adds_up);
    tcase_add_test(cases, threads_and_order);
    tcase_add_test(cases, selection);
    tcase_add_test(cases, given_weights);
    tcase_add_test(cases, votes);
    tcase_add_test(cases, alternative_labels);
    tcase_add_test(cases, odd_sizes);
    return suite_run();
}
