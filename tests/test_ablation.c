/*
 * Claim: the numbers of every view and scale are those of the plain way (weigh, sum, take the
 * largest), for probabilities and logits, any weights, any split and any number of threads; and a
 * file without views says how to get them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/ablation.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { N = 150, K = 5, SCALES = 2, PER_SCALE = 4, V = SCALES * PER_SCALE };
static const char policy[] = "scales=224,256 crops=corners flip=no";

static float views[N][V][K];
static int64_t label[N];

static int fill(void *context, uint64_t first, size_t count, void *out, struct error *err)
{
    (void)context;
    (void)err;
    memcpy(out, (const float *)views + first, count * sizeof(float));
    return 0;
}

/* Labels are what most views lean to, so that there is something to correct and to corrupt. */
static void make_file(enum prediction_kind kind)
{
    struct error err = { 0 };
    struct prediction p;
    float weight[V];
    struct rng rng = rng_start(rng_derive(3, "sample", "views", 0), 0, 0);
    ck_assert_int_eq(prediction_init(&p, N, K, &err), 0);
    p.kind = kind;
    for (int i = 0; i < N; i++) {
        p.id[i] = i;
        p.label[i] = label[i] = i % 11 == 3 ? -1 : (int64_t)rng_below(&rng, K);
        for (int v = 0; v < V; v++) {
            float sum = 0;
            for (int c = 0; c < K; c++)
                sum += views[i][v][c] = (float)rng_uniform(&rng) + (c == label[i] ? 0.35f : 0);
            for (int c = 0; c < K && kind == PREDICTION_PROBS; c++)
                views[i][v][c] /= sum;
        }
        for (int c = 0; c < K; c++)
            p.values[i * K + c] = views[i][0][c];
    }
    for (int v = 0; v < V; v++)
        weight[v] = 1.0f / V;
    struct prediction_about about = { .count = N, .views = policy };
    struct prediction_views kept = { V, DTYPE_F32, weight, fill, NULL };
    ck_assert_int_eq(prediction_save("x", &p, &about, &kept, NULL, &err), 0);
    prediction_release(&p);
}

/* The class that a set of views (bits) takes, and -log p of the label. */
static bool plain_right(int i, unsigned set, const double *weight, enum prediction_kind kind,
                        double *nll)
{
    double x[K] = { 0 }, total = 0, p;
    for (int v = 0; v < V; v++) {
        if (!(set >> v & 1))
            continue;
        total += weight[v];
        for (int c = 0; c < K; c++)
            x[c] += weight[v] * views[i][v][c];
    }
    int best = 0;
    double sum = 0;
    for (int c = 0; c < K; c++) {
        best = x[c] > x[best] ? c : best;
        sum += exp(x[c] / total);
    }
    p = kind == PREDICTION_PROBS ? x[label[i]] / total : exp(x[label[i]] / total) / sum;
    *nll -= log(p);
    return best == label[i];
}

static void check_row(const struct ablation *a, const struct ablation_row *r, unsigned set,
                      const double *weight, enum prediction_kind kind,
                      const struct ablation_split *split)
{
    const unsigned all = (1u << V) - 1;
    double ones[V], nll = 0, none = 0;
    uint64_t correct = 0, without = 0, corrected = 0, corrupted = 0;
    for (int v = 0; v < V; v++)
        ones[v] = 1;
    const double *own = r->views == 1 ? ones : weight;
    for (int i = 0; i < N; i++) {
        if (label[i] < 0 || (split && (i % split->folds == split->fold) == split->others))
            continue;
        bool is = plain_right(i, all, weight, kind, &none);
        bool was = plain_right(i, all & ~set, weight, kind, &none);
        correct += plain_right(i, set, own, kind, &nll);
        without += was;
        corrected += is && !was;
        corrupted += was && !is;
    }
    ck_assert_uint_eq(r->correct, correct);
    ck_assert_uint_eq(r->without, without);
    ck_assert_uint_eq(r->corrected, corrected);
    ck_assert_uint_eq(r->corrupted, corrupted);
    ck_assert_double_eq_tol(r->nll, nll / (double)a->labeled, 1e-12);
}

static void check(const struct prediction_file *f, const double *weight,
                  const struct ablation_split *split, int threads)
{
    static const double equal[V] = { .125, .125, .125, .125, .125, .125, .125, .125 };
    struct error err = { 0 };
    struct ablation a;
    struct pool *pool;
    ck_assert_int_eq(pool_open(&pool, threads, &err), 0);
    ck_assert_msg(ablation_make(f, weight, split, pool, &a, &err) == 0, "%s", err.message);
    pool_close(pool);
    ck_assert_int_eq(a.views, V);
    ck_assert_int_eq(a.rows, V + SCALES);
    ck_assert_str_eq(a.row[1].name, "224 top right");
    ck_assert_str_eq(a.row[V + 1].name, "scale 256");
    for (int r = 0; r < a.rows; r++) {
        unsigned set = r < V ? 1u << r : 0xfu << (r - V) * PER_SCALE;
        ck_assert_int_eq(a.row[r].views, r < V ? 1 : PER_SCALE);
        check_row(&a, &a.row[r], set, weight ? weight : equal, f->prediction.kind, split);
    }
    ablation_release(&a);
}

START_TEST(as_the_plain_way)
{
    static const double weight[V] = { .3, .05, .1, .2, .05, .1, .05, .15 };
    static const struct ablation_split fold = { 1, 3, false }, rest = { 1, 3, true };
    struct error err = { 0 };
    struct prediction_file f;
    make_file(_i ? PREDICTION_LOGITS : PREDICTION_PROBS);
    ck_assert_msg(prediction_open(&f, "x", &err) == 0, "%s", err.message);
    for (int threads = 1; threads <= 3; threads += 2) {
        check(&f, NULL, NULL, threads);
        check(&f, weight, &fold, threads);
        check(&f, weight, &rest, threads);
    }
    prediction_close(&f);
}
END_TEST

START_TEST(likelihoods)
{
    static const struct ablation_split rest = { 2, 4, true };
    struct error err = { 0 };
    struct prediction_file f;
    uint64_t n, at = 0;
    make_file(PREDICTION_PROBS);
    ck_assert_int_eq(prediction_open(&f, "x", &err), 0);
    float *p = ablation_likelihoods(&f, &rest, &n, &err);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < N; i++) {
        if (label[i] < 0 || i % 4 == 2)
            continue;
        for (int v = 0; v < V; v++)
            ck_assert(p[(uint64_t)v * n + at] == views[i][v][label[i]]);
        at++;
    }
    ck_assert_uint_eq(at, n);
    free(p);
    prediction_close(&f);
    make_file(PREDICTION_LOGITS);
    ck_assert_int_eq(prediction_open(&f, "x", &err), 0);
    ck_assert_ptr_null(ablation_likelihoods(&f, NULL, &n, &err));
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    prediction_close(&f);
}
END_TEST

START_TEST(without_views)
{
    struct error err = { 0 };
    struct prediction p;
    struct prediction_file f;
    struct ablation a;
    struct pool *pool;
    struct prediction_about about = { .count = 1 };
    ck_assert_int_eq(prediction_init(&p, 1, 2, &err), 0);
    p.values[0] = 1;
    ck_assert_int_eq(prediction_save("x", &p, &about, NULL, NULL, &err), 0);
    prediction_release(&p);
    ck_assert_int_eq(prediction_open(&f, "x", &err), 0);
    ck_assert_int_eq(pool_open(&pool, 1, &err), 0);
    ck_assert_int_lt(ablation_make(&f, NULL, NULL, pool, &a, &err), 0);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "--keep-views"));
    pool_close(pool);
    prediction_close(&f);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("ablation");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_loop_test(cases, as_the_plain_way, 0, 2);
    tcase_add_test(cases, likelihoods);
    tcase_add_test(cases, without_views);
    return suite_run();
}
