/*
 * Claim: prediction files that are not about the same samples, labels and classes are refused with
 * the file, the row and what was found; samples for selection come from a fold, ids or other files,
 * never from two of these; what had to be taken on trust is said.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/npy.h"
#include "eval/score_read.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { N = 12, K = 3 };

static struct error err;
static struct pool *pool;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

static void setup(void)
{
    scratch_enter();
    check(pool_open(&pool, 2, &err));
}

static void teardown(void)
{
    pool_close(pool);
    scratch_leave();
}

/* What differs from the others; the zero value is what all agree on. */
struct difference {
    enum prediction_kind kind;
    int n, k, more;     /* 0: N, K; samples of the data set that the file does not hold */
    int64_t id;         /* added to all */
    int64_t label, key; /* added to those of row 7 */
    const char *data_hash, *model_hash, *caution;
    bool unlabeled;
};

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void save(const char *path, struct difference d)
{
    struct prediction p;
    int n = d.n ? d.n : N, k = d.k ? d.k : K;
    check(prediction_init(&p, (uint64_t)n, k, &err));
    p.kind = d.kind;
    for (int i = 0; i < n; i++) {
        for (int c = 0; c < k; c++)
            p.values[i * k + c] = d.kind == PREDICTION_LOGITS
                                      ? (float)(c == i % k) * 2 - 1
                                      : (c == i % k ? 0.5f : 0.5f / (float)(k - 1));
        p.label[i] = d.unlabeled ? -1 : i % 2;
        p.id[i] = i + d.id;
        p.key_hash[i] = 1000 + i;
    }
    if (n > 7 && !d.unlabeled) {
        p.label[7] += d.label;
        p.key_hash[7] += d.key;
    }
    struct prediction_about about = { .model_hash = d.model_hash ? d.model_hash : HASH_A,
                                      .network = "net",
                                      .views = "1crop",
                                      .data_hash = d.data_hash ? d.data_hash : HASH_A,
                                      .kernels = "plain",
                                      .version = "1",
                                      .preprocess = "{\"size\": 32}",
                                      .parameters = 12,
                                      .multiply_adds = 34,
                                      .total = (uint64_t)(d.id + n + d.more),
                                      .first = (uint64_t)d.id,
                                      .count = (uint64_t)n,
                                      .group = 16,
                                      .caution = d.caution };
    check(prediction_save(path, &p, &about, NULL, NULL, &err));
    prediction_release(&p);
}

static int read_two(const struct score_request *more, struct score_set **set)
{
    static const char *const files[] = { "a.safetensors", "b.safetensors" };
    struct score_request r = *more;
    r.files = files;
    r.count = 2;
    r.pool = pool;
    *set = NULL;
    return score_set_read(set, &r, &err);
}

START_TEST(together)
{
    struct score_set *set;
    struct score_request r = { 0 };
    save("a.safetensors", (struct difference){ 0 });
    save("b.safetensors", (struct difference){ .kind = PREDICTION_LOGITS,
                                               .model_hash = HASH_B,
                                               .caution = "optimistic: chosen here" });
    check(read_two(&r, &set));
    const struct score_input *in = score_set_input(set);
    ck_assert(in->n == N && in->k == K && in->files == 2 && in->warnings == 0);
    ck_assert_str_eq(in->file[0].name, "a");
    ck_assert_str_eq(in->file[0].preprocess, "{\"size\": 32}");
    ck_assert(in->file[0].parameters == 12 && in->file[0].multiply_adds == 34);
    ck_assert_str_eq(in->caution, "optimistic: chosen here");
    ck_assert(in->file[1].kind == SCORE_LOGITS && !in->file[1].logits);
    /* exp(1) / (exp(1) + 2 exp(-1)) */
    ck_assert_double_eq_tol((double)in->file[1].probs[0], 0.7869860, 1e-6);
    score_set_close(set);

    r.keep_logits = true;
    check(read_two(&r, &set));
    in = score_set_input(set);
    ck_assert(in->file[1].logits[0] == 1 && in->file[1].logits[1] == -1);
    ck_assert_double_eq_tol((double)in->file[1].probs[0], 0.7869860, 1e-6);
    score_set_close(set);

    save("b.safetensors", (struct difference){ 0 });
    check(read_two(&r, &set));
    in = score_set_input(set);
    ck_assert_int_eq(in->warnings, 1);
    ck_assert_ptr_nonnull(strstr(in->warning[0], "same network"));
    score_set_close(set);

    save("b.safetensors", (struct difference){ .model_hash = HASH_B, .more = 88 });
    check(read_two(&r, &set));
    in = score_set_input(set);
    ck_assert_int_eq(in->warnings, 1);
    ck_assert_ptr_nonnull(strstr(in->warning[0], "b.safetensors holds 12 of its data set's 100"));
    score_set_close(set);
}
END_TEST

START_TEST(apart)
{
    static const struct {
        struct difference d;
        const char *refusal;
    } rows[] = {
        { { .n = N - 1 }, "has 11 samples" },
        { { .k = K + 1 }, "has 4 classes" },
        { { .label = 1 }, "row 7 (from 0) has label 2" },
        { { .id = 1 }, "row 0 (from 0) has another id" },
        { { .key = 1 }, "row 7 (from 0) has another key" },
        { { .data_hash = HASH_B }, "data set bbbbbbbbbbbb" },
    };
    struct score_request r = { 0 };
    save("a.safetensors", (struct difference){ 0 });
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct score_set *set;
        save("b.safetensors", rows[i].d);
        ck_assert_int_eq(read_two(&r, &set), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_str_eq(err.place, "b.safetensors");
        ck_assert_msg(strstr(err.message, rows[i].refusal) != NULL, "%s", err.message);
    }
}
END_TEST

static void write_text(const char *path, const char *text)
{
    check(file_write(path, text, strlen(text), &err));
}

/* Files of other software beside each other, and labels apart. */
START_TEST(from_elsewhere)
{
    static const struct {
        const char *a, *b, *labels, *refusal;
    } rows[] = {
        { "1,0\n0,1\n", "0,1\n1,0\n", "1\n0\n", NULL },
        { "key,x,y\np,1,0\nq,0,1\n", "key,x,y\np,1,0\nq,0,1\n", "key,label\np,1\nq,0\n", NULL },
        { "1,0\n0,1\n", "0,1\n1,0\n", NULL, "--labels" },
        { "1,0\n0,1\n", "0,1\n1,0\n", "1\n", "has 1 labels" },
        { "key,x,y\np,1,0\nq,0,1\n", "key,x,y\nq,1,0\np,0,1\n", "1\n0\n", "row 0 (from 0) is q" },
        { "key,x,y\np,1,0\nq,0,1\n", "key,y,x\np,1,0\nq,0,1\n", "1\n0\n", "class 0 is called y" },
        { "key,x,y\np,1,0\nq,0,1\n", "1,0\n0,1\n", "key,label\nq,1\np,0\n", "row 0 (from 0) is q" },
        { "label,x,y\n1,1,0\n0,0,1\n", "1,0\n0,1\n", "0\n0\n", "row 0 (from 0) has label 0" },
        { "1,0\n0,1\n", "7\n0\n", "0\n0\n", "votes for class 7" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct score_set *set;
        struct score_request r = { .labels = rows[i].labels ? "labels.txt" : NULL };
        write_text("a.safetensors", rows[i].a);
        write_text("b.safetensors", rows[i].b);
        if (rows[i].labels)
            write_text("labels.txt", rows[i].labels);
        int status = read_two(&r, &set);
        if (!rows[i].refusal) {
            check(status);
            ck_assert_int_eq(score_set_input(set)->label[0], 1);
            score_set_close(set);
            continue;
        }
        ck_assert_msg(status == -1, "row %zu was read", i);
        ck_assert_msg(strstr(err.message, rows[i].refusal) != NULL, "row %zu: %s", i, err.message);
    }
}
END_TEST

START_TEST(selections)
{
    struct score_set *set;
    save("a.safetensors", (struct difference){ 0 });
    save("b.safetensors", (struct difference){ .model_hash = HASH_B });
    struct score_request r = { .fold = 1, .folds = 3 };
    check(read_two(&r, &set));
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(score_set_input(set)->use[i],
                         i % 3 == 1 ? SCORE_SELECTION : SCORE_REPORTED);
    ck_assert_ptr_nonnull(strstr(score_set_input(set)->selection_how, "fold 1 of 3"));
    score_set_close(set);

    write_text("ids.txt", "3\n5\n");
    r = (struct score_request){ .val_ids = "ids.txt" };
    check(read_two(&r, &set));
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(score_set_input(set)->use[i],
                         i == 3 || i == 5 ? SCORE_SELECTION : SCORE_REPORTED);
    score_set_close(set);
    write_text("ids.txt", "3\n500\n");
    ck_assert_int_eq(read_two(&r, &set), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "1 are among the samples"));
    r.folds = 2;
    ck_assert_int_eq(read_two(&r, &set), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);

    static const char *const val[] = { "va.safetensors", "vb.safetensors" };
    save(val[0], (struct difference){ .n = 9, .data_hash = HASH_B });
    save(val[1], (struct difference){ .n = 9, .data_hash = HASH_B, .model_hash = HASH_B });
    r = (struct score_request){ .val = val, .vals = 2 };
    check(read_two(&r, &set));
    ck_assert(score_set_input(set)->selection->n == 9 && !score_set_input(set)->use);
    score_set_close(set);
    r.vals = 1;
    ck_assert_int_eq(read_two(&r, &set), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    r.vals = 2;
    save(val[1], (struct difference){ .n = 9, .data_hash = HASH_B });
    ck_assert_int_eq(read_two(&r, &set), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "another model"));
    save(val[0], (struct difference){ 0 });
    save(val[1], (struct difference){ .model_hash = HASH_B });
    ck_assert_int_eq(read_two(&r, &set), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "same data set"));
}
END_TEST

START_TEST(beside)
{
    struct score_set *set;
    save("a.safetensors", (struct difference){ .n = 3 });
    save("b.safetensors", (struct difference){ .n = 3, .model_hash = HASH_B });
    write_text("real.json", "[[0, 2], [], [1]]");
    write_text("names.txt", "cat\ndog\nfrog, green\n");
    struct score_request r = { .real = "real.json", .classes = "names.txt" };
    ck_assert_int_eq(read_two(&r, &set), -1); /* three fields after one */
    write_text("names.csv", "index,name\n0,cat\n1,dog\n2,\"frog, green\"\n");
    r.classes = "names.csv";
    check(read_two(&r, &set));
    const struct score_input *in = score_set_input(set);
    ck_assert(in->real_first[1] == 2 && in->real_first[2] == 2 && in->real_first[3] == 3);
    ck_assert(in->real_label[1] == 2 && in->real_label[2] == 1);
    ck_assert_str_eq(in->class_name[2], "frog, green");
    score_set_close(set);
    static const char *const bad[] = { "[[0], [1]]", "[[0], [1], [3]]",     "[[0], [1], 2]",
                                       "{}",         "[[0], [1], [\"x\"]]", "[[0], [1], [-1]]" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_text("real.json", bad[i]);
        ck_assert_int_eq(read_two(&r, &set), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
    }
    write_text("names.txt", "cat\ndog\n");
    r = (struct score_request){ .classes = "names.txt" };
    ck_assert_int_eq(read_two(&r, &set), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "names 2 classes"));
}
END_TEST

/* Two views of which the first knows the answer and the second does not. */
static int fill_views(void *context, uint64_t first, size_t count, void *out, struct error *e)
{
    const struct prediction *p = context;
    (void)e;
    for (size_t at = 0; at < count; at++) {
        uint64_t cell = first + at, i = cell / (2 * K), view = cell / K % 2, c = cell % K;
        float good = (int64_t)c == p->label[i] ? 0.8f : 0.1f, bad = c == 2 ? 0.4f : 0.3f;
        ((float *)out)[at] = view ? bad : good;
    }
    return 0;
}

START_TEST(learned_views)
{
    struct prediction p;
    check(prediction_init(&p, N, K, &err));
    for (int i = 0; i < N; i++) {
        p.label[i] = i % 2;
        p.id[i] = i;
        for (int c = 0; c < K; c++)
            p.values[i * K + c] = c == i % 2 ? 0.55f : c == 2 ? 0.25f : 0.2f;
    }
    static const float weight[] = { 0.5f, 0.5f };
    struct prediction_views views = { 2, DTYPE_F32, weight, fill_views, &p };
    struct prediction_about about = { .model_hash = HASH_A,
                                      .views = "hflip",
                                      .data_hash = HASH_A,
                                      .total = N,
                                      .count = N,
                                      .group = 16 };
    check(prediction_save("a.safetensors", &p, &about, &views, NULL, &err));
    prediction_release(&p);

    static const char *const files[] = { "a.safetensors" };
    struct score_request r = { .files = files, .count = 1, .pool = pool, .learn_views = true };
    struct score_set *set = NULL;
    ck_assert_int_eq(score_set_read(&set, &r, &err), -1);
    ck_assert_msg(err.kind == ERROR_USAGE, "%s", err.message);
    r.optimistic = true;
    check(score_set_read(&set, &r, &err));
    ck_assert_ptr_nonnull(strstr(score_set_input(set)->caution, "optimistic"));
    score_set_close(set);

    r.optimistic = false;
    r.fold = 0;
    r.folds = 3;
    check(score_set_read(&set, &r, &err));
    const struct score_input *in = score_set_input(set);
    ck_assert(in->files == 2 && in->beside == 1 && !*in->caution);
    ck_assert_str_eq(in->file[1].name, "a, learned views");
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol((double)in->file[1].probs[i * K + i % 2], 0.8, 1e-4);
    struct score_options o = score_defaults();
    struct score_result *result;
    o.pool = pool;
    o.rounds = 0;
    check(score_make(in, &o, &result, &err));
    check(score_set_views(set, result, pool, &err));
    ck_assert(result->views == 4 && result->views_learned);
    ck_assert(result->view[0].predictor == 0 && result->view[2].predictor == 1);
    ck_assert_double_eq_tol(result->view[1].weight, 0.5, 1e-6);
    ck_assert_double_eq_tol(result->view[2].weight, 1, 1e-4);
    ck_assert(result->view[0].top1.value == 1 && result->view[1].top1.value == 0);
    score_close(result);
    score_set_close(set);

    save("a.safetensors", (struct difference){ 0 });
    ck_assert_int_eq(score_set_read(&set, &r, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "keeps no views"));
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("score_read");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, together);
    tcase_add_test(cases, apart);
    tcase_add_test(cases, from_elsewhere);
    tcase_add_test(cases, selections);
    tcase_add_test(cases, beside);
    tcase_add_test(cases, learned_views);
    return suite_run();
}
