#include "eval/score_csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* timm's columns (results-imagenet.csv); its top5 is top-k of all there is below five classes. */
static int add_head(const struct score_result *r, struct buffer *text, struct error *err)
{
    char top[16];
    int k = r->predictor[0].top;
    snprintf(top, sizeof(top), "top%d", k < 5 && k == r->k ? 5 : k);
    return buffer_print(
        text, err,
        "model,img_size,top1,top1_err,%s,%s_err,param_count,crop_pct,interpolation,"
        "kind,views,labeled,correct,top1_low,top1_high,nll,nll_low,nll_high,brier,brier_low,"
        "brier_high,ece,ece_low,ece_high,ece_floor,temperature,nll_scaled,ece_scaled,aurc,"
        "precision,recall,f1,real,gain_top1,gain_top1_low,gain_top1_high,mcnemar,"
        "multiply_adds,optimistic,file,hash\n",
        top, top);
}

/* A field in quotes where it needs them (RFC 4180); control characters are '?'. */
static int add_field(struct buffer *text, const char *field, struct error *err)
{
    bool quoted = strpbrk(field, ",\"\r\n") != NULL || *field == ' ';
    if (quoted && buffer_append(text, "\"", 1, err) < 0)
        return -1;
    for (; *field; field++) {
        char c = (unsigned char)*field < ' ' || *field == 0x7f ? '?' : *field;
        if (buffer_append(text, c == '"' ? "\"\"" : &c, c == '"' ? 2 : 1, err) < 0)
            return -1;
    }
    return quoted ? buffer_append(text, "\"", 1, err) : 0;
}

static int add_text(struct buffer *text, const char *field, struct error *err)
{
    return buffer_append(text, ",", 1, err) < 0 ? -1 : add_field(text, field, err);
}

static int add_number(struct buffer *text, double value, bool known, struct error *err)
{
    if (!known || !isfinite(value))
        return buffer_append(text, ",", 1, err);
    return buffer_print(text, err, ",%.10g", value);
}

static int add_interval(struct buffer *text, struct interval x, double times, bool known,
                        struct error *err)
{
    bool has = known && x.kind != INTERVAL_NONE;
    if (add_number(text, times * x.value, known, err) < 0 ||
        add_number(text, times * x.low, has, err) < 0)
        return -1;
    return add_number(text, times * x.high, has, err);
}

static int add_percent(struct buffer *text, double share, bool known, struct error *err)
{
    if (!known)
        return buffer_append(text, ",,", 2, err);
    return buffer_print(text, err, ",%.4f,%.4f", 100 * share, 100 * (1 - share));
}

/* Base size, short side and filter, as far as the file says them. */
static int add_preprocess(const struct score_predictor *s, struct buffer *text, bool behind,
                          struct error *err)
{
    struct error none = { 0 };
    json_t *about = s->preprocess && *s->preprocess
                        ? json_parse(s->preprocess, strlen(s->preprocess), s->name, &none)
                        : NULL;
    double size = json_number_value(json_object_get(about, "size")),
           resize = json_number_value(json_object_get(about, "resize"));
    const char *filter = json_string_value(json_object_get(about, "filter"));
    int status = behind ? add_number(text, size / resize, size > 0 && resize > 0, err)
                        : add_number(text, size, size > 0, err);
    if (status == 0 && behind)
        status = add_text(text, filter ? filter : "", err);
    json_decref(about);
    return status;
}

static int add_timm(const struct score_predictor *s, struct buffer *text, struct error *err)
{
    if (add_preprocess(s, text, false, err) < 0 ||
        add_percent(text, s->top1.value, true, err) < 0 ||
        add_percent(text, s->topk.value, s->has_probs, err) < 0)
        return -1;
    if (s->parameters ? buffer_print(text, err, ",%.2f", (double)s->parameters / 1e6) < 0
                      : buffer_append(text, ",", 1, err) < 0)
        return -1;
    return add_preprocess(s, text, true, err);
}

static int add_ours(const struct score_result *r, int p, struct buffer *text, struct error *err)
{
    const struct score_predictor *s = &r->predictor[p];
    bool probs = s->has_probs, scaled = s->temperature > 0, gain = p != r->best;
    struct score_pair pair = { 0 };
    if (gain)
        pair = score_pair_of(r, r->best, p);
    if (add_text(text, score_kind_names[s->kind], err) < 0 || add_text(text, s->views, err) < 0 ||
        buffer_print(text, err, ",%" PRIu64 ",%" PRIu64, s->labeled, s->correct) < 0 ||
        add_number(text, 100 * s->top1.low, true, err) < 0 ||
        add_number(text, 100 * s->top1.high, true, err) < 0 ||
        add_interval(text, s->raw.nll, 1, probs, err) < 0 ||
        add_interval(text, s->raw.brier, 1, probs, err) < 0 ||
        add_interval(text, s->raw.ece, 1, probs, err) < 0 ||
        add_number(text, s->raw.ece_floor, probs, err) < 0 ||
        add_number(text, s->temperature, scaled, err) < 0 ||
        add_number(text, s->scaled.nll.value, scaled, err) < 0 ||
        add_number(text, s->scaled.ece.value, scaled, err) < 0 ||
        add_number(text, s->aurc.value, probs, err) < 0 ||
        add_number(text, s->precision.value, true, err) < 0 ||
        add_number(text, s->recall.value, true, err) < 0 ||
        add_number(text, s->f1.value, true, err) < 0 ||
        add_number(text, 100 * s->real.value, s->real_labeled > 0, err) < 0 ||
        add_interval(text, pair.gain_top1, 100, gain, err) < 0 ||
        add_number(text, pair.mcnemar, gain, err) < 0 ||
        add_number(text, (double)s->multiply_adds, s->multiply_adds > 0, err) < 0 ||
        add_text(text, *r->optimistic ? "optimistic" : "", err) < 0 ||
        add_text(text, s->file ? s->file : "", err) < 0)
        return -1;
    return add_text(text, s->hash, err);
}

int score_csv(const struct score_result *r, struct buffer *text, struct error *err)
{
    if (add_head(r, text, err) < 0)
        return -1;
    for (int p = 0; p < r->predictors; p++)
        if (add_field(text, r->predictor[p].name, err) < 0 ||
            add_timm(&r->predictor[p], text, err) < 0 || add_ours(r, p, text, err) < 0 ||
            buffer_append(text, "\n", 1, err) < 0)
            return -1;
    return 0;
}
