/*
 * Reading prediction files. Only the header is read at first: each tensor's type and shape is held
 * against the others' before memory is taken, values go straight to where they stay, and views,
 * which may be larger than memory, remain in the file until they are asked for.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "eval/prediction.h"

static const double SUM_TOLERANCE = 1e-3; /* 1,000 classes in half precision stay within it */
enum { CLASSES_MAX = 1 << 24 };

static int refuse(const struct prediction_file *f, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const struct prediction_file *f, struct error *err, const char *format, ...)
{
    char why[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_DATA, f->path, "%s", why);
}

/* The tensor that holds the values, and with it their kind, n and k. */
static int find_values(struct prediction_file *f, uint64_t *n, int *k, enum prediction_kind *kind,
                       struct error *err)
{
    const struct tensor *probs = safetensors_find(f->tensors, "probs");
    const struct tensor *logits = safetensors_find(f->tensors, "logits");
    if (probs && logits)
        return refuse(f, err, "holds `probs` and `logits`; a prediction is one of them");
    const struct tensor *t = probs ? probs : logits;
    if (!t)
        return refuse(f, err, "holds neither `probs` nor `logits`; no file of predictions");
    *kind = probs ? PREDICTION_PROBS : PREDICTION_LOGITS;
    const char *name = prediction_kind_names[*kind];
    if (t->dtype != DTYPE_F32 || t->rank != 2)
        return refuse(f, err, "`%s` is %s of rank %d; must be F32 (samples, classes)", name,
                      dtype_name(t->dtype), t->rank);
    if (t->shape[0] < 1 || t->shape[1] < 1 || t->shape[1] > CLASSES_MAX)
        return refuse(f, err, "`%s` is of %" PRId64 " samples and %" PRId64 " classes", name,
                      t->shape[0], t->shape[1]);
    *n = (uint64_t)t->shape[0];
    *k = (int)t->shape[1];
    return 0;
}

static int check_column(const struct prediction_file *f, const char *name, uint64_t n,
                        struct error *err)
{
    const struct tensor *t = safetensors_find(f->tensors, name);
    if (t && (t->dtype != DTYPE_I64 || t->rank != 1 || (uint64_t)t->shape[0] != n))
        return refuse(
            f, err,
            "`%s` is %s of rank %d and %zu elements; must be I64, one for each of %" PRIu64
            " samples",
            name, dtype_name(t->dtype), t->rank, tensor_count(t), n);
    return 0;
}

static int check_views(struct prediction_file *f, uint64_t n, int k, struct error *err)
{
    const struct tensor *t = safetensors_find(f->tensors, "views");
    const struct tensor *w = safetensors_find(f->tensors, "view_weight");
    if (!t && !w)
        return 0;
    if (!t || !w)
        return refuse(f, err, "holds `%s` without `%s`", t ? "views" : "view_weight",
                      t ? "view_weight" : "views");
    if ((t->dtype != DTYPE_F16 && t->dtype != DTYPE_F32) || t->rank != 3 ||
        (uint64_t)t->shape[0] != n || t->shape[2] != k || t->shape[1] < 1 ||
        t->shape[1] > CLASSES_MAX)
        return refuse(f, err,
                      "`views` is %s of rank %d and %zu elements; must be F16 or F32 (%" PRIu64
                      ", views, %d)",
                      dtype_name(t->dtype), t->rank, tensor_count(t), n, k);
    if (w->dtype != DTYPE_F32 || w->rank != 1 || w->shape[0] != t->shape[1])
        return refuse(f, err, "`view_weight` is %s with %zu elements; must be F32 (%" PRId64 ")",
                      dtype_name(w->dtype), tensor_count(w), t->shape[1]);
    f->views.v = (int)t->shape[1];
    f->views.dtype = t->dtype;
    return 0;
}

/* A number of the metadata: decimal digits and nothing else; *value stays when there is none. */
static int read_number(const struct prediction_file *f, const char *key, uint64_t *value,
                       struct error *err)
{
    const char *text = safetensors_metadata(f->tensors, key);
    if (!text)
        return 0;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number > INT64_MAX)
        return refuse(f, err, "metadata '%s' is '%.40s'; must be a whole number", key, text);
    *value = number;
    return 0;
}

static int read_about(struct prediction_file *f, enum prediction_kind kind, uint64_t n,
                      struct error *err)
{
    struct prediction_about *about = &f->about;
    const char *stated = safetensors_metadata(f->tensors, "kind");
    if (stated && strcmp(stated, prediction_kind_names[kind]) != 0)
        return refuse(f, err, "metadata says kind '%.40s', the tensor is called `%s`", stated,
                      prediction_kind_names[kind]);
    about->model_hash = safetensors_metadata(f->tensors, "model_hash");
    about->network = safetensors_metadata(f->tensors, "network");
    about->preprocess = safetensors_metadata(f->tensors, "preprocess");
    about->views = safetensors_metadata(f->tensors, "views");
    about->data_hash = safetensors_metadata(f->tensors, "data_hash");
    about->kernels = safetensors_metadata(f->tensors, "kernels");
    about->version = safetensors_metadata(f->tensors, "version");
    about->caution = safetensors_metadata(f->tensors, "caution");
    uint64_t group = 0;
    about->count = n;
    if (read_number(f, "total", &about->total, err) < 0 ||
        read_number(f, "parameters", &about->parameters, err) < 0 ||
        read_number(f, "multiply_adds", &about->multiply_adds, err) < 0 ||
        read_number(f, "first", &about->first, err) < 0 ||
        read_number(f, "count", &about->count, err) < 0 || read_number(f, "group", &group, err) < 0)
        return -1;
    if (about->count != n)
        return refuse(f, err, "promises %" PRIu64 " samples and holds %" PRIu64, about->count, n);
    if (group > INT32_MAX || about->first > INT64_MAX - n)
        return refuse(f, err, "metadata has a range or a group that no data set has");
    if (about->total && (about->first > about->total || n > about->total - about->first))
        return refuse(f, err, "promises samples %" PRIu64 "..%" PRIu64 " of a data set of %" PRIu64,
                      about->first, about->first + n - 1, about->total);
    about->group = (int)group;
    return 0;
}

/* `values` (k) of one row as their kind allows; `row` for the message. */
static int check_values(const struct prediction_file *f, const float *values, uint64_t row,
                        struct error *err)
{
    int k = f->prediction.k;
    double sum = 0;
    for (int c = 0; c < k; c++) {
        if (!isfinite(values[c]))
            return refuse(f, err, "row %" PRIu64 ", class %d is not finite", row, c);
        sum += values[c];
    }
    if (f->prediction.kind == PREDICTION_LOGITS)
        return 0;
    for (int c = 0; c < k; c++)
        if (values[c] < 0 || values[c] > 1 + SUM_TOLERANCE)
            return refuse(f, err,
                          "row %" PRIu64 ", class %d has the probability %g; must be 0..1 (are "
                          "these logits?)",
                          row, c, (double)values[c]);
    if (fabs(sum - 1) > SUM_TOLERANCE)
        return refuse(f, err, "the probabilities of row %" PRIu64 " add up to %g; must be 1", row,
                      sum);
    return 0;
}

static int check_rows(const struct prediction_file *f, struct error *err)
{
    const struct prediction *p = &f->prediction;
    for (uint64_t i = 0; i < p->n; i++) {
        if (p->label[i] < -1)
            return refuse(f, err, "row %" PRIu64 " has the label %" PRId64 "; must be -1 or more",
                          i, p->label[i]);
        if (p->id[i] < 0 || (i > 0 && p->id[i] <= p->id[i - 1]))
            return refuse(f, err,
                          "row %" PRIu64 " has the id %" PRId64 " after %" PRId64 "; must rise", i,
                          p->id[i], i > 0 ? p->id[i - 1] : -1);
        if (check_values(f, p->values + i * (size_t)p->k, i, err) < 0)
            return -1;
    }
    if (f->about.total && ((uint64_t)p->id[0] < f->about.first ||
                           (uint64_t)p->id[p->n - 1] - f->about.first >= f->about.count))
        return refuse(f, err,
                      "holds ids %" PRId64 "..%" PRId64 " and promises %" PRIu64 " from %" PRIu64
                      " on",
                      p->id[0], p->id[p->n - 1], f->about.count, f->about.first);
    return 0;
}

/* A column that is there, or the value that stands for nothing known: `start` + row * `step`. */
static int read_column(const struct prediction_file *f, const char *name, int64_t *column,
                       int64_t start, int64_t step, struct error *err)
{
    uint64_t n = f->prediction.n;
    if (safetensors_find(f->tensors, name))
        return safetensors_read(f->tensors, name, 0, (size_t)n * sizeof(*column), column, err);
    for (uint64_t i = 0; i < n; i++)
        column[i] = start + (int64_t)i * step;
    return 0;
}

static int read_weights(struct prediction_file *f, struct error *err)
{
    if (!f->views.v)
        return 0;
    size_t count = (size_t)f->views.v;
    float *weight = memory_array(count, sizeof(*weight), err);
    f->views.weight = weight;
    if (!weight ||
        safetensors_read(f->tensors, "view_weight", 0, count * sizeof(*weight), weight, err) < 0)
        return -1;
    double sum = 0;
    for (size_t v = 0; v < count; v++) {
        if (!isfinite(weight[v]))
            return refuse(f, err, "`view_weight` of view %zu is not finite", v);
        sum += weight[v];
    }
    if (fabs(sum - 1) > SUM_TOLERANCE)
        return refuse(f, err, "`view_weight` adds up to %g; must be 1", sum);
    return 0;
}

static int read_file(struct prediction_file *f, struct error *err)
{
    uint64_t n = 0;
    int k = 0;
    enum prediction_kind kind = PREDICTION_PROBS;
    struct prediction *p = &f->prediction;
    if (safetensors_peek(&f->tensors, f->path, err) < 0 || find_values(f, &n, &k, &kind, err) < 0 ||
        check_column(f, "label", n, err) < 0 || check_column(f, "id", n, err) < 0 ||
        check_column(f, "key_hash", n, err) < 0 || check_views(f, n, k, err) < 0 ||
        read_about(f, kind, n, err) < 0 || prediction_init(p, n, k, err) < 0)
        return -1;
    p->kind = kind;
    size_t bytes = (size_t)n * (size_t)k * sizeof(*p->values);
    if (safetensors_read(f->tensors, prediction_kind_names[kind], 0, bytes, p->values, err) < 0 ||
        read_column(f, "label", p->label, -1, 0, err) < 0 ||
        read_column(f, "id", p->id, 0, 1, err) < 0 ||
        read_column(f, "key_hash", p->key_hash, 0, 0, err) < 0 || read_weights(f, err) < 0)
        return -1;
    return check_rows(f, err);
}

int prediction_open(struct prediction_file *f, const char *path, struct error *err)
{
    struct prediction_file opened = { .path = memory_text(path, err) };
    if (!opened.path || read_file(&opened, err) < 0) {
        prediction_close(&opened);
        return -1;
    }
    *f = opened;
    return 0;
}

int prediction_read_views(const struct prediction_file *f, uint64_t first, uint64_t count,
                          float *values, struct error *err)
{
    size_t row = (size_t)f->views.v * (size_t)f->prediction.k, all = (size_t)count * row;
    size_t element = dtype_size(f->views.dtype);
    uint16_t *half = NULL;
    assert(f->views.v && first <= f->prediction.n && count <= f->prediction.n - first);
    if (!f->kept && f->views.dtype == DTYPE_F16 && !(half = memory_array(all, sizeof(*half), err)))
        return -1;
    int status = 0;
    if (f->kept)
        memcpy(values, f->kept + first * row, all * sizeof(*values));
    else
        status = safetensors_read(f->tensors, "views", first * row * element, all * element,
                                  half ? (void *)half : values, err);
    if (status == 0 && half)
        half_to_floats(half, all, values);
    free(half);
    if (status < 0)
        return -1;
    for (size_t i = 0; i < all; i++)
        if (!isfinite(values[i]))
            return refuse(f, err, "row %" PRIu64 ", view %zu is not finite", first + i / row,
                          i % row / (size_t)f->prediction.k);
    return 0;
}

void prediction_close(struct prediction_file *f)
{
    prediction_release(&f->prediction);
    free((float *)f->views.weight);
    safetensors_close(f->tensors);
    free(f->path);
    *f = (struct prediction_file){ 0 };
}
