#include "eval/report.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

int report_best(const struct metric_score *scores, const char *const *hashes, int count)
{
    int best = 0;
    for (int m = 1; m < count; m++) {
        const struct metric_score *a = &scores[m], *b = &scores[best];
        if (a->correct != b->correct ? a->correct > b->correct
            : a->nll != b->nll       ? a->nll < b->nll
                                     : strcmp(hashes[m], hashes[best]) < 0)
            best = m;
    }
    return best;
}

static double gain_points(const struct report *r)
{
    return 100 * (r->ensemble.top1 - r->scores[r->best].top1);
}

static int print_row(struct buffer *text, int width, const char *name, const char *parameters,
                     const struct metric_score *s, struct error *err)
{
    return buffer_print(text, err,
                        "%-*s  %11s  %8" PRIu64 "  %7.2f %%  %6.2f .. %-6.2f  %7.2f %%  %8.4f\n",
                        width, name, parameters, s->correct, 100 * s->top1, 100 * s->low,
                        100 * s->high, 100 * s->top5, s->nll);
}

static int print_head(const struct report *r, struct buffer *text, int width, struct error *err)
{
    char top[16];
    snprintf(top, sizeof(top), "top-%d", r->ensemble.top);
    if (buffer_print(text, err,
                     "data   %s: %" PRIu64 " images, %d classes\nviews  %s (%d an image)\n\n",
                     r->data, r->n, r->k, r->views, r->views_total) < 0)
        return -1;
    return buffer_print(text, err, "%-*s  %11s  %8s  %9s  %16s  %9s  %8s\n", width, "model",
                        "parameters", "correct", "top-1", "95 % interval", top, "NLL");
}

static int print_foot(const struct report *r, struct buffer *text, struct error *err)
{
    if (r->ensemble.labeled < r->n &&
        buffer_print(text, err,
                     "%" PRIu64 " images have no label and take no part in the numbers.\n",
                     r->n - r->ensemble.labeled) < 0)
        return -1;
    if (r->ensemble.top < METRIC_TOP &&
        buffer_print(
            text, err,
            "There are only %d classes, so top-%d stands for top-%d and is always right.\n", r->k,
            r->ensemble.top, METRIC_TOP) < 0)
        return -1;
    return buffer_print(text, err, "%" PRIu64 " images in %.1f s (%.1f images/s), %d threads, %s\n",
                        r->n, r->seconds, r->seconds > 0 ? (double)r->n / r->seconds : 0,
                        r->threads, r->kernels);
}

int report_print(const struct report *r, struct buffer *text, struct error *err)
{
    const struct members *m = r->members;
    char mean[32];
    snprintf(mean, sizeof(mean), "ensemble of %d", m->count);
    int width = (int)(m->count > 1 ? strlen(mean) : strlen("model"));
    uint64_t total = 0;
    for (int i = 0; i < m->count; i++)
        if ((int)strlen(m->names[i]) > width)
            width = (int)strlen(m->names[i]);
    if (print_head(r, text, width, err) < 0)
        return -1;
    char parameters[24];
    for (int i = 0; i < m->count; i++) {
        uint64_t own = members_parameters(m, i);
        total += own;
        snprintf(parameters, sizeof(parameters), "%" PRIu64, own);
        if (print_row(text, width, m->names[i], parameters, &r->scores[i], err) < 0)
            return -1;
    }
    if (m->count > 1) {
        snprintf(parameters, sizeof(parameters), "%" PRIu64, total);
        if (print_row(text, width, mean, parameters, &r->ensemble, err) < 0 ||
            buffer_print(text, err,
                         "\nThe ensemble against its best member (%s): %+.2f points, %" PRIu64
                         " corrected, %" PRIu64 " corrupted.\n",
                         m->names[r->best], gain_points(r), r->corrected, r->corrupted) < 0)
            return -1;
    } else if (buffer_print(text, err, "\n") < 0) {
        return -1;
    }
    return print_foot(r, text, err);
}

static json_t *score_json(const struct metric_score *s)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:I, s:f, s:i, s:f}", "correct", (json_int_t)s->correct,
                     "top1", s->top1, "top1_low", s->low, "top1_high", s->high, "top5_correct",
                     (json_int_t)s->correct_top, "top5", s->top5, "top5_is_top", s->top, "nll",
                     s->nll);
}

static json_t *member_json(const struct report *r, int i, struct error *err)
{
    const struct members *m = r->members;
    json_t *preprocess = preprocess_json(&m->preprocesses[i], err);
    if (!preprocess)
        return NULL;
    json_t *row =
        json_pack("{s:o, s:o, s:s, s:s, s:I, s:I, s:o}", "name", json_bytes(m->names[i]), "file",
                  json_bytes(r->files[i]), "hash", m->hashes[i], "network", net_name(m->nets[i]),
                  "parameters", (json_int_t)members_parameters(m, i), "multiply_adds",
                  (json_int_t)net_multiply_adds(m->nets[i]), "preprocess", preprocess);
    json_t *score = score_json(&r->scores[i]);
    if (row && score && json_object_update(row, score) == 0) {
        json_decref(score);
        return row;
    }
    json_decref(row);
    json_decref(score);
    error_set(err, ERROR_FAILED, NULL, "the report of %s does not fit into JSON", r->files[i]);
    return NULL;
}

static json_t *ensemble_json(const struct report *r)
{
    json_t *ensemble = score_json(&r->ensemble);
    json_t *gain = json_pack("{s:o, s:f, s:I, s:I}", "best", json_bytes(r->members->names[r->best]),
                             "gain_points", gain_points(r), "corrected", (json_int_t)r->corrected,
                             "corrupted", (json_int_t)r->corrupted);
    if (ensemble && gain &&
        json_object_set_new(ensemble, "members", json_integer(r->members->count)) == 0 &&
        json_object_update(ensemble, gain) == 0) {
        json_decref(gain);
        return ensemble;
    }
    json_decref(ensemble);
    json_decref(gain);
    return NULL;
}

json_t *report_json(const struct report *r, struct error *err)
{
    json_t *models = json_array();
    for (int i = 0; i < r->members->count; i++) {
        json_t *row = member_json(r, i, err);
        if (!row) {
            json_decref(models);
            return NULL;
        }
        json_array_append_new(models, row);
    }
    json_t *all = json_pack(
        "{s:s, s:s, s:o, s:s, s:I, s:I, s:i, s:s, s:i, s:o, s:o, s:f, s:i, s:s}", "program",
        "nneval", "version", TENFOLD_VERSION, "data", json_bytes(r->data), "data_hash",
        r->data_hash, "n", (json_int_t)r->n, "labeled", (json_int_t)r->ensemble.labeled, "classes",
        r->k, "views", r->views, "views_per_image", r->views_total, "models", models, "ensemble",
        ensemble_json(r), "seconds", r->seconds, "threads", r->threads, "kernels", r->kernels);
    if (!all)
        error_set(err, ERROR_FAILED, NULL, "the report does not fit into JSON");
    return all;
}
