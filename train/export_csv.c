#include "train/export_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* What cannot be written is found by file_commit. */
static void write_text(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++)
        fputs(*text == '"' ? "\"\"" : (const char[]){ *text, '\0' }, out);
    fputc('"', out);
}

static void write_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        write_text(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        fprintf(out, "%.9g", json_real_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "yes" : "no", out);
}

static void write_number(FILE *out, double x, double times)
{
    fputc(',', out);
    if (isfinite(x))
        fprintf(out, "%.8g", x * times);
}

static void write_head(FILE *out, const json_t *keys)
{
    size_t i;
    const json_t *key;
    fputs("run,state,group,seed", out);
    json_array_foreach(keys, i, key)
    {
        fputc(',', out);
        write_text(out, json_string_value(key));
    }
    fputs(",epoch,train_loss,train_top1,eval_loss,eval_top1,eval_top5,lr,seconds,"
          "images_per_second\n",
          out);
}

static void write_row(FILE *out, const struct board_run *run, const json_t *keys, size_t row)
{
    const struct run_rows *r = &run->record->rows;
    size_t i;
    const json_t *key;
    write_text(out, run->name);
    fprintf(out, ",%s,%d,", run_state_name(run->record->state), run->group);
    write_value(out, board_run_seed(run));
    json_array_foreach(keys, i, key)
    {
        fputc(',', out);
        write_value(out, json_object_get(run->flat, json_string_value(key)));
    }
    if (row >= r->count) {
        fputs(",,,,,,,,,\n", out);
        return;
    }
    fprintf(out, ",%d", r->epoch[row]);
    write_number(out, r->train_loss[row], 1);
    write_number(out, r->train_top1[row], 100);
    write_number(out, r->eval_loss[row], 1);
    write_number(out, r->eval_top1[row], 100);
    write_number(out, r->eval_top5[row], 100);
    write_number(out, r->lr[row], 1);
    write_number(out, r->seconds[row], 1);
    write_number(out, r->images_per_second[row], 1);
    fputc('\n', out);
}

int export_csv(const struct board *board, const char *path, struct error *err)
{
    struct file_out *out;
    const json_t *keys = board_keys(board);
    if (file_create(&out, path, err) < 0)
        return -1;
    write_head(file_stream(out), keys);
    for (size_t i = 0; i < board_runs(board); i++) {
        const struct board_run *run = board_run(board, i);
        size_t rows = run->record ? run->record->rows.count : 0;
        for (size_t row = 0; run->record && (row < rows || row == 0); row++)
            write_row(file_stream(out), run, keys, row);
    }
    return file_commit(out, err);
}
