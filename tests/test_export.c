/*
 * Exported runs read back as what they were: event files by a reader of its own (framing, both
 * checksums, fields of the protocol buffers), the table by the reader of CSV files; and nothing is
 * written outside of the folder that was named.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "tests/made_runs.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "train/export_csv.h"
#include "train/export_tensorboard.h"

enum { RUNS = 7, POINTS = 120, EPOCHS = 4, STEPS = POINTS * 10 / EPOCHS };

static const char events[] = "events.out.tfevents.0000000000.tenfold";

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static struct board *open_board(const char *const *roots, int count)
{
    struct board *board;
    struct error err = { 0 };
    ck_assert_msg(
        board_open(&board, &(struct board_options){ .roots = roots, .count = count }, &err) == 0,
        "%s: %s", err.place, err.message);
    return board;
}

static struct board *open_made(void)
{
    static const char *const roots[] = { "sweep" };
    struct error err = { 0 };
    ck_assert_int_eq(made_runs("sweep", &(struct made_shape){ RUNS, POINTS, EPOCHS }, &err), 0);
    return open_board(roots, 1);
}

/* Bit by bit, by the polynomial. */
static uint32_t masked_crc(const unsigned char *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < 8 * size; i++) {
        uint32_t bit = (crc ^ (uint32_t)(data[i / 8] >> i % 8)) & 1;
        crc = crc >> 1 ^ (bit ? 0x82f63b78 : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static uint64_t little(const unsigned char *byte, int size)
{
    uint64_t x = 0;
    for (int i = size - 1; i >= 0; i--)
        x = x << 8 | byte[i];
    return x;
}

struct field {
    unsigned number, wire;
    uint64_t value;            /* of wires 0, 1 and 5 */
    const unsigned char *data; /* of wire 2, `value` bytes */
};

static uint64_t take_varint(const unsigned char **at, const unsigned char *end)
{
    uint64_t x = 0;
    for (int shift = 0;; shift += 7) {
        ck_assert(*at < end && shift < 64);
        x |= (uint64_t)(**at & 0x7f) << shift;
        if (*(*at)++ < 0x80)
            return x;
    }
}

static bool take_field(const unsigned char **at, const unsigned char *end, struct field *f)
{
    if (*at == end)
        return false;
    uint64_t tag = take_varint(at, end);
    *f = (struct field){ .number = (unsigned)(tag >> 3), .wire = (unsigned)(tag & 7) };
    int fixed = f->wire == 1 ? 8 : 4;
    ck_assert(f->wire == 0 || f->wire == 1 || f->wire == 2 || f->wire == 5);
    if (f->wire == 0 || f->wire == 2) {
        f->value = take_varint(at, end);
    } else {
        ck_assert_int_ge(end - *at, fixed);
        f->value = little(*at, fixed);
        *at += fixed;
    }
    if (f->wire == 2) {
        ck_assert_uint_le(f->value, (uint64_t)(end - *at));
        f->data = *at;
        *at += f->value;
    }
    return true;
}

/* What the scalars of one file were compared with. */
struct seen {
    const struct run_record *run;
    size_t loss, lr, rows[5];
    double seconds;
};

static void check_scalar(struct seen *s, const char *tag, size_t size, uint64_t step, float value)
{
    const struct run_rows *r = &s->run->rows;
    const struct {
        const char *tag;
        const double *values;
        size_t *count;
        uint64_t step;
    } known[] = {
        { "train/loss", s->run->points.loss, &s->loss, s->run->points.step[s->loss % POINTS] },
        { "train/lr", s->run->points.lr, &s->lr, s->run->points.step[s->lr % POINTS] },
        { "epoch/train_loss", r->train_loss, &s->rows[0], STEPS * (s->rows[0] + 1) },
        { "epoch/train_top1", r->train_top1, &s->rows[1], STEPS * (s->rows[1] + 1) },
        { "epoch/eval_loss", r->eval_loss, &s->rows[2], STEPS * (s->rows[2] + 1) },
        { "epoch/eval_top1", r->eval_top1, &s->rows[3], STEPS * (s->rows[3] + 1) },
        { "epoch/eval_top5", r->eval_top5, &s->rows[4], STEPS * (s->rows[4] + 1) },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].tag) == size && memcmp(known[i].tag, tag, size) == 0) {
            ck_assert_uint_eq(step, known[i].step);
            ck_assert_float_eq(value, (float)known[i].values[*known[i].count]);
            ++*known[i].count;
            return;
        }
    ck_abort_msg("a scalar that nobody knows: %.*s", (int)size, tag);
}

static void check_value(struct seen *s, uint64_t step, const struct field *value)
{
    const unsigned char *at = value->data, *end = at + value->value;
    struct field f, tag = { 0 };
    float x = NAN;
    while (take_field(&at, end, &f)) {
        if (f.number == 1 && f.wire == 2)
            tag = f;
        if (f.number == 2 && f.wire == 5) {
            uint32_t bits = (uint32_t)f.value;
            memcpy(&x, &bits, sizeof(x));
        }
    }
    check_scalar(s, (const char *)tag.data, tag.value, step, x);
}

static void check_event(struct seen *s, const unsigned char *at, size_t size, bool first)
{
    const unsigned char *end = at + size;
    struct field f, summary = { 0 };
    uint64_t step = 0;
    double seconds = -1;
    bool version = false;
    while (take_field(&at, end, &f)) {
        if (f.number == 1 && f.wire == 1)
            memcpy(&seconds, &f.value, sizeof(seconds));
        if (f.number == 2 && f.wire == 0)
            step = f.value;
        if (f.number == 3)
            version = f.value == 13 && memcmp(f.data, "brain.Event:2", 13) == 0;
        if (f.number == 5)
            summary = f;
    }
    ck_assert(version == first);
    ck_assert(seconds >= 0 && seconds < 1e6);
    s->seconds = seconds > s->seconds ? seconds : s->seconds;
    at = summary.data;
    while (summary.data && take_field(&at, summary.data + summary.value, &f))
        check_value(s, step, &f);
}

static void check_events(const char *path, const struct run_record *run)
{
    struct buffer file = { 0 };
    struct error err = { 0 };
    struct seen seen = { .run = run };
    ck_assert_msg(file_read(path, FILE_LIMIT, &file, &err) == 0, "%s: %s", err.place, err.message);
    const unsigned char *at = (const unsigned char *)file.data, *end = at + file.size;
    for (bool first = true; at < end; first = false) {
        ck_assert_int_ge(end - at, 16);
        uint64_t size = little(at, 8);
        ck_assert_uint_eq(little(at + 8, 4), masked_crc(at, 8));
        ck_assert_uint_le(size, (uint64_t)(end - at) - 16);
        ck_assert_uint_eq(little(at + 12 + size, 4), masked_crc(at + 12, size));
        check_event(&seen, at + 12, size, first);
        at += 16 + size;
    }
    ck_assert_uint_eq(seen.loss, run->points.count);
    ck_assert_uint_eq(seen.lr, run->points.count);
    double seconds = 0;
    for (size_t i = 0; i < run->rows.count; i++)
        seconds += run->rows.seconds[i];
    ck_assert_double_eq_tol(seen.seconds, seconds, 1e-9);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(seen.rows[i], run->rows.count);
    buffer_release(&file);
}

START_TEST(tensorboard)
{
    struct board *board = open_made();
    struct error err = { 0 };
    ck_assert_msg(export_tensorboard(board, "tb", &err) == 0, "%s: %s", err.place, err.message);
    for (int i = 0; i < RUNS; i++) {
        char path[200];
        struct run_record *run;
        snprintf(path, sizeof(path), "sweep/trials/%04d", i);
        ck_assert_int_eq(run_read(&run, path, &err), 0);
        ck_assert_uint_eq(run->points.count, POINTS);
        snprintf(path, sizeof(path), "tb/trials/%04d/%s", i, events);
        check_events(path, run);
        run_close(run);
    }
    board_close(board);
}
END_TEST

/* A run without anything, and roots that have nothing in common. */
START_TEST(odd_runs)
{
    static const char *const roots[] = { "../here/a", "b" };
    struct error err = { 0 };
    ck_assert_int_eq(file_make_folders("here/a", &err), 0);
    ck_assert_int_eq(file_make_folders("here/b", &err), 0);
    ck_assert_int_eq(chdir("here"), 0);
    put("a/log.jsonl", "");
    put("b/summary.csv", "epoch,train_loss\n1,2.5\n");
    struct board *board = open_board(roots, 2);
    ck_assert_msg(export_tensorboard(board, "tb", &err) == 0, "%s: %s", err.place, err.message);
    char path[100];
    snprintf(path, sizeof(path), "tb/__/here/a/%s", events);
    ck_assert(file_exists(path));
    snprintf(path, sizeof(path), "tb/b/%s", events);
    ck_assert(file_exists(path));
    ck_assert_int_eq(export_csv(board, "all.csv", &err), 0);
    board_close(board);
    struct buffer text = { 0 };
    ck_assert_int_eq(file_read("all.csv", FILE_LIMIT, &text, &err), 0);
    ck_assert_str_eq(text.data,
                     "run,state,group,seed,epoch,train_loss,train_top1,eval_loss,eval_top1,"
                     "eval_top5,lr,seconds,images_per_second\n"
                     "../here/a,running,0,,,,,,,,,,\nb,running,1,,1,2.5,,,,,,,\n");
    buffer_release(&text);
    ck_assert_int_eq(chdir(".."), 0);
}
END_TEST

START_TEST(table)
{
    struct board *board = open_made();
    struct error err = { 0 };
    struct csv csv;
    size_t rows = 0;
    ck_assert_int_eq(export_csv(board, "all.csv", &err), 0);
    ck_assert_int_eq(csv_open(&csv, "all.csv", FILE_LIMIT, &err), 0);
    ck_assert_int_eq(csv_next(&csv, &err), 1);
    ck_assert_str_eq(csv.field[4], "train.lr");
    ck_assert_str_eq(csv.field[5], "train.weight_decay");
    ck_assert_str_eq(csv.field[10], "eval_top1");
    for (; csv_next(&csv, &err) == 1; rows++) {
        const struct board_run *run = board_run(board, rows / EPOCHS);
        ck_assert_str_eq(csv.field[0], run->name);
        ck_assert_double_eq_tol(strtod(csv.field[10], NULL),
                                100 * run->record->rows.eval_top1[rows % EPOCHS], 1e-5);
        const json_t *train = json_object_get(run->record->config, "train");
        ck_assert_double_eq_tol(strtod(csv.field[4], NULL),
                                json_number_value(json_object_get(train, "lr")), 1e-8);
    }
    ck_assert_uint_eq(rows, RUNS * EPOCHS);
    csv_close(&csv);
    board_close(board);
}
END_TEST

/* A disk that is full leaves no half of a file. */
START_TEST(full_disk)
{
    struct board *board = open_made();
    struct error err = { 0 };
    const struct rlimit small = { 500, RLIM_INFINITY };
    char path[100];
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(export_csv(board, "all.csv", &err), -1);
    ck_assert_msg(strstr(err.message, "cannot be written"), "%s", err.message);
    ck_assert_int_eq(export_tensorboard(board, "tb", &err), -1);
    ck_assert_msg(strstr(err.message, "cannot be written"), "%s", err.message);
    snprintf(path, sizeof(path), "tb/trials/0000/%s", events);
    ck_assert(!file_exists("all.csv") && !file_exists(path));
    board_close(board);
}
END_TEST

/* Names are quoted where they must be. */
START_TEST(quoted)
{
    static const char *const roots[] = { "out" };
    struct error err = { 0 };
    struct csv csv;
    ck_assert_int_eq(file_make_folders("out/a,\"b\"", &err), 0);
    put("out/a,\"b\"/log.jsonl", "");
    struct board *board = open_board(roots, 1);
    ck_assert_int_eq(export_csv(board, "all.csv", &err), 0);
    ck_assert_int_eq(export_csv(board, "nowhere/all.csv", &err), -1);
    board_close(board);
    ck_assert_int_eq(csv_open(&csv, "all.csv", FILE_LIMIT, &err), 0);
    ck_assert_int_eq(csv_next(&csv, &err), 1);
    ck_assert_int_eq(csv_next(&csv, &err), 1);
    ck_assert_str_eq(csv.field[0], "a,\"b\"");
    csv_close(&csv);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("export");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, tensorboard);
    tcase_add_test(cases, odd_runs);
    tcase_add_test(cases, table);
    tcase_add_test(cases, full_disk);
    tcase_add_test(cases, quoted);
    return suite_run();
}
