/*
 * From the plainest finding to the finest; the first that explains the curves is the verdict, since
 * a run that learned nothing shows what looks like all the others, too.
 */
#include <math.h>
#include <stdio.h>

#include "train/tune_curves_private.h"

/* Shares of the loss of guessing. Below NOTHING of it something has been learned. */
static const double NOTHING = 0.97, BELOW = 0.005, ABOVE = 0.01, MOVES = 0.05, SOLVED = 0.15,
                    POOR = 0.6;
/* Of what can be above guessing: training has learned, validation has not. */
static const double KNOWS = 0.3, KNOWS_NOT = 0.05;
static const double GAP = 0.2, EVAL_RISE = 1.1; /* overfitting */
static const double HALVINGS = 20;              /* of the weights by decay alone, over a run */

static bool judge_explosion(const struct curve_facts *f, const struct curve_shape *s,
                            struct verdict *v)
{
    if (!f->diverged && isfinite(s->final) && s->final < 2 * fmax(s->chance, s->first))
        return false;
    char where[64] = "";
    if (s->n)
        snprintf(where, sizeof(where), " after epoch %.2g, at rate %.2g", s->b[s->n - 1].epoch,
                 s->b[s->n - 1].lr);
    verdict_fault(v, FAULT_RATE, "a smaller train.lr, a longer train.warmup or train.clip_norm",
                  "the loss explodes%s: the rate is too high", where);
    return true;
}

/* Where everything ends that moves but does not learn. */
static bool at_guessing(const struct curve_shape *s)
{
    return s->final > (1 - BELOW) * s->chance && s->final < (1 + ABOVE) * s->chance;
}

/* Nothing was learned: why? */
static bool judge_nothing(const struct curve_facts *f, const struct curve_shape *s,
                          struct verdict *v)
{
    const double *q = s->quarter;
    if (fmin(fmin(q[0], q[1]), fmin(q[2], q[3])) < NOTHING * s->chance)
        return false;
    if (f->decay * f->steps > HALVINGS * log(2) && f->decay > 1e-3)
        verdict_fault(v, FAULT_DECAY, "train.weight_decay=1e-4",
                      "training loss stays at guessing (%.3g): weight decay halves the weights "
                      "every %.2g steps",
                      s->final, log(2) / f->decay);
    else if (curve_creeps(f, s) && !at_guessing(s))
        verdict_fault(v, FAULT_RATE, "train.lr 10 to 1000 times as high",
                      "training loss goes from %.4g to %.4g only, steadily down: the rate is too "
                      "low",
                      s->first, s->final);
    else if (q[3] > (1 + ABOVE) * s->chance && fabs(q[0] - q[3]) < MOVES * s->chance &&
             curve_scatter(f, s) < MOVES * s->chance)
        verdict_fault(v, FAULT_RATE, "train.lr 10 to 1000 times as high",
                      "training loss stays where it began, at %.4g, above guessing (%.4g), which "
                      "any learning reaches soon: the rate is too low",
                      q[3], s->chance);
    else if (q[3] < (1 + MOVES) * s->chance)
        verdict_fault(v, FAULT_INIT, "steps 1 to 3 tell which of them",
                      "training loss is flat at guessing (%.3g): bad initialization, a rate that "
                      "is far too low, or labels that do not belong to the images",
                      q[3]);
    else
        verdict_fault(v, FAULT_RATE, "train.lr 10 to 100 times as low",
                      "training loss jumps between %.3g and %.3g and does not get below guessing "
                      "(%.3g): the rate is too high",
                      s->least, s->most, s->chance);
    return true;
}

/* How much of what there is above guessing. */
static double knowledge(double top1, double guess)
{
    return (top1 - guess) / (1 - guess);
}

static bool judge_labels(const struct curve_shape *s, struct verdict *v)
{
    if (!(knowledge(s->train_top1, s->guess) > KNOWS) ||
        !(knowledge(s->best_eval_top1, s->guess) < KNOWS_NOT))
        return false;
    verdict_fault(v, FAULT_DATA,
                  "compare class folders and class files of both sets, and look at images with "
                  "their labels (nndata show)",
                  "training is right in %.1f %%, validation in %.1f %%%s: labels do not belong to "
                  "the images, validation is labeled otherwise, or all is only learned by heart",
                  100 * s->train_top1, 100 * s->eval_top1,
                  s->eval_top1 < s->guess / 2 ? ", less than guessing (labels shifted?)"
                                              : ", as in guessing");
    return true;
}

/* A milestone in the first half, before which the loss was falling and after which it is not. */
static bool judge_schedule(const struct curve_shape *s, struct verdict *v)
{
    size_t last, behind = curve_milestone(s, &last), n = s->n;
    if (behind == 0 || last == 0 || behind + 3 > n || 2 * behind > n)
        return false;
    size_t half = last / 2;
    double before = (s->b[half].loss - s->b[last].loss) / (double)(last - half);
    double after = (s->b[behind].loss - s->final) / (double)(n - behind);
    bool falling = before * (double)last > 0.05 * s->b[last].loss;
    if (!falling || after > 0.25 * before || s->final < SOLVED * s->chance)
        return false;
    verdict_fault(v, FAULT_SCHEDULE, "later train.milestones, or schedule: cosine",
                  "the rate falls to %.2g at epoch %.2g while training loss was still falling "
                  "(%.3g), and then it stays: %.3g in the end. It decays too early",
                  s->b[behind].lr, s->b[behind].epoch, s->b[last].loss, s->final);
    return true;
}

static bool judge_start(const struct curve_facts *f, const struct curve_shape *s, struct verdict *v)
{
    size_t flat = 0, warming = 0;
    if (s->n < 8 || !isfinite(f->chance))
        return false;
    double level = NOTHING * fmin(s->chance, s->first);
    while (flat < s->n && s->b[flat].loss > level)
        warming += s->b[flat++].epoch <= f->warmup;
    if (flat - warming <= s->n / 4 || s->least > 0.8 * s->chance)
        return false;
    verdict_fault(v, FAULT_INIT, "init: kaiming_normal, or normalization layers",
                  "training loss is flat at %.3g until epoch %.2g and falls only then: bad "
                  "initialization",
                  s->first, s->b[flat < s->n ? flat : s->n - 1].epoch);
    return true;
}

static bool judge_rise(const struct curve_shape *s, struct verdict *v)
{
    if (s->most < 1.3 * s->first || s->final < POOR * s->chance)
        return false;
    verdict_fault(v, FAULT_RATE, "train.lr 3 to 10 times as low, or a longer train.warmup",
                  "training loss rises from %.3g to %.3g and ends at %.3g: the rate is too high",
                  s->first, s->most, s->final);
    return true;
}

static bool judge_line(const struct curve_facts *f, const struct curve_shape *s, struct verdict *v)
{
    bool constant = s->n && s->b[s->n - 1].lr > 0.3 * s->top_lr;
    if (!constant || s->n < 4 || s->final < 0.9 * s->chance || !curve_creeps(f, s))
        return false;
    verdict_fault(v, FAULT_RATE, "train.lr 3 to 10 times as high",
                  "training loss falls in a straight line, from %.3g to %.3g only: the rate is too "
                  "low",
                  s->first, s->final);
    return true;
}

static bool judge_fit(const struct curve_facts *f, const struct curve_shape *s, struct verdict *v)
{
    double gap = s->train_top1 - s->eval_top1, least = INFINITY;
    double last = curve_last(f->eval_loss, f->epochs);
    for (size_t i = 0; i < f->epochs; i++)
        least = fmin(least, f->eval_loss[i]);
    if (gap > 2 * GAP || (gap > GAP && last > EVAL_RISE * least)) {
        verdict_fault(v, FAULT_OVERFIT,
                      "more augmentation, weight decay, dropout, a smaller network or more data",
                      "training %.1f %%, validation %.1f %%, whose loss was %.3g at best and is "
                      "%.3g: overfitting",
                      100 * s->train_top1, 100 * s->eval_top1, least, last);
        return true;
    }
    if (s->final > POOR * s->chance && gap < 0.05 && s->n >= 6 &&
        curve_late_gain(s) < 0.02 * s->chance) {
        verdict_fault(v, FAULT_CAPACITY,
                      "a larger network, less weight decay, dropout or augmentation",
                      "training loss stays at %.3g (guessing %.3g), and validation is as good as "
                      "training (%.1f and %.1f %%): underfitting",
                      s->final, s->chance, 100 * s->eval_top1, 100 * s->train_top1);
        return true;
    }
    return false;
}

static void praise(const struct curve_facts *f, const struct curve_shape *s, struct verdict *v)
{
    verdict_note(v, "training loss from %.3g to %.3g in %zu epochs", s->first, s->final, f->epochs);
    if (isfinite(s->eval_top1))
        verdict_note(v, "validation %.1f %%, best %.1f %%, training %.1f %%", 100 * s->eval_top1,
                     100 * s->best_eval_top1, 100 * s->train_top1);
    if (s->train_top1 - s->eval_top1 > GAP)
        verdict_note(v, "a large gap between them");
    bool constant = s->n && s->b[s->n - 1].lr > 0.3 * s->top_lr;
    bool improving = constant && curve_late_gain(s) > 0.02 * s->chance;
    verdict_evidence(v, "improving", json_boolean(improving));
    if (improving)
        verdict_note(v, "still improving: train longer");
}

static void show(const struct curve_facts *f, const struct curve_shape *s, struct verdict *v)
{
    double epoch[CURVES_BLOCKS], loss[CURVES_BLOCKS];
    json_t *curve = json_object(), *e = json_array(), *l = json_array();
    for (size_t i = 0; i < s->n; i++) {
        epoch[i] = s->b[i].epoch;
        loss[i] = s->b[i].loss;
        json_array_append_new(e, verdict_real(epoch[i]));
        json_array_append_new(l, verdict_real(loss[i]));
    }
    json_object_set_new(curve, "epoch", e);
    json_object_set_new(curve, "loss", l);
    verdict_evidence(v, "curve", curve);
    verdict_number(v, "chance", s->chance);
    verdict_number(v, "train_top1", s->train_top1);
    verdict_number(v, "eval_top1", s->eval_top1);
    verdict_number(v, "best_eval_top1", s->best_eval_top1);
    verdict_number(v, "gap", s->train_top1 - s->eval_top1);
    verdict_number(v, "epochs", (double)f->epochs);
}

void curves_judge(const struct curve_facts *f, struct verdict *v)
{
    struct curve_shape s;
    curve_look(f, &s);
    show(f, &s, v);
    if (judge_explosion(f, &s, v))
        return;
    if (s.n < 2) {
        verdict_note(v, "too short to show anything: %zu losses in %zu epochs", f->points,
                     f->epochs);
        return;
    }
    if (judge_nothing(f, &s, v) || judge_labels(&s, v) || judge_schedule(&s, v) ||
        judge_rise(&s, v) || judge_start(f, &s, v) || judge_line(f, &s, v) || judge_fit(f, &s, v))
        return;
    praise(f, &s, v);
}
