/*
 * Claim: batch normalization trains on the batch's statistics and keeps running ones, frozen it
 * trains on the running ones and leaves them alone, and re-estimation makes them the plain mean
 * over the batches that are shown, whatever they were before.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/rng.h"
#include "model/backprop.h"
#include "tests/suite.h"

enum { B = 8, C = 3, PLANE = 4 * 5, IMAGE = C * PLANE, BATCHES = 3 };

static struct net *open_net(const char *options)
{
    char text[300];
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    int length = snprintf(text, sizeof(text),
                          "{input: [3, 4, 5], classes: 2, layers: [{batchnorm: {name: n%s}}, "
                          "global_avgpool, {linear: {name: z, out: 2}}]}",
                          options);
    ck_assert_int_eq(config_parse(&config, text, (size_t)length, "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s", err.message);
    config_close(config);
    net_init(net, 1);
    return net;
}

static float *weight(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return net_weight(net, i)->value.data;
    ck_abort_msg("no weight %s", name);
}

static void fill(float *x, int batch)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "batchnorm", 0), (uint64_t)batch, 0);
    for (int i = 0; i < B * IMAGE; i++)
        x[i] = (float)(batch + i / PLANE % C + (1 + batch) * rng_normal(&rng));
}

struct bench {
    struct net *net;
    struct pool *pool;
    struct backprop *bp;
};

static struct bench open_bench(const char *options)
{
    struct bench b = { .net = open_net(options) };
    struct error err = { 0 };
    ck_assert_int_eq(pool_open(&b.pool, 2, &err), 0);
    ck_assert_int_eq(backprop_open(&b.bp, b.net, B, b.pool, &err), 0);
    return b;
}

static void close_bench(struct bench *b)
{
    backprop_close(b->bp);
    pool_close(b->pool);
    net_close(b->net);
}

static void step(struct bench *b, const float *x)
{
    static const int64_t label[B] = { 0, 1, 1, 0, 1, 0, 0, 1 };
    backprop_run(b->bp, x, B, &(struct targets){ .label = label }, NULL);
}

/* Mean and unbiased variance of channel c. */
static void statistics(const float *x, int c, double *mean, double *variance)
{
    double sum = 0, squares = 0, n = B * PLANE;
    for (int i = 0; i < B * IMAGE; i++)
        sum += i / PLANE % C == c ? (double)x[i] : 0;
    *mean = sum / n;
    for (int i = 0; i < B * IMAGE; i++)
        squares += i / PLANE % C == c ? ((double)x[i] - *mean) * ((double)x[i] - *mean) : 0;
    *variance = squares / (n - 1);
}

START_TEST(frozen)
{
    struct bench b = open_bench(", frozen: yes");
    static const float means[C] = { 0.5f, 1, -2 }, variances[C] = { 2, 0.5f, 3 };
    float *mean = weight(b.net, "n.running_mean"), *variance = weight(b.net, "n.running_var");
    float x[B * IMAGE];
    fill(x, 1);
    memcpy(mean, means, sizeof(means));
    memcpy(variance, variances, sizeof(variances));
    step(&b, x);
    ck_assert_mem_eq(mean, means, sizeof(means));
    ck_assert_mem_eq(variance, variances, sizeof(variances));
    const float *y = backprop_output(b.bp, 0);
    for (int i = 0; i < B * IMAGE; i++) {
        int c = i / PLANE % C;
        double expected = ((double)x[i] - (double)means[c]) / sqrt((double)variances[c] + 1e-5);
        ck_assert_double_eq_tol((double)y[i], expected, 1e-5);
    }
    close_bench(&b);
}
END_TEST

START_TEST(reestimated)
{
    struct bench b = open_bench("");
    float *mean = weight(b.net, "n.running_mean"), *variance = weight(b.net, "n.running_var");
    float x[BATCHES][B * IMAGE], trained[C];
    for (int k = 0; k < BATCHES; k++) {
        fill(x[k], k);
        step(&b, x[k]);
    }
    memcpy(trained, mean, sizeof(trained));
    for (int k = 0; k < BATCHES; k++)
        backprop_reestimate(b.bp, x[k], B, k + 1);
    for (int c = 0; c < C; c++) {
        double means = 0, variances = 0;
        for (int k = 0; k < BATCHES; k++) {
            double m, v;
            statistics(x[k], c, &m, &v);
            means += m / BATCHES;
            variances += v / BATCHES;
        }
        ck_assert_double_eq_tol((double)mean[c], means, 1e-5);
        ck_assert_double_eq_tol((double)variance[c], variances, 1e-4);
        /* Training's moving mean is something else. */
        ck_assert_double_gt(fabs((double)trained[c] - means), 0.01);
    }
    close_bench(&b);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("batchnorm");
    tcase_add_test(cases, frozen);
    tcase_add_test(cases, reestimated);
    return suite_run();
}
