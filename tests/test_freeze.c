/*
 * Claim: freezing weights changes no other weight's gradient, to the bit; nothing goes back through
 * what does not learn, wherever it joins what does; batch normalization whose weights are frozen
 * trains on its running statistics and leaves them alone; and remembering what the frozen beginning
 * makes of images changes nothing but that it is run once for each.
 */
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/rng.h"
#include "model/backprop.h"
#include "model/net_private.h"
#include "tests/suite.h"

enum { B = 6, IMAGE = 3 * 9 * 7 };

/* Frozen stem and branch; the branch joins what learns by every layer of several inputs. `still` is
 * how the stem's normalization computes when its weights are frozen. */
static const char branches[] =
    "{input: [3, 9, 7], classes: 3, layers: [{conv: {name: stem, out: 8, kernel: 3, padding: 1}}, "
    "{batchnorm: {name: norm, frozen: %s}}, {relu: {name: body}}, "
    "{conv: {name: branch, in: body, out: 8, kernel: 1}}, {relu: {name: side}}, "
    "{conv: {name: top, in: body, out: 8, kernel: 3, padding: 1}}, "
    "{batchnorm: {name: topnorm}}, {add: {name: sum, in: [side, topnorm]}}, "
    "{concat: {name: both, in: [sum, side]}}, {conv: {name: mix, out: 8, kernel: 1}}, "
    "{multiply: {name: gated, in: [mix, side]}}, {multiply: {name: again, in: [side, gated]}}, "
    "{shortcut: {out: 8, stride: 2}}, {dropout: {p: 0.3}}, global_avgpool, "
    "{linear: {name: head, out: 3}}]}";

static struct net *open_net(const char *still)
{
    char text[1200];
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    int length = snprintf(text, sizeof(text), branches, still);
    ck_assert_msg(config_parse(&config, text, (size_t)length, "test", &err) == 0, "%s: %s",
                  err.place, err.message);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    net_init(net, 3);
    return net;
}

static const struct weight *weight(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return net_weight(net, i);
    ck_abort_msg("no weight %s", name);
}

static float first(const struct net *net, const char *name)
{
    return ((const float *)weight(net, name)->value.data)[0];
}

static float gradient(const struct net *net, const char *name)
{
    return weight(net, name)->gradient[0];
}

/* The nodes that the loss's gradient reached. */
static void note(void *context, int node, const float *dy, size_t n)
{
    bool *reached = context;
    (void)dy;
    (void)n;
    reached[node] = true;
}

static void step(struct net *net, bool *reached)
{
    static const int64_t label[B] = { 0, 1, 2, 2, 1, 0 };
    static float x[B * IMAGE];
    struct backprop_watch watch = { .context = reached, .backward = note };
    struct backprop *bp;
    struct pool *pool;
    struct error err = { 0 };
    struct rng rng = rng_start(rng_derive(1, "sample", "freeze", 0), 0, 0);
    for (int i = 0; i < B * IMAGE; i++)
        x[i] = (float)rng_normal(&rng);
    ck_assert_int_eq(pool_open(&pool, 2, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, B, pool, &err), 0);
    backprop_watch(bp, &watch);
    backprop_run(bp, x, B, &(struct targets){ .label = label }, NULL);
    backprop_close(bp);
    pool_close(pool);
}

static bool is_zero(const struct weight *w)
{
    size_t n = tensor_count(&w->value);
    for (size_t i = 0; i < n; i++)
        if (w->gradient[i] != 0)
            return false;
    return true;
}

START_TEST(same_gradients)
{
    static const char *const frozen[] = { "stem.*", "norm.*", "branch.*" };
    enum { NODES = 16 };
    bool all[NODES] = { 0 }, some[NODES] = { 0 };
    struct net *free = open_net("yes"), *net = open_net("no");
    ck_assert_int_eq(net->count, NODES);
    for (size_t i = 0; i < sizeof(frozen) / sizeof(frozen[0]); i++)
        ck_assert_uint_gt(net_freeze(net, frozen[i], true), 0);
    ck_assert_uint_eq(net_freeze(net, "nothing", true), 0);
    step(free, all);
    step(net, some);
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i), *wf = net_weight(free, i);
        if (!w->trained)
            ck_assert_mem_eq(w->value.data, wf->value.data, tensor_bytes(&w->value));
        else if (w->frozen)
            ck_assert_msg(is_zero(w) && !is_zero(wf), "%s", w->name);
        else
            ck_assert_mem_eq(w->gradient, wf->gradient, tensor_bytes(&w->value));
    }
    for (int j = 0; j < NODES; j++) {
        ck_assert_msg(all[j], "%s", net->nodes[j].name);
        ck_assert_msg(some[j] == (j >= 5), "%s", net->nodes[j].name);
    }
    net_close(free);
    net_close(net);
}
END_TEST

/* A normalization of which only the shift is frozen takes the batch's statistics, unless all are
 * told not to. */
START_TEST(statistics)
{
    bool reached[16];
    struct net *half = open_net("no"), *whole = open_net("no"), *kept = open_net("no");
    net_freeze(half, "norm.bias", true);
    net_freeze(whole, "norm.*", true);
    net_freeze(whole, "topnorm.*", true);
    net_freeze(whole, "topnorm.*", false); /* thawed again */
    net_freeze_norm(kept, true);
    step(half, reached);
    step(whole, reached);
    step(kept, reached);
    ck_assert_float_ne(first(half, "norm.running_mean"), 0);
    ck_assert_float_eq(first(whole, "norm.running_mean"), 0);
    ck_assert_float_eq(first(whole, "norm.running_var"), 1);
    ck_assert_float_ne(first(whole, "topnorm.running_mean"), 0);
    ck_assert_float_eq(first(kept, "topnorm.running_mean"), 0);
    ck_assert_float_ne(gradient(kept, "topnorm.weight"), 0);
    net_close(half);
    net_close(whole);
    net_close(kept);
}
END_TEST

/* Even where nothing learns the loss is worked out. */
START_TEST(everything)
{
    bool reached[16] = { 0 };
    struct net *net = open_net("no");
    net_freeze(net, "*", true);
    step(net, reached);
    for (size_t i = 0; i < net_weights(net); i++)
        ck_assert(!net_weight(net, i)->trained || is_zero(net_weight(net, i)));
    net_close(net);
}
END_TEST

enum { SEEN = 9, ROUNDS = 5 };

/* Images that the first layer was run for. */
static void count(void *context, int node, const float *y, size_t n)
{
    (void)y;
    if (node == 0)
        *(size_t *)context += n / (8 * 9 * 7);
}

/* Batches of other images in other places, one of them twice in the same batch; where only some of
 * their features have room, or none, the result is still the same. */
START_TEST(remembered)
{
    static const struct {
        size_t bytes, least, most; /* images run */
    } rows[] = { { 1 << 20, SEEN, SEEN + 1 },
                 { 5 * 2 * 8 * 9 * 7 * sizeof(float), SEEN + 1, ROUNDS * B - 3 },
                 { 100, ROUNDS * B - 2, ROUNDS * B - 2 } };
    static float images[SEEN * IMAGE], x[B * IMAGE];
    static const int64_t label[B] = { 0, 1, 2, 2, 1, 0 };
    struct net *nets[2] = { open_net("no"), open_net("no") };
    struct backprop *bp[2];
    struct pool *pool;
    struct error err = { 0 };
    size_t run = 0, n;
    struct backprop_watch watch = { .context = &run, .forward = count };
    struct rng rng = rng_start(rng_derive(2, "sample", "freeze", 0), 0, 0);
    for (int i = 0; i < SEEN * IMAGE; i++)
        images[i] = (float)rng_normal(&rng);
    ck_assert_int_eq(pool_open(&pool, 2, &err), 0);
    for (int k = 0; k < 2; k++) {
        net_freeze(nets[k], "stem.*", true);
        net_freeze(nets[k], "norm.*", true);
        net_freeze(nets[k], "branch.*", true);
        ck_assert_int_eq(backprop_open(&bp[k], nets[k], B, pool, &err), 0);
    }
    ck_assert_int_eq(backprop_remember(bp[1], rows[_i].bytes, &err), 0);
    backprop_watch(bp[1], &watch);
    for (int r = 0; r < ROUNDS; r++) {
        double loss[2];
        int b = r == 3 ? B - 2 : B;
        for (int i = 0; i < b; i++) {
            int from = (7 * r + 4 * (i == 5 ? 0 : i)) % SEEN;
            memcpy(x + i * IMAGE, images + from * IMAGE, IMAGE * sizeof(*x));
        }
        for (int k = 0; k < 2; k++)
            loss[k] = backprop_run(bp[k], x, b, &(struct targets){ .label = label }, NULL);
        ck_assert_double_eq(loss[0], loss[1]);
        const float *g = net_gradients(nets[0], &n);
        ck_assert_mem_eq(g, net_gradients(nets[1], &n), n * sizeof(*g));
    }
    ck_assert_uint_ge(run, rows[_i].least);
    ck_assert_uint_le(run, rows[_i].most);
    for (int k = 0; k < 2; k++) {
        backprop_close(bp[k]);
        net_close(nets[k]);
    }
    pool_close(pool);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("freeze");
    tcase_add_test(cases, same_gradients);
    tcase_add_test(cases, statistics);
    tcase_add_test(cases, everything);
    tcase_add_loop_test(cases, remembered, 0, 3);
    return suite_run();
}
