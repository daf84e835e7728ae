#include "train/trial_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "train/claim.h"

const char *const sweep_state_names[] = {
    [SWEEP_DONE] = "done",
    [SWEEP_EARLY] = "early",
    [SWEEP_DIVERGED] = "diverged",
    [SWEEP_REFUSED] = "refused",
    NULL,
};

enum { TRAIN_LOSS_COLUMN, TRAIN_TOP1_COLUMN, EVAL_LOSS_COLUMN, COLUMNS };
static const char *const columns[] = { "train_loss", "train_top1", "eval_loss" };

/* The columns of summary.csv in its last row, NAN where there is nothing. */
static int last_row(const char *path, double value[COLUMNS], struct error *err)
{
    struct csv csv;
    size_t place[COLUMNS];
    int rc;
    for (int i = 0; i < COLUMNS; i++) {
        value[i] = NAN;
        place[i] = SIZE_MAX;
    }
    if (!file_exists(path))
        return 0;
    if (csv_open(&csv, path, FILE_LIMIT, err) < 0)
        return -1;
    rc = csv_next(&csv, err);
    for (size_t j = 0; rc == 1 && j < csv.fields; j++)
        for (int i = 0; i < COLUMNS; i++)
            if (strcmp(csv.field[j], columns[i]) == 0)
                place[i] = j;
    while (rc == 1 && (rc = csv_next(&csv, err)) == 1)
        for (int i = 0; i < COLUMNS; i++)
            value[i] = place[i] < csv.fields && csv.field[place[i]][0]
                           ? strtod(csv.field[place[i]], NULL)
                           : NAN;
    csv_close(&csv);
    return rc;
}

int trial_record_make(struct sweep_result *r, const char *folder,
                      const struct train_result *trained, int rc, struct error *err)
{
    double value[COLUMNS];
    struct error why = *err;
    char *path = file_join(folder, "summary.csv", err);
    if (!path)
        return -1;
    int read = last_row(path, value, err);
    free(path);
    if (read < 0)
        return -1;
    r->state = rc < 0           ? trained->diverged ? SWEEP_DIVERGED : SWEEP_REFUSED
               : trained->early ? SWEEP_EARLY
                                : SWEEP_DONE;
    r->top1 = trained->top1;
    r->best_top1 = trained->best_top1;
    r->loss = value[EVAL_LOSS_COLUMN];
    r->train_loss = value[TRAIN_LOSS_COLUMN];
    r->train_top1 = value[TRAIN_TOP1_COLUMN] / 100;
    r->epochs = trained->epochs;
    r->best_epoch = trained->best;
    r->seconds = trained->seconds;
    struct buffer reason = { 0 };
    if (rc < 0 &&
        buffer_print(&reason, err, "%s%s%s", why.place, why.place[0] ? ": " : "", why.message) < 0)
        return -1;
    r->reason = reason.data ? reason.data : memory_text("", err);
    return r->reason ? 0 : -1;
}

/* JSON has no NAN. */
static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

int trial_record_write(const struct trial *trial, const char *folder, const struct sweep_result *r,
                       bool *won, struct error *err)
{
    json_t *json = json_pack(
        "{s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:s}", "trial", trial->id,
        "attempt", r->attempt, "state", sweep_state_names[r->state], "top1", number(r->top1),
        "best_top1", number(r->best_top1), "loss", number(r->loss), "train_loss",
        number(r->train_loss), "train_top1", number(r->train_top1), "epochs", r->epochs,
        "best_epoch", r->best_epoch, "seconds", number(r->seconds), "reason", r->reason);
    int rc = claim_write(folder, "result.json", json, won, err);
    json_decref(json);
    return rc;
}

static double get_number(const json_t *json, const char *key)
{
    const json_t *found = json_object_get(json, key);
    return json_is_number(found) ? json_number_value(found) : NAN;
}

static int get_int(const json_t *json, const char *key)
{
    return (int)json_integer_value(json_object_get(json, key));
}

static int parse(struct sweep_result *r, const json_t *json, const char *path, struct error *err)
{
    const char *state = json_string_value(json_object_get(json, "state"));
    const char *reason = json_string_value(json_object_get(json, "reason"));
    int place = 0;
    while (state && sweep_state_names[place] && strcmp(state, sweep_state_names[place]) != 0)
        place++;
    if (!state || !sweep_state_names[place])
        return error_set(err, ERROR_DATA, path, "is no result of a trial: its state is %s",
                         state ? state : "missing");
    r->state = (enum sweep_state)place;
    r->attempt = get_int(json, "attempt");
    r->top1 = get_number(json, "top1");
    r->best_top1 = get_number(json, "best_top1");
    r->loss = get_number(json, "loss");
    r->train_loss = get_number(json, "train_loss");
    r->train_top1 = get_number(json, "train_top1");
    r->epochs = get_int(json, "epochs");
    r->best_epoch = get_int(json, "best_epoch");
    r->seconds = get_number(json, "seconds");
    r->reason = memory_text(reason ? reason : "", err);
    return r->reason ? 0 : -1;
}

int trial_result(const struct trial *trial, const char *sweep, struct sweep_result *r,
                 struct error *err)
{
    char run[32];
    *r = (struct sweep_result){
        .id = trial->id, .setting = trial->setting, .fold = trial->fold, .rung = trial->rung
    };
    char *folder = trial_folder(sweep, trial->id, err);
    char *path = folder ? file_join(folder, "result.json", err) : NULL;
    int rc = path ? 0 : -1;
    if (rc == 0 && file_exists(path)) {
        json_t *json = json_read(path, err);
        rc = json ? parse(r, json, path, err) : -1;
        json_decref(json);
        snprintf(run, sizeof(run), "trials/%04d", trial->id);
        if (rc == 0)
            rc = (r->run = memory_text(run, err)) ? 1 : -1;
        r->params = json_incref(trial->params);
    }
    free(path);
    free(folder);
    if (rc < 0)
        trial_result_release(r);
    return rc;
}

void trial_result_release(struct sweep_result *r)
{
    json_decref(r->params);
    free(r->run);
    free(r->reason);
    r->params = NULL;
    r->run = r->reason = NULL;
}
