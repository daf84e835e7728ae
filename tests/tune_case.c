#include "tests/tune_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { CLASSES = 3, TRAIN = 320, VAL = 80, SIDE = 24 };

static struct tiny images;

static const char common[] = "data: {batch: 8}\n"
                             "augment:\n"
                             "  - random_crop: {size: 20}\n"
                             "  - hflip\n"
                             "  - normalize: {mean: [0.55, 0.55, 0.49], std: [0.2, 0.2, 0.2]}\n"
                             "eval: {resize: 22}\n"
                             "tune: {lr_steps: 40, overfit_passes: 60}\n";

static const char *const nets[] = {
    [TUNE_CONV] = "model:\n"
                  "  name: conv\n"
                  "  input: [3, 20, 20]\n"
                  "  classes: 3\n"
                  "  layers: [{conv: {name: conv1, out: 8, kernel: 3, stride: 2}},\n"
                  "    {batchnorm: {name: bn1}}, {relu: {name: relu1}},\n"
                  "    {conv: {name: conv2, out: 8, kernel: 3}}, {batchnorm: {name: bn2}},\n"
                  "    {relu: {name: relu2}}, global_avgpool, {linear: {name: linear, out: 3}}]\n"
                  "train: {epochs: 6, lr: 0.05, weight_decay: 5e-4, nesterov: yes, warmup: 1,\n"
                  "  log_every: 5}\n",
    [TUNE_TWO_LAYER] = "model:\n"
                       "  name: two_layer\n"
                       "  input: [3, 20, 20]\n"
                       "  classes: 3\n"
                       "  layers: [{linear: {name: fc1, out: 32}}, {relu: {name: relu1}},\n"
                       "    {linear: {name: fc2, out: 3}}]\n"
                       "train: {epochs: 6, lr: 0.005, log_every: 5}\n",
    [TUNE_DEEP] = "model:\n"
                  "  name: deep\n"
                  "  input: [3, 20, 20]\n"
                  "  classes: 3\n"
                  "  init: kaiming_normal\n"
                  "  layers: [{maxpool: {kernel: 2}}, {linear: {name: fc1, out: 48}},\n"
                  "    {relu: {name: relu1}}, {linear: {name: fc2, out: 32}},\n"
                  "    {tanh: {name: tanh2}}, {dropout: {name: drop, p: 0.3}},\n"
                  "    {linear: {name: fc3, out: 3}}]\n"
                  "train: {epochs: 6, lr: 0.002, optimizer: adamw, label_smoothing: 0.1,\n"
                  "  log_every: 5}\n",
};

/* Image i under the class `label` of the folder `root`. */
static void put(const char *root, int i, int label)
{
    char from[128], folder[64], to[128];
    struct error err = { 0 };
    tiny_path(&images, i, from);
    snprintf(folder, sizeof(folder), "%s/%c", root, 'a' + label);
    snprintf(to, sizeof(to), "%s/%03d.png", folder, i);
    ck_assert_int_eq(file_make_folders(folder, &err), 0);
    ck_assert_int_eq(link(from, to), 0);
}

void tune_case_setup(void)
{
    scratch_enter();
    tiny_make(&images, &(struct tiny_shape){ CLASSES, TRAIN + VAL, SIDE, SIDE, 0 });
    struct rng rng = rng_start(rng_derive(1, "sample", "labels", 0), 0, 0);
    for (int i = 0; i < TRAIN + VAL; i++) {
        int label = i % CLASSES, other = (int)rng_below(&rng, CLASSES);
        put(i < TRAIN ? "true/train" : "true/val", i, label);
        put(i < TRAIN ? "shuffled/train" : "shuffled/val", i, other);
        put(i < TRAIN ? "off/train" : "off/val", i, i < TRAIN ? label : (label + 1) % CLASSES);
    }
}

void tune_case_teardown(void)
{
    tiny_remove(&images);
    scratch_leave();
}

struct config *tune_case_config(enum tune_net net, const char *const *sets, enum tune_labels labels)
{
    static const char *const folders[] = { "true", "shuffled", "off" };
    char text[2048], data[64];
    struct config *config;
    struct error err = { 0 };
    snprintf(text, sizeof(text), "%s%s", common, nets[net]);
    ck_assert_msg(config_parse(&config, text, strlen(text), "test", &err) == 0, "%s: %s", err.place,
                  err.message);
    for (int i = 0; i < 2; i++) {
        const char *part = i ? "val" : "train";
        snprintf(data, sizeof(data), "data.%s=%s/%s", part, folders[labels], part);
        ck_assert_int_eq(config_set(config, data, &err), 0);
    }
    for (; sets && *sets; sets++)
        ck_assert_msg(config_set(config, *sets, &err) == 0, "%s: %s", err.place, err.message);
    return config;
}
