/* One predictor and one ensemble as JSON. */
#include <string.h>

#include "base/json.h"
#include "eval/score_json_parts.h"

static json_t *bins_json(const struct score_bin *bins)
{
    json_t *list = json_array();
    for (int b = 0; b < SCORE_BINS; b++)
        json_array_append_new(
            list, json_pack("{s:f, s:f, s:I, s:f, s:o}", "low", bins[b].low, "high", bins[b].high,
                            "count", (json_int_t)bins[b].count, "confidence", bins[b].confidence,
                            "accuracy", score_json_interval(bins[b].accuracy)));
    return list;
}

static json_t *calibration_json(const struct score_calibration *c)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "nll",
                     score_json_interval(c->nll), "brier", score_json_interval(c->brier), "ece",
                     score_json_interval(c->ece), "ece_floor", score_json_real(c->ece_floor),
                     "ece_mass", score_json_interval(c->ece_mass), "ece_class",
                     score_json_interval(c->ece_class), "mce", score_json_real(c->mce), "bins",
                     bins_json(c->width), "mass_bins", bins_json(c->mass), "class_bins",
                     bins_json(c->class_width));
}

static json_t *classes_json(const struct score_class *classes, int k)
{
    json_t *list = json_array();
    for (int c = 0; c < k; c++) {
        const struct score_class *s = &classes[c];
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "support",
                            (json_int_t)s->support, "predicted", (json_int_t)s->predicted,
                            "correct", (json_int_t)s->correct, "precision",
                            score_json_real(s->precision), "recall", score_json_real(s->recall),
                            "f1", score_json_real(s->f1), "ece", score_json_real(s->ece)));
    }
    return list;
}

/* The cells that are not 0, as [label, predicted, count]: a thousand classes are mostly zeros. */
static json_t *confusion_json(const uint32_t *confusion, int k)
{
    if (!confusion)
        return json_null();
    json_t *list = json_array();
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++)
            if (confusion[(size_t)a * (size_t)k + (size_t)b])
                json_array_append_new(
                    list, json_pack("[i, i, I]", a, b,
                                    (json_int_t)confusion[(size_t)a * (size_t)k + (size_t)b]));
    return list;
}

static json_t *risk_json(const struct score_risk *risk)
{
    if (!risk)
        return json_null();
    json_t *list = json_array();
    for (int i = 0; i < SCORE_RISKS; i++)
        json_array_append_new(list, json_pack("{s:f, s:o, s:o}", "coverage", risk[i].coverage,
                                              "risk", score_json_real(risk[i].risk), "threshold",
                                              score_json_real(risk[i].threshold)));
    return list;
}

static json_t *mistakes_json(const struct score_predictor *s)
{
    json_t *list = json_array();
    for (int i = 0; i < s->mistakes; i++) {
        const struct score_mistake *m = &s->mistake[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:o, s:i, s:i, s:o, s:o}", "row",
                                              (json_int_t)m->row, "id", (json_int_t)m->id, "sample",
                                              m->sample ? json_bytes(m->sample) : json_null(),
                                              "label", m->label, "predicted", m->predicted,
                                              "confidence", score_json_real(m->confidence),
                                              "p_label", score_json_real(m->p_label)));
    }
    return list;
}

/* Numbers that need probabilities: none of votes. */
static json_t *probs_json(const struct score_predictor *s)
{
    if (!s->has_probs)
        return json_pack("{s:n, s:n, s:n, s:n, s:n, s:n, s:n}", "topk", "correct_topk",
                         "calibration", "temperature", "scaled", "aurc", "risk");
    bool scaled = s->temperature > 0;
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "topk", score_json_interval(s->topk),
                     "correct_topk", (json_int_t)s->correct_top, "calibration",
                     calibration_json(&s->raw), "temperature",
                     scaled ? score_json_real(s->temperature) : json_null(), "scaled",
                     scaled ? calibration_json(&s->scaled) : json_null(), "aurc",
                     score_json_interval(s->aurc), "risk", risk_json(s->risk));
}

/* The text that the file carries, as the object that it is. */
static json_t *preprocess_json(const struct score_predictor *s)
{
    struct error none = { 0 };
    json_t *json = s->preprocess && *s->preprocess
                       ? json_parse(s->preprocess, strlen(s->preprocess), s->name, &none)
                       : NULL;
    return json ? json : json_null();
}

static json_t *about_json(const struct score_predictor *s)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:o, "
        "s:o}",
        "name", json_bytes(s->name), "file", s->file ? json_bytes(s->file) : json_null(), "hash",
        json_bytes(s->hash), "network", json_bytes(s->network), "views", json_bytes(s->views),
        "kernels", json_bytes(s->kernels), "preprocess", preprocess_json(s), "kind",
        score_kind_names[s->kind], "ensemble",
        s->ensemble < 0 ? json_null() : json_integer(s->ensemble), "parameters",
        (json_int_t)s->parameters, "multiply_adds", (json_int_t)s->multiply_adds, "labeled",
        (json_int_t)s->labeled, "correct", (json_int_t)s->correct, "top", s->top, "top1",
        score_json_interval(s->top1), "precision", score_json_interval(s->precision), "recall",
        score_json_interval(s->recall), "f1", score_json_interval(s->f1));
}

json_t *score_json_predictor(const struct score_result *r, int p)
{
    const struct score_predictor *s = &r->predictor[p];
    json_t *all = about_json(s), *probs = probs_json(s);
    json_t *real =
        s->real_labeled
            ? json_pack("{s:o, s:I, s:I}", "accuracy", score_json_interval(s->real), "labeled",
                        (json_int_t)s->real_labeled, "correct", (json_int_t)s->real_correct)
            : json_null();
    json_t *lists =
        json_pack("{s:o, s:o, s:o, s:o}", "real", real, "per_class", classes_json(s->classes, r->k),
                  "confusion", confusion_json(s->confusion, r->k), "mistakes", mistakes_json(s));
    if (all && (json_object_update(all, probs) < 0 || json_object_update(all, lists) < 0)) {
        json_decref(all);
        all = NULL;
    }
    json_decref(probs);
    json_decref(lists);
    return all;
}

static json_t *without_json(const struct score_ensemble *e)
{
    if (!e->without)
        return json_null();
    json_t *list = json_array();
    for (int m = 0; m < e->members; m++) {
        const struct score_without *w = &e->without[m];
        json_array_append_new(
            list, json_pack("{s:i, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "member", e->member[m],
                            "top1", score_json_real(w->top1), "nll", score_json_real(w->nll),
                            "gain_top1", score_json_interval(w->gain_top1), "gain_nll",
                            score_json_interval(w->gain_nll), "corrected", (json_int_t)w->corrected,
                            "corrupted", (json_int_t)w->corrupted, "mcnemar",
                            score_json_real(w->mcnemar)));
    }
    return list;
}

static json_t *steps_json(const struct score_ensemble *e)
{
    if (!e->step)
        return json_null();
    json_t *list = json_array();
    for (int i = 0; i < e->steps; i++) {
        const struct score_step *s = &e->step[i];
        json_array_append_new(
            list, json_pack("{s:i, s:i, s:I, s:o, s:o, s:o}", "member", s->member, "distinct",
                            s->distinct, "multiply_adds", (json_int_t)s->multiply_adds, "criterion",
                            score_json_real(s->criterion), "top1", score_json_real(s->top1), "nll",
                            score_json_real(s->nll)));
    }
    return list;
}

json_t *score_json_ensemble(const struct score_ensemble *e)
{
    json_t *members = json_array(), *weights = json_array();
    for (int m = 0; m < e->members; m++) {
        json_array_append_new(members, json_integer(e->member[m]));
        json_array_append_new(weights, score_json_real(e->weight[m]));
    }
    return json_pack("{s:i, s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:i}", "predictor", e->predictor,
                     "rule", score_rule_names[e->rule], "weighting",
                     score_weighting_names[e->weighting], "members", members, "weights", weights,
                     "optimistic", e->optimistic, "leave_one_out", without_json(e), "steps",
                     steps_json(e), "chosen", e->chosen);
}
