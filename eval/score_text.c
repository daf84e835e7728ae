#include "eval/score_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 64 }; /* bytes of a name that are shown */

/* Names come from elsewhere: what would move the cursor is '?'. */
static const char *printable(const char *name, char *text)
{
    snprintf(text, NAME, "%s", name);
    error_make_printable(text);
    return text;
}

/* Columns that a text takes, of one for each character. */
static int columns_of(const char *text)
{
    int columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* The views, where all files have the same. */
static int print_views(const struct score_result *r, struct buffer *text, struct error *err)
{
    char views[NAME];
    const char *first = r->predictor[0].views;
    for (int p = 0; p < r->singles; p++)
        if (!*first || strcmp(first, r->predictor[p].views) != 0)
            return 0;
    return buffer_print(text, err, "views  %s\n", printable(first, views));
}

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
    if (print_views(r, text, err) < 0 ||
        (*r->optimistic && buffer_print(text, err, "%s\n", r->optimistic) < 0))
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

/* Whether any predictor's number of parameters is known. */
static bool has_parameters(const struct score_result *r)
{
    for (int p = 0; p < r->predictors; p++)
        if (r->predictor[p].parameters)
            return true;
    return false;
}

static int print_row(const struct score_predictor *p, int width, bool parameters,
                     struct buffer *text, struct error *err)
{
    char top[24] = "-", field[5][24], scaled[24] = "-", count[24] = "-", name[NAME];
    if (p->has_probs)
        snprintf(top, sizeof(top), "%.2f %%", 100 * p->topk.value);
    if (p->temperature > 0)
        snprintf(scaled, sizeof(scaled), "%.4f", p->scaled.nll.value);
    if (p->parameters)
        snprintf(count, sizeof(count), "%" PRIu64, p->parameters);
    put(field[0], sizeof(field[0]), p, p->raw.nll.value);
    put(field[1], sizeof(field[1]), p, p->raw.brier.value);
    put(field[2], sizeof(field[2]), p, p->raw.ece.value);
    put(field[3], sizeof(field[3]), p, p->aurc.value);
    snprintf(field[4], sizeof(field[4]), "%.4f", p->f1.value);
    printable(p->name, name);
    if (buffer_print(text, err, "%s%*s", name, width - columns_of(name), "") < 0 ||
        (parameters && buffer_print(text, err, "  %11s", count) < 0))
        return -1;
    return buffer_print(
        text, err, "  %8" PRIu64 "  %7.2f %%  %6.2f .. %-6.2f  %9s  %7s  %7s  %7s  %7s  %7s  %7s\n",
        p->correct, 100 * p->top1.value, 100 * p->top1.low, 100 * p->top1.high, top, field[0],
        scaled, field[1], field[2], field[3], field[4]);
}

static int print_table(const struct score_result *r, struct buffer *text, struct error *err)
{
    int width = (int)strlen("predictor");
    bool parameters = has_parameters(r);
    char top[16], name[NAME];
    for (int p = 0; p < r->predictors; p++) {
        int own = columns_of(printable(r->predictor[p].name, name));
        width = own > width ? own : width;
    }
    snprintf(top, sizeof(top), "top-%d", r->predictor[0].top);
    if (buffer_print(text, err, "%-*s", width, "predictor") < 0 ||
        (parameters && buffer_print(text, err, "  %11s", "parameters") < 0) ||
        buffer_print(text, err, "  %8s  %9s  %16s  %9s  %7s  %7s  %7s  %7s  %7s  %7s\n", "correct",
                     "top-1", "95 % interval", top, "NLL", "NLL/T", "Brier", "ECE", "AURC",
                     "F1") < 0)
        return -1;
    for (int p = 0; p < r->predictors; p++)
        if (print_row(&r->predictor[p], width, parameters, text, err) < 0)
            return -1;
    return 0;
}

static int print_gain(const struct score_result *r, int a, int b, struct buffer *text,
                      struct error *err)
{
    struct score_pair pair = score_pair_of(r, a, b);
    struct interval x = pair.gain_top1;
    char names[2][NAME];
    if (buffer_print(text, err, "%s against %s: %+.2f points",
                     printable(r->predictor[b].name, names[0]),
                     printable(r->predictor[a].name, names[1]), 100 * x.value) < 0)
        return -1;
    if (x.kind != INTERVAL_NONE &&
        buffer_print(text, err, " (95 %%: %+.2f .. %+.2f)", 100 * x.low, 100 * x.high) < 0)
        return -1;
    if (buffer_print(text, err, ", %" PRIu64 " corrected, %" PRIu64 " corrupted, McNemar p ",
                     pair.only_b, pair.only_a) < 0)
        return -1;
    /* Of large sets it falls below what a double holds, and is not 0 for that. */
    return pair.mcnemar < 1e-300 ? buffer_print(text, err, "< 1e-300\n")
                                 : buffer_print(text, err, "= %.3g\n", pair.mcnemar);
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
