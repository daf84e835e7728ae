#include "tests/shard_models.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "model/weights.h"

static const char *const specs[] = {
    "{name: slow, input: [3, 32, 32], classes: 3, layers: ["
    "{conv: {name: c1, out: 24, kernel: 3, padding: 1}}, relu,"
    "{conv: {name: c2, out: 24, kernel: 3, padding: 1}}, relu, global_avgpool,"
    "{linear: {name: linear, out: 3}}]}",
    "{name: other, input: [3, 24, 24], classes: 3, layers: ["
    "{conv: {name: c1, out: 4, kernel: 3, padding: 1}}, relu, global_avgpool,"
    "{linear: {name: linear, out: 3}}]}",
    "{name: noisy, input: [3, 24, 24], classes: 3, layers: ["
    "{conv: {name: c1, out: 8, kernel: 3}}, relu,"
    "global_avgpool, {dropout: {p: 0.5}}, {linear: {name: linear, out: 3}}]}",
};
static const char *const preprocess_specs[] = { "{size: 32}", "{size: 24, filter: bicubic}",
                                                "{size: 24}" };
enum { MODELS = sizeof(specs) / sizeof(specs[0]) };

static struct config *parse(const char *text)
{
    struct config *config;
    struct error err = { 0 };
    ck_assert_msg(config_parse(&config, text, strlen(text), "test", &err) == 0, "%s", err.message);
    return config;
}

static void write(const char *folder, int i)
{
    struct config *spec = parse(specs[i]), *pre = parse(preprocess_specs[i]);
    struct net *net;
    struct preprocess preprocess;
    struct error err = { 0 };
    char path[100];
    ck_assert_msg(net_open(&net, config_root(spec), &err) == 0, "%s", err.message);
    net_init(net, (uint64_t)i + 1);
    ck_assert_int_eq(preprocess_read(&preprocess, config_root(pre), &err), 0);
    snprintf(path, sizeof(path), "%s/%s.safetensors", folder, net_name(net));
    ck_assert_int_eq(weights_save(path, net, &preprocess, NULL, &err), 0);
    net_close(net);
    config_close(spec);
    config_close(pre);
}

void shard_models_make(const char *folder)
{
    for (int i = 0; i < MODELS; i++)
        write(folder, i);
}
