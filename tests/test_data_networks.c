/*
 * Claim: SqueezeNet 1.1 and MobileNet v2 (padded as torchvision does and as TensorFlow does) with
 * their published weights give PyTorch's logits on the center crops of 200 photographs: within 1e-3
 * of an image's largest, the same best five in the same order, and so the same right answers; and
 * PyTorch's probabilities and right answers over ten crops, ten crops at five scales, and, run
 * fully convolutionally, over whole photographs at five scales.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "augment/view.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/npy.h"
#include "base/thread.h"
#include "loader/decode.h"
#include "model/infer.h"
#include "model/loss.h"
#include "model/weights.h"
#include "tests/suite.h"

enum { IMAGES = 200, K = 1000, BEST = 5, THREADS = 2 };

static const double LOGIT_TOLERANCE = 1e-3;
static const double PROBABILITY_TOLERANCE = 1e-4;

static const struct {
    const char *yaml, *weights, *reference;
    int correct;
} rows[] = {
    { "squeezenet1_1", "squeezenet1_1", "squeezenet1_1_logits200", 134 },
    { "mobilenet_v2_tf2", "mobilenet_v2_tf2", "mobilenet_v2_tf2_logits200", 158 },
    { "mobilenet_v2_same", "mobilenet_v2_tf2", "mobilenet_v2_tf2_TFpad_logits200", 177 },
};

/* Means of the views' probabilities. */
static const struct {
    const char *yaml, *reference;
    enum view_protocol protocol;
    int correct;
} view_rows[] = {
    { "squeezenet1_1", "squeezenet1_1_tencrop_probs200", VIEWS_10CROP, 141 },
    { "mobilenet_v2_tf2", "mobilenet_v2_tf2_tencrop_probs200", VIEWS_10CROP, 165 },
    { "squeezenet1_1", "squeezenet1_1_5x10_probs200", VIEWS_5X10, 138 },
    { "squeezenet1_1", "squeezenet1_1_dense_probs200", VIEWS_DENSE, 129 },
};

static const char *root(void)
{
    const char *data = getenv("TENFOLD_DATA");
    ck_assert_msg(data != NULL, "TENFOLD_DATA must name the folder of the real data");
    return data;
}

static struct tensor reference(const char *name, enum dtype dtype)
{
    char path[600];
    struct tensor t;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/imagenet/reference/%s.npy", root(), name);
    ck_assert_msg(npy_read(path, &t, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(t.dtype == dtype && t.shape[0] == IMAGES);
    return t;
}

/* A network, and what brings photographs to it. */
struct eye {
    struct net *net;
    struct preprocess preprocess;
    struct infer *infer;
    struct decoder *decoder;
    struct renderer *renderer;
    struct view_list *views;
    struct buffer names, bytes;
};

static void eye_open(struct eye *e, const char *yaml, const char *weights)
{
    char model[900], list[600];
    struct error err = { 0 };
    *e = (struct eye){ .views = malloc(sizeof(*e->views)) };
    snprintf(model, sizeof(model), "configs/models/%s.yaml=%s/imagenet/models/%s.safetensors", yaml,
             root(), weights);
    snprintf(list, sizeof(list), "%s/imagenet/reference/files200.txt", root());
    ck_assert_msg(model_open(&e->net, &e->preprocess, model, &err) == 0, "%s: %s", err.place,
                  err.message);
    ck_assert_int_eq(infer_open(&e->infer, e->net, 1, &err), 0);
    ck_assert_int_eq(decoder_open(&e->decoder, NULL, &err), 0);
    ck_assert_int_eq(renderer_open(&e->renderer, &err), 0);
    ck_assert_int_eq(file_read(list, FILE_LIMIT, &e->names, &err), 0);
}

static void eye_close(struct eye *e)
{
    buffer_release(&e->names);
    buffer_release(&e->bytes);
    renderer_close(e->renderer);
    decoder_close(e->decoder);
    infer_close(e->infer);
    net_close(e->net);
    free(e->views);
}

/* The next photograph of the list that begins at *name, decoded, with its views. */
static void eye_read(struct eye *e, const char **name, enum view_protocol protocol,
                     struct image *image)
{
    char path[900];
    struct error err = { 0 };
    struct decode_info info;
    int x, y, length = (int)strcspn(*name, "\n");
    snprintf(path, sizeof(path), "%s/photos/%.*s", root(), length, *name);
    *name += length + 1;
    e->bytes.size = 0;
    ck_assert_msg(file_read(path, FILE_LIMIT, &e->bytes, &err) == 0, "%s", path);
    ck_assert_int_eq(decode_header(e->decoder, e->bytes.data, e->bytes.size, &info, &err), 0);
    ck_assert_int_eq(view_list_make(&view_protocols[protocol], &e->preprocess, info.width,
                                    info.height, e->views, &err),
                     0);
    struct rect whole = { 0, 0, info.width, info.height };
    ck_assert_int_eq(decode_pixels(e->decoder, whole, image, &x, &y, &err), 0);
}

static void eye_look(struct eye *e, const struct image *image, const struct view *view,
                     float *logits)
{
    static const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
    struct error err = { 0 };
    int w = view->plan.width, h = view->plan.height;
    float *x = malloc(output_bytes(&form, w, h));
    ck_assert_int_eq(render(e->renderer, &view->plan, RESAMPLER_EXACT, image, 0, 0, &form, x, &err),
                     0);
    ck_assert_msg(infer_run(e->infer, x, 1, h, w, logits, &err) == 0, "%s: %s", err.place,
                  err.message);
    free(x);
}

/* The numbers of the largest five, the largest first. */
static void best(const float *z, int number[BEST])
{
    for (int b = 0; b < BEST; b++) {
        number[b] = -1;
        for (int c = 0; c < K; c++) {
            bool taken = false;
            for (int a = 0; a < b; a++)
                taken = taken || number[a] == c;
            if (!taken && (number[b] < 0 || z[c] > z[number[b]]))
                number[b] = c;
        }
    }
}

START_TEST(center_crop)
{
    struct eye e;
    struct tensor expected = reference(rows[_i].reference, DTYPE_F32);
    struct tensor labels = reference("labels200", DTYPE_I32);
    eye_open(&e, rows[_i].yaml, rows[_i].weights);
    const char *name = e.names.data;
    double worst = 0;
    int correct = 0;
    for (int i = 0; i < IMAGES; i++) {
        struct image image;
        float logits[K];
        const float *theirs = (const float *)expected.data + (size_t)i * K;
        double largest = 0, difference = 0;
        int ours[BEST], wanted[BEST];
        eye_read(&e, &name, VIEWS_1CROP, &image);
        eye_look(&e, &image, &e.views->view[0], logits);
        for (int c = 0; c < K; c++) {
            largest = fmax(largest, fabs((double)theirs[c]));
            difference = fmax(difference, fabs((double)logits[c] - (double)theirs[c]));
        }
        worst = fmax(worst, difference / largest);
        best(logits, ours);
        best(theirs, wanted);
        ck_assert_msg(memcmp(ours, wanted, sizeof(ours)) == 0, "photograph %d: other best five", i);
        correct += ours[0] == ((const int32_t *)labels.data)[i];
    }
    printf("%-18s %d correct, logits within %.1e\n", rows[_i].yaml, correct, worst);
    ck_assert_double_lt(worst, LOGIT_TOLERANCE);
    ck_assert_int_eq(correct, rows[_i].correct);
    eye_close(&e);
    free(expected.data);
    free(labels.data);
}
END_TEST

/* All photographs through one protocol: an eye for every thread, a row of the result for every
 * photograph. */
struct views_run {
    struct eye eyes[THREADS];
    const char *names[IMAGES];
    enum view_protocol protocol;
    double (*mean)[K];
};

static void look(void *context, size_t i, int worker)
{
    struct views_run *r = context;
    struct eye *e = &r->eyes[worker];
    const char *name = r->names[i];
    struct image image;
    eye_read(e, &name, r->protocol, &image);
    for (int v = 0; v < e->views->count; v++) {
        float logits[K], p[K];
        eye_look(e, &image, &e->views->view[v], logits);
        softmax(logits, K, p);
        for (int c = 0; c < K; c++)
            r->mean[i][c] += (double)p[c] * e->views->view[v].weight / e->views->total;
    }
}

START_TEST(views)
{
    struct views_run r = { .protocol = view_rows[_i].protocol };
    struct tensor expected = reference(view_rows[_i].reference, DTYPE_F32);
    struct tensor labels = reference("labels200", DTYPE_I32);
    struct pool *pool;
    struct error err = { 0 };
    r.mean = calloc(IMAGES, sizeof(*r.mean));
    for (int t = 0; t < THREADS; t++)
        eye_open(&r.eyes[t], view_rows[_i].yaml, view_rows[_i].yaml);
    r.names[0] = r.eyes[0].names.data;
    for (int i = 1; i < IMAGES; i++)
        r.names[i] = strchr(r.names[i - 1], '\n') + 1;
    ck_assert_int_eq(pool_open(&pool, THREADS, &err), 0);
    pool_run(pool, IMAGES, look, &r);
    pool_close(pool);
    double worst = 0;
    int correct = 0;
    for (int i = 0; i < IMAGES; i++) {
        int answer = 0;
        for (int c = 0; c < K; c++) {
            double theirs = (double)((const float *)expected.data)[i * K + c];
            worst = fmax(worst, fabs(r.mean[i][c] - theirs));
            answer = r.mean[i][c] > r.mean[i][answer] ? c : answer;
        }
        correct += answer == ((const int32_t *)labels.data)[i];
    }
    printf("%-18s %-7s %d correct, probabilities within %.1e\n", view_rows[_i].yaml,
           view_protocol_names[r.protocol], correct, worst);
    ck_assert_double_lt(worst, PROBABILITY_TOLERANCE);
    ck_assert_int_eq(correct, view_rows[_i].correct);
    for (int t = 0; t < THREADS; t++)
        eye_close(&r.eyes[t]);
    free(r.mean);
    free(expected.data);
    free(labels.data);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_networks");
    tcase_set_timeout(cases, 1200); /* fifty views of 200 photographs */
    tcase_add_loop_test(cases, center_crop, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_loop_test(cases, views, 0, sizeof(view_rows) / sizeof(view_rows[0]));
    return suite_run();
}
