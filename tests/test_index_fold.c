/*
 * Claim: the folds of a data set hold every sample once; what is left for training is the rest; and
 * such a part is, to everybody who asks, the data set of its samples alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/index.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { IMAGES = 53, FOLDS = 5 };

static struct tiny tiny;

static void enter(void)
{
    tiny_make(&tiny, &(struct tiny_shape){ 3, IMAGES, 6, 5, 0 });
}

static void leave(void)
{
    tiny_remove(&tiny);
}

static struct index *open_part(const char *path, struct index_fold fold)
{
    struct index *index;
    struct index_options options = { .fold = fold };
    struct error err = { 0 };
    ck_assert_msg(index_open(&index, path, &options, &err) == 0, "%s: %s", err.place, err.message);
    return index;
}

/* Count the samples of a part, each by the whole data set's id. */
static uint64_t count_samples(const struct index *whole, const struct index *part, int seen[IMAGES])
{
    struct buffer a = { 0 }, b = { 0 };
    struct error err = { 0 };
    uint64_t id = 0;
    for (uint64_t i = 0; i < index_count(part); i++, id++) {
        struct sample s = index_sample(part, i);
        while (strcmp(index_sample(whole, id).key, s.key) != 0) /* in the whole one's order */
            ck_assert_uint_lt(++id, IMAGES);
        ck_assert_int_eq(index_label(part, i), index_label(whole, id));
        ck_assert_int_eq(s.label, index_label(whole, id));
        ck_assert_int_eq(index_read(part, i, &a, &err), 0);
        ck_assert_int_eq(index_read(whole, id, &b, &err), 0);
        ck_assert(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
        char place[300], expected[300];
        index_place(part, i, place, sizeof(place));
        index_place(whole, id, expected, sizeof(expected));
        ck_assert_str_eq(place, expected);
        seen[id]++;
    }
    ck_assert_int_eq(index_classes(part), index_classes(whole));
    buffer_release(&a);
    buffer_release(&b);
    return index_count(part);
}

START_TEST(every_sample_once)
{
    struct index *whole = open_part(tiny.root, (struct index_fold){ 0 });
    int held[IMAGES] = { 0 };
    for (uint32_t fold = 0; fold < FOLDS; fold++) {
        int both[IMAGES] = { 0 };
        struct index *out = open_part(tiny.root, (struct index_fold){ FOLDS, fold, 3, true });
        struct index *rest = open_part(tiny.root, (struct index_fold){ FOLDS, fold, 3, false });
        uint64_t n = count_samples(whole, out, held);
        count_samples(whole, out, both);
        ck_assert(n == IMAGES / FOLDS || n == IMAGES / FOLDS + 1);
        ck_assert_uint_eq(n + count_samples(whole, rest, both), IMAGES);
        for (int i = 0; i < IMAGES; i++)
            ck_assert_int_eq(both[i], 1);
        ck_assert_str_ne(index_hash(rest), index_hash(whole));
        index_close(rest);
        index_close(out);
    }
    for (int i = 0; i < IMAGES; i++)
        ck_assert_int_eq(held[i], 1);
    index_close(whole);
}
END_TEST

START_TEST(seeds_differ)
{
    struct index *a = open_part(tiny.root, (struct index_fold){ FOLDS, 0, 1, true });
    struct index *b = open_part(tiny.root, (struct index_fold){ FOLDS, 0, 2, true });
    struct index *c = open_part(tiny.root, (struct index_fold){ FOLDS, 0, 1, true });
    ck_assert_str_ne(index_hash(a), index_hash(b));
    ck_assert_str_eq(index_hash(a), index_hash(c));
    index_close(c);
    index_close(b);
    index_close(a);
}
END_TEST

/* The same files in a folder of their own. */
START_TEST(hash_of_its_own)
{
    char copy[80], command[800];
    struct index *rest = open_part(tiny.root, (struct index_fold){ 2, 1, 0, false });
    snprintf(copy, sizeof(copy), "%s-copy", tiny.root);
    for (uint64_t i = 0; i < index_count(rest); i++) {
        char place[256];
        index_place(rest, i, place, sizeof(place));
        const char *key = index_sample(rest, i).key;
        snprintf(command, sizeof(command), "mkdir -p %s/%.1s && cp %s %s/%.1s/", copy, key, place,
                 copy, key);
        ck_assert_int_eq(system(command), 0);
    }
    struct index *alone = open_part(copy, (struct index_fold){ 0 });
    ck_assert_str_eq(index_hash(rest), index_hash(alone));
    index_close(alone);
    index_close(rest);
    snprintf(command, sizeof(command), "rm -rf %s", copy);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(refused)
{
    static const struct index_fold wrong[] = { { FOLDS, FOLDS, 0, true },
                                               { IMAGES + 1, 0, 0, true } };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct index *index;
        struct index_options options = { .fold = wrong[i] };
        struct error err = { 0 };
        ck_assert_int_eq(index_open(&index, tiny.root, &options, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_ptr_nonnull(strstr(err.message, "of 53 samples"));
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("index_fold");
    tcase_add_checked_fixture(cases, enter, leave);
    tcase_add_test(cases, every_sample_once);
    tcase_add_test(cases, seeds_differ);
    tcase_add_test(cases, hash_of_its_own);
    tcase_add_test(cases, refused);
    return suite_run();
}
