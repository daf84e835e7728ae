/*
 * Claim: six steps of every rule end where torch.optim's do (tests/golden/make_optimizers.py made
 * the numbers), with and without decay, clipping and spared vectors; a frozen tensor does not move
 * and its neighbors move as before; and a state that is carried over goes on as if nothing had
 * been.
 */
#include <math.h>
#include <string.h>

#include "base/config.h"
#include "base/json.h"
#include "tests/suite.h"
#include "train/optimizer.h"

enum { STEPS = 6, COUNT = 15, WEIGHTS = 12, CASES = 14 };

static const char spec[] = "{name: line, input: [4, 1, 1], classes: 3, layers: ["
                           "{linear: {name: linear, out: 3}}]}";

static float value(size_t k, double scale)
{
    return (float)(((double)(k * 7919 % 1009) / 1009 - 0.5) * scale);
}

static struct net *make_net(void)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    size_t n;
    ck_assert_int_eq(config_parse(&config, spec, strlen(spec), "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    float *w = net_values(net, &n);
    ck_assert_uint_eq(n, COUNT);
    for (size_t k = 0; k < n; k++)
        w[k] = value(k, 2);
    return net;
}

static double number(const json_t *map, const char *key, double otherwise)
{
    const json_t *found = json_object_get(map, key);
    return found ? json_number_value(found) : otherwise;
}

static struct optimizer_rule read_rule(const json_t *golden)
{
    const char *kind = json_string_value(json_object_get(golden, "kind"));
    int k = 0;
    while (optimizer_names[k] && strcmp(optimizer_names[k], kind) != 0)
        k++;
    ck_assert_msg(optimizer_names[k] != NULL, "%s", kind);
    struct optimizer_rule rule = optimizer_defaults((enum optimizer_kind)k);
    rule.momentum = number(golden, "momentum", rule.momentum);
    rule.alpha = number(golden, "alpha", rule.alpha);
    rule.beta1 = number(golden, "beta1", rule.beta1);
    rule.beta2 = number(golden, "beta2", rule.beta2);
    rule.eps = number(golden, "eps", rule.eps);
    rule.trust = number(golden, "trust", rule.trust);
    rule.weight_decay = number(golden, "weight_decay", rule.weight_decay);
    rule.nesterov = json_is_true(json_object_get(golden, "nesterov"));
    rule.spare_vectors = json_is_true(json_object_get(golden, "spare_vectors"));
    rule.clip_norm = number(golden, "clip_norm", 0);
    rule.clip_value = number(golden, "clip_value", 0);
    return rule;
}

static double step(struct optimizer *o, struct net *net, int number, double lr)
{
    size_t n;
    float *g = net_gradients(net, &n);
    for (size_t k = 0; k < n; k++)
        g[k] = value(1000 + (size_t)number * COUNT + k, 3);
    return optimizer_step(o, lr);
}

static json_t *goldens(void)
{
    struct error err = { 0 };
    json_t *all = json_read("tests/golden/optimizers.json", &err);
    ck_assert_msg(all != NULL, "%s", err.message);
    ck_assert_uint_eq(json_array_size(all), CASES);
    return all;
}

START_TEST(as_pytorch)
{
    json_t *all = goldens(), *golden = json_array_get(all, (size_t)_i);
    struct optimizer_rule rule = read_rule(golden);
    struct net *net = make_net();
    struct optimizer *o;
    struct error err = { 0 };
    size_t n;
    ck_assert_int_eq(optimizer_open(&o, net, &rule, &err), 0);
    for (int s = 0; s < STEPS; s++) {
        double norm = step(o, net, s, number(golden, "lr", 0));
        const json_t *norms = json_object_get(golden, "norms");
        ck_assert_double_eq_tol(norm, json_number_value(json_array_get(norms, (size_t)s)), 1e-6);
    }
    const float *w = net_values(net, &n);
    const json_t *weights = json_object_get(golden, "weights");
    ck_assert_uint_eq(json_array_size(weights), n);
    for (size_t k = 0; k < n; k++)
        ck_assert_msg(fabs((double)w[k] - json_number_value(json_array_get(weights, k))) < 2e-6,
                      "%s, value %zu: %.9g, not %.9g", optimizer_names[rule.kind], k, (double)w[k],
                      json_number_value(json_array_get(weights, k)));
    optimizer_close(o);
    net_close(net);
    json_decref(all);
}
END_TEST

/* w = w - lr d w first, then the step without decay: as AdamW, for the others. */
START_TEST(decoupled)
{
    struct optimizer_rule plain = optimizer_defaults(OPTIMIZER_SGD), decay = plain;
    struct error err = { 0 };
    struct net *a = make_net(), *b = make_net();
    struct optimizer *oa, *ob;
    size_t n;
    decay.decoupled = true;
    decay.weight_decay = 0.5;
    ck_assert_int_eq(optimizer_open(&oa, a, &plain, &err), 0);
    ck_assert_int_eq(optimizer_open(&ob, b, &decay, &err), 0);
    float *wa = net_values(a, &n), *wb = net_values(b, &n);
    for (int s = 0; s < STEPS; s++) {
        for (size_t k = 0; k < n; k++)
            wa[k] *= (float)(1 - 0.1f * 0.5);
        step(oa, a, s, 0.1);
        step(ob, b, s, 0.1);
    }
    ck_assert_mem_eq(wa, wb, n * sizeof(*wa));
    optimizer_close(oa);
    optimizer_close(ob);
    net_close(a);
    net_close(b);
}
END_TEST

START_TEST(frozen)
{
    struct optimizer_rule rule = optimizer_defaults(OPTIMIZER_ADAMW);
    struct error err = { 0 };
    struct net *net = make_net(), *free = make_net();
    struct optimizer *o, *of;
    size_t n;
    ck_assert_uint_eq(net_freeze(net, "nothing.*", true), 0);
    ck_assert_uint_eq(net_freeze(net, "*.weight", true), 1);
    ck_assert_int_eq(optimizer_open(&o, net, &rule, &err), 0);
    ck_assert_int_eq(optimizer_open(&of, free, &rule, &err), 0);
    for (int s = 0; s < STEPS; s++) {
        step(o, net, s, 0.1);
        step(of, free, s, 0.1);
    }
    const float *w = net_values(net, &n), *wf = net_values(free, &n);
    for (size_t k = 0; k < WEIGHTS; k++)
        ck_assert_float_eq(w[k], value(k, 2));
    ck_assert_mem_eq(w + WEIGHTS, wf + WEIGHTS, (n - WEIGHTS) * sizeof(*w));
    optimizer_close(o);
    optimizer_close(of);
    net_close(net);
    net_close(free);
}
END_TEST

START_TEST(carried_over)
{
    struct optimizer_rule rule = optimizer_defaults((enum optimizer_kind)_i);
    struct error err = { 0 };
    struct net *a = make_net(), *b = make_net();
    struct optimizer *oa, *ob;
    size_t n;
    ck_assert_int_eq(optimizer_open(&oa, a, &rule, &err), 0);
    for (int s = 0; s < 3; s++)
        step(oa, a, s, 0.05);
    ck_assert_int_eq(optimizer_open(&ob, b, &rule, &err), 0);
    struct optimizer_state from = optimizer_state(oa), to = optimizer_state(ob);
    ck_assert_int_eq(from.blocks, to.blocks);
    ck_assert_int_gt(from.blocks, 0);
    for (int i = 0; i < from.blocks; i++) {
        ck_assert_str_eq(from.name[i], to.name[i]);
        memcpy(to.block[i], from.block[i], from.n * sizeof(float));
    }
    optimizer_set_steps(ob, from.steps);
    float *wa = net_values(a, &n), *wb = net_values(b, &n);
    memcpy(wb, wa, n * sizeof(*wa));
    for (int s = 3; s < STEPS; s++) {
        step(oa, a, s, 0.05);
        step(ob, b, s, 0.05);
    }
    ck_assert_mem_eq(wa, wb, n * sizeof(*wa));
    optimizer_close(oa);
    optimizer_close(ob);
    net_close(a);
    net_close(b);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("optimizer");
    tcase_add_loop_test(cases, as_pytorch, 0, CASES);
    tcase_add_test(cases, decoupled);
    tcase_add_test(cases, frozen);
    tcase_add_loop_test(cases, carried_over, 0, OPTIMIZER_ADAMW + 1);
    return suite_run();
}
