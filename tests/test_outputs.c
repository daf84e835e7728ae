/*
 * Claim: outputs of other software are read from NPY, NPZ and CSV as they were meant, or refused
 * with the row and the remedy; what they are is never guessed where the values leave it open; and
 * no damaged file does harm: every byte of an archive changed, every length it may be cut to.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/npy.h"
#include "base/npz.h"
#include "base/rng.h"
#include "eval/outputs.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static struct error err;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

static void write_text(const char *path, const char *text)
{
    check(file_write(path, text, strlen(text), &err));
}

/* Row by row: a file, the kind that is said, and what comes out or a word of the refusal. */
START_TEST(csv)
{
    static const struct {
        const char *text;
        enum outputs_kind kind;
        const char *refusal; /* NULL: read */
        int n, k, voters;
        bool labels, ids, keys, names;
        enum score_kind found;
    } rows[] = {
        { "0.25,0.75\n1,0\n", OUTPUTS_AUTO, NULL, 2, 2, 0, 0, 0, 0, 0, SCORE_PROBS },
        { "\xef\xbb\xbf"
          "0.25;0.75\r\n\r\n1;0",
          OUTPUTS_AUTO, NULL, 2, 2, 0, 0, 0, 0, 0, SCORE_PROBS },
        { "cat,dog\n-1.5,2\n0,0.5\n", OUTPUTS_AUTO, NULL, 2, 2, 0, 0, 0, 0, 1, SCORE_LOGITS },
        { "filename,label,0,1,2\na.jpg,2,0.1,0.2,0.7\n\"b,\"\"c\"\".jpg\",0,1,0,0\n", OUTPUTS_AUTO,
          NULL, 2, 3, 0, 1, 0, 1, 1, SCORE_PROBS },
        { "index\tTarget\tx\ty\n7\t1\t3.5\t4\n9\t-1\t1e1\t2\n", OUTPUTS_LOGITS, NULL, 2, 2, 0, 1, 1,
          0, 1, SCORE_LOGITS },
        { "a.jpg,0.5,0.5\nb.jpg,0,1\n", OUTPUTS_AUTO, NULL, 2, 2, 0, 0, 0, 1, 0, SCORE_PROBS },
        { "path,0,1\na.jpg,0.5,0.5\n", OUTPUTS_AUTO, NULL, 1, 2, 0, 0, 0, 1, 1, SCORE_PROBS },
        { "3\n0\n4\n", OUTPUTS_AUTO, NULL, 3, 0, 1, 0, 0, 0, 0, SCORE_VOTES },
        { "3,1\n0,2\n", OUTPUTS_VOTES, NULL, 2, 0, 2, 0, 0, 0, 0, SCORE_VOTES },
        { "id,prediction,label\n5,1,0\n6,0,0\n", OUTPUTS_AUTO, NULL, 2, 0, 1, 1, 1, 0, 0,
          SCORE_VOTES },
        { "0.5,0.5\n0.5\n", OUTPUTS_AUTO, "fields", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,0.5\n0.5,x\n", OUTPUTS_AUTO, "number is needed", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,0.5\n0.5,nan\n", OUTPUTS_AUTO, "NaN", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,0.5\n-inf,0.5\n", OUTPUTS_LOGITS, "infinite", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,0.5\n0.5,0.9\n", OUTPUTS_AUTO, "--kind logits", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,0.5\n0.5,0.9\n", OUTPUTS_PROBS, "sums to 1.4", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,7\n0.5,0.9\n", OUTPUTS_AUTO, "--kind", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,7\n0.5,0.9\n", OUTPUTS_PROBS, "outside 0..1", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,-0.5\n0.5,0.9\n", OUTPUTS_PROBS, "--kind logits", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "0.5,0.5\n", OUTPUTS_VOTES, "votes are classes", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "id,x,y\n5,0.5,0.5\n5,0.5,0.5\n", OUTPUTS_AUTO, "twice", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "label,x,y\n-2,0.5,0.5\n", OUTPUTS_AUTO, "labels are classes", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "label,x,y\n1.5,0.5,0.5\n", OUTPUTS_AUTO, "labels are classes", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "-1\n", OUTPUTS_AUTO, "votes for class", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "label,label,x\n1,1,1\n", OUTPUTS_AUTO, "two columns", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "label,id\n1,1\n", OUTPUTS_AUTO, "no column of outputs", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "pred,x,y\n1,1,0\n", OUTPUTS_AUTO, "both a vote", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "\"a,0.5\n", OUTPUTS_AUTO, "end of the line", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "\"a\"b,0.5\n", OUTPUTS_AUTO, "quoted", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "\n\n", OUTPUTS_AUTO, "no line", 0, 0, 0, 0, 0, 0, 0, 0 },
        { "x,y\n", OUTPUTS_AUTO, "no sample", 0, 0, 0, 0, 0, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outputs o;
        struct outputs_options options = { rows[i].kind, NULL };
        write_text("a.csv", rows[i].text);
        int status = outputs_read(&o, "a.csv", &options, &err);
        if (rows[i].refusal) {
            ck_assert_msg(status == -1, "row %zu was read", i);
            ck_assert_msg(strstr(err.message, rows[i].refusal) != NULL, "row %zu: %s", i,
                          err.message);
            ck_assert(err.kind == ERROR_DATA || err.kind == ERROR_USAGE);
            ck_assert_ptr_nonnull(strstr(err.place, "a.csv"));
            continue;
        }
        ck_assert_msg(status == 0, "row %zu: %s: %s", i, err.place, err.message);
        ck_assert_msg((int)o.n == rows[i].n && o.k == rows[i].k && o.voters == rows[i].voters,
                      "row %zu: %d x %d, %d voters", i, (int)o.n, o.k, o.voters);
        ck_assert_msg(!o.label == !rows[i].labels && !o.id == !rows[i].ids &&
                          !o.key == !rows[i].keys && !o.class_name == !rows[i].names &&
                          o.kind == rows[i].found,
                      "row %zu", i);
        outputs_release(&o);
    }
}
END_TEST

START_TEST(csv_values)
{
    struct outputs o;
    struct outputs_options options = { 0 };
    write_text("a.csv", "filename,label,zero,one\na.jpg,1,0.25,0.75\n\"b,\"\"c\"\".jpg\",0,1,0\n");
    check(outputs_read(&o, "a.csv", &options, &err));
    ck_assert(o.values[0] == 0.25f && o.values[1] == 0.75f && o.values[2] == 1);
    ck_assert(o.label[0] == 1 && o.label[1] == 0);
    ck_assert_str_eq(o.key[1], "b,\"c\".jpg");
    ck_assert_str_eq(o.class_name[1], "one");
    outputs_release(&o);
    write_text("v.csv", "1,3\n2,4\n5,6\n");
    options.kind = OUTPUTS_VOTES;
    check(outputs_read(&o, "v.csv", &options, &err));
    static const int32_t expected[] = { 1, 2, 5, 3, 4, 6 };
    ck_assert_mem_eq(o.votes, expected, sizeof(expected));
    outputs_release(&o);
}
END_TEST

START_TEST(labels)
{
    static const char *const texts[] = { "1\n0\n2\n", "label\n1\n0\n2\n",
                                         "id,label\n4,1\n5,0\n6,2\n", "a.jpg,1\nb.jpg,0\nc.jpg,2\n",
                                         "label,x\n1,0.5\n0,0.5\n2,0.5\n" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct outputs o;
        write_text("l.csv", texts[i]);
        ck_assert_msg(outputs_read_labels(&o, "l.csv", &err) == 0, "%zu: %s", i, err.message);
        ck_assert(o.n == 3 && o.label[0] == 1 && o.label[1] == 0 && o.label[2] == 2);
        outputs_release(&o);
    }
    struct outputs o;
    write_text("l.csv", "x,y\n1,2\n");
    ck_assert_int_eq(outputs_read_labels(&o, "l.csv", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "label"));
}
END_TEST

static void write_array(const char *path, enum dtype dtype, int rank, int64_t n, int64_t k,
                        void *data)
{
    struct tensor t = { dtype, rank, { n, k }, data };
    check(npy_write(path, &t, &err));
}

START_TEST(arrays)
{
    double wide[] = { 0.5, 0.5, 0.25, 0.75 };
    float logits[] = { -3, 4, 0.5f, 9 };
    int8_t votes[] = { 0, 3, 1, 2, 2, 1 };
    uint8_t one[] = { 4, 0, 2 };
    struct outputs o;
    struct outputs_options options = { 0 };
    write_array("p.npy", DTYPE_F64, 2, 2, 2, wide);
    check(outputs_read(&o, "p.npy", &options, &err));
    ck_assert(o.kind == SCORE_PROBS && o.concluded && o.values[3] == 0.75f && o.n == 2);
    outputs_release(&o);
    write_array("l.npy", DTYPE_F32, 2, 2, 2, logits);
    check(outputs_read(&o, "l.npy", &options, &err));
    ck_assert(o.kind == SCORE_LOGITS && o.concluded && o.values[1] == 4);
    outputs_release(&o);
    write_array("v.npy", DTYPE_I8, 2, 3, 2, votes);
    check(outputs_read(&o, "v.npy", &options, &err));
    ck_assert(o.kind == SCORE_VOTES && o.voters == 2 && o.n == 3 && o.votes[0] == 0 &&
              o.votes[1] == 1 && o.votes[3] == 3);
    outputs_release(&o);
    write_array("u.npy", DTYPE_U8, 1, 3, 0, one);
    check(outputs_read(&o, "u.npy", &options, &err));
    ck_assert(o.voters == 1 && o.n == 3 && o.votes[0] == 4);
    outputs_release(&o);
    check(outputs_read_labels(&o, "u.npy", &err));
    ck_assert(o.label[2] == 2);
    outputs_release(&o);

    options.kind = OUTPUTS_PROBS;
    ck_assert_int_eq(outputs_read(&o, "u.npy", &options, &err), -1);
    ck_assert_int_eq(outputs_read_labels(&o, "p.npy", &err), -1);
    write_array("one.npy", DTYPE_F32, 1, 4, 0, logits);
    ck_assert_int_eq(outputs_read(&o, "one.npy", &options, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "1 dimensions"));
    ck_assert_int_eq(outputs_read(&o, "missing.npy", &options, &err), -1);
    check(file_write("empty", "", 0, &err));
    ck_assert_int_eq(outputs_read(&o, "empty", &options, &err), -1);
    ck_assert_int_eq(outputs_read(&o, ".", &options, &err), -1);
}
END_TEST

static struct buffer golden(const char *name)
{
    char path[600];
    struct buffer b = { 0 };
    snprintf(path, sizeof(path), "%s/tests/golden/%s", scratch_start(), name);
    check(file_read(path, FILE_LIMIT, &b, &err));
    return b;
}

static const char *const archives[] = { "outputs.npz", "outputs_deflated.npz" };

START_TEST(archive)
{
    struct buffer b = golden(archives[_i]);
    struct outputs o;
    struct outputs_options options = { 0 };
    check(file_write("a.npz", b.data, b.size, &err));
    check(outputs_read(&o, "a.npz", &options, &err));
    ck_assert(o.n == 40 && o.k == 6 && o.kind == SCORE_LOGITS && !o.concluded);
    for (int i = 0; i < 240; i++)
        ck_assert(o.values[i] == (float)(i * 7919 % 101) / 8 - 5);
    for (int i = 0; i < 40; i++)
        ck_assert(o.label[i] == i % 6 && o.id[i] == 2 * i + 1);
    outputs_release(&o);
    check(outputs_read_labels(&o, "a.npz", &err));
    ck_assert(o.n == 40 && o.label[7] == 1);
    outputs_release(&o);
    options.array = "labels";
    check(outputs_read(&o, "a.npz", &options, &err));
    ck_assert(o.kind == SCORE_VOTES && o.voters == 1);
    outputs_release(&o);
    options.array = "nothing";
    ck_assert_int_eq(outputs_read(&o, "a.npz", &options, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    buffer_release(&b);
}
END_TEST

/* A file in memory: thousands of them on a disk would take minutes. Returns its path. */
static const char *put(const void *bytes, size_t size)
{
    static char path[40];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("outputs", 0);
    ck_assert_int_ge(fd, 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    ck_assert_int_eq(pwrite(fd, bytes, size, 0), size);
    return path;
}

/* Reading must end without harm; what is read must be what was written, since every member has a
 * CRC, or the names of the arrays have changed. */
static void try(const void *bytes, size_t size)
{
    struct outputs o;
    struct outputs_options options = { 0 };
    if (outputs_read(&o, put(bytes, size), &options, &err) < 0)
        return;
    ck_assert_uint_eq(o.n, 40);
    for (int i = 0; i < 240 && o.kind == SCORE_LOGITS && o.k == 6; i++)
        ck_assert(o.values[i] == (float)(i * 7919 % 101) / 8 - 5);
    outputs_release(&o);
}

START_TEST(damaged_archives)
{
    struct buffer b = golden(archives[_i]);
    unsigned char *bytes = (unsigned char *)b.data;
    for (size_t cut = 0; cut < b.size; cut++)
        try(bytes, cut);
    static const unsigned char changes[] = { 0x01, 0x80, 0xff };
    for (size_t at = 0; at < b.size; at++) {
        for (size_t c = 0; c < sizeof(changes); c++) {
            bytes[at] ^= changes[c];
            try(bytes, b.size);
            bytes[at] ^= changes[c];
        }
    }
    buffer_release(&b);
}
END_TEST

/* Random bytes behind the beginnings that the formats are told by. */
START_TEST(noise)
{
    static const char *const starts[] = { "\x93NUMPY\1", "PK\3\4", "PK\5\6", "0.5,0.5\n", "\"" };
    struct rng rng = rng_start(rng_derive(4, "sample", "noise", 0), 0, 0);
    for (int round = 0; round < 2000; round++) {
        unsigned char bytes[200];
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] =
                (unsigned char)(round % 2 ? rng_below(&rng, 256)
                                          : (uint64_t) "0123456789.,\n\"-ex"[rng_below(&rng, 17)]);
        const char *start = starts[round % 5];
        memcpy(bytes, start, strlen(start));
        struct outputs o;
        struct outputs_options options = { (enum outputs_kind)(round % 4), NULL };
        const char *path = put(bytes, 20 + rng_below(&rng, 180));
        if (outputs_read(&o, path, &options, &err) == 0)
            outputs_release(&o);
        if (outputs_read_labels(&o, path, &err) == 0)
            outputs_release(&o);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("outputs");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, csv);
    tcase_add_test(cases, csv_values);
    tcase_add_test(cases, labels);
    tcase_add_test(cases, arrays);
    tcase_add_loop_test(cases, archive, 0, 2);
    tcase_add_loop_test(cases, damaged_archives, 0, 2);
    tcase_add_test(cases, noise);
    return suite_run();
}
