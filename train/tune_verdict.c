#include "train/tune_verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

const char *const fault_names[] = { "none",     "input", "init",     "rate",    "decay",
                                    "schedule", "data",  "capacity", "overfit", NULL };

/* The steps, for names that are borrowed for good. */
static const char *const steps[] = { "init",   "overfit", "lr",     "coarse",
                                     "refine", "curves",  "versus", NULL };

int verdict_begin(struct verdict *v, const char *step, struct error *err)
{
    *v = (struct verdict){ .step = step, .pass = true };
    v->evidence = json_object();
    v->runs = json_array();
    if (v->evidence && v->runs && buffer_reserve(&v->reason, 128, err) == 0 &&
        buffer_reserve(&v->remedy, 128, err) == 0)
        return 0;
    verdict_release(v);
    return error_set(err, ERROR_FAILED, step, "no memory for a verdict");
}

/* A text that no longer fits into memory is cut. */
static void add(struct buffer *text, const char *line)
{
    struct error ignored = { 0 };
    (void)buffer_print(text, &ignored, "%s%s", text->size ? "; " : "", line);
}

void verdict_fault(struct verdict *v, enum fault fault, const char *remedy, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (v->pass) /* what went well is of no interest any more */
        v->reason.size = 0;
    v->fault = v->pass ? fault : v->fault;
    v->pass = false;
    add(&v->reason, line);
    if (remedy && !(v->remedy.size && strstr(v->remedy.data, remedy)))
        add(&v->remedy, remedy);
}

void verdict_note(struct verdict *v, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    add(&v->reason, line);
}

json_t *verdict_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

void verdict_evidence(struct verdict *v, const char *key, json_t *value)
{
    json_object_set_new(v->evidence, key, value);
}

void verdict_number(struct verdict *v, const char *key, double x)
{
    verdict_evidence(v, key, verdict_real(x));
}

void verdict_numbers(struct verdict *v, const char *key, const double *x, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, verdict_real(x[i]));
    verdict_evidence(v, key, list);
}

void verdict_run(struct verdict *v, const char *run)
{
    json_array_append_new(v->runs, json_bytes(run));
}

static const char *text_of(const struct buffer *b)
{
    return b->size ? b->data : "";
}

json_t *verdict_json(const struct verdict *v, struct error *err)
{
    json_t *all = json_pack(
        "{s:i, s:s, s:i, s:s, s:s, s:o, s:o, s:O, s:O, s:f}", "version", 1, "step", v->step,
        "number", v->number, "verdict", v->pass ? "PASS" : "FAIL", "fault", fault_names[v->fault],
        "reason", json_bytes(text_of(&v->reason)), "remedy", json_bytes(text_of(&v->remedy)),
        "evidence", v->evidence, "runs", v->runs, "seconds", v->seconds);
    if (!all)
        error_set(err, ERROR_FAILED, v->step, "no memory for a verdict");
    return all;
}

static int place_of(const char *const *names, const char *name)
{
    int i = 0;
    while (names[i] && (!name || strcmp(names[i], name) != 0))
        i++;
    return names[i] ? i : -1;
}

int verdict_read(struct verdict *v, const char *path, struct error *err)
{
    json_t *all = json_read(path, err);
    if (!all)
        return -1;
    int step = place_of(steps, json_string_value(json_object_get(all, "step")));
    int fault = place_of(fault_names, json_string_value(json_object_get(all, "fault")));
    const char *verdict = json_string_value(json_object_get(all, "verdict"));
    const char *reason = json_string_value(json_object_get(all, "reason"));
    const char *remedy = json_string_value(json_object_get(all, "remedy"));
    json_t *evidence = json_object_get(all, "evidence");
    int rc = -1;
    if (step < 0 || fault < 0 || !verdict || !reason || !remedy || !json_is_object(evidence))
        error_set(err, ERROR_DATA, path, "is no verdict of a step");
    else
        rc = verdict_begin(v, steps[step], err);
    if (rc == 0) {
        v->pass = strcmp(verdict, "PASS") == 0;
        v->fault = (enum fault)fault;
        v->number = (int)json_integer_value(json_object_get(all, "number"));
        v->seconds = json_number_value(json_object_get(all, "seconds"));
        add(&v->reason, reason);
        if (remedy[0])
            add(&v->remedy, remedy);
        json_object_update(v->evidence, evidence);
    }
    json_decref(all);
    return rc;
}

int verdict_print(const struct verdict *v, struct buffer *out, struct error *err)
{
    if (buffer_print(out, err, "%-8s %s  %s\n", v->step, v->pass ? "PASS" : "FAIL",
                     text_of(&v->reason)) < 0)
        return -1;
    return v->remedy.size ? buffer_print(out, err, "%-14s-> %s\n", "", v->remedy.data) : 0;
}

void verdict_release(struct verdict *v)
{
    buffer_release(&v->reason);
    buffer_release(&v->remedy);
    json_decref(v->evidence);
    json_decref(v->runs);
    *v = (struct verdict){ 0 };
}
