#include "tests/small_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/file.h"
#include "model/weights.h"
#include "tests/suite.h"

struct tiny small_run_data;
char small_run_out[128];

static const char base_config[] =
    "data: {batch: 16}\n"
    "augment:\n"
    "  - resize_short: 24\n"
    "  - random_crop: {size: 20, padding: 1}\n"
    "  - hflip\n"
    "  - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}\n"
    "model:\n"
    "  name: small\n"
    "  input: [3, 20, 20]\n"
    "  classes: 3\n"
    "  layers: [{conv: {name: conv1, out: 8, kernel: 3, padding: 1}}, {batchnorm: {name: bn1}},\n"
    "           relu, {conv: {name: conv2, out: 8, kernel: 3, stride: 2}}, relu, global_avgpool,\n"
    "           {linear: {name: linear, out: 3}}]\n"
    "train: {epochs: 12, lr: 0.1, log_every: 1}\n"
    "eval: {resize: 22}\n";

void small_run_setup(void)
{
    tiny_make(&small_run_data, &(struct tiny_shape){ 3, 96, 32, 28, 1 });
    /* Beside the data: another folder there would be a class. */
    snprintf(small_run_out, sizeof(small_run_out), "%s-out", small_run_data.root);
}

void small_run_teardown(void)
{
    char command[200];
    snprintf(command, sizeof(command), "rm -rf %s", small_run_out);
    ck_assert_int_eq(system(command), 0);
    tiny_remove(&small_run_data);
}

static struct config *make_config(const char *const *sets)
{
    struct config *config;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, base_config, strlen(base_config), "test", &err), 0);
    for (; sets && *sets; sets++)
        ck_assert_msg(config_set(config, *sets, &err) == 0, "%s", err.message);
    return config;
}

int small_run(const char *const *sets, struct train_request request, struct train_result *result,
              struct error *err)
{
    struct config *config = make_config(sets);
    request.config = config;
    if (!request.data)
        request.data = small_run_data.root;
    request.out = small_run_out;
    request.quiet = true;
    int rc = train_run(&request, result, err);
    config_close(config);
    return rc;
}

bool small_run_has(const char *name)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", small_run_out, name);
    return file_exists(path);
}

void small_run_hash(const char *name, char hex[65])
{
    char path[200];
    struct net *net;
    struct preprocess pre;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", small_run_out, name);
    ck_assert_msg(model_open(&net, &pre, path, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_int_eq(model_hash(net, hex, &err), 0);
    net_close(net);
}
