/* Outputs from arrays of other software. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "base/npy.h"
#include "base/npz.h"
#include "eval/outputs_read.h"

static bool is_float(const struct tensor *t)
{
    return t->dtype == DTYPE_F32 || t->dtype == DTYPE_F16 || t->dtype == DTYPE_F64;
}

static int64_t whole(const struct tensor *t, size_t i)
{
    switch (t->dtype) {
    case DTYPE_U8:
        return ((const uint8_t *)t->data)[i];
    case DTYPE_I8:
        return ((const int8_t *)t->data)[i];
    case DTYPE_I32:
        return ((const int32_t *)t->data)[i];
    default:
        return ((const int64_t *)t->data)[i];
    }
}

/* Whole numbers (n), fresh. */
static int64_t *take_wholes(const struct tensor *t, struct error *err)
{
    size_t n = tensor_count(t);
    int64_t *x = memory_array(n, sizeof(*x), err);
    for (size_t i = 0; x && i < n; i++)
        x[i] = whole(t, i);
    return x;
}

/* Floats, fresh or the tensor's own memory. */
static float *take_floats(struct tensor *t, struct error *err)
{
    if (t->dtype == DTYPE_F32) {
        float *own = t->data;
        t->data = NULL;
        return own;
    }
    size_t n = tensor_count(t);
    float *x = memory_array(n, sizeof(*x), err);
    if (x && t->dtype == DTYPE_F16)
        half_to_floats(t->data, n, x);
    for (size_t i = 0; x && t->dtype == DTYPE_F64 && i < n; i++)
        x[i] = (float)((const double *)t->data)[i];
    return x;
}

static int take_votes(struct outputs *o, const char *path, const struct tensor *t,
                      struct error *err)
{
    size_t n = (size_t)t->shape[0], voters = t->rank == 2 ? (size_t)t->shape[1] : 1;
    if (voters == 0 || voters > 4096)
        return error_set(err, ERROR_DATA, path, "has votes of %zu voters; accepted: 1..4096",
                         voters);
    o->votes = memory_array(n * voters, sizeof(*o->votes), err);
    if (!o->votes)
        return -1;
    o->kind = SCORE_VOTES;
    o->n = n;
    o->voters = (int)voters;
    for (size_t i = 0; i < n; i++) {
        for (size_t v = 0; v < voters; v++) {
            int64_t vote = whole(t, i * voters + v);
            o->votes[v * n + i] = vote < 0 || vote > INT32_MAX ? -1 : (int32_t)vote;
        }
    }
    return 0;
}

/* Labels as votes are whole numbers (n). */
static int take_labels(struct outputs *o, const char *path, const struct tensor *t,
                       struct error *err)
{
    if (is_float(t) || t->rank != 1)
        return error_set(err, ERROR_DATA, path,
                         "is no list of labels; they are whole numbers in one dimension");
    o->n = (uint64_t)t->shape[0];
    o->label = take_wholes(t, err);
    return o->label ? 0 : -1;
}

static int take(struct outputs *o, const char *path, struct tensor *t, enum outputs_kind kind,
                struct error *err)
{
    if (!is_float(t) && (t->rank == 1 || t->rank == 2)) {
        if (kind == OUTPUTS_PROBS || kind == OUTPUTS_LOGITS)
            return error_set(err, ERROR_DATA, path, "holds whole numbers, not %s",
                             outputs_kind_names[kind]);
        return take_votes(o, path, t, err);
    }
    if (t->rank != 2 || t->shape[1] < 1 || t->shape[1] > 1 << 24)
        return error_set(err, ERROR_DATA, path,
                         "has %d dimensions; accepted: floats (samples, classes), or whole numbers "
                         "(samples) or (samples, voters)",
                         t->rank);
    o->n = (uint64_t)t->shape[0];
    o->k = (int)t->shape[1];
    o->values = take_floats(t, err);
    return o->values ? outputs_settle(o, path, kind, err) : -1;
}

int outputs_read_npy(struct outputs *o, const char *path, const struct outputs_options *options,
                     bool labels, struct error *err)
{
    struct tensor t;
    if (npy_read(path, &t, err) < 0)
        return -1;
    int status = labels ? take_labels(o, path, &t, err) : take(o, path, &t, options->kind, err);
    free(t.data);
    return status;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

static const char *const label_names[] = { "label", "labels", "target", "targets", "y", NULL };
static const char *const id_names[] = { "id", "ids", "index", NULL };
static const char *const prob_names[] = { "probs", "prob", "probabilities", NULL };
static const char *const logit_names[] = { "logits", "logit", NULL };

static size_t find(const struct npz *z, const char *const *names)
{
    size_t i = 0;
    while (i < npz_count(z) && !is_one_of(npz_name(z, i), names))
        i++;
    return i;
}

/* The array that is meant: named by the flag, or by its own name, or the only one there is. */
static int choose(const struct npz *z, const char *path, const char *wanted, size_t *chosen,
                  struct error *err)
{
    const char *const named[] = { wanted, NULL };
    size_t count = npz_count(z);
    if (wanted) {
        *chosen = find(z, named);
        return *chosen < count ? 0 : error_set(err, ERROR_USAGE, path, "has no array %s", wanted);
    }
    size_t probs = find(z, prob_names), logits = find(z, logit_names), others = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_one_of(npz_name(z, i), label_names) || is_one_of(npz_name(z, i), id_names))
            continue;
        *chosen = i;
        others++;
    }
    if (others == 1)
        return 0;
    if ((probs < count) != (logits < count)) {
        *chosen = probs < count ? probs : logits;
        return 0;
    }
    char names[256] = "";
    for (size_t i = 0; i < count && strlen(names) + 64 < sizeof(names); i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%.60s", i ? ", " : "",
                 npz_name(z, i));
    return error_set(err, ERROR_USAGE, path, "has the arrays %s; say which with --array", names);
}

/* An array of whole numbers beside the outputs. */
static int take_column(struct npz *z, const char *path, size_t at, uint64_t n, int64_t **column,
                       struct error *err)
{
    struct tensor t;
    if (at == npz_count(z))
        return 0;
    if (npz_read(z, at, &t, err) < 0)
        return -1;
    int status = 0;
    if (is_float(&t) || t.rank != 1 || (uint64_t)t.shape[0] != n)
        status = error_set(err, ERROR_DATA, path,
                           "array %s is no list of %" PRIu64 " whole numbers", npz_name(z, at), n);
    else if (!(*column = take_wholes(&t, err)))
        status = -1;
    free(t.data);
    return status;
}

static int read_outputs(struct outputs *o, struct npz *z, const char *path,
                        const struct outputs_options *options, struct error *err)
{
    size_t at = 0;
    struct tensor t;
    if (choose(z, path, options->array, &at, err) < 0 || npz_read(z, at, &t, err) < 0)
        return -1;
    enum outputs_kind kind = options->kind;
    if (kind == OUTPUTS_AUTO && is_one_of(npz_name(z, at), prob_names))
        kind = OUTPUTS_PROBS;
    if (kind == OUTPUTS_AUTO && is_one_of(npz_name(z, at), logit_names))
        kind = OUTPUTS_LOGITS;
    int status = take(o, path, &t, kind, err);
    free(t.data);
    return status;
}

int outputs_read_npz(struct outputs *o, const char *path, const struct outputs_options *options,
                     bool labels, struct error *err)
{
    struct npz *z;
    struct tensor t;
    if (npz_open(&z, path, err) < 0)
        return -1;
    size_t at = find(z, label_names);
    int status;
    if (labels) {
        if (at == npz_count(z) && npz_count(z) == 1)
            at = 0;
        status = at < npz_count(z) ? npz_read(z, at, &t, err)
                                   : error_set(err, ERROR_DATA, path,
                                               "has no array label, labels, target, targets or y");
        if (status == 0) {
            status = take_labels(o, path, &t, err);
            free(t.data);
        }
    } else {
        status = read_outputs(o, z, path, options, err);
        if (status == 0)
            status = take_column(z, path, at, o->n, &o->label, err);
    }
    if (status == 0)
        status = take_column(z, path, find(z, id_names), o->n, &o->id, err);
    npz_close(z);
    return status;
}
