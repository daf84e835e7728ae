#include "tests/sweep_data.h"

#include <check.h>
#include <string.h>

#include "tests/scratch.h"
#include "tests/tiny.h"

struct space sweep_data_space;
const char *sweep_data_daemon;
static struct tiny data;

static const char base_config[] =
    "data: {batch: 16, threads: 1}\n"
    "augment:\n"
    "  - resize_short: 16\n"
    "  - center_crop: 16\n"
    "  - hflip\n"
    "  - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}\n"
    "model:\n"
    "  name: small\n"
    "  input: [3, 16, 16]\n"
    "  classes: 3\n"
    "  layers: [{conv: {name: conv1, out: 8, kernel: 3, padding: 1}}, {batchnorm: {name: bn1}},\n"
    "           relu, global_avgpool, {linear: {name: linear, out: 3}}]\n"
    "train: {log_every: 6, checkpoint_every: 0.1, threads: 1}\n"
    "eval: {resize: 16}\n"
    "tune:\n"
    "  space:\n"
    "    train.lr: {log_uniform: [1e-3, 1]}\n"
    "    train.weight_decay: {choice: [1e-4, 1e-5, 0]}\n";

struct config *sweep_data_config(const char *set)
{
    struct config *config;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, base_config, strlen(base_config), "test", &err), 0);
    if (set)
        ck_assert_msg(config_set(config, set, &err) == 0, "%s", err.message);
    return config;
}

void sweep_data_enter(void)
{
    struct error err = { 0 };
    scratch_enter();
    tiny_make(&data, &(struct tiny_shape){ 3, 96, 16, 16, 0 });
    struct config *config = sweep_data_config(NULL);
    const struct node *tune = node_get(config_root(config), "tune");
    ck_assert_msg(space_read(&sweep_data_space, node_get(tune, "space"), config, &err) == 0,
                  "%s: %s", err.place, err.message);
    config_close(config);
}

void sweep_data_leave(void)
{
    space_release(&sweep_data_space);
    tiny_remove(&data);
    scratch_leave();
}

struct sweep_options sweep_data_options(const struct config *config)
{
    return (struct sweep_options){
        .config = config,
        .folder = "out",
        .data = data.root,
        .val = data.root,
        .daemon = sweep_data_daemon,
        .seed = 7,
        .beat = 0.02,
        .patience = 1.5,
        .quiet = true,
    };
}

struct sweep_end sweep_data_run(const struct sweep_stage *stage)
{
    struct sweep *sweep;
    struct sweep_end end;
    struct error err = { 0 };
    struct config *config = sweep_data_config(NULL);
    struct sweep_options options = sweep_data_options(config);
    struct sweep_stage s = *stage;
    if (!s.space)
        s.space = &sweep_data_space;
    ck_assert_msg(sweep_open(&sweep, &options, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_msg(sweep_run(sweep, &s, 0, &end, &err) == 0, "%s: %s", err.place, err.message);
    sweep_close(sweep);
    config_close(config);
    return end;
}
