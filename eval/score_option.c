#include "eval/score_option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/param.h"

static int find(const char *word, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(word, names[i]))
            return i;
    return -1;
}

static int refuse(const char *text, struct error *err)
{
    return error_set(err, ERROR_USAGE, "--ensemble",
                     "is '%s'; accepted: RULE, RULE:WEIGHTS or RULE:W1,W2,... with the rules prob, "
                     "logprob, logit, vote and the weights uniform, nnls, likelihood, greedy",
                     text);
}

static int parse_weights(const char *text, int files, double *weight, struct error *err)
{
    const char *at = text;
    double sum = 0;
    for (int f = 0; f < files; f++) {
        char *end;
        weight[f] = strtod(at, &end);
        bool last = f + 1 == files;
        if (end == at || !(weight[f] >= 0) || weight[f] > 1e9 || *end != (last ? '\0' : ','))
            return error_set(err, ERROR_USAGE, "--ensemble",
                             "has the weights '%s'; needed: %d numbers of 0 or more with commas "
                             "between them, one for each predictor in the order of the files",
                             text, files);
        sum += weight[f];
        at = end + 1;
    }
    return sum > 0 ? 0 : error_set(err, ERROR_USAGE, "--ensemble", "has weights that are all 0");
}

int score_wish_parse(const char *text, int files, double *weight, struct score_wish *wish,
                     struct error *err)
{
    char rule[32];
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    snprintf(rule, sizeof(rule), "%.*s", (int)(length < 31 ? length : 31), text);
    int found = find(rule, score_rule_names);
    *wish = (struct score_wish){ .rule = (enum score_rule)found };
    if (found < 0)
        return refuse(text, err);
    if (!colon)
        return 0;
    int how = find(colon + 1, score_weighting_names);
    if (how >= 0 && how != SCORE_WEIGHTS_GIVEN) {
        wish->weighting = (enum score_weighting)how;
        return 0;
    }
    if (!strchr("0123456789.", colon[1]) || !colon[1])
        return refuse(text, err);
    wish->weighting = SCORE_WEIGHTS_GIVEN;
    wish->weight = weight;
    return parse_weights(colon + 1, files, weight, err);
}

int score_fold_parse(const char *text, int *fold, int *folds, struct error *err)
{
    char behind;
    if (sscanf(text, "%9d/%9d%c", fold, folds, &behind) == 2 && *folds >= 2 && *fold >= 0 &&
        *fold < *folds)
        return 0;
    return error_set(err, ERROR_USAGE, "--val-fold",
                     "is '%s'; must be I/N with N from 2 and I from 0 to N - 1", text);
}
