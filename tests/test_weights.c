/*
 * Claim: weights come back from their file with the network and preprocessing they were saved with;
 * weights that do not fit are listed by name; and nothing hostile in the place of a weights file
 * gets further than one line.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/weights.h"
#include "tests/scale.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static struct net *net;

static struct net *open_net(const char *text)
{
    struct config *config;
    struct net *opened;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(net_open(&opened, config_root(config), &err) == 0, "%s", err.message);
    config_close(config);
    return opened;
}

static const char small[] =
    "{name: small, input: [3, 8, 8], classes: 2, layers: [{conv: {name: a, out: 4, kernel: 3}}, "
    "{batchnorm: {name: b}}, relu, global_avgpool, {linear: {name: z, out: 2}}]}";

static void setup(void)
{
    scratch_enter();
    net = open_net(small);
    net_init(net, 5);
}

static void teardown(void)
{
    net_close(net);
    scratch_leave();
}

static void save(const char *name, const struct net *from)
{
    struct preprocess p = {
        .size = 8,
        .resize = 9,
        .filter = FILTER_BICUBIC,
        .output = { .normalize = true, .mean = { .1, .2, .3 }, .std = { .4, .5, .6 } }
    };
    struct error err = { 0 };
    json_t *more = json_pack("{s:s}", "epoch", "3");
    ck_assert_msg(weights_save(name, from, &p, more, &err) == 0, "%s", err.message);
    json_decref(more);
}

START_TEST(round_trip)
{
    struct net *back;
    struct preprocess p;
    struct error err = { 0 };
    char a[65], b[65];
    save("w.safetensors", net);
    ck_assert_msg(model_open(&back, &p, "w.safetensors", &err) == 0, "%s", err.message);
    ck_assert_str_eq(net_name(back), "small");
    ck_assert(p.size == 8 && p.resize == 9 && p.filter == FILTER_BICUBIC);
    ck_assert_double_eq(p.output.mean[1], .2);
    ck_assert_double_eq(p.output.std[2], .6);
    ck_assert_int_eq(model_hash(net, a, &err), 0);
    ck_assert_int_eq(model_hash(back, b, &err), 0);
    ck_assert_str_eq(a, b);
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct tensor *x = &net_weight(net, i)->value, *y = &net_weight(back, i)->value;
        ck_assert_mem_eq(x->data, y->data, tensor_bytes(x));
    }
    net_init(back, 6);
    ck_assert_int_eq(model_hash(back, b, &err), 0);
    ck_assert_str_ne(a, b);
    net_close(back);
}
END_TEST

/* A mean image and a whitening come back with the weights; files in which the tables are not those
 * that the preprocessing names are refused. */
START_TEST(tables)
{
    enum { WIDTH = 9, HEIGHT = 7, D = 3 * 8 * 8 };
    static float mean[3 * WIDTH * HEIGHT], matrix[D * D], center[D];
    struct preprocess p = { .size = 8, .resize = 9 }, back_p;
    struct net *back;
    struct error err = { 0 };
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        mean[i] = (float)i;
    for (int i = 0; i < D * D; i++)
        matrix[i] = (float)(i % 101);
    for (int i = 0; i < D; i++)
        center[i] = (float)i / D;
    for (int c = 0; c < 3; c++)
        p.output.std[c] = 0.5;
    p.output.mean_image = true;
    p.tables =
        (struct output_tables){ .mean_image = mean, .mean_width = WIDTH, .mean_height = HEIGHT };
    ck_assert_int_eq(weights_save("mean.safetensors", net, &p, NULL, &err), 0);
    ck_assert_msg(model_open(&back, &back_p, "mean.safetensors", &err) == 0, "%s", err.message);
    ck_assert(back_p.output.mean_image && !back_p.output.whiten && !back_p.output.normalize);
    ck_assert_double_eq(back_p.output.std[1], 0.5);
    ck_assert(back_p.tables.mean_width == WIDTH && back_p.tables.mean_height == HEIGHT);
    ck_assert_mem_eq(back_p.tables.mean_image, mean, sizeof(mean));
    preprocess_release(&back_p);
    net_close(back);

    p.output.mean_image = false;
    p.output.whiten = true;
    p.tables = (struct output_tables){ .whitening = matrix, .center = center, .values = D };
    ck_assert_int_eq(weights_save("white.safetensors", net, &p, NULL, &err), 0);
    ck_assert_msg(model_open(&back, &back_p, "white.safetensors", &err) == 0, "%s", err.message);
    ck_assert(back_p.output.whiten && !back_p.output.normalize);
    ck_assert_uint_eq(back_p.tables.values, D);
    ck_assert_mem_eq(back_p.tables.whitening, matrix, sizeof(matrix));
    ck_assert_mem_eq(back_p.tables.center, center, sizeof(center));
    preprocess_release(&back_p);
    net_close(back);
}
END_TEST

START_TEST(tables_that_do_not_fit)
{
    enum { D = 3 * 8 * 8 };
    static float matrix[D * D], center[D];
    static const struct {
        const char *yaml, *says;
        int64_t d; /* of the whitening; 0: none */
        bool mean_image, broken;
    } cases[] = {
        { "output: whiten", "there is none", 0, false, false },
        { "output: whiten", "does not use", D, true, false },
        { "output: whiten", "3 values, pictures of 8 x 8 have 192", 3, false, false },
        { "output: whiten", "not finite", D, false, true },
        { "output: subtract_mean_image", "takes a tensor preprocess.mean_image", 0, false, false },
        { "output: normalize", "does not use", 0, true, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct preprocess p;
        struct net *back;
        struct error err = { 0 };
        char text[200];
        size_t count = net_weights(net), n = count;
        struct safetensors_item items[16];
        json_t *description = net_json(net, &err);
        char *spec = json_dumps(description, 0);
        for (size_t w = 0; w < count; w++)
            items[w] =
                (struct safetensors_item){ net_weight(net, w)->name, net_weight(net, w)->value };
        matrix[1] = cases[i].broken ? NAN : 1;
        int64_t d = cases[i].d;
        if (d) {
            items[n++] = (struct safetensors_item){ "preprocess.whitening",
                                                    { DTYPE_F32, 2, { d, d }, matrix } };
            items[n++] = (struct safetensors_item){ "preprocess.whitening_mean",
                                                    { DTYPE_F32, 1, { d }, center } };
        }
        if (cases[i].mean_image)
            items[n++] = (struct safetensors_item){ "preprocess.mean_image",
                                                    { DTYPE_F32, 3, { 3, 8, 8 }, matrix } };
        snprintf(text, sizeof(text), "{size: 8, %s}", cases[i].yaml);
        json_t *about = json_pack("{s:s, s:s}", "network", spec, "preprocess", text);
        ck_assert_int_eq(safetensors_write("t.safetensors", items, n, about, &err), 0);
        ck_assert_int_eq(model_open(&back, &p, "t.safetensors", &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_msg(strstr(err.place, "t.safetensors") && strstr(err.message, cases[i].says),
                      "%s: %s: %s", cases[i].yaml, err.place, err.message);
        json_decref(about);
        json_decref(description);
        free(spec);
    }
}
END_TEST

/* One tensor renamed, one of another shape, one too many: all in one message. */
START_TEST(lists)
{
    static const char yaml[] =
        "name: other\ninput: [3, 8, 8]\nclasses: 2\nlayers: [{conv: {name: c, out: 4, kernel: 3}}, "
        "relu, global_avgpool, {linear: {name: z, out: 2, bias: no}}]\n";
    struct net *back;
    struct preprocess p;
    struct error err = { 0 };
    char model[300];
    save("w.safetensors", net);
    ck_assert_int_eq(file_write("n.yaml", yaml, strlen(yaml), &err), 0);
    snprintf(model, sizeof(model), "%s=%s", "n.yaml", "w.safetensors");
    ck_assert_int_eq(model_open(&back, &p, model, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.place, "w.safetensors") &&
                      strstr(err.message, "1 missing: c.weight") &&
                      strstr(err.message, "6 unexpected") && strstr(err.message, "z.bias"),
                  "%s: %s", err.place, err.message);
    static const char wide[] =
        "name: other\ninput: [3, 8, 8]\nclasses: 2\nlayers: [{conv: {name: a, out: 5, kernel: 3}}, "
        "{batchnorm: {name: b}}, relu, global_avgpool, {linear: {name: z, out: 2}}]\n";
    ck_assert_int_eq(file_write("n.yaml", wide, strlen(wide), &err), 0);
    ck_assert_int_eq(model_open(&back, &p, model, &err), -1);
    ck_assert_msg(strstr(err.message, "misshaped: a.weight is F32[4,3,3,3], must be F32[5,3,3,3]"),
                  "%s", err.message);
}
END_TEST

START_TEST(not_weights)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } cases[] = {
        { "", 0, "bytes" },
        { "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", 64, "LFS" },
        { "PK\003\004 as torch.save writes it ......", 30, "PyTorch" },
        { "\x80\x02}q\0 a pickle of older days ...", 30, "PyTorch" },
        { "\x10\0\0\0\0\0\0\0{\"a\": 1}        ", 24, "a" },
        { "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10, "header" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net *back;
        struct preprocess p;
        struct error err = { 0 };
        ck_assert_int_eq(file_write("x", cases[i].bytes, cases[i].size, &err), 0);
        ck_assert_msg(model_open(&back, &p, "x", &err) == -1, "case %d", (int)i);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_msg(strstr(err.message, cases[i].says) && !strchr(err.message, '\n'),
                      "case %d: %s", (int)i, err.message);
    }
}
END_TEST

START_TEST(not_finite)
{
    struct net *back;
    struct preprocess p;
    struct error err = { 0 };
    ck_assert_ptr_null(weights_not_finite(net));
    const struct weight *w = net_weight(net, net_weights(net) - 1);
    ((float *)w->value.data)[1] = INFINITY;
    ck_assert_str_eq(weights_not_finite(net), w->name);
    save("w.safetensors", net);
    ck_assert_int_eq(model_open(&back, &p, "w.safetensors", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_str_eq(err.place, "w.safetensors");
    ck_assert_msg(strstr(err.message, w->name) != NULL, "%s", err.message);
}
END_TEST

/* What a file carries as its network is data, not somebody's config. */
START_TEST(no_network)
{
    struct safetensors_item item = { "a", { DTYPE_F32, 1, { 1 }, &(float){ 1 } } };
    struct net *back;
    struct preprocess p;
    struct error err = { 0 };
    json_t *about = json_pack("{s:s, s:s}", "network", "{name: [}", "preprocess", "{size: 8}");
    ck_assert_int_eq(safetensors_write("w", &item, 1, about, &err), 0);
    json_decref(about);
    ck_assert_int_eq(model_open(&back, &p, "w", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.place, "w (metadata `network`)"), "%s", err.place);
}
END_TEST

/* Cut anywhere, a byte changed anywhere: refused, or values of a network as ever. */
START_TEST(damaged)
{
    struct buffer whole = { 0 };
    struct error err = { 0 };
    struct rng rng = rng_start(rng_derive(1, "sample", "weights", 0), 0, 0);
    save("w.safetensors", net);
    ck_assert_int_eq(file_read("w.safetensors", FILE_LIMIT, &whole, &err), 0);
    for (int i = 0; i < test_scaled(300); i++) {
        struct net *back;
        struct preprocess p;
        size_t place = rng_below(&rng, whole.size);
        char old = whole.data[place];
        ck_assert_int_eq(file_write("cut", whole.data, place, &err), 0);
        ck_assert_int_eq(model_open(&back, &p, "cut", &err), -1);
        whole.data[place] = (char)rng_below(&rng, 256);
        ck_assert_int_eq(file_write("odd", whole.data, whole.size, &err), 0);
        err = (struct error){ 0 };
        if (model_open(&back, &p, "odd", &err) == 0)
            net_close(back);
        else
            ck_assert(err.message[0] && !strchr(err.message, '\n'));
        whole.data[place] = old;
    }
    buffer_release(&whole);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("weights");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, round_trip);
    tcase_add_test(cases, tables);
    tcase_add_test(cases, tables_that_do_not_fit);
    tcase_add_test(cases, lists);
    tcase_add_test(cases, not_finite);
    tcase_add_test(cases, no_network);
    tcase_add_test(cases, not_weights);
    tcase_add_test(cases, damaged);
    return suite_run();
}
