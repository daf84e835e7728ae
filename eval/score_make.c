#include "eval/score_make.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "eval/bootstrap.h"
#include "eval/score_work.h"

struct score_options score_defaults(void)
{
    return (struct score_options){ .rounds = BOOTSTRAP_ROUNDS,
                                   .top = 5,
                                   .temperature = true,
                                   .greedy_steps = 20,
                                   .mistakes = 64,
                                   .suspects = 64 };
}

static int take_samples(const struct score_input *in, enum score_use use,
                        struct score_samples *samples, struct error *err)
{
    samples->input = in;
    samples->row = memory_array((size_t)in->n, sizeof(*samples->row), err);
    samples->label =
        samples->row ? memory_array((size_t)in->n, sizeof(*samples->label), err) : NULL;
    if (!samples->label)
        return -1;
    for (uint64_t i = 0; i < in->n; i++) {
        if (in->label[i] < 0 || (in->use ? in->use[i] : SCORE_REPORTED) != use)
            continue;
        samples->row[samples->n] = i;
        samples->label[samples->n++] = in->label[i] < in->k ? (int32_t)in->label[i] : in->k;
    }
    return 0;
}

static int take_all_samples(struct score_work *w, struct error *err)
{
    const struct score_input *in = w->input;
    struct score_result *r = w->result;
    if (take_samples(in, SCORE_REPORTED, &w->reported, err) < 0)
        return -1;
    if (in->selection ? take_samples(in->selection, SCORE_REPORTED, &w->selection, err) < 0
                      : take_samples(in, SCORE_SELECTION, &w->selection, err) < 0)
        return -1;
    r->n = in->n;
    r->labeled = w->reported.n;
    for (uint64_t i = 0; i < in->n; i++)
        r->reported += !in->use || in->use[i] == SCORE_REPORTED;
    if (!w->reported.n)
        return error_set(err, ERROR_DATA, in->labels,
                         "none of the %" PRIu64 " samples to report has a label", r->reported);
    if (*r->selection.how && !w->selection.n)
        return error_set(err, ERROR_DATA, in->labels,
                         "no sample with a label is left for selection (%s)", r->selection.how);
    r->selection.n = w->selection.n;
    return 0;
}

/* Without a declared split each half of the samples is scaled by what fits the other half. */
static int split_temperature(struct score_work *w, struct error *err)
{
    struct score_result *r = w->result;
    w->part = memory_array((size_t)w->reported.n, 1, err);
    if (!w->part)
        return -1;
    if (!w->options->temperature) {
        r->temperature.how = "";
        return 0;
    }
    if (w->selection.n) {
        r->temperature = r->selection;
        return 0;
    }
    for (uint64_t i = 0; i < w->reported.n; i++) {
        uint64_t row = w->reported.row[i];
        w->part[i] = (w->input->id ? (uint64_t)w->input->id[row] : row) % 2;
    }
    r->temperature.how = "2 folds by id, each scaled by what fits the other";
    r->temperature.n = w->reported.n;
    return 0;
}

struct row_source score_work_source(const struct mixture *mixture,
                                    const struct score_samples *samples, struct mixture_rows *rows)
{
    /* Votes are kept by the samples' own numbers, as answers are. */
    *rows =
        (struct mixture_rows){ mixture, mixture->rule == SCORE_RULE_VOTE ? NULL : samples->row };
    return (struct row_source){ samples->n, mixture->k, mixture_source, rows };
}

const char *score_work_text(struct score_work *w, const char *text, struct error *err)
{
    return text && *text ? arena_text(&w->result->arena, text, strlen(text), err) : "";
}

static int copy_classes(struct score_work *w, struct error *err)
{
    const struct score_input *in = w->input;
    if (!in->class_name)
        return 0;
    const char **names = arena_take(&w->result->arena, (size_t)in->k, sizeof(*names), err);
    if (!names)
        return -1;
    for (int c = 0; c < in->k; c++)
        if (!(names[c] = score_work_text(w, in->class_name[c], err)))
            return -1;
    w->result->class_name = names;
    return 0;
}

static int copy_warnings(struct score_work *w, struct error *err)
{
    const struct score_input *in = w->input;
    struct score_result *r = w->result;
    const char **warning = arena_take(&r->arena, (size_t)in->warnings, sizeof(*warning), err);
    if (!warning)
        return -1;
    for (; r->warnings < in->warnings; r->warnings++)
        if (!(warning[r->warnings] = score_work_text(w, in->warning[r->warnings], err)))
            return -1;
    r->warning = warning;
    return 0;
}

static int describe(struct score_work *w, struct error *err)
{
    const struct score_input *in = w->input;
    struct score_result *r = w->result;
    r->version = TENFOLD_VERSION;
    if (!(r->optimistic = score_work_text(w, in->caution, err)) ||
        !(r->title = score_work_text(w, in->title, err)) ||
        !(r->data = score_work_text(w, in->data, err)) ||
        !(r->data_hash = score_work_text(w, in->data_hash, err)) ||
        !(r->labels = score_work_text(w, in->labels, err)) ||
        !(r->command = score_work_text(w, in->command, err)) ||
        !(r->selection.how = score_work_text(w, in->selection_how, err)) ||
        copy_classes(w, err) < 0 || copy_warnings(w, err) < 0)
        return -1;
    r->k = in->k;
    r->seed = w->options->seed;
    r->rounds = w->options->rounds;
    r->threads = pool_threads(w->options->pool);
    r->singles = in->files;
    return 0;
}

/* Most correct, of equals the smaller NLL, then the smaller hash, then name. */
static void find_best(struct score_result *r)
{
    for (int p = 1; p < r->singles; p++) {
        const struct score_predictor *a = &r->predictor[p], *b = &r->predictor[r->best];
        double nll_a = a->raw.nll.value, nll_b = b->raw.nll.value;
        bool same_kind = a->has_probs == b->has_probs;
        int order = strcmp(a->hash, b->hash);
        if (a->correct != b->correct      ? a->correct > b->correct
            : same_kind && nll_a != nll_b ? nll_a < nll_b
            : order                       ? order < 0
                                          : strcmp(a->name, b->name) < 0)
            r->best = p;
    }
}

static void release_predictor(struct score_work_predictor *p)
{
    free(p->member);
    free(p->selection_member);
    free(p->weight);
    free(p->from);
    answers_release(&p->raw);
    answers_release(&p->scaled);
    ranking_close(&p->ranking);
    ranking_close(&p->scaled_ranking);
    free(p->hit);
    free(p->replicate);
}

static void release(struct score_work *w)
{
    for (int p = 0; p < w->count; p++)
        release_predictor(&w->predictor[p]);
    free(w->predictor);
    free(w->part);
    free(w->reported.row);
    free(w->reported.label);
    free(w->selection.row);
    free(w->selection.label);
}

static int make(struct score_work *w, struct error *err)
{
    if (describe(w, err) < 0 || take_all_samples(w, err) < 0 || split_temperature(w, err) < 0 ||
        score_work_plan(w, err) < 0)
        return -1;
    for (int p = 0; p < w->count; p++)
        if (score_work_measure(w, p, err) < 0)
            return -1;
    find_best(w->result);
    return score_work_resample(w, err) < 0 ? -1 : score_work_list(w, err);
}

int score_make(const struct score_input *input, const struct score_options *options,
               struct score_result **result, struct error *err)
{
    assert(input->files > 0);
    double start = clock_seconds();
    struct score_work work = { .input = input, .options = options };
    work.result = memory_array(1, sizeof(*work.result), err);
    if (!work.result)
        return -1;
    int status = make(&work, err);
    release(&work);
    if (status < 0) {
        score_close(work.result);
        return -1;
    }
    work.result->seconds = clock_seconds() - start;
    *result = work.result;
    return 0;
}
