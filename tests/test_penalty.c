/*
 * Claim: penalties are the lecture's sums over the weights of linear and convolution layers, no bias
 * and no norm among them whatever its rank, and their gradients are what central differences say.
 */
#include <math.h>
#include <string.h>

#include "base/config.h"
#include "tests/suite.h"
#include "train/penalty.h"

static const char spec[] = "{name: line, input: [4, 1, 1], classes: 3, layers: ["
                           "{linear: {name: linear, out: 3}}, {layernorm: {name: norm}}]}";
enum { COUNT = 21, MATRIX = 12 };

static struct net *net;
static float *w, *g;

static void setup(void)
{
    struct config *config;
    struct error err = { 0 };
    size_t n;
    ck_assert_int_eq(config_parse(&config, spec, strlen(spec), "test", &err), 0);
    ck_assert_int_eq(net_open(&net, config_root(config), &err), 0);
    config_close(config);
    w = net_values(net, &n);
    g = net_gradients(net, &n);
    ck_assert_uint_eq(n, COUNT);
    for (int i = 0; i < COUNT; i++)
        w[i] = (float)(i - 5) / 4;
}

static void teardown(void)
{
    net_close(net);
}

static const struct penalty penalties[] = {
    { .l2 = 0.5 },
    { .l1 = 0.25 },
    { .elastic = 0.3, .beta = 0.7 },
    { .l2 = 0.1, .l1 = 0.2, .elastic = 0.3, .beta = 2 },
};

static double by_hand(const struct penalty *p)
{
    double sum = 0;
    for (int i = 0; i < MATRIX; i++) {
        double x = (double)w[i];
        sum += p->l2 * x * x + p->l1 * fabs(x) + p->elastic * (p->beta * x * x + fabs(x));
    }
    return sum;
}

START_TEST(sums)
{
    memset(g, 0, COUNT * sizeof(*g));
    ck_assert(penalty_counts(&penalties[_i]));
    ck_assert_double_eq_tol(penalty_add(&penalties[_i], net), by_hand(&penalties[_i]), 1e-12);
    for (int i = 0; i < COUNT; i++) {
        const float h = 0.0078125f, at = w[i];
        w[i] = at + h;
        double above = by_hand(&penalties[_i]);
        w[i] = at - h;
        double below = by_hand(&penalties[_i]);
        w[i] = at;
        /* Symmetric about 0, where the slope of |w| is taken as 0. */
        ck_assert_double_eq_tol((double)g[i], (above - below) / (2 * (double)h), 1e-6);
    }
}
END_TEST

START_TEST(adds)
{
    struct penalty none = { 0 };
    for (int i = 0; i < COUNT; i++)
        g[i] = 1;
    ck_assert(!penalty_counts(&none));
    ck_assert_double_eq(penalty_add(&none, net), 0);
    for (int i = 0; i < COUNT; i++)
        ck_assert_float_eq(g[i], 1);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("penalty");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, sums, 0, sizeof(penalties) / sizeof(penalties[0]));
    tcase_add_test(cases, adds);
    return suite_run();
}
