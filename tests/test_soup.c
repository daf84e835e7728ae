/*
 * Claim: a soup's weights are the mean of its members', its running statistics those of the images
 * whatever the members' were; it is the same bits for any number of threads and order of models;
 * greedy selection never ends below the best member; what cannot be averaged is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "eval/soup.h"
#include "model/weights.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static struct error err;
static struct tiny tiny;
static struct pool *pool;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

static void setup(void)
{
    tiny_make(&tiny, &(struct tiny_shape){ 3, 45, 20, 20, 1 });
    scratch_enter();
    check(pool_open(&pool, 2, &err));
}

static void teardown(void)
{
    pool_close(pool);
    scratch_leave();
    tiny_remove(&tiny);
}

static const char with_norm[] =
    "{name: small, input: [3, 20, 20], classes: 3, layers: [{conv: {name: c, out: 4, kernel: 3, "
    "bias: no}}, "
    "{batchnorm: {name: bn}}, relu, global_avgpool, {linear: {name: linear, out: 3}}]}";
static const char without_norm[] =
    "{name: small, input: [3, 20, 20], classes: 3, layers: [{conv: {name: c, out: 4, kernel: 3}}, "
    "relu, global_avgpool, {linear: {name: linear, out: 3}}]}";

static float *values_of(const struct net *net, const char *name, size_t *n)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (strcmp(w->name, name) != 0)
            continue;
        *n = tensor_count(&w->value);
        return w->value.data;
    }
    ck_abort_msg("no %s", name);
}

/* A network of other weights for each seed; its running variance is `variance`, the
 * short side that it looks at `resize`. */
static void save(const char *path, const char *spec, uint64_t seed, float variance, int resize)
{
    struct config *config;
    struct net *net;
    struct preprocess pre;
    check(config_parse(&config, spec, strlen(spec), "net", &err));
    check(net_open(&net, config_root(config), &err));
    net_init(net, seed);
    if (spec == with_norm) {
        size_t n;
        float *x = values_of(net, "bn.running_var", &n);
        for (size_t i = 0; i < n; i++)
            x[i] = variance;
    }
    check(preprocess_read(&pre, NULL, &err));
    pre.size = 20;
    pre.resize = resize;
    check(weights_save(path, net, &pre, NULL, &err));
    net_close(net);
    config_close(config);
}

static struct soup make(const char *const *models, int count, struct pool *with, const char *select)
{
    struct soup s;
    struct soup_request r = { .models = models,
                              .count = count,
                              .statistics = tiny.root,
                              .select = select,
                              .pool = with,
                              .quiet = true };
    check(soup_make(&s, &r, &err));
    return s;
}

static void check_same(const struct soup *a, const struct soup *b)
{
    for (size_t i = 0; i < net_weights(a->members.nets[0]); i++) {
        const struct tensor *x = &net_weight(a->members.nets[0], i)->value;
        const struct tensor *y = &net_weight(b->members.nets[0], i)->value;
        ck_assert_mem_eq(x->data, y->data, tensor_bytes(x));
    }
}

static const char *const models[] = { "a.safetensors", "b.safetensors", "c.safetensors" };

START_TEST(mean)
{
    struct net *net[3];
    struct preprocess pre;
    for (int m = 0; m < 3; m++)
        save(models[m], with_norm, (uint64_t)m, 1, 20);
    struct soup s = make(models, 3, pool, NULL);
    for (int m = 0; m < 3; m++)
        check(model_open(&net[m], &pre, models[m], &err));
    static const char *const names[] = { "c.weight", "linear.weight", "linear.bias", "bn.weight" };
    for (size_t w = 0; w < 4; w++) {
        size_t n;
        const float *x[3], *found = values_of(s.members.nets[0], names[w], &n);
        for (int m = 0; m < 3; m++)
            x[m] = values_of(net[m], names[w], &n);
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq_tol(found[i], ((double)x[0][i] + x[1][i] + x[2][i]) / 3, 1e-7);
    }
    size_t n;
    const float *variance = values_of(s.members.nets[0], "bn.running_var", &n);
    for (size_t i = 0; i < n; i++)
        ck_assert(variance[i] > 0 && variance[i] != 1);
    check(soup_save(&s, "soup.safetensors", &err));
    struct net *again;
    check(model_open(&again, &pre, "soup.safetensors", &err));
    ck_assert_mem_eq(values_of(again, "bn.running_var", &n), variance, 4 * sizeof(float));
    net_close(again);

    /* Other threads, another order: the same soup. */
    struct pool *one;
    check(pool_open(&one, 1, &err));
    static const char *const turned[] = { "c.safetensors", "a.safetensors", "b.safetensors" };
    struct soup other = make(turned, 3, one, NULL);
    check_same(&s, &other);
    soup_release(&other);
    pool_close(one);
    soup_release(&s);
    for (int m = 0; m < 3; m++)
        net_close(net[m]);
}
END_TEST

START_TEST(statistics)
{
    save("a.safetensors", with_norm, 1, 1, 20);
    save("b.safetensors", with_norm, 1, 900, 20);
    save("c.safetensors", with_norm, 1, 7, 20);
    static const char *const first[] = { "a.safetensors", "b.safetensors" };
    static const char *const second[] = { "b.safetensors", "c.safetensors" };
    struct soup s = make(first, 2, pool, NULL), t = make(second, 2, pool, NULL);
    check_same(&s, &t);
    soup_release(&s);
    soup_release(&t);
}
END_TEST

START_TEST(greedy)
{
    for (int m = 0; m < 3; m++)
        save(models[m], with_norm, (uint64_t)m + 5, 1, 20);
    struct soup s = make(models, 3, pool, tiny.root);
    ck_assert_uint_eq(s.labeled, 45);
    int members = 0;
    for (int m = 0; m < 3; m++) {
        ck_assert_uint_ge(s.best, s.correct[m]);
        members += s.in[m];
    }
    ck_assert(members >= 1 && s.select_hash[0]);
    soup_release(&s);
}
END_TEST

START_TEST(refusals)
{
    struct soup s;
    struct soup_request r = { .models = models, .count = 2, .pool = pool, .quiet = true };
    save("a.safetensors", with_norm, 1, 1, 20);
    save("b.safetensors", with_norm, 2, 1, 20);
    ck_assert_int_eq(soup_make(&s, &r, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "--data"));
    r.statistics = tiny.root;
    save("b.safetensors", without_norm, 2, 1, 20);
    ck_assert_int_eq(soup_make(&s, &r, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "another network"));
    save("b.safetensors", with_norm, 2, 1, 24);
    ck_assert_int_eq(soup_make(&s, &r, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "preprocessing"));
    /* Without batch normalization no images are needed. */
    save("a.safetensors", without_norm, 1, 1, 20);
    save("b.safetensors", without_norm, 2, 1, 20);
    r.statistics = NULL;
    check(soup_make(&s, &r, &err));
    soup_release(&s);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("soup");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, mean);
    tcase_add_test(cases, statistics);
    tcase_add_test(cases, greedy);
    tcase_add_test(cases, refusals);
    return suite_run();
}
