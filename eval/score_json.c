#include "eval/score_json.h"

#include "base/json.h"
#include "eval/score_json_parts.h"

json_t *score_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *score_json_interval(struct interval x)
{
    json_t *value = score_json_real(x.value);
    if (x.kind == INTERVAL_NONE)
        return json_pack("{s:o}", "value", value);
    return json_pack("{s:o, s:o, s:o, s:s}", "value", value, "low", score_json_real(x.low), "high",
                     score_json_real(x.high), "interval", interval_names[x.kind]);
}

static json_t *split_json(const struct score_split *s)
{
    return json_pack("{s:o, s:I, s:b}", "how", json_bytes(s->how), "n", (json_int_t)s->n,
                     "reported", s->reported);
}

static json_t *texts_json(const char *const *text, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_bytes(text[i]));
    return list;
}

static json_t *pair_json(const struct score_pair *p)
{
    json_t *nll = p->gain_nll.kind == INTERVAL_NONE && p->gain_nll.value == 0
                      ? json_null()
                      : score_json_interval(p->gain_nll);
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "a", p->a, "b",
                     p->b, "both", (json_int_t)p->both, "only_a", (json_int_t)p->only_a, "only_b",
                     (json_int_t)p->only_b, "neither", (json_int_t)p->neither, "disagreement",
                     score_json_real(p->disagreement), "error_correlation",
                     score_json_real(p->error_correlation), "gain_top1",
                     score_json_interval(p->gain_top1), "gain_nll", nll, "mcnemar",
                     score_json_real(p->mcnemar), "bootstrap", score_json_real(p->bootstrap));
}

static json_t *suspects_json(const struct score_result *r)
{
    json_t *list = json_array();
    if (r->suspect_predictor < 0)
        return list;
    for (int i = 0; i < r->suspects; i++) {
        const struct score_suspect *s = &r->suspect[i];
        json_array_append_new(list,
                              json_pack("{s:I, s:I, s:o, s:i, s:i, s:o, s:o}", "row",
                                        (json_int_t)s->row, "id", (json_int_t)s->id, "sample",
                                        s->sample ? json_bytes(s->sample) : json_null(), "label",
                                        s->label, "suggested", s->suggested, "self_confidence",
                                        score_json_real(s->self_confidence), "suggested_confidence",
                                        score_json_real(s->suggested_confidence)));
    }
    return list;
}

static json_t *view_json(const struct score_view *v)
{
    return json_pack("{s:i, s:o, s:b, s:i, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "predictor",
                     v->predictor, "name", json_bytes(v->name), "is_scale", v->is_scale, "views",
                     v->views, "top1", score_json_interval(v->top1), "nll", score_json_real(v->nll),
                     "gain_top1", score_json_interval(v->gain_top1), "corrected",
                     (json_int_t)v->corrected, "corrupted", (json_int_t)v->corrupted, "mcnemar",
                     score_json_real(v->mcnemar), "weight", score_json_real(v->weight));
}

/* What the whole result is about. */
static json_t *about_json(const struct score_result *r)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:o, s:I, s:i, s:f, s:i, s:o, s:o, "
        "s:o, s:o, s:b}",
        "program", "nneval", "version", json_bytes(r->version), "command", json_bytes(r->command),
        "data", json_bytes(r->data), "data_hash", json_bytes(r->data_hash), "labels",
        json_bytes(r->labels), "n", (json_int_t)r->n, "reported", (json_int_t)r->reported,
        "labeled", (json_int_t)r->labeled, "classes", r->k, "class_names",
        r->class_name ? texts_json(r->class_name, r->k) : json_null(), "seed", (json_int_t)r->seed,
        "rounds", r->rounds, "seconds", r->seconds, "threads", r->threads, "optimistic",
        *r->optimistic ? json_bytes(r->optimistic) : json_null(), "warnings",
        texts_json(r->warning, r->warnings), "selection_split", split_json(&r->selection),
        "temperature_split", split_json(&r->temperature), "views_learned", r->views_learned);
}

json_t *score_json(const struct score_result *r, struct error *err)
{
    json_t *all = about_json(r), *predictors = json_array(), *ensembles = json_array(),
           *pairs = json_array(), *views = json_array();
    for (int p = 0; p < r->predictors; p++)
        json_array_append_new(predictors, score_json_predictor(r, p));
    for (int e = 0; e < r->ensembles; e++)
        json_array_append_new(ensembles, score_json_ensemble(&r->ensemble[e]));
    for (int i = 0; i < r->predictors * (r->predictors - 1) / 2; i++)
        json_array_append_new(pairs, pair_json(&r->pair[i]));
    for (int v = 0; v < r->views; v++)
        json_array_append_new(views, view_json(&r->view[v]));
    json_t *lists = json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:i, s:I, s:o}", "singles",
                              r->singles, "first", r->first, "best", r->best, "predictors",
                              predictors, "ensembles", ensembles, "pairs", pairs, "views", views,
                              "suspect_predictor", r->suspect_predictor, "suspects_found",
                              (json_int_t)r->suspects_found, "suspects", suspects_json(r));
    int status = all && lists ? json_object_update(all, lists) : -1;
    json_decref(lists);
    if (status == 0)
        return all;
    json_decref(all);
    error_set(err, ERROR_FAILED, NULL, "no memory for the numbers as JSON");
    return NULL;
}
