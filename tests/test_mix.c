/*
 * Claim: mixup's lambda is Beta(alpha, alpha) and cutmix's that of the true area of timm's box, one
 * a batch or one a pair; the switch and `p` share the batches out as timm's Mixup does; a pair is
 * mixed to the formula from both sides, in float and in levels; dense labels are timm's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/mix.h"
#include "base/half.h"
#include "base/stat.h"
#include "model/loss.h"
#include "tests/scale.h"
#include "tests/suite.h"

static int try_open(struct mix **mix, const char *text, uint64_t seed, struct error *err)
{
    struct config *config;
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "a.yaml", err), 0);
    int rc = mix_open(mix, node_get(config_root(config), "mix"), seed, err);
    config_close(config);
    return rc;
}

static struct mix *must_open(const char *text, uint64_t seed)
{
    struct mix *mix;
    struct error err = { 0 };
    ck_assert_msg(try_open(&mix, text, seed, &err) == 0, "%s", err.message);
    return mix;
}

static double lambda_of(const struct mix *mix, uint64_t batch, uint64_t position, uint32_t epoch)
{
    return mix_draw(mix, batch, position, epoch, 32, 32).lambda;
}

START_TEST(per_batch_or_pair)
{
    struct mix *batch = must_open("mix: [mixup: {alpha: 0.4}]", 1);
    struct mix *pair = must_open("mix: [mixup: {alpha: 0.4, lambda: pair}]", 1);
    int equal = 0;
    for (uint64_t p = 0; p < 64; p += 2) {
        ck_assert_double_eq(lambda_of(batch, 5, p, 2), lambda_of(batch, 5, 0, 2));
        ck_assert_double_eq(lambda_of(pair, 5, p, 2), lambda_of(pair, 5, p + 1, 2));
        equal += lambda_of(pair, 5, p, 2) == lambda_of(pair, 5, p + 2, 2);
    }
    ck_assert_int_lt(equal, 3);
    ck_assert_double_ne(lambda_of(batch, 5, 0, 2), lambda_of(batch, 6, 0, 2));
    ck_assert_double_ne(lambda_of(batch, 5, 0, 2), lambda_of(batch, 5, 0, 3));
    mix_close(batch);
    mix_close(pair);
}
END_TEST

/* Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)). */
START_TEST(beta)
{
    static const double alphas[] = { 0.2, 1, 8 };
    static double x[100000];
    size_t n = (size_t)test_scaled(100000);
    for (int i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof(text), "mix: [mixup: {alpha: %g}]", alphas[i]);
        struct mix *mix = must_open(text, 3);
        for (size_t j = 0; j < n; j++)
            x[j] = lambda_of(mix, j, 0, 0);
        struct stat_summary s = stat_summarize(x, n);
        double variance = 1 / (4 * (2 * alphas[i] + 1));
        ck_assert_double_eq_tol(s.mean, 0.5, 5 * s.se);
        ck_assert_double_eq_tol(s.sd * s.sd, variance, 0.06 * variance);
        mix_close(mix);
    }
}
END_TEST

/* With probability 0.8 mixed, of those 0.3 by the second; the tails: each alone at 0 and 1. */
START_TEST(shares)
{
    static const struct {
        const char *text;
        double none, cut;
    } cases[] = {
        { "mix: [mixup: {p: 0.8}, cutmix: {p: 0.8, switch_prob: 0.3}]", 0.2, 0.24 },
        { "mix: [cutmix: {p: 0.8}, mixup: {p: 0.8, switch_prob: 0.3}]", 0.2, 0.56 },
        { "mix: [mixup, cutmix]", 0, 0.5 },
        { "mix: [mixup, cutmix: {switch_prob: 1}]", 0, 1 },
        { "mix: [cutmix, mixup: {switch_prob: 1}]", 0, 0 },
        { "mix: [cutmix: {p: 0}]", 1, 0 },
    };
    int n = test_scaled(100000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mix *mix = must_open(cases[i].text, 3);
        int count[3] = { 0 };
        for (int j = 0; j < n; j++)
            count[mix_draw(mix, (uint64_t)j, 0, 0, 32, 32).kind]++;
        double none = (double)count[MIX_NONE] / n, cut = (double)count[MIX_CUT] / n;
        ck_assert_double_eq_tol(none, cases[i].none,
                                1e-9 + 5 * sqrt(cases[i].none * (1 - cases[i].none) / n));
        ck_assert_double_eq_tol(cut, cases[i].cut,
                                1e-9 + 5 * sqrt(cases[i].cut * (1 - cases[i].cut) / n));
        mix_close(mix);
    }
}
END_TEST

/* Numbers from a million draws of timm's rand_bbox, written out again in Python, on 24 x 40 with
 * lambda uniform: mean and deviation of the corrected lambda, and mean left and top edge. */
START_TEST(boxes)
{
    enum { H = 24, W = 40 };
    struct mix *mix = must_open("mix: [cutmix: {alpha: 1}]", 3);
    size_t n = (size_t)test_scaled(100000);
    double *lambda = malloc(n * sizeof(double)), *x = malloc(n * sizeof(double)),
           *y = malloc(n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        struct mix_draw draw = mix_draw(mix, i, 0, 0, W, H);
        const struct rect *box = &draw.box;
        ck_assert_int_eq(draw.kind, MIX_CUT);
        ck_assert(box->x >= 0 && box->y >= 0 && box->width >= 0 && box->height >= 0);
        ck_assert(box->x + box->width <= W && box->y + box->height <= H);
        ck_assert_double_eq_tol(draw.lambda, 1 - box->width * box->height / (double)(W * H), 1e-12);
        lambda[i] = draw.lambda;
        x[i] = box->x;
        y[i] = box->y;
    }
    struct stat_summary s = stat_summarize(lambda, n);
    ck_assert_double_eq_tol(s.mean, 0.70262, 6 * s.se);
    ck_assert_double_eq_tol(s.sd, 0.18206, 0.01);
    s = stat_summarize(x, n);
    ck_assert_double_eq_tol(s.mean, 9.167, 6 * s.se);
    s = stat_summarize(y, n);
    ck_assert_double_eq_tol(s.mean, 5.504, 6 * s.se);
    free(lambda);
    free(x);
    free(y);
    mix_close(mix);
}
END_TEST

START_TEST(blend)
{
    enum { W = 19, H = 5, N = 3 * W * H };
    static const double lambdas[] = { 0, 0.25, 0.5, 0.9, 1 };
    struct output_form floats = { DTYPE_F32, LAYOUT_NCHW }, bytes = { DTYPE_U8, LAYOUT_NHWC };
    for (int l = 0; l < 5; l++) {
        struct mix_draw draw = { .kind = MIX_BLEND, .lambda = lambdas[l] };
        float a[N], b[N];
        uint8_t u[N], v[N];
        for (int i = 0; i < N; i++) {
            a[i] = (float)i;
            b[i] = (float)(100 - 3 * i);
            u[i] = (uint8_t)i;
            v[i] = (uint8_t)(i * 7);
        }
        uint16_t short_a[2][N], short_b[2][N];
        float small_a[N], small_b[N];
        for (int i = 0; i < N; i++) { /* exact in all types */
            small_a[i] = (float)(i % 90);
            small_b[i] = (float)(100 - i % 120);
        }
        half_from_floats(small_a, N, short_a[0]);
        half_from_floats(small_b, N, short_b[0]);
        bfloat_from_floats(small_a, N, short_a[1]);
        bfloat_from_floats(small_b, N, short_b[1]);
        mix_apply(&draw, &(struct output_form){ DTYPE_F16, LAYOUT_NCHW }, W, H, short_a[0],
                  short_b[0]);
        mix_apply(&draw, &(struct output_form){ DTYPE_BF16, LAYOUT_NCHW }, W, H, short_a[1],
                  short_b[1]);
        mix_apply(&draw, &floats, W, H, small_a, small_b);
        for (int k = 0; k < 2; k++) { /* the result is rounded once */
            uint16_t x[N], y[N];
            (k ? bfloat_from_floats : half_from_floats)(small_a, N, x);
            (k ? bfloat_from_floats : half_from_floats)(small_b, N, y);
            ck_assert_mem_eq(short_a[k], x, sizeof(x));
            ck_assert_mem_eq(short_b[k], y, sizeof(y));
        }
        mix_apply(&draw, &floats, W, H, a, b);
        mix_apply(&draw, &bytes, W, H, u, v);
        for (int i = 0; i < N; i++) {
            double x = i, y = 100 - 3 * i, k = lambdas[l];
            ck_assert_double_eq_tol((double)a[i], k * x + (1 - k) * y, 1e-4);
            ck_assert_double_eq_tol((double)b[i], k * y + (1 - k) * x, 1e-4);
            x = (uint8_t)i;
            y = (uint8_t)(i * 7);
            ck_assert_double_le(fabs(u[i] - (k * x + (1 - k) * y)), 0.502);
            ck_assert_double_le(fabs(v[i] - (k * y + (1 - k) * x)), 0.502);
        }
    }
}
END_TEST

/* Inside the box the partner's pixel, outside one's own, in every type and layout. */
START_TEST(swapped)
{
    enum { W = 300, H = 7, N = 3 * W * H };
    static const struct rect box_list[] = {
        { 0, 0, W, H }, { 17, 2, 260, 3 }, { 3, 1, 1, 1 }, { 5, 5, 0, 2 }, { 299, 6, 1, 1 }
    };
    static float a[N], b[N];
    static uint8_t u[N], v[N];
    for (size_t i = 0; i < sizeof(box_list) / sizeof(box_list[0]); i++)
        for (int layout = 0; layout < 2; layout++) {
            struct mix_draw draw = { .kind = MIX_CUT, .box = box_list[i] };
            for (int j = 0; j < N; j++) {
                a[j] = u[j] = (uint8_t)(j % 113);
                b[j] = v[j] = (uint8_t)(120 + j % 113);
            }
            mix_apply(&draw, &(struct output_form){ DTYPE_F32, (enum layout)layout }, W, H, a, b);
            mix_apply(&draw, &(struct output_form){ DTYPE_U8, (enum layout)layout }, W, H, u, v);
            for (int j = 0; j < N; j++) {
                int pixel = layout == LAYOUT_NCHW ? j % (W * H) : j / 3;
                int x = pixel % W, y = pixel / W;
                const struct rect *r = &box_list[i];
                bool in = x >= r->x && x < r->x + r->width && y >= r->y && y < r->y + r->height;
                ck_assert_int_eq(u[j], j % 113 + (in ? 120 : 0));
                ck_assert_int_eq(v[j], j % 113 + (in ? 0 : 120));
                ck_assert(a[j] == (float)u[j] && b[j] == (float)v[j]);
            }
        }
}
END_TEST

/* timm's: off = 0.1 / 5 = 0.02, on = 0.92; mixed by 0.7. The loss of the dense form is that of the
 * triples with smoothing. */
START_TEST(soft_labels)
{
    enum { B = 4, K = 5 };
    static const int64_t label[B] = { 1, 4, 2, -1 }, label_b[B] = { 3, 4, 0, -1 };
    static const float lambda[B] = { 0.7f, 0.25f, 1, 1 };
    float soft[B * K], logits[B * K], dense[B * K], sparse[B * K];
    for (int i = 0; i < B; i++)
        mix_soft_label(label[i], label_b[i], (double)lambda[i], 0.1, K, soft + i * K);
    static const float first[K] = { 0.02f, 0.65f, 0.02f, 0.29f, 0.02f };
    for (int j = 0; j < K; j++) {
        ck_assert_float_eq_tol(soft[j], first[j], 1e-6f);
        ck_assert_float_eq_tol(soft[K + j], j == 4 ? 0.92f : 0.02f, 1e-6f);
        ck_assert_float_eq_tol(soft[2 * K + j], j == 2 ? 0.92f : 0.02f, 1e-6f);
        ck_assert_float_eq(soft[3 * K + j], 0);
    }
    for (int i = 0; i < B * K; i++)
        logits[i] = (float)(i * 37 % 11) / 4;
    struct targets triples = {
        .label = label, .label_b = label_b, .lambda = lambda, .smoothing = 0.1f
    };
    struct targets whole = { .label = label, .label_b = label_b, .lambda = lambda, .soft = soft };
    int right[2];
    double a = softmax_cross_entropy(logits, &triples, B, K, sparse, &right[0]);
    double b = softmax_cross_entropy(logits, &whole, B, K, dense, &right[1]);
    ck_assert_double_eq_tol(a, b, 1e-6);
    ck_assert_double_gt(a, 0.5);
    ck_assert_int_eq(right[0], right[1]);
    for (int i = 0; i < B * K; i++)
        ck_assert_float_eq_tol(sparse[i], dense[i], 1e-6f);
}
END_TEST

static const struct {
    const char *text, *place, *message;
} refusals[] = {
    { "mix: [cutmixx]", "a.yaml:1", "mixup or cutmix" },
    { "mix:\n  - mixup: {alpha: 0}\n", "a.yaml:2", "alpha" },
    { "mix:\n  - mixup: {p: 1.5}\n", "a.yaml:2", "p is 1.5" },
    { "mix:\n  - mixup: {switch_prob: 0.5}\n", "a.yaml:2", "switch_prob" },
    { "mix:\n  - mixup\n  - cutmix: {switch_prob: -1}\n", "a.yaml:3", "switch_prob" },
    { "mix:\n  - mixup\n  - mixup\n", "a.yaml:3", "twice" },
    { "mix:\n  - mixup\n  - cutmix: {lambda: pair}\n", "a.yaml:3", "both must be the same" },
    { "mix: [mixup, cutmix, mixup]", "a.yaml:1", "at most two" },
    { "mix: {mixup: 1}", "a.yaml:1", "must be a list" },
};

START_TEST(refused)
{
    struct error err = { 0 };
    struct mix *mix;
    ck_assert_int_eq(try_open(&mix, refusals[_i].text, 0, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.place, refusals[_i].place), "%s", err.place);
    ck_assert_msg(strstr(err.message, refusals[_i].message), "%s", err.message);
}
END_TEST

START_TEST(nothing)
{
    struct error err = { 0 };
    struct mix *mix;
    ck_assert_int_eq(try_open(&mix, "a: 1", 0, &err), 0);
    ck_assert_ptr_null(mix);
    ck_assert_int_eq(try_open(&mix, "mix: []", 0, &err), 0);
    ck_assert_ptr_null(mix);
    json_t *json = mix_json(NULL, &err);
    ck_assert_uint_eq(json_array_size(json), 0);
    json_decref(json);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("mix");
    tcase_add_test(cases, per_batch_or_pair);
    tcase_add_test(cases, beta);
    tcase_add_test(cases, shares);
    tcase_add_test(cases, boxes);
    tcase_add_test(cases, blend);
    tcase_add_test(cases, swapped);
    tcase_add_test(cases, soft_labels);
    tcase_add_loop_test(cases, refused, 0, sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(cases, nothing);
    return suite_run();
}
