/*
 * Claim: a prediction file reads back as it was written, views included, whatever they are kept in;
 * of a file made elsewhere only the values are asked for; and whatever does not fit together is
 * refused with the file, the row and what is wrong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/half.h"
#include "eval/prediction.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { N = 3, K = 4, V = 2 };

static const float probs[N * K] = { .1f, .2f, .3f, .4f, 1, 0, 0, 0, .25f, .25f, .25f, .25f };
static const float logits[N * K] = { -1, 2, 3.5f, -4, 1e9f, 0, -1e9f, 0, 5, 5, 5, 5 };
static const float weight[V] = { .25f, .75f };
static const char hash[] = "f00d";

static struct prediction make(enum prediction_kind kind)
{
    struct prediction p;
    struct error err = { 0 };
    ck_assert_int_eq(prediction_init(&p, N, K, &err), 0);
    p.kind = kind;
    memcpy(p.values, kind == PREDICTION_PROBS ? probs : logits, sizeof(probs));
    for (int i = 0; i < N; i++) {
        p.label[i] = i - 1;
        p.id[i] = 7 + 2 * i;
        p.key_hash[i] = INT64_MIN + i;
    }
    return p;
}

static float view_value(size_t i)
{
    return 0.125f * (float)(i % 7) - 0.25f;
}

static int fill(void *context, uint64_t first, size_t count, void *out, struct error *err)
{
    (void)err;
    for (size_t i = 0; i < count; i++) {
        float x = view_value((size_t)first + i);
        if (*(enum dtype *)context == DTYPE_F16)
            half_from_floats(&x, 1, (uint16_t *)out + i);
        else
            ((float *)out)[i] = x;
    }
    return 0;
}

START_TEST(round_trip)
{
    enum dtype dtype = _i % 2 ? DTYPE_F16 : DTYPE_F32;
    enum prediction_kind kind = _i / 2 ? PREDICTION_LOGITS : PREDICTION_PROBS;
    struct error err = { 0 };
    struct prediction p = make(kind);
    struct prediction_about about = { .model_hash = hash,
                                      .views = "hflip",
                                      .parameters = 9,
                                      .multiply_adds = 5000000000,
                                      .total = 40,
                                      .first = 7,
                                      .count = N,
                                      .group = 16 };
    struct prediction_views views = { V, dtype, weight, fill, &dtype };
    json_t *more = json_pack("{s:s}", "note", "x");
    /* Ids reach beyond a promise of three: the writer believes, the reader does not. */
    ck_assert_int_eq(prediction_save("x", &p, &about, &views, more, &err), 0);
    struct prediction_file f;
    ck_assert_int_lt(prediction_open(&f, "x", &err), 0);
    ck_assert_str_eq(err.message, "holds ids 7..11 and promises 3 from 7 on");
    for (int i = 0; i < N; i++)
        p.id[i] = 7 + i;
    ck_assert_int_eq(prediction_save("x", &p, &about, &views, more, &err), 0);
    json_decref(more);

    ck_assert_msg(prediction_open(&f, "x", &err) == 0, "%s", err.message);
    ck_assert_int_eq(f.prediction.kind, kind);
    ck_assert_int_eq(f.prediction.k, K);
    ck_assert_mem_eq(f.prediction.values, p.values, sizeof(probs));
    ck_assert_mem_eq(f.prediction.label, p.label, N * sizeof(*p.label));
    ck_assert_mem_eq(f.prediction.id, p.id, N * sizeof(*p.id));
    ck_assert_mem_eq(f.prediction.key_hash, p.key_hash, N * sizeof(*p.key_hash));
    ck_assert_str_eq(f.about.model_hash, hash);
    ck_assert_str_eq(f.about.views, "hflip");
    ck_assert_ptr_null(f.about.network);
    ck_assert(f.about.parameters == 9 && f.about.multiply_adds == 5000000000);
    ck_assert_uint_eq(f.about.total, 40);
    ck_assert_uint_eq(f.about.first, 7);
    ck_assert_int_eq(f.about.group, 16);
    ck_assert_str_eq(safetensors_metadata(f.tensors, "note"), "x");
    ck_assert_int_eq(f.views.v, V);
    ck_assert_mem_eq(f.views.weight, weight, sizeof(weight));
    float values[N * V * K];
    for (uint64_t first = 0; first < N; first++) {
        uint64_t count = N - first;
        ck_assert_int_eq(prediction_read_views(&f, first, count, values, &err), 0);
        for (size_t i = 0; i < count * V * K; i++)
            ck_assert(values[i] == view_value((size_t)first * V * K + i));
    }
    prediction_close(&f);
    prediction_release(&p);
}
END_TEST

/* Views are written in runs: more than one of them. */
START_TEST(many_views)
{
    enum { MANY = 30011, CLASSES = 3, VIEWS = 5 };
    enum dtype dtype = DTYPE_F16;
    struct error err = { 0 };
    struct prediction p;
    ck_assert_int_eq(prediction_init(&p, MANY, CLASSES, &err), 0);
    p.kind = PREDICTION_LOGITS;
    for (int i = 0; i < MANY; i++)
        p.id[i] = i;
    static const float fifth[VIEWS] = { .2f, .2f, .2f, .2f, .2f };
    struct prediction_about about = { .count = MANY };
    struct prediction_views views = { VIEWS, dtype, fifth, fill, &dtype };
    ck_assert_int_eq(prediction_save("x", &p, &about, &views, NULL, &err), 0);
    struct prediction_file f;
    ck_assert_msg(prediction_open(&f, "x", &err) == 0, "%s", err.message);
    float *values = malloc(MANY * VIEWS * CLASSES * sizeof(*values));
    ck_assert_int_eq(prediction_read_views(&f, 0, MANY, values, &err), 0);
    for (size_t i = 0; i < MANY * VIEWS * CLASSES; i++)
        ck_assert(values[i] == view_value(i));
    free(values);
    prediction_close(&f);
    prediction_release(&p);
}
END_TEST

/* A file of tensors (name, dtype, shape), zeros but for the given first tensor. */
struct sketch {
    const char *said; /* what the refusal begins with; NULL: it is read */
    struct {
        const char *name;
        enum dtype dtype;
        int rank;
        int64_t shape[3];
    } tensors[5];
    const char *key, *text; /* one line of metadata */
};

static const struct sketch sketches[] = {
    { NULL, { { "probs", DTYPE_F32, 2, { N, K } } }, NULL, NULL },
    { NULL, { { "logits", DTYPE_F32, 2, { N, K } } }, "kind", "logits" },
    { "holds neither `probs` nor `logits`", { { "p", DTYPE_F32, 2, { N, K } } }, NULL, NULL },
    { "holds `probs` and `logits`",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "logits", DTYPE_F32, 2, { N, K } } },
      NULL,
      NULL },
    { "`probs` is F64 of rank 2", { { "probs", DTYPE_F64, 2, { N, K } } }, NULL, NULL },
    { "`probs` is F32 of rank 1", { { "probs", DTYPE_F32, 1, { N } } }, NULL, NULL },
    { "`probs` is of 0 samples", { { "probs", DTYPE_F32, 2, { 0, K } } }, NULL, NULL },
    { "`probs` is of 3 samples and 0 classes",
      { { "probs", DTYPE_F32, 2, { N, 0 } } },
      NULL,
      NULL },
    { "`label` is I64 of rank 1 and 2 elements",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "label", DTYPE_I64, 1, { 2 } } },
      NULL,
      NULL },
    { "`id` is I32 of rank 1",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "id", DTYPE_I32, 1, { N } } },
      NULL,
      NULL },
    { "row 1 has the id 0 after 0",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "id", DTYPE_I64, 1, { N } } },
      NULL,
      NULL },
    { "`key_hash` is I64 of rank 2",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "key_hash", DTYPE_I64, 2, { N, 1 } } },
      NULL,
      NULL },
    { "holds `views` without `view_weight`",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "views", DTYPE_F16, 3, { N, V, K } } },
      NULL,
      NULL },
    { "holds `view_weight` without `views`",
      { { "probs", DTYPE_F32, 2, { N, K } }, { "view_weight", DTYPE_F32, 1, { V } } },
      NULL,
      NULL },
    { "`views` is F16 of rank 3 and 30 elements",
      { { "probs", DTYPE_F32, 2, { N, K } },
        { "views", DTYPE_F16, 3, { N, V, 5 } },
        { "view_weight", DTYPE_F32, 1, { V } } },
      NULL,
      NULL },
    { "`view_weight` is F32 with 3 elements",
      { { "probs", DTYPE_F32, 2, { N, K } },
        { "views", DTYPE_F16, 3, { N, V, K } },
        { "view_weight", DTYPE_F32, 1, { 3 } } },
      NULL,
      NULL },
    { "`view_weight` adds up to 0",
      { { "probs", DTYPE_F32, 2, { N, K } },
        { "views", DTYPE_F16, 3, { N, V, K } },
        { "view_weight", DTYPE_F32, 1, { V } } },
      NULL,
      NULL },
    { "metadata says kind 'logits'", { { "probs", DTYPE_F32, 2, { N, K } } }, "kind", "logits" },
    { "metadata 'count' is '3x'", { { "probs", DTYPE_F32, 2, { N, K } } }, "count", "3x" },
    { "metadata 'first' is '-1'", { { "probs", DTYPE_F32, 2, { N, K } } }, "first", "-1" },
    { "metadata 'first' is '99999999999999999999'",
      { { "probs", DTYPE_F32, 2, { N, K } } },
      "first",
      "99999999999999999999" },
    { "promises 4 samples and holds 3", { { "probs", DTYPE_F32, 2, { N, K } } }, "count", "4" },
    { "promises samples 0..2 of a data set of 2",
      { { "probs", DTYPE_F32, 2, { N, K } } },
      "total",
      "2" },
    { "metadata has a range or a group",
      { { "probs", DTYPE_F32, 2, { N, K } } },
      "group",
      "4294967297" },
};

START_TEST(what_must_fit)
{
    const struct sketch *sketch = &sketches[_i];
    struct safetensors_item items[5];
    float first[4 * N * K] = { 0 };
    int64_t zeros[64] = { 0 };
    size_t count = 0;
    struct error err = { 0 };
    memcpy(first, probs, sizeof(probs));
    for (; count < 5 && sketch->tensors[count].name; count++) {
        struct tensor *t = &items[count].tensor;
        items[count].name = sketch->tensors[count].name;
        *t = (struct tensor){ .dtype = sketch->tensors[count].dtype,
                              .rank = sketch->tensors[count].rank,
                              .data = count ? (void *)zeros : first };
        memcpy(t->shape, sketch->tensors[count].shape, sizeof(sketch->tensors[count].shape));
    }
    json_t *about = sketch->key ? json_pack("{s:s}", sketch->key, sketch->text) : NULL;
    ck_assert_int_eq(safetensors_write("x", items, count, about, &err), 0);
    json_decref(about);
    struct prediction_file f;
    int status = prediction_open(&f, "x", &err);
    if (!sketch->said) {
        ck_assert_msg(status == 0, "%s", err.message);
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(f.prediction.label[i], -1);
            ck_assert_int_eq(f.prediction.id[i], i);
            ck_assert_int_eq(f.prediction.key_hash[i], 0);
        }
        ck_assert_ptr_null(f.about.model_hash);
        prediction_close(&f);
        return;
    }
    ck_assert_msg(status < 0, "accepted; expected: %s", sketch->said);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_str_eq(err.place, "x");
    ck_assert_msg(strncmp(err.message, sketch->said, strlen(sketch->said)) == 0, "'%s' for '%s'",
                  err.message, sketch->said);
}
END_TEST

static const struct {
    enum prediction_kind kind;
    int at;
    float value;
    const char *said;
} broken[] = {
    { PREDICTION_PROBS, 5, NAN, "row 1, class 1 is not finite" },
    { PREDICTION_LOGITS, 11, INFINITY, "row 2, class 3 is not finite" },
    { PREDICTION_PROBS, 0, -.5f, "row 0, class 0 has the probability -0.5" },
    { PREDICTION_PROBS, 3, 1.5f, "row 0, class 3 has the probability 1.5" },
    { PREDICTION_PROBS, 2, .31f, "the probabilities of row 0 add up to 1.01" },
};

START_TEST(broken_values)
{
    struct error err = { 0 };
    struct prediction p = make(broken[_i].kind);
    p.values[broken[_i].at] = broken[_i].value;
    struct prediction_about about = { .count = N };
    ck_assert_int_eq(prediction_save("x", &p, &about, NULL, NULL, &err), 0);
    prediction_release(&p);
    struct prediction_file f;
    ck_assert_int_lt(prediction_open(&f, "x", &err), 0);
    ck_assert_msg(strncmp(err.message, broken[_i].said, strlen(broken[_i].said)) == 0, "%s",
                  err.message);
    ck_assert_int_eq(err.kind, ERROR_DATA);
}
END_TEST

START_TEST(broken_views)
{
    struct error err = { 0 };
    float first[N * K], views[N * V * K] = { 0 };
    memcpy(first, probs, sizeof(first));
    views[V * K + K + 1] = NAN;
    struct safetensors_item items[] = {
        { "probs", { DTYPE_F32, 2, { N, K }, first } },
        { "views", { DTYPE_F32, 3, { N, V, K }, views } },
        { "view_weight", { DTYPE_F32, 1, { V }, (void *)weight } },
    };
    ck_assert_int_eq(safetensors_write("x", items, 3, NULL, &err), 0);
    struct prediction_file f;
    ck_assert_msg(prediction_open(&f, "x", &err) == 0, "%s", err.message);
    float values[N * V * K];
    ck_assert_int_eq(prediction_read_views(&f, 0, 1, values, &err), 0);
    ck_assert_int_lt(prediction_read_views(&f, 0, N, values, &err), 0);
    ck_assert_str_eq(err.message, "row 1, view 1 is not finite");
    prediction_close(&f);
}
END_TEST

/* Every file that ends too early, and every byte of the header changed: refused or read whole. */
START_TEST(damaged)
{
    struct error err = { 0 };
    struct prediction p = make(PREDICTION_PROBS);
    for (int i = 0; i < N; i++)
        p.id[i] = i;
    enum dtype dtype = DTYPE_F16;
    struct prediction_about about = { .model_hash = hash, .total = N, .count = N };
    struct prediction_views views = { V, dtype, weight, fill, &dtype };
    ck_assert_int_eq(prediction_save("x", &p, &about, &views, NULL, &err), 0);
    prediction_release(&p);
    struct buffer whole = { 0 };
    ck_assert_int_eq(file_read("x", 1 << 20, &whole, &err), 0);
    struct prediction_file f;
    for (size_t size = 0; size < whole.size; size++) {
        ck_assert_int_eq(file_write("y", whole.data, size, &err), 0);
        ck_assert_msg(prediction_open(&f, "y", &err) < 0, "accepted with %zu bytes", size);
    }
    size_t header = 8 + (unsigned char)whole.data[0] + 256 * (size_t)(unsigned char)whole.data[1];
    int refused = 0;
    for (size_t i = 0; i < header; i++) {
        char was = whole.data[i];
        whole.data[i] ^= 1 + (char)(i % 31);
        ck_assert_int_eq(file_write("y", whole.data, whole.size, &err), 0);
        if (prediction_open(&f, "y", &err) == 0)
            prediction_close(&f);
        else
            refused++;
        whole.data[i] = was;
    }
    ck_assert_int_gt(refused, (int)header / 3);
    buffer_release(&whole);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("prediction");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_loop_test(cases, round_trip, 0, 4);
    tcase_add_test(cases, many_views);
    tcase_add_loop_test(cases, what_must_fit, 0, sizeof(sketches) / sizeof(sketches[0]));
    tcase_add_loop_test(cases, broken_values, 0, sizeof(broken) / sizeof(broken[0]));
    tcase_add_test(cases, broken_views);
    tcase_add_test(cases, damaged);
    return suite_run();
}
