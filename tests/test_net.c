/*
 * Claim: a network's YAML gives the layers, shapes and names it says (the CIFAR ResNets those of
 * the published ones), its JSON gives the same network again, its initial values are Kaiming's and
 * depend on seed and name alone; and what is wrong in it is named by file and line.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/net.h"
#include "tests/suite.h"

static int try_open(struct net **net, const char *text, struct error *err)
{
    struct config *config;
    ck_assert_msg(config_parse(&config, text, strlen(text), "n.yaml", err) == 0, "%s",
                  err->message);
    int rc = net_open(net, config_root(config), err);
    config_close(config);
    return rc;
}

static struct net *must_open(const char *text)
{
    struct net *net;
    struct error err = { 0 };
    ck_assert_msg(try_open(&net, text, &err) == 0, "%s: %s", err.place, err.message);
    return net;
}

static struct net *from_file(const char *path)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_msg(config_open(&config, path, &err) == 0, "%s", err.message);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    return net;
}

static const struct weight *find(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return net_weight(net, i);
    ck_abort_msg("no weight %s", name);
}

/* Trained values: of layers 20 to 56 as in akamaster/pytorch_resnet_cifar10's table (0.27, 0.46,
 * 0.66, 0.85 million). */
START_TEST(cifar_resnets)
{
    static const struct {
        const char *path;
        size_t trained, tensors;
    } nets[] = {
        { "configs/models/cifar_resnet8.yaml", 75290, 37 },
        { "configs/models/cifar_resnet20.yaml", 269722, 97 },
        { "configs/models/cifar_resnet32.yaml", 464154, 157 },
        { "configs/models/cifar_resnet44.yaml", 658586, 217 },
        { "configs/models/cifar_resnet56.yaml", 853018, 277 },
        { "configs/models/cifar_resnet110.yaml", 1727962, 547 },
    };
    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
        struct net *net = from_file(nets[i].path);
        size_t n;
        net_values(net, &n);
        ck_assert_uint_eq(n, nets[i].trained);
        ck_assert_uint_eq(net_weights(net), nets[i].tensors);
        ck_assert_int_eq(net_classes(net), 10);
        const struct weight *w = find(net, "layer2.0.conv1.weight");
        ck_assert(w->value.shape[0] == 32 && w->value.shape[1] == 16 && w->value.shape[2] == 3);
        ck_assert(!find(net, "bn1.running_var")->trained);
        net_close(net);
    }
}
END_TEST

/* Every network of configs/models opens; trained values as torchvision counts them. */
START_TEST(published_sizes)
{
    static const struct {
        const char *name;
        size_t trained;
    } nets[] = {
        { "alexnet", 61100840 },          { "resnet18", 11689512 },
        { "resnet34", 21797672 },         { "resnet50", 25557032 },
        { "resnet101", 44549160 },        { "resnet152", 60192808 },
        { "resnext50_32x4d", 25028904 },  { "wide_resnet50_2", 68883240 },
        { "squeezenet1_1", 1235496 },     { "mobilenet_v2", 3504872 },
        { "mobilenet_v2_same", 3504872 }, { "wrn_16_4", 2748890 },
        { "wrn_28_10", 36479194 },        { "cifar_preresnet20", 269722 },
        { "cifar_preresnet56", 853018 },  { "cifar_preresnet110", 1727962 },
        { "two_layer", 308310 },
    };
    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
        char path[200];
        size_t n;
        snprintf(path, sizeof(path), "configs/models/%s.yaml", nets[i].name);
        struct net *net = from_file(path);
        net_values(net, &n);
        ck_assert_msg(n == nets[i].trained, "%s has %zu", nets[i].name, n);
        net_close(net);
    }
}
END_TEST

/* Torchvision's names, blocks that count from 1 on included. */
START_TEST(published_names)
{
    static const struct {
        const char *net, *weight;
        int64_t shape[4];
    } rows[] = {
        { "resnet18", "layer1.1.conv2.weight", { 64, 64, 3, 3 } },
        { "resnet50", "layer2.0.downsample.0.weight", { 512, 256, 1, 1 } },
        { "resnet50", "layer3.5.bn3.running_var", { 1024 } },
        { "resnext50_32x4d", "layer1.0.conv2.weight", { 128, 4, 3, 3 } },
        { "squeezenet1_1", "features.12.expand3x3.weight", { 256, 64, 3, 3 } },
        { "mobilenet_v2", "features.1.conv.0.0.weight", { 32, 1, 3, 3 } },
        { "mobilenet_v2", "features.17.conv.3.weight", { 320 } },
        { "alexnet", "features.0.weight", { 64, 3, 11, 11 } },
        { "wrn_28_10", "block3.layer.3.conv1.weight", { 640, 640, 3, 3 } },
        { "cifar_preresnet20", "layer2.2.bn2.weight", { 32 } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[200];
        snprintf(path, sizeof(path), "configs/models/%s.yaml", rows[i].net);
        struct net *net = from_file(path);
        const struct weight *w = find(net, rows[i].weight);
        ck_assert_msg(memcmp(w->value.shape, rows[i].shape, sizeof(rows[i].shape)) == 0, "%s",
                      w->name);
        net_close(net);
    }
}
END_TEST

START_TEST(json_again)
{
    struct net *net = from_file("configs/models/cifar_resnet8.yaml");
    struct error err = { 0 };
    json_t *json = net_json(net, &err);
    char *text = json_dumps(json, 0);
    struct net *again = must_open(text);
    ck_assert_uint_eq(net_weights(net), net_weights(again));
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *a = net_weight(net, i), *b = net_weight(again, i);
        ck_assert_str_eq(a->name, b->name);
        ck_assert_mem_eq(a->value.shape, b->value.shape, sizeof(a->value.shape));
    }
    ck_assert_uint_eq(net_multiply_adds(net), net_multiply_adds(again));
    free(text);
    json_decref(json);
    net_close(net);
    net_close(again);
}
END_TEST

static const char two[] =
    "{input: [3, 8, 8], classes: 2, layers: [{conv: {name: a, out: 64, kernel: "
    "3}}, {batchnorm: {name: n}}, {linear: {name: z, out: 2}}]}";
static const char three[] =
    "{input: [3, 8, 8], classes: 2, layers: [{conv: {name: b, out: 3, kernel: 1}}, {conv: {name: "
    "a, "
    "out: 64, kernel: 3}}, {batchnorm: {name: n}}, {linear: {name: z, out: 2}}]}";

START_TEST(initial_values)
{
    struct net *net = must_open(two), *more = must_open(three), *other = must_open(two);
    net_init(net, 1);
    net_init(more, 1);
    net_init(other, 2);
    const struct weight *a = find(net, "a.weight");
    const float *w = a->value.data;
    size_t n = tensor_count(&a->value);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)w[i];
        squares += (double)w[i] * (double)w[i];
    }
    /* Kaiming, fan out: variance 2 / (64 * 9). */
    ck_assert_double_eq_tol(sqrt(squares / (double)n), sqrt(2.0 / 576), 0.06 * sqrt(2.0 / 576));
    ck_assert_double_lt(fabs(sum / (double)n), 0.005);
    ck_assert_mem_eq(w, find(more, "a.weight")->value.data, n * sizeof(*w));
    ck_assert_mem_ne(w, find(other, "a.weight")->value.data, n * sizeof(*w));
    const struct weight *z = find(net, "z.weight");
    float limit = 0, bound = 1 / sqrtf(64 * 36);
    for (size_t i = 0; i < tensor_count(&z->value); i++)
        limit = fmaxf(limit, fabsf(((float *)z->value.data)[i]));
    ck_assert(limit <= bound && limit > 0.99f * bound);
    ck_assert_float_eq(((float *)find(net, "n.weight")->value.data)[3], 1);
    ck_assert_float_eq(((float *)find(net, "n.running_var")->value.data)[3], 1);
    net_close(net);
    net_close(more);
    net_close(other);
}
END_TEST

START_TEST(refused)
{
    static const char head[] = "input: [3, 8, 8]\nclasses: 2\nlayers:\n";
    static const struct {
        const char *layers, *place, *says;
    } cases[] = {
        { "  - covn: {out: 2}\n", "n.yaml:4", "did you mean conv?" },
        { "  - conv: {out: 2, kernl: 3}\n", "n.yaml:4", "kernel" },
        { "  - conv: {out: 2, kernel: 9}\n", "n.yaml:4", "conv" },
        { "  - conv: {out: 2, dilation: 4}\n", "n.yaml:4", "dilation 4 does not fit into 8x8" },
        { "  - conv: {out: 4, groups: 2}\n", "n.yaml:4", "groups is 2; it must divide" },
        { "  - conv: {out: 2, padding: 8, padding_mode: reflect}\n", "n.yaml:4",
          "reflect takes at most 7" },
        { "  - conv: {out: 2, padding: 1, padding_mode: same}\n", "n.yaml:4", "padding is 1" },
        { "  - conv: {name: a, out: 2}\n  - concat: {in: [a, input]}\n", "n.yaml:5",
          "joins 2x6x6 and 3x8x8" },
        { "  - conv: {out: 2}\n  - linear: {out: 3}\n", "n.yaml:5", "classes is 2" },
        { "  - conv: {out: 2}\n  - add: {in: [input, nobody]}\n", "n.yaml:5", "nobody" },
        { "  - {conv: {name: a, out: 2}}\n  - {conv: {name: a, out: 2}}\n", "n.yaml:5",
          "two layers are named a" },
        { "  - block: {use: none}\n", "n.yaml:4", "no block" },
        { "  - block: {use: b, times: 2000}\nblocks: {b: {layers: [relu]}}\n", "n.yaml:4",
          "times is 2000; must be" },
        { "  - relu\n  - {conv: {name: a, out: 4, in: input}}\n  - linear: {out: 2}\n", "n.yaml:4",
          "used by nobody" },
        { "  - block: {use: b, start: -1}\nblocks: {b: {layers: [relu]}}\n", "n.yaml:4",
          "start is -1; must be" },
        { "  - conv: {out: $n}\n", "n.yaml:4", "$n is not a parameter" },
        { "  []\n", "n.yaml", "no layers" },
        { "  - conv: {out: 2000000, kernel: 1}\n", "n.yaml:4", "out" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[400];
        struct net *net;
        struct error err = { 0 };
        snprintf(text, sizeof(text), "%s%s", head, cases[i].layers);
        ck_assert_msg(try_open(&net, text, &err) == -1, "case %d", (int)i);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strncmp(err.place, cases[i].place, strlen(cases[i].place)) == 0 &&
                          strstr(err.message, cases[i].says),
                      "case %d: %s: %s", (int)i, err.place, err.message);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("net");
    tcase_add_test(cases, cifar_resnets);
    tcase_add_test(cases, published_sizes);
    tcase_add_test(cases, published_names);
    tcase_add_test(cases, json_again);
    tcase_add_test(cases, initial_values);
    tcase_add_test(cases, refused);
    return suite_run();
}
