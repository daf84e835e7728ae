#include "train/run_table.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/run_mark.h"

enum {
    TRAIN_LOSS,
    TRAIN_TOP1,
    EVAL_LOSS,
    EVAL_TOP1,
    EVAL_TOP5,
    LR,
    SECONDS,
    RATE,
    COLUMNS,
    EPOCH = COLUMNS,
    FOREIGN
};

static const struct {
    const char *name;
    double times; /* shares are written in percent */
} columns[] = {
    [TRAIN_LOSS] = { "train_loss", 1 },
    [TRAIN_TOP1] = { "train_top1", 0.01 },
    [EVAL_LOSS] = { "eval_loss", 1 },
    [EVAL_TOP1] = { "eval_top1", 0.01 },
    [EVAL_TOP5] = { "eval_top5", 0.01 },
    [LR] = { "lr", 1 },
    [SECONDS] = { "seconds", 1 },
    [RATE] = { "images_per_second", 1 },
    [EPOCH] = { "epoch", 1 },
};

enum { FIELDS = 32 }; /* of a row; those behind are not looked at */

struct run_table {
    char *path;           /* owned */
    struct run_mark seen; /* when it was read last */
};

struct run_table *run_table_open(const char *folder, struct error *err)
{
    struct run_table *table = memory_array(1, sizeof(*table), err);
    if (table && !(table->path = file_join(folder, "summary.csv", err))) {
        free(table);
        table = NULL;
    }
    return table;
}

void run_table_close(struct run_table *table)
{
    if (!table)
        return;
    free(table->path);
    free(table);
}

static void list_columns(struct run_rows *rows, double **list[COLUMNS])
{
    list[TRAIN_LOSS] = &rows->train_loss;
    list[TRAIN_TOP1] = &rows->train_top1;
    list[EVAL_LOSS] = &rows->eval_loss;
    list[EVAL_TOP1] = &rows->eval_top1;
    list[EVAL_TOP5] = &rows->eval_top5;
    list[LR] = &rows->lr;
    list[SECONDS] = &rows->seconds;
    list[RATE] = &rows->images_per_second;
}

static int grow(struct run_rows *rows, struct error *err)
{
    size_t capacity = rows->capacity ? 2 * rows->capacity : 32;
    int *epoch = realloc(rows->epoch, capacity * sizeof(*epoch));
    bool all = epoch != NULL;
    if (epoch)
        rows->epoch = epoch;
    double **list[COLUMNS];
    list_columns(rows, list);
    for (int c = 0; c < COLUMNS; c++) {
        double *column = realloc(*list[c], capacity * sizeof(*column));
        if (column)
            *list[c] = column;
        all = all && column;
    }
    if (!all)
        return error_set(err, ERROR_FAILED, NULL, "no memory for %zu epochs of a run", capacity);
    rows->capacity = capacity;
    return 0;
}

void run_rows_release(struct run_rows *rows)
{
    double **list[COLUMNS];
    list_columns(rows, list);
    for (int c = 0; c < COLUMNS; c++)
        free(*list[c]);
    free(rows->epoch);
    *rows = (struct run_rows){ 0 };
}

/* The fields of the line at *at, cut out in place; *at is then the next line. */
static int cut_line(char **at, char *field[FIELDS])
{
    char *line = *at, *feed = strchr(line, '\n');
    int count = 0;
    *at = feed ? feed + 1 : line + strlen(line);
    if (feed)
        *feed = '\0';
    line[strcspn(line, "\r")] = '\0';
    for (char *next = line; next && count < FIELDS;) {
        field[count++] = strsep(&next, ",");
    }
    return count;
}

static int find_column(const char *name)
{
    for (int c = 0; c <= EPOCH; c++)
        if (strcmp(name, columns[c].name) == 0)
            return c;
    return FOREIGN;
}

/* An empty field is NAN and right. */
static bool read_number(const char *text, double *value)
{
    char *end;
    *value = NAN;
    if (!*text)
        return true;
    double x = strtod(text, &end);
    if (end == text || *end)
        return false;
    *value = x;
    return true;
}

static bool read_row(char *const *field, int fields, const int *kind, int *epoch,
                     double value[COLUMNS])
{
    double number, at = 0;
    bool good = true;
    for (int i = 0; i < fields; i++) {
        bool is_number = read_number(field[i], &number);
        good = good && is_number;
        if (kind[i] == EPOCH)
            at = number;
        else if (kind[i] < COLUMNS)
            value[kind[i]] = number * columns[kind[i]].times;
    }
    if (!(at >= 1 && at <= INT32_MAX && at == floor(at)))
        return false;
    *epoch = (int)at;
    return good;
}

static int add_row(struct run_rows *rows, int epoch, const double value[COLUMNS], struct error *err)
{
    while (rows->count > 0 && rows->epoch[rows->count - 1] >= epoch)
        rows->count--;
    if (rows->count == rows->capacity && grow(rows, err) < 0)
        return -1;
    double **list[COLUMNS];
    list_columns(rows, list);
    for (int c = 0; c < COLUMNS; c++)
        (*list[c])[rows->count] = value[c];
    rows->epoch[rows->count++] = epoch;
    return 0;
}

int run_table_parse(struct run_rows *rows, char *text, int *skipped, struct error *err)
{
    char *field[FIELDS];
    int kind[FIELDS];
    rows->count = 0;
    *skipped = 0;
    int named = cut_line(&text, field);
    for (int i = 0; i < named; i++)
        kind[i] = find_column(field[i]);
    while (*text) {
        double value[COLUMNS];
        int epoch;
        for (int c = 0; c < COLUMNS; c++)
            value[c] = NAN;
        int fields = cut_line(&text, field);
        if (fields == 1 && !*field[0])
            continue;
        bool good = read_row(field, fields < named ? fields : named, kind, &epoch, value);
        if (!good || rows->count == RUN_TABLE_ROWS)
            ++*skipped;
        else if (add_row(rows, epoch, value, err) < 0)
            return -1;
    }
    return 0;
}

static int take_in(const struct run_table *table, struct run_record *run, struct error *err)
{
    struct buffer text = { 0 };
    struct error unreadable = { 0 };
    int rc = 0;
    if (file_read(table->path, RUN_TABLE_BYTES, &text, &unreadable) == 0)
        rc = run_table_parse(&run->rows, text.data, &run->skipped_rows, err);
    else
        run->skipped_rows++;
    buffer_release(&text);
    return rc;
}

int run_table_follow(struct run_table *table, struct run_record *run, bool *changed,
                     struct error *err)
{
    if (run->state != RUN_RUNNING && run_mark_holds(&table->seen, table->path))
        return 0;
    /* Opened, not looked up: a network file system then asks its server which file it is now. */
    int fd = open(table->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    int rc = 0;
    if (fd < 0)
        return 0;
    if (fstat(fd, &info) == 0) {
        struct run_mark now = run_mark_of(&info);
        if (!run_mark_same(&now, &table->seen)) {
            *changed = true;
            rc = take_in(table, run, err);
            table->seen = now;
        }
    }
    close(fd);
    return rc;
}
