/*
 * Claim: `nneval predict` gives on the 200 photographs exactly the reference's numbers of correct
 * answers (PyTorch, torchvision and Pillow; shared data's README): SqueezeNet 1.1 for the center
 * crop, ten crops by mean probability and by mean logit, fifty crops and each scale of them, with
 * the reference's probabilities; MobileNet v2 padded as torchvision does and as TensorFlow does.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/npy.h"
#include "eval/ablation.h"
#include "eval/predict_shard.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { IMAGES = 200, K = 1000 };

static const double PROBABILITY_TOLERANCE = 1e-4;

static const char *data_root(void)
{
    const char *data = getenv("TENFOLD_DATA");
    ck_assert_msg(data != NULL, "TENFOLD_DATA must name the folder of the real data");
    return data;
}

/* Predict the photographs into a folder of the working folder. */
static void predict_photos(const char *yaml, const char *weights, enum view_protocol views,
                           const char *folder, struct prediction_file *file)
{
    struct error err = { 0 };
    struct members members;
    struct index *index;
    struct pool *pool;
    struct shard_result result;
    char model[900], classes[600], photos[600], path[300];
    const char *models[] = { model };
    snprintf(model, sizeof(model), "%s/configs/models/%s.yaml=%s/imagenet/models/%s.safetensors",
             scratch_start(), yaml, data_root(), weights);
    snprintf(classes, sizeof(classes), "%s/imagenet/classes.csv", data_root());
    snprintf(photos, sizeof(photos), "%s/photos", data_root());
    struct index_options options = { .classes = classes };
    ck_assert_msg(members_open(&members, models, 1, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_msg(index_open(&index, photos, &options, &err) == 0, "%s: %s", err.place,
                  err.message);
    ck_assert_int_eq(pool_open(&pool, 0, &err), 0);
    struct shard_request request = { .folder = folder,
                                     .index = index,
                                     .members = &members,
                                     .options = { .views = &view_protocols[views], .pool = pool },
                                     .keep = KEEP_FLOAT32,
                                     .shards = 1,
                                     .array_step = 1 };
    ck_assert_msg(predict_shard(&request, &result, &err) == 0, "%s: %s", err.place, err.message);
    snprintf(path, sizeof(path), "%s/%s.safetensors", folder, weights);
    ck_assert_msg(prediction_open(file, path, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_uint_eq(file->prediction.n, IMAGES);
    ck_assert_int_eq(file->prediction.k, K);
    pool_close(pool);
    index_close(index);
    members_close(&members);
}

static int best_of(const double *x)
{
    int best = 0;
    for (int c = 1; c < K; c++)
        best = x[c] > x[best] ? c : best;
    return best;
}

static int correct_of(const struct prediction *p)
{
    int correct = 0;
    for (int i = 0; i < IMAGES; i++) {
        double x[K];
        for (int c = 0; c < K; c++)
            x[c] = p->values[i * K + c];
        correct += best_of(x) == p->label[i];
    }
    return correct;
}

/* The reference is in the order of the files' names, which is that of the keys. */
static void check_probabilities(const struct prediction *p, const char *reference)
{
    char path[600];
    struct tensor t;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/imagenet/reference/%s.npy", data_root(), reference);
    ck_assert_msg(npy_read(path, &t, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(t.dtype == DTYPE_F32 && t.rank == 2 && t.shape[0] == IMAGES && t.shape[1] == K);
    const float *expected = t.data;
    double largest = 0;
    for (int i = 0; i < IMAGES * K; i++)
        largest = fmax(largest, fabs((double)p->values[i] - expected[i]));
    ck_assert_msg(largest < PROBABILITY_TOLERANCE, "%s: %g apart", reference, largest);
    free(t.data);
}

/* The mean of logarithms of probabilities is that of logits but for a constant. */
static int correct_by_logits(const struct prediction_file *f, int first, int count)
{
    struct error err = { 0 };
    int correct = 0;
    float *views = malloc((size_t)f->views.v * K * sizeof(*views));
    for (int i = 0; i < IMAGES; i++) {
        double x[K] = { 0 };
        ck_assert_int_eq(prediction_read_views(f, (uint64_t)i, 1, views, &err), 0);
        for (int v = first; v < first + count; v++)
            for (int c = 0; c < K; c++)
                x[c] += log(fmax((double)views[v * K + c], 1e-45));
        correct += best_of(x) == f->prediction.label[i];
    }
    free(views);
    return correct;
}

START_TEST(squeezenet_fifty_crops)
{
    static const uint64_t scales[] = { 141, 141, 105, 65, 28 };
    enum { V = 50, TEN_AT_256 = 10, CENTER_AT_256 = 14 };
    struct prediction_file f;
    struct ablation a;
    struct pool *pool;
    struct error err = { 0 };
    predict_photos("squeezenet1_1", "squeezenet1_1", VIEWS_5X10, "fifty", &f);
    ck_assert_int_eq(correct_of(&f.prediction), 138);
    check_probabilities(&f.prediction, "squeezenet1_1_5x10_probs200");
    ck_assert_int_eq(pool_open(&pool, 0, &err), 0);
    ck_assert_int_eq(ablation_make(&f, NULL, NULL, pool, &a, &err), 0);
    ck_assert_uint_eq(a.correct, 138);
    ck_assert_uint_eq(a.row[CENTER_AT_256].correct, 134);
    for (int s = 0; s < 5; s++)
        ck_assert_uint_eq(a.row[V + s].correct, scales[s]);
    ck_assert_int_eq(correct_by_logits(&f, TEN_AT_256, 10), 135);
    ablation_release(&a);
    pool_close(pool);
    prediction_close(&f);
}
END_TEST

static const struct {
    const char *yaml;
    int correct;
} mobilenets[] = { { "mobilenet_v2_tf2", 158 }, { "mobilenet_v2_same", 177 } };

START_TEST(mobilenet)
{
    struct prediction_file f;
    predict_photos(mobilenets[_i].yaml, "mobilenet_v2_tf2", VIEWS_1CROP, "one", &f);
    ck_assert_int_eq(correct_of(&f.prediction), mobilenets[_i].correct);
    prediction_close(&f);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_photos");
    tcase_set_timeout(cases, 1800); /* ten thousand crops */
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_loop_test(cases, mobilenet, 0, sizeof(mobilenets) / sizeof(mobilenets[0]));
    tcase_add_test(cases, squeezenet_fifty_crops);
    return suite_run();
}
