/*
 * Claim: the probabilities of a prediction are those of the plain way (decode, render each view,
 * run, softmax, weighted mean), the same bits for any number of threads, any range and any company
 * of other networks; what cannot be predicted is refused, and the same refusal comes out whatever
 * the threads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "augment/render.h"
#include "base/canvas.h"
#include "base/config.h"
#include "base/file.h"
#include "base/rng.h"
#include "eval/predict.h"
#include "loader/decode.h"
#include "model/infer.h"
#include "tests/suite.h"

enum { IMAGES = 37, CLASSES = 3, NETS = 4, MEAN_IMAGE = 2, WHITENED = 3 };

/* Square at the base size, square, wide, tall. */
static const int sizes[][2] = { { 32, 32 }, { 40, 40 }, { 51, 34 }, { 33, 60 } };

static const char *const specs[NETS] = {
    "{name: one, input: [3, 32, 32], classes: 3, layers: ["
    "{conv: {name: conv1, out: 6, kernel: 3, padding: 1}}, relu, global_avgpool,"
    "{linear: {name: linear, out: 3}}]}",
    "{name: two, input: [3, 24, 24], classes: 3, layers: ["
    "{conv: {name: conv1, out: 4, kernel: 3, padding: 1}}, relu, global_avgpool,"
    "{linear: {name: linear, out: 3}}]}",
    "{name: three, input: [3, 24, 24], classes: 3, layers: ["
    "{conv: {name: conv1, out: 4, kernel: 3, padding: 1}}, relu, global_avgpool,"
    "{linear: {name: linear, out: 3}}]}",
    "{name: four, input: [3, 8, 8], classes: 3, layers: [{linear: {name: linear, out: 3}}]}",
};
static const char *const preprocess_specs[NETS] = {
    "{size: 32, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4]}",
    "{size: 24, resize: 28, filter: bicubic}",
    "{size: 24, resize: 28, filter: bicubic, output: subtract_mean_image, std: [0.5, 0.6, 0.7]}",
    "{size: 8, resize: 9, output: whiten}",
};

static char root[] = "/tmp/tenfold-predict-XXXXXX";
static struct index *data;
static struct net *nets[NETS];
static struct preprocess preprocesses[NETS];

static void image_path(char *path, size_t size, int i)
{
    snprintf(path, size, "%s/%c/%02d.png", root, 'a' + i % CLASSES, i);
}

static void write_image(int i)
{
    struct error err = { 0 };
    const int *size = sizes[i % 4];
    uint8_t *pixels = malloc((size_t)size[0] * (size_t)size[1] * 3);
    struct rng rng = rng_start(rng_derive(7, "sample", "pixels", 0), (uint64_t)i, 0);
    for (int j = 0; j < size[0] * size[1] * 3; j++)
        pixels[j] = (uint8_t)rng_below(&rng, 256);
    struct image image = { pixels, size[0], size[1], (size_t)size[0] * 3 };
    char path[200];
    image_path(path, sizeof(path), i);
    ck_assert_msg(png_write(path, &image, &err) == 0, "%s", err.message);
    free(pixels);
}

static struct config *parse(const char *text)
{
    struct config *config;
    struct error err = { 0 };
    ck_assert_msg(config_parse(&config, text, strlen(text), "test", &err) == 0, "%s", err.message);
    return config;
}

/* Once, before the cases fork. */
static void make_data(void)
{
    struct error err = { 0 };
    ck_assert_ptr_nonnull(mkdtemp(root));
    for (int c = 0; c < CLASSES; c++) {
        char folder[200];
        snprintf(folder, sizeof(folder), "%s/%c", root, 'a' + c);
        ck_assert_int_eq(file_make_folders(folder, &err), 0);
    }
    for (int i = 0; i < IMAGES; i++)
        write_image(i);
}

static void remove_data(void)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

/* Everything but smooth, so that a table in the wrong place is noticed. */
static void make_tables(struct preprocess *p)
{
    enum { WIDTH = 28, HEIGHT = 26, VALUES = 3 * 8 * 8 };
    static float mean[3 * WIDTH * HEIGHT], matrix[VALUES * VALUES], center[VALUES];
    struct error err = { 0 };
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        mean[i] = (float)(i * 37 % 256);
    for (int i = 0; i < VALUES * VALUES; i++)
        matrix[i] = (float)(i * 29 % 31 - 15) / 40;
    for (int i = 0; i < VALUES; i++)
        center[i] = (float)(i % 7) / 7;
    struct tensor image = { DTYPE_F32, 3, { 3, HEIGHT, WIDTH }, mean };
    struct tensor w = { DTYPE_F32, 2, { VALUES, VALUES }, matrix };
    struct tensor m = { DTYPE_F32, 1, { VALUES }, center };
    if (p->output.mean_image)
        ck_assert_int_eq(output_take_mean_image(&p->tables, &image, "test", "t", &err), 0);
    if (p->output.whiten)
        ck_assert_int_eq(output_take_whitening(&p->tables, &w, &m, "test", "t", &err), 0);
}

/* Pictures of one size are whitened: not by `dense`, the last network is left out. */
static int nets_for(enum view_protocol views)
{
    return views == VIEWS_DENSE ? WHITENED : NETS;
}

static void setup(void)
{
    struct error err = { 0 };
    ck_assert_msg(index_open(&data, root, NULL, &err) == 0, "%s", err.message);
    for (int m = 0; m < NETS; m++) {
        struct config *net = parse(specs[m]), *pre = parse(preprocess_specs[m]);
        ck_assert_msg(net_open(&nets[m], config_root(net), &err) == 0, "%s", err.message);
        net_init(nets[m], (uint64_t)m);
        ck_assert_msg(preprocess_read(&preprocesses[m], config_root(pre), &err) == 0, "%s",
                      err.message);
        make_tables(&preprocesses[m]);
        config_close(net);
        config_close(pre);
    }
}

static void teardown(void)
{
    for (int m = 0; m < NETS; m++) {
        preprocess_release(&preprocesses[m]);
        net_close(nets[m]);
    }
    index_close(data);
}

static int try_predict(int models, int threads, struct predict_options options,
                       struct prediction *out, struct error *err)
{
    ck_assert_int_eq(pool_open(&options.pool, threads, err), 0);
    int status =
        predict(data, (const struct net *const *)nets, preprocesses, models, &options, out, err);
    pool_close(options.pool);
    return status;
}

static void must_predict(int models, int threads, struct predict_options options,
                         struct prediction *out)
{
    struct error err = { 0 };
    ck_assert_msg(try_predict(models, threads, options, out, &err) == 0, "%s: %s", err.place,
                  err.message);
}

static void same_rows(const struct prediction *a, uint64_t first, const struct prediction *b)
{
    size_t k = (size_t)a->k;
    ck_assert_int_eq(a->k, b->k);
    ck_assert_mem_eq(a->values + first * k, b->values, b->n * k * sizeof(float));
    ck_assert_mem_eq(a->label + first, b->label, b->n * sizeof(int64_t));
    ck_assert_mem_eq(a->id + first, b->id, b->n * sizeof(int64_t));
}

/* The plain way, for one sample of one network, every view straight to floats. */
static void plain_way(enum view_protocol protocol, int model, uint64_t id, double *p,
                      bool *weighted)
{
    static const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
    struct error err = { 0 };
    struct buffer bytes = { 0 };
    struct decoder *decoder;
    struct decode_info info;
    struct image image;
    struct renderer *renderer;
    struct infer *infer;
    struct view_list *views = malloc(sizeof(*views));
    int group = protocol == VIEWS_DENSE ? 1 : PREDICT_GROUP, place = (int)(id % (uint64_t)group);
    int x, y;
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    renderer_tables(renderer, &preprocesses[model].tables);
    ck_assert_int_eq(infer_open(&infer, nets[model], group, &err), 0);
    ck_assert_int_eq(index_read(data, id, &bytes, &err), 0);
    ck_assert_int_eq(decode_header(decoder, bytes.data, bytes.size, &info, &err), 0);
    struct rect all = { 0, 0, info.width, info.height };
    ck_assert_int_eq(decode_pixels(decoder, all, &image, &x, &y, &err), 0);
    ck_assert_int_eq(view_list_make(&view_protocols[protocol], &preprocesses[model], info.width,
                                    info.height, views, &err),
                     0);
    memset(p, 0, CLASSES * sizeof(*p));
    for (int v = 0; v < views->count; v++) {
        const struct plan *plan = &views->view[v].plan;
        size_t floats = (size_t)plan->width * (size_t)plan->height * 3;
        float *batch = calloc(floats * (size_t)group, sizeof(*batch));
        float logits[PREDICT_GROUP * CLASSES];
        ck_assert_int_eq(render(renderer, plan, RESAMPLER_EXACT, &image, x, y, &form,
                                batch + (size_t)place * floats, &err),
                         0);
        ck_assert_msg(infer_run(infer, batch, group, plan->height, plan->width, logits, &err) == 0,
                      "%s", err.message);
        const float *z = logits + place * CLASSES;
        double sum = exp(z[0]) + exp(z[1]) + exp(z[2]);
        for (int copy = 0; copy < views->view[v].weight; copy++)
            for (int c = 0; c < CLASSES; c++)
                p[c] += exp(z[c]) / sum / views->total;
        *weighted |= views->view[v].weight > 1;
        free(batch);
    }
    free(views);
    infer_close(infer);
    renderer_close(renderer);
    decoder_close(decoder);
    buffer_release(&bytes);
}

/* By protocol; coinciding views must have been among them where the protocol has any. */
START_TEST(as_the_plain_way)
{
    struct prediction p[NETS];
    struct predict_options options = { .views = &view_protocols[_i] };
    int models = nets_for((enum view_protocol)_i);
    must_predict(models, 2, options, p);
    bool weighted = false;
    for (int m = 0; m < models; m++) {
        ck_assert_uint_eq(p[m].n, IMAGES);
        for (uint64_t id = 0; id < IMAGES; id++) {
            double expected[CLASSES];
            plain_way((enum view_protocol)_i, m, id, expected, &weighted);
            for (int c = 0; c < CLASSES; c++)
                ck_assert_double_eq_tol(p[m].values[id * CLASSES + (uint64_t)c], expected[c], 1e-6);
            ck_assert_int_eq(p[m].id[id], id);
            ck_assert_int_eq(p[m].label[id], index_sample(data, id).label);
        }
        prediction_release(&p[m]);
    }
    if (_i == VIEWS_5X10)
        ck_assert(weighted);
}
END_TEST

/* By protocol: 1, 2 and 7 threads, ranges that cut groups, and a network alone or with another. */
START_TEST(same_bits)
{
    static const uint64_t ranges[][2] = { { 0, 5 }, { 3, 20 }, { 15, 1 }, { 16, 16 }, { 31, 0 } };
    struct prediction all[NETS], part[NETS];
    struct predict_options options = { .views = &view_protocols[_i] };
    int models = nets_for((enum view_protocol)_i);
    must_predict(models, 1, options, all);
    for (int threads = 2; threads <= 7; threads += 5) {
        must_predict(models, threads, options, part);
        for (int m = 0; m < models; m++) {
            same_rows(&all[m], 0, &part[m]);
            prediction_release(&part[m]);
        }
    }
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        options.first = ranges[r][0];
        options.count = ranges[r][1];
        must_predict(1, 2, options, part);
        ck_assert_uint_eq(part[0].n, ranges[r][1] ? ranges[r][1] : IMAGES - ranges[r][0]);
        same_rows(&all[0], ranges[r][0], &part[0]);
        prediction_release(&part[0]);
    }
    for (int m = 0; m < models; m++)
        prediction_release(&all[m]);
}
END_TEST

START_TEST(dense_cannot_whiten)
{
    struct prediction p[NETS];
    struct predict_options options = { .views = &view_protocols[VIEWS_DENSE] };
    struct error err = { 0 };
    ck_assert_int_eq(try_predict(NETS, 1, options, p, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, "pictures of 8 x 8"), "%s", err.message);
}
END_TEST

START_TEST(bad_range)
{
    static const uint64_t ranges[][2] = {
        { IMAGES, 0 }, { 0, IMAGES + 1 }, { 30, 8 }, { UINT64_MAX, 2 }, { 1, UINT64_MAX }
    };
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        struct predict_options options = { .first = ranges[r][0], .count = ranges[r][1] };
        struct prediction p = { .n = 42 };
        struct error err = { 0 };
        ck_assert_int_eq(try_predict(1, 1, options, &p, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_uint_eq(p.n, 42);
    }
}
END_TEST

START_TEST(interrupted)
{
    static volatile sig_atomic_t stop = 1;
    struct prediction p = { .n = 42 };
    struct error err = { 0 };
    ck_assert_int_eq(try_predict(1, 2, (struct predict_options){ .stop = &stop }, &p, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_INTERRUPTED);
    ck_assert_uint_eq(p.n, 42);
}
END_TEST

/* A NaN in the last bias reaches every logit of one class. */
START_TEST(broken_weights)
{
    size_t count = net_weights(nets[0]);
    const struct weight *last = net_weight(nets[0], count - 1);
    ((float *)last->value.data)[1] = NAN;
    struct prediction p = { .n = 42 };
    struct error err = { 0 };
    ck_assert_int_eq(try_predict(1, 2, (struct predict_options){ 0 }, &p, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_str_eq(err.place, "one");
    ck_assert_msg(strstr(err.message, "not finite") && strstr(err.message, "a/00"), "%s",
                  err.message);
    ck_assert_uint_eq(p.n, 42);
}
END_TEST

/* Two images cut short: the refusal names the one with the smaller id, for any number of threads.
 * Cases run in processes of their own but share the files, so this one puts back what it spoils. */
START_TEST(bad_images)
{
    static const int spoiled[] = { 34, 10 }; /* b/34 and b/10: ids in order of keys, b/10 first */
    for (int s = 0; s < 2; s++) {
        char path[200];
        image_path(path, sizeof(path), spoiled[s]);
        ck_assert_int_eq(truncate(path, 400), 0);
    }
    index_close(data);
    struct error err = { 0 };
    ck_assert_msg(index_open(&data, root, NULL, &err) == 0, "%s", err.message);
    for (int threads = 1; threads <= 7; threads += 3) {
        struct prediction p[NETS];
        err = (struct error){ 0 };
        ck_assert_int_eq(try_predict(NETS, threads, (struct predict_options){ 0 }, p, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_msg(strstr(err.place, "b/10.png") != NULL, "%s: %s", err.place, err.message);
    }
    write_image(spoiled[0]);
    write_image(spoiled[1]);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("predict");
    tcase_add_unchecked_fixture(cases, make_data, remove_data);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, as_the_plain_way, VIEWS_1CROP, VIEWS_5X10 + 1);
    tcase_add_loop_test(cases, same_bits, VIEWS_1CROP, VIEWS_5X10 + 1);
    tcase_add_test(cases, dense_cannot_whiten);
    tcase_add_test(cases, bad_range);
    tcase_add_test(cases, interrupted);
    tcase_add_test(cases, broken_weights);
    tcase_add_test(cases, bad_images);
    return suite_run();
}
