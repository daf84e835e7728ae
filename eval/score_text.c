#include "eval/score_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int print_head(const struct score_result *r, struct buffer *text, struct error *err)
{
    if (buffer_print(text, err, "data   %s%s%" PRIu64 " samples, %d classes\n",
                     *r->data ? r->data : "", *r->data ? ": " : "", r->n, r->k) < 0)
        return -1;
    if (r->labeled < r->n &&
        buffer_print(text, err, "       %" PRIu64 " of them are reported and have a label\n",
                     r->labeled) < 0)
        return -1;
    if (*r->selection.how && buffer_print(text, err, "chosen on %s (%" PRIu64 " samples)\n",
                                          r->selection.how, r->selection.n) < 0)
        return -1;
    if (*r->optimistic && buffer_print(text, err, "%s\n", r->optimistic) < 0)
        return -1;
    for (int w = 0; w < r->warnings; w++)
        if (buffer_print(text, err, "warning: %s\n", r->warning[w]) < 0)
            return -1;
    return buffer_print(text, err, "\n");
}

/* "0.1234", or blanks where the number does not exist. */
static void put(char *field, size_t size, const struct score_predictor *p, double value)
{
    if (p->has_probs)
        snprintf(field, size, "%.4f", value);
    else
        snprintf(field, size, "-");
}

static int print_row(const struct score_predictor *p, int width, struct buffer *text,
                     struct error *err)
{
    char top[24] = "-", field[5][24], scaled[24] = "-";
    if (p->has_probs)
        snprintf(top, sizeof(top), "%.2f %%", 100 * p->topk.value);
    if (p->temperature > 0)
        snprintf(scaled, sizeof(scaled), "%.4f", p->scaled.nll.value);
    put(field[0], sizeof(field[0]), p, p->raw.nll.value);
    put(field[1], sizeof(field[1]), p, p->raw.brier.value);
    put(field[2], sizeof(field[2]), p, p->raw.ece.value);
    put(field[3], sizeof(field[3]), p, p->aurc.value);
    snprintf(field[4], sizeof(field[4]), "%.4f", p->f1.value);
    return buffer_print(
        text, err,
        "%-*s  %8" PRIu64 "  %7.2f %%  %6.2f .. %-6.2f  %9s  %7s  %7s  %7s  %7s  %7s  %7s\n", width,
        p->name, p->correct, 100 * p->top1.value, 100 * p->top1.low, 100 * p->top1.high, top,
        field[0], scaled, field[1], field[2], field[3], field[4]);
}

static int print_table(const struct score_result *r, struct buffer *text, struct error *err)
{
    int width = (int)strlen("predictor");
    for (int p = 0; p < r->predictors; p++)
        if ((int)strlen(r->predictor[p].name) > width)
            width = (int)strlen(r->predictor[p].name);
    char top[16];
    snprintf(top, sizeof(top), "top-%d", r->predictor[0].top);
    if (buffer_print(text, err, "%-*s  %8s  %9s  %16s  %9s  %7s  %7s  %7s  %7s  %7s  %7s\n", width,
                     "predictor", "correct", "top-1", "95 % interval", top, "NLL", "NLL/T", "Brier",
                     "ECE", "AURC", "F1") < 0)
        return -1;
    for (int p = 0; p < r->predictors; p++)
        if (print_row(&r->predictor[p], width, text, err) < 0)
            return -1;
    return 0;
}

static int print_gain(const struct score_result *r, int a, int b, struct buffer *text,
                      struct error *err)
{
    struct score_pair pair = score_pair_of(r, a, b);
    struct interval x = pair.gain_top1;
    if (buffer_print(text, err, "%s against %s: %+.2f points", r->predictor[b].name,
                     r->predictor[a].name, 100 * x.value) < 0)
        return -1;
    if (x.kind != INTERVAL_NONE &&
        buffer_print(text, err, " (95 %%: %+.2f .. %+.2f)", 100 * x.low, 100 * x.high) < 0)
        return -1;
    return buffer_print(text, err,
                        ", %" PRIu64 " corrected, %" PRIu64 " corrupted, McNemar p = %.3g\n",
                        pair.only_b, pair.only_a, pair.mcnemar);
}

int score_print(const struct score_result *r, struct buffer *text, struct error *err)
{
    if (print_head(r, text, err) < 0 || print_table(r, text, err) < 0)
        return -1;
    if (r->predictors > 1 && buffer_print(text, err, "\n") < 0)
        return -1;
    for (int p = 0; p < r->predictors; p++)
        if (p != r->best && print_gain(r, r->best, p, text, err) < 0)
            return -1;
    return 0;
}

int score_print_pair(const struct score_result *r, int a, int b, struct buffer *text,
                     struct error *err)
{
    struct score_pair pair = score_pair_of(r, a, b);
    if (print_head(r, text, err) < 0 || print_table(r, text, err) < 0 ||
        buffer_print(text, err, "\n") < 0 || print_gain(r, a, b, text, err) < 0 ||
        buffer_print(text, err,
                     "both right %" PRIu64 ", both wrong %" PRIu64 ", different answers %.2f %%, "
                     "correlation of errors %.3f\n",
                     pair.both, pair.neither, 100 * pair.disagreement, pair.error_correlation) < 0)
        return -1;
    if (r->rounds && buffer_print(text, err, "paired bootstrap of %d rounds: p = %.3g\n", r->rounds,
                                  pair.bootstrap) < 0)
        return -1;
    if (pair.gain_nll.kind == INTERVAL_NONE)
        return 0;
    return buffer_print(text, err, "NLL %.4f better (95 %%: %.4f .. %.4f)\n", pair.gain_nll.value,
                        pair.gain_nll.low, pair.gain_nll.high);
}
