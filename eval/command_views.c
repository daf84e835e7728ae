/* nneval views: what each test-time view and each scale is worth, from the views that were kept. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "eval/ablation.h"
#include "eval/command.h"

enum { JSON, THREADS };

static const struct param options[] = {
    [JSON] = { "json", PARAM_FILE, "", .help = "write the numbers to this file, too" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use; the result does not depend on it" },
    { 0 },
};

static const struct option_command command = {
    .program = "nneval views",
    .usage = "FILE... [options]",
    .summary = "print what each test-time view and scale is worth, alone and beside the others",
    .options = options,
    .positional_min = 1,
    .positional_max = OPTION_POSITIONAL,
    .notes =
        "FILE is what `nneval predict --keep-views` wrote. A row's gain is what all views "
        "together have over\nall but it; corrected and corrupted are the samples that it turns "
        "right and wrong.\n",
};

static double percent(uint64_t part, uint64_t all)
{
    return all ? 100 * (double)part / (double)all : 0;
}

static void print_row(const struct ablation *a, const struct ablation_row *r, int width)
{
    printf("%-*s  %6.4f  %7" PRIu64 "  %6.2f %%  %7.4f", width, r->name, r->weight, r->correct,
           percent(r->correct, a->labeled), r->nll);
    if (r->views < a->views)
        printf("  %6.2f %%  %+6.2f  %9" PRIu64 "  %9" PRIu64, percent(r->without, a->labeled),
               percent(a->correct, a->labeled) - percent(r->without, a->labeled), r->corrected,
               r->corrupted);
    printf("\n");
}

static void print_table(const struct prediction_file *f, const struct ablation *a)
{
    int width = 8;
    for (int i = 0; i < a->rows; i++)
        if ((int)strlen(a->row[i].name) > width)
            width = (int)strlen(a->row[i].name);
    printf("%s: %s, %" PRIu64 " of %" PRIu64 " samples labeled\n\n", f->path,
           f->about.views ? f->about.views : "views", a->labeled, a->n);
    printf("%-*s  %6s  %7s  %8s  %7s  %8s  %6s  %9s  %9s\n", width, "view", "weight", "correct",
           "alone", "NLL", "without", "gain", "corrected", "corrupted");
    for (int i = 0; i < a->rows; i++)
        print_row(a, &a->row[i], width);
    printf("%-*s  %6s  %7" PRIu64 "  %6.2f %%  %7.4f\n", width, "together", "", a->correct,
           percent(a->correct, a->labeled), a->nll);
}

static json_t *table_json(const struct prediction_file *f, const struct ablation *a)
{
    json_t *rows = json_array();
    for (int i = 0; i < a->rows; i++) {
        const struct ablation_row *r = &a->row[i];
        json_t *row = json_pack("{s:s, s:b, s:i, s:f, s:I, s:f}", "name", r->name, "is_scale",
                                r->is_scale, "views", r->views, "weight", r->weight, "correct",
                                (json_int_t)r->correct, "nll", r->nll);
        if (r->views < a->views) {
            json_object_set_new(row, "correct_without", json_integer((json_int_t)r->without));
            json_object_set_new(row, "corrected", json_integer((json_int_t)r->corrected));
            json_object_set_new(row, "corrupted", json_integer((json_int_t)r->corrupted));
        }
        json_array_append_new(rows, row);
    }
    return json_pack("{s:o, s:s, s:I, s:I, s:I, s:f, s:o}", "file", json_bytes(f->path), "views",
                     f->about.views ? f->about.views : "", "n", (json_int_t)a->n, "labeled",
                     (json_int_t)a->labeled, "correct", (json_int_t)a->correct, "nll", a->nll,
                     "rows", rows);
}

static int show(const char *path, struct pool *pool, json_t *all, struct error *err)
{
    struct prediction_file f;
    struct ablation a;
    if (prediction_open(&f, path, err) < 0)
        return -1;
    int status = ablation_make(&f, NULL, NULL, pool, &a, err);
    if (status == 0) {
        print_table(&f, &a);
        if (json_array_append_new(all, table_json(&f, &a)) < 0)
            status = error_set(err, ERROR_FAILED, path, "the numbers do not fit into JSON");
        ablation_release(&a);
    }
    prediction_close(&f);
    return status;
}

static int run(const struct option_values *given, struct error *err)
{
    const char *json = given->value[JSON].text;
    struct pool *pool;
    if ((json && file_check_out(json, err) < 0) ||
        pool_open(&pool, (int)given->value[THREADS].integer, err) < 0)
        return -1;
    json_t *all = json_array();
    int status = 0;
    for (int i = 0; i < given->positional_count && status == 0; i++) {
        if (i)
            printf("\n");
        status = show(given->positional[i], pool, all, err);
    }
    if (status == 0 && json)
        status = json_write(json, all, err);
    json_decref(all);
    pool_close(pool);
    return status;
}

int command_views(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    int rc = option_read(&command, argc, argv, &given, err);
    return rc ? rc : run(&given, err);
}
