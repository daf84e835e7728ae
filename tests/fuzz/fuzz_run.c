/*
 * libFuzzer's target for run folders: any bytes taken for lines of a log are read alike by both
 * ways of reading them, and any taken for a summary give rows in order. `make fuzz` runs it;
 * tests/test_run_read.c has the short version that always runs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/run_line.h"
#include "train/run_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool alike(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 4 * 0x1p-53 * fabs(b);
}

static void check_line(const char *text, size_t size)
{
    struct run_line a = { 0 }, b = { 0 };
    run_line_read(text, size, &a);
    run_line_read_plain(text, size, &b);
    if (a.kind != b.kind || a.step != b.step || !alike(a.loss, b.loss) || !alike(a.lr, b.lr) ||
        !alike(a.epoch, b.epoch) || !alike(a.images_per_second, b.images_per_second))
        abort();
}

static void check_table(char *text)
{
    struct run_rows rows = { 0 };
    struct error err = { 0 };
    int skipped;
    if (run_table_parse(&rows, text, &skipped, &err) < 0)
        abort();
    for (size_t i = 1; i < rows.count; i++)
        if (rows.epoch[i] <= rows.epoch[i - 1])
            abort();
    run_rows_release(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 2);
    if (!text)
        return 0;
    memcpy(text, data, size);
    memcpy(text + size, "\n", 2);
    for (char *at = text, *feed; (feed = memchr(at, '\n', (size_t)(text + size + 1 - at)));
         at = feed + 1)
        check_line(at, (size_t)(feed - at));
    check_table(text);
    free(text);
    return 0;
}
