/* Which ensembles there are, of whom they consist and with what weights, before anything is
 * measured. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "eval/fit.h"
#include "eval/score_weights.h"
#include "eval/score_work.h"

/* What members are ordered by: their model's hash; where files have none, that of their values. */
struct rank {
    const char *hash;
    uint64_t content;
};

static struct rank rank_of(const struct score_input *in, int file)
{
    const struct score_file *f = &in->file[file];
    struct rank rank = { f->hash, 0 };
    if (!*f->hash)
        rank.content = f->votes ? hash64(f->votes, (size_t)in->n * sizeof(*f->votes))
                                : hash64(f->probs, (size_t)in->n * (size_t)in->k * sizeof(float));
    return rank;
}

static bool before(struct rank a, struct rank b)
{
    int order = strcmp(a.hash, b.hash);
    return order ? order < 0 : a.content < b.content;
}

/* Files that ensembles are made of. */
static int members_of(const struct score_input *in)
{
    return in->files - in->beside;
}

/* order[] (members): the files as sums take them. */
static int order_files(const struct score_input *in, int *order, struct error *err)
{
    struct rank *ranks = memory_array((size_t)members_of(in), sizeof(*ranks), err);
    if (!ranks)
        return -1;
    for (int f = 0; f < members_of(in); f++) {
        ranks[f] = rank_of(in, f);
        int at = f;
        for (; at > 0 && before(ranks[f], ranks[order[at - 1]]); at--)
            order[at] = order[at - 1];
        order[at] = f;
    }
    free(ranks);
    return 0;
}

static struct mixture_member outputs(const struct score_input *in, int file)
{
    const struct score_file *f = &in->file[file];
    return (struct mixture_member){ f->probs, f->logits, NULL };
}

/* Memory for `count` members of predictor p. */
static int take_members(struct score_work *w, struct score_work_predictor *p, enum score_rule rule,
                        int count, struct error *err)
{
    size_t n = (size_t)count;
    if (!(p->member = memory_array(n, sizeof(*p->member), err)) ||
        !(p->selection_member = memory_array(n, sizeof(*p->selection_member), err)) ||
        !(p->from = memory_array(n, sizeof(*p->from), err)))
        return -1;
    p->mixture = (struct mixture){ rule, w->input->k, count, p->member, NULL };
    p->selection = (struct mixture){ rule, w->input->k, count, p->selection_member, NULL };
    return 0;
}

static void set_member(struct score_work *w, struct score_work_predictor *p, int at, int file)
{
    const struct score_input *other = w->input->selection ? w->input->selection : w->input;
    p->from[at] = file;
    p->member[at] = outputs(w->input, file);
    p->selection_member[at] = outputs(other, file);
}

static int plan_file(struct score_work *w, int file, struct error *err)
{
    struct score_work_predictor *p = &w->predictor[file];
    const struct score_file *f = &w->input->file[file];
    struct score_predictor *out = &w->result->predictor[file];
    p->probs = f->probs != NULL;
    p->full = true;
    if (take_members(w, p, p->probs ? SCORE_RULE_PROB : SCORE_RULE_VOTE, 1, err) < 0)
        return -1;
    set_member(w, p, 0, file);
    out->kind = f->kind;
    out->ensemble = -1;
    out->parameters = f->parameters;
    out->multiply_adds = f->multiply_adds;
    return (out->name = score_work_text(w, f->name, err)) &&
                   (out->file = score_work_text(w, f->file, err)) &&
                   (out->hash = score_work_text(w, f->hash, err)) &&
                   (out->network = score_work_text(w, f->network, err)) &&
                   (out->views = score_work_text(w, f->views, err)) &&
                   (out->kernels = score_work_text(w, f->kernels, err)) &&
                   (out->preprocess = score_work_text(w, f->preprocess, err))
               ? 0
               : -1;
}

static bool is_fitted(const struct score_wish *wish)
{
    return wish->weighting > SCORE_WEIGHTS_GIVEN;
}

static int check_wish(const struct score_work *w, const struct score_wish *wish, struct error *err)
{
    const char *rule = score_rule_names[wish->rule], *how = score_weighting_names[wish->weighting];
    for (int f = 0; f < members_of(w->input); f++) {
        const struct score_file *file = &w->input->file[f];
        if (wish->rule != SCORE_RULE_VOTE && !file->probs)
            return error_set(err, ERROR_USAGE, file->file,
                             "holds votes, which have no probabilities to average; use the rule "
                             "vote instead of %s",
                             rule);
        if (wish->rule == SCORE_RULE_LOGIT && !file->logits)
            return error_set(err, ERROR_USAGE, file->file,
                             "holds probabilities, not logits; use the rule logprob, whose answers "
                             "are those of averaged logits");
    }
    if (!is_fitted(wish))
        return 0;
    if (wish->rule != SCORE_RULE_PROB)
        return error_set(err, ERROR_USAGE, "--ensemble",
                         "%s weights are fitted to averages of probabilities: use prob:%s, not "
                         "%s:%s",
                         how, how, rule, how);
    if (w->selection.n || w->options->optimistic)
        return 0;
    return error_set(err, ERROR_USAGE, "--ensemble",
                     "%s weights cannot be fitted on the samples that are reported; declare others "
                     "(--val-fold 0/5, --val-ids FILE, or --val FILE once for each predictor), or "
                     "give --optimistic, which every output will say",
                     how);
}

static const char *name_ensemble(struct score_work *w, const struct score_wish *wish, int members,
                                 struct error *err)
{
    char text[96], what[64];
    bool plain = wish->rule == SCORE_RULE_PROB && wish->weighting == SCORE_WEIGHTS_UNIFORM;
    snprintf(what, sizeof(what), "%s%s%s", score_rule_names[wish->rule],
             wish->weighting == SCORE_WEIGHTS_UNIFORM ? "" : ":",
             wish->weighting == SCORE_WEIGHTS_UNIFORM ? ""
                                                      : score_weighting_names[wish->weighting]);
    for (int number = 1;; number++) {
        int length = snprintf(text, sizeof(text), "%s of %d", plain ? "ensemble" : what, members);
        if (number > 1)
            snprintf(text + length, sizeof(text) - (size_t)length, " (%d)", number);
        bool taken = false;
        for (int p = 0; p < w->result->predictors; p++)
            taken |= w->result->predictor[p].name && !strcmp(w->result->predictor[p].name, text);
        if (!taken)
            return score_work_text(w, text, err);
    }
}

static int set_steps(struct score_work *w, struct score_ensemble *e, const struct greedy *g,
                     const int *from, struct error *err)
{
    e->steps = g->steps;
    e->chosen = g->chosen;
    e->step = arena_take(&w->result->arena, (size_t)g->steps, sizeof(*e->step), err);
    if (!e->step)
        return -1;
    for (int s = 0; s < g->steps; s++) {
        struct score_step *step = &e->step[s];
        *step = (struct score_step){ .member = from[g->step[s]], .criterion = g->nll[s] };
        bool known = true;
        for (int f = 0; f < w->input->files; f++) {
            bool used = false;
            for (int t = 0; t <= s; t++)
                used |= from[g->step[t]] == f;
            if (!used)
                continue;
            step->distinct++;
            step->multiply_adds += w->input->file[f].multiply_adds;
            known &= w->input->file[f].multiply_adds > 0;
        }
        if (!known)
            step->multiply_adds = 0;
    }
    return 0;
}

static int stamp(struct score_work *w, const struct score_wish *wish, struct score_ensemble *e,
                 struct error *err)
{
    if (!is_fitted(wish) || w->selection.n)
        return 0;
    struct score_result *r = w->result;
    e->optimistic = true;
    r->selection = (struct score_split){ "the reported samples themselves", w->reported.n, true };
    r->optimistic = score_work_text(
        w, "optimistic: weights were fitted or members selected on the samples that are reported",
        err);
    return r->optimistic ? 0 : -1;
}

/* Weights by the members' order of sums. */
static int weigh(struct score_work *w, const struct score_wish *wish,
                 struct score_work_predictor *p, struct score_ensemble *e, struct error *err)
{
    int count = p->mixture.count;
    if (wish->weighting == SCORE_WEIGHTS_UNIFORM)
        return 0;
    p->weight = memory_array((size_t)count, sizeof(*p->weight), err);
    if (!p->weight)
        return -1;
    if (wish->weighting == SCORE_WEIGHTS_GIVEN) {
        for (int j = 0; j < count; j++)
            p->weight[j] = wish->weight[p->from[j]];
        fit_normalize(p->weight, count);
    } else {
        bool other = w->selection.n > 0;
        struct greedy g = { 0 };
        int status =
            score_weights_fit(wish->weighting, other ? p->selection_member : p->member, count,
                              other ? &w->selection : &w->reported, w->options->greedy_steps,
                              w->options->pool, p->weight, &g, err);
        if (status == 0 && g.steps)
            status = set_steps(w, e, &g, p->from, err);
        greedy_release(&g);
        if (status < 0 || stamp(w, wish, e, err) < 0)
            return -1;
    }
    p->mixture.weight = p->selection.weight = p->weight;
    return 0;
}

/* Members in the order of the files, with their weights. */
static int list_members(struct score_work *w, const struct score_work_predictor *p,
                        struct score_ensemble *e, struct score_predictor *out, struct error *err)
{
    size_t count = (size_t)p->mixture.count;
    e->members = p->mixture.count;
    e->member = arena_take(&w->result->arena, count, sizeof(*e->member), err);
    e->weight = e->member ? arena_take(&w->result->arena, count, sizeof(*e->weight), err) : NULL;
    if (!e->weight)
        return -1;
    bool parameters = true, multiply_adds = true;
    for (int j = 0; j < e->members; j++) {
        int file = p->from[j];
        e->member[file] = file;
        e->weight[file] = p->weight ? p->weight[j] : 1.0 / e->members;
        const struct score_file *f = &w->input->file[file];
        parameters &= f->parameters > 0;
        multiply_adds &= f->multiply_adds > 0;
        if (e->weight[file] > 0) {
            out->parameters += f->parameters;
            out->multiply_adds += f->multiply_adds;
        }
    }
    out->parameters = parameters ? out->parameters : 0;
    out->multiply_adds = multiply_adds ? out->multiply_adds : 0;
    return 0;
}

static int plan_ensemble(struct score_work *w, int number, const int *order, struct error *err)
{
    const struct score_wish *wish = &w->options->wish[number];
    int at = w->input->files + number, count = members_of(w->input);
    struct score_work_predictor *p = &w->predictor[at];
    struct score_predictor *out = &w->result->predictor[at];
    struct score_ensemble *e = &w->result->ensemble[number];
    if (check_wish(w, wish, err) < 0 || take_members(w, p, wish->rule, count, err) < 0)
        return -1;
    for (int j = 0; j < count; j++)
        set_member(w, p, j, order[j]);
    p->probs = wish->rule != SCORE_RULE_VOTE;
    p->full = true;
    *e = (struct score_ensemble){ .predictor = at,
                                  .rule = wish->rule,
                                  .weighting = wish->weighting };
    out->kind = p->probs ? SCORE_PROBS : SCORE_VOTES;
    out->ensemble = number;
    out->hash = out->network = out->views = out->kernels = out->preprocess = "";
    if (!(out->name = name_ensemble(w, wish, count, err)) || weigh(w, wish, p, e, err) < 0 ||
        list_members(w, p, e, out, err) < 0)
        return -1;
    return 0;
}

/* The ensemble at `from` without its member `left`. */
static int plan_without(struct score_work *w, struct score_work_predictor *p,
                        const struct score_work_predictor *from, int left, struct error *err)
{
    int count = from->mixture.count;
    if (take_members(w, p, from->mixture.rule, count - 1, err) < 0)
        return -1;
    p->probs = from->probs;
    if (from->weight) {
        p->weight = memory_array((size_t)count, sizeof(*p->weight), err);
        if (!p->weight)
            return -1;
        p->mixture.weight = p->weight;
    }
    for (int j = 0, to = 0; j < count; j++) {
        if (from->from[j] == left)
            continue;
        set_member(w, p, to, from->from[j]);
        if (p->weight)
            p->weight[to] = from->weight[j];
        to++;
    }
    if (p->weight)
        fit_normalize(p->weight, count - 1);
    return 0;
}

static int plan_all(struct score_work *w, const int *order, struct error *err)
{
    int files = w->input->files, wishes = w->options->wishes;
    for (int f = 0; f < files; f++)
        if (plan_file(w, f, err) < 0)
            return -1;
    for (int e = 0; e < wishes; e++)
        if (plan_ensemble(w, e, order, err) < 0)
            return -1;
    int at = files + wishes, members = members_of(w->input);
    for (int e = 0; e < wishes; e++)
        for (int f = 0; f < members && members > 1; f++)
            if (plan_without(w, &w->predictor[at++], &w->predictor[files + e], f, err) < 0)
                return -1;
    return 0;
}

int score_work_plan(struct score_work *w, struct error *err)
{
    struct score_result *r = w->result;
    int files = w->input->files, wishes = w->options->wishes;
    int members = members_of(w->input), without = members > 1 ? members * wishes : 0;
    r->predictors = files + wishes;
    r->ensembles = wishes;
    r->predictor = arena_take(&r->arena, (size_t)r->predictors, sizeof(*r->predictor), err);
    r->ensemble =
        r->predictor ? arena_take(&r->arena, (size_t)wishes, sizeof(*r->ensemble), err) : NULL;
    if (!r->ensemble)
        return -1;
    w->predictor = memory_array((size_t)(r->predictors + without), sizeof(*w->predictor), err);
    int *order = w->predictor ? memory_array((size_t)members, sizeof(*order), err) : NULL;
    if (!order)
        return -1;
    w->count = r->predictors + without;
    int status = order_files(w->input, order, err);
    if (status == 0)
        status = plan_all(w, order, err);
    free(order);
    return status;
}
