#include "train/tune_stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shares of what can be above guessing: a setting has learned; training has, validation not. */
static const double LEARNED = 0.03, KNOWS = 0.3;
static const double EDGE = 0.1; /* of a range's width in logarithms */
enum { SHOWN = 50 };

static double knowledge(double top1, int classes)
{
    double guess = classes > 0 ? 1.0 / classes : 0;
    return (top1 - guess) / (1 - guess);
}

void stage_params_text(const json_t *params, char *text, size_t size)
{
    const char *key;
    json_t *value;
    size_t used = 0;
    text[0] = '\0';
    json_object_foreach((json_t *)params, key, value)
    {
        char *dump =
            json_is_string(value)
                ? NULL
                : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(3));
        int n = snprintf(text + used, size - used, "%s%s=%s", used ? ", " : "", key,
                         dump                       ? dump
                         : json_string_value(value) ? json_string_value(value)
                                                    : "?");
        free(dump);
        used = n < 0 || used + (size_t)n >= size ? size - 1 : used + (size_t)n;
    }
}

static const struct sweep_result *result_of(const struct sweep_results *r, const char *run)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->item[i].run, run) == 0)
            return &r->item[i];
    return NULL;
}

static json_t *row_of(const struct sweep_results *results, const struct sweep_setting *s)
{
    const struct sweep_result *r = result_of(results, s->run);
    json_t *row =
        json_pack("{s:s, s:f, s:f, s:i, s:s}", "run", s->run, "top1", s->top1, "se", s->se,
                  "epochs", s->epochs, "state", r ? sweep_state_names[r->state] : "");
    if (row)
        json_object_update(row, (json_t *)s->params);
    return row;
}

static void show(const struct stage_facts *f, const struct sweep_setting *settings, size_t count,
                 struct verdict *v)
{
    json_t *table = json_array(), *tried = json_object();
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        json_array_append_new(table, row_of(f->results, &settings[i]));
        verdict_run(v, settings[i].run);
    }
    for (size_t i = 0; i < f->space->count; i++) {
        const char *key = f->space->axis[i].key;
        json_object_set_new(tried, key, json_integer((json_int_t)sweep_values(f->results, key)));
    }
    verdict_evidence(v, "settings", table);
    verdict_evidence(v, "values_tried", tried);
    verdict_number(v, "trials", (double)f->results->count);
    verdict_number(v, "best_top1", count ? settings[0].top1 : NAN);
}

/* Is the best rate where the range ends? Beyond may be a better one. */
static void note_edge(const struct stage_facts *f, const struct sweep_setting *best,
                      struct verdict *v)
{
    for (size_t i = 0; i < f->space->count; i++) {
        const struct space_axis *a = &f->space->axis[i];
        double x = json_number_value(json_object_get(best->params, a->key));
        if (a->law != SPACE_LOG_UNIFORM || !(x > 0) || a->high <= a->low)
            continue;
        double at = log(x / a->low) / log(a->high / a->low);
        if (at < EDGE || at > 1 - EDGE)
            verdict_note(v, "the best %s is near the %s end of %.2g..%.2g", a->key,
                         at < EDGE ? "lower" : "upper", a->low, a->high);
    }
}

static void judge(const struct stage_facts *f, const struct sweep_setting *settings, size_t count,
                  struct verdict *v)
{
    size_t useless = 0;
    for (size_t i = 0; i < f->results->count; i++)
        useless += f->results->item[i].state >= SWEEP_DIVERGED;
    if (count == 0 || useless == f->results->count) {
        verdict_fault(v, FAULT_RATE, "smaller learning rates in tune.space (step 3 finds some)",
                      "none of %zu trials came to an end: %s", f->results->count,
                      count ? f->results->item[0].reason : "there was no time");
        return;
    }
    const struct sweep_setting *best = &settings[0];
    const struct sweep_result *r = result_of(f->results, best->run);
    char params[200];
    stage_params_text(best->params, params, sizeof(params));
    if (knowledge(best->top1, f->classes) < LEARNED) {
        bool training = r && knowledge(r->train_top1, f->classes) > KNOWS;
        verdict_fault(v, training ? FAULT_DATA : FAULT_RATE,
                      training ? "compare class folders and class files of both sets"
                               : "steps 1 to 3 tell why; other ranges in tune.space",
                      training
                          ? "the best of %zu settings is right in %.1f %% of validation, as in "
                            "guessing, though training knows more: validation is labeled "
                            "otherwise"
                          : "none of %zu settings learns: the best is right in %.1f %% of "
                            "validation, as in guessing",
                      count, 100 * best->top1);
        return;
    }
    if (best->trials > 1)
        verdict_note(v, "best of %zu settings: %.2f +- %.2f %% (%d folds) with %s", count,
                     100 * best->top1, 100 * best->se, best->trials, params);
    else
        verdict_note(v, "best of %zu settings: %.2f %% with %s", count, 100 * best->top1, params);
    if (f->before > 0)
        verdict_note(v, "%+.2f points", 100 * (best->top1 - f->before));
    if (useless > 0)
        verdict_note(v, "%zu of %zu trials came to nothing", useless, f->results->count);
    note_edge(f, best, v);
}

int stage_judge(const struct stage_facts *f, struct verdict *v, struct error *err)
{
    struct sweep_setting *settings;
    size_t count;
    if (sweep_rank(f->results, &settings, &count, err) < 0)
        return -1;
    judge(f, settings, count, v);
    show(f, settings, count, v);
    free(settings);
    return 0;
}

static double number_of(const json_t *evidence, const char *search, const char *key)
{
    return json_number_value(json_object_get(json_object_get(evidence, search), key));
}

/* How many values of the parameter that matters most each has tried. */
void versus_judge(const json_t *evidence, struct verdict *v)
{
    const char *key, *most = NULL;
    double share = -1;
    json_t *value;
    json_object_foreach((json_t *)json_object_get(evidence, "importance"), key, value)
    {
        if (json_number_value(value) <= share)
            continue;
        share = json_number_value(value);
        most = key;
    }
    if (number_of(evidence, "random", "trials") < 1 || number_of(evidence, "grid", "trials") < 1) {
        verdict_fault(v, FAULT_NONE, "a longer --budget", "there was no time for both");
        return;
    }
    const json_t *random = json_object_get(evidence, "random"),
                 *grid = json_object_get(evidence, "grid");
    verdict_note(
        v, "random: %.2f %% in %.0f trials; grid: %.2f %% in %.0f",
        100 * number_of(evidence, "random", "best_top1"), number_of(evidence, "random", "trials"),
        100 * number_of(evidence, "grid", "best_top1"), number_of(evidence, "grid", "trials"));
    if (most)
        verdict_note(
            v, "%s matters most (%.0f %% of the spread): %.0f values of it against %.0f", most,
            100 * share,
            json_number_value(json_object_get(json_object_get(random, "values_tried"), most)),
            json_number_value(json_object_get(json_object_get(grid, "values_tried"), most)));
}
