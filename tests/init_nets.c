#include "tests/init_nets.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "model/net_private.h"

struct net *init_nets_open(const char *text)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    net_init(net, 7);
    return net;
}

struct net *init_nets_file(const char *path)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_open(&config, path, &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s", err.message);
    config_close(config);
    net_init(net, 7);
    return net;
}

const struct weight *init_nets_weight(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return net_weight(net, i);
    ck_abort_msg("no weight %s", name);
}

double init_nets_deviation(const struct weight *w)
{
    const float *x = w->value.data;
    size_t n = tensor_count(&w->value);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)n);
}
