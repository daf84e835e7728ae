#include <math.h>
#include <stdio.h>

#include "train/tune_overfit.h"

/* A loss that falls by less than this is taken for one that does not fall. */
static const double FALLS = 0.9;

static bool learned(const struct overfit_try *t)
{
    return t->top1 >= 1;
}

/* The other rate that got furthest. */
static const struct overfit_try *best_other(const struct overfit_facts *f)
{
    const struct overfit_try *best = NULL;
    for (int i = 1; i < f->tries; i++) {
        const struct overfit_try *t = &f->try[i];
        if (t->diverged)
            continue;
        if (!best || t->top1 > best->top1 || (t->top1 == best->top1 && t->last < best->last))
            best = t;
    }
    return best;
}

/* What the own rate did, in words. */
static void describe(const struct overfit_try *t, char text[160])
{
    if (t->diverged)
        snprintf(text, 160, "the loss explodes at rate %g (pass %d)", t->lr, t->passes);
    else
        snprintf(text, 160,
                 "at rate %g the loss goes from %.3g to %.3g in %d passes, %.1f %% right", t->lr,
                 t->first, t->last, t->passes, 100 * t->top1);
}

static void judge_failure(const struct overfit_facts *f, struct verdict *v)
{
    const struct overfit_try *own = &f->try[0], *other = best_other(f);
    char what[160], remedy[64];
    describe(own, what);
    if (other && learned(other)) {
        snprintf(remedy, sizeof(remedy), "train.lr=%g", other->lr);
        verdict_fault(v, FAULT_RATE, remedy,
                      "%s: the rate is too %s; %g learns all %d images in %d passes", what,
                      own->lr > other->lr ? "high" : "low", other->lr, f->images, other->passes);
        return;
    }
    if (own->diverged && (!other || other->last > FALLS * f->chance)) {
        verdict_fault(v, FAULT_INIT, "smaller initial weights (init: default, or kaiming_normal)",
                      "%s, and no other rate learns: the initialization is bad", what);
        return;
    }
    double top1 = other && other->top1 > own->top1 ? other->top1 : own->top1;
    double last = other && !(own->last <= other->last) ? other->last : own->last;
    if (last > FALLS * fmin(f->chance, own->first))
        verdict_fault(
            v, FAULT_INIT,
            "look at step 1, at frozen layers and at what the recipe leaves of the images",
            "%s, and no other rate from %g to %g makes it fall: the initialization is "
            "bad, or the network does not see the images",
            what, 1e-4, 1.0);
    else
        verdict_fault(v, FAULT_CAPACITY,
                      "a larger network, fewer layers that take away (dropout), or more "
                      "tune.overfit_passes",
                      "%s; the best of the other rates learns %.1f %% of %d images by heart", what,
                      100 * top1, f->images);
}

static void show(const struct overfit_facts *f, struct verdict *v)
{
    json_t *table = json_array(), *curve = json_object(), *pass = json_array();
    for (int i = 0; i < f->tries; i++) {
        const struct overfit_try *t = &f->try[i];
        json_array_append_new(
            table, json_pack("{s:o, s:i, s:o, s:o, s:o, s:s}", "lr", verdict_real(t->lr), "passes",
                             t->passes, "first_loss", verdict_real(t->first), "last_loss",
                             verdict_real(t->last), "top1", verdict_real(t->top1), "end",
                             t->diverged  ? "diverged"
                             : learned(t) ? "learned"
                             : t->brief   ? "tried"
                                          : "not learned"));
    }
    json_t *loss = json_array();
    for (int i = 0; i < f->try[0].passes; i++) {
        json_array_append_new(pass, json_integer(i + 1));
        json_array_append_new(loss, verdict_real(f->try[0].loss[i]));
    }
    json_object_set_new(curve, "epoch", pass);
    json_object_set_new(curve, "loss", loss);
    verdict_number(v, "images", f->images);
    verdict_number(v, "chance", f->chance);
    verdict_evidence(v, "rates", table);
    verdict_evidence(v, "curve", curve);
}

void overfit_judge(const struct overfit_facts *f, struct verdict *v)
{
    const struct overfit_try *own = &f->try[0];
    if (learned(own))
        verdict_note(v, "all %d images of %d batches learned by heart in %d passes at rate %g",
                     f->images, f->batches, own->passes, own->lr);
    else
        judge_failure(f, v);
    show(f, v);
}
