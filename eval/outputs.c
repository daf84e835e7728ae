#include "eval/outputs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "eval/outputs_read.h"

const char *const outputs_kind_names[] = { "auto", "probs", "logits", "votes", NULL };

static const double SUM_TOLERANCE = 1e-3; /* as for our own files: half precision stays within it */

enum { START = 9 }; /* bytes that tell what a file is */

/* What the values of a table say about themselves. */
struct look {
    bool below, above; /* some are less than 0, more than 1 (by more than the tolerance) */
    uint64_t outside;  /* first row with such a value */
    bool uneven;       /* some row does not sum to 1 */
    uint64_t row;      /* the first such row */
    double sum;        /* and its sum */
};

static int look_at(const struct outputs *o, const char *path, struct look *look, struct error *err)
{
    *look = (struct look){ 0 };
    for (uint64_t i = 0; i < o->n; i++) {
        const float *row = o->values + (size_t)i * (size_t)o->k;
        double sum = 0;
        bool outside = false;
        for (int c = 0; c < o->k; c++) {
            double x = (double)row[c];
            sum += x;
            look->below |= x < -SUM_TOLERANCE;
            look->above |= x > 1 + SUM_TOLERANCE;
            outside |= x < -SUM_TOLERANCE || x > 1 + SUM_TOLERANCE;
        }
        if (!isfinite(sum))
            for (int c = 0; c < o->k; c++)
                if (!isfinite(row[c]))
                    return error_set(err, ERROR_DATA, path,
                                     "row %" PRIu64 " (from 0), class %d is %s; outputs must be "
                                     "finite",
                                     i, c, isnan(row[c]) ? "NaN" : "infinite");
        if (outside && !look->outside)
            look->outside = i + 1;
        if (!look->uneven && fabs(sum - 1) > SUM_TOLERANCE) {
            look->uneven = true;
            look->row = i;
            look->sum = sum;
        }
    }
    return 0;
}

static int refuse_probs(const char *path, const struct look *look, const char *remedy,
                        struct error *err)
{
    if (look->outside)
        return error_set(err, ERROR_DATA, path,
                         "row %" PRIu64 " (from 0) has a value outside 0..1, which is no "
                         "probability%s",
                         look->outside - 1, remedy);
    return error_set(err, ERROR_DATA, path,
                     "row %" PRIu64 " (from 0) sums to %.6g; probabilities must sum to 1 within "
                     "0.001%s",
                     look->row, look->sum, remedy);
}

/* Small negative roundings are zeros. */
static void clip(struct outputs *o)
{
    for (size_t i = 0; i < (size_t)o->n * (size_t)o->k; i++)
        o->values[i] = o->values[i] > 0 ? o->values[i] < 1 ? o->values[i] : 1 : 0;
}

int outputs_settle(struct outputs *o, const char *path, enum outputs_kind kind, struct error *err)
{
    struct look look;
    if (kind == OUTPUTS_VOTES)
        return error_set(err, ERROR_DATA, path,
                         "holds %d numbers a sample, not votes; votes are whole numbers", o->k);
    if (look_at(o, path, &look, err) < 0)
        return -1;
    bool probs = !look.below && !look.above && !look.uneven;
    if (kind == OUTPUTS_PROBS && !probs)
        return refuse_probs(path, &look, "; are these logits? (--kind logits)", err);
    if (kind == OUTPUTS_AUTO && !probs && !look.below) {
        if (look.above)
            return error_set(err, ERROR_USAGE, path,
                             "values are neither clearly logits (none is negative) nor "
                             "probabilities (row %" PRIu64 " has one above 1); say which with "
                             "--kind logits or --kind probs",
                             look.outside - 1);
        return error_set(
            err, ERROR_USAGE, path,
            "values lie in 0..1 but row %" PRIu64 " (from 0) sums to %.6g: logits, or "
            "probabilities that do not sum to 1? Say --kind logits, or repair the file",
            look.row, look.sum);
    }
    o->concluded = kind == OUTPUTS_AUTO;
    o->kind = kind == OUTPUTS_LOGITS || !probs ? SCORE_LOGITS : SCORE_PROBS;
    if (o->kind == SCORE_PROBS)
        clip(o);
    return 0;
}

static int read_start(const char *path, char start[START], struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    struct stat info;
    int status = -1;
    if (fstat(fd, &info) < 0)
        error_errno(err, path, "cannot look up");
    else if (!S_ISREG(info.st_mode))
        error_set(err, ERROR_DATA, path, "is no ordinary file");
    else if (info.st_size == 0)
        error_set(err, ERROR_DATA, path, "is empty");
    else
        status = file_read_at(fd, start, info.st_size < START ? (size_t)info.st_size : START, 0,
                              path, err);
    close(fd);
    return status;
}

static const char *text_of(struct outputs *o, const char *text, struct error *err)
{
    return text ? arena_text(&o->arena, text, strlen(text), err) : "";
}

static int read_own(struct outputs *o, const char *path, struct error *err)
{
    struct prediction_file *f = &o->own;
    if (prediction_open(f, path, err) < 0)
        return -1;
    struct prediction *p = &f->prediction;
    o->n = p->n;
    o->k = p->k;
    o->kind = p->kind == PREDICTION_PROBS ? SCORE_PROBS : SCORE_LOGITS;
    o->values = p->values;
    o->label = p->label;
    o->id = p->id;
    o->key_hash = p->key_hash;
    p->values = NULL; /* n and k stay: the views are read by them */
    p->label = p->id = p->key_hash = NULL;
    const struct prediction_about *about = &f->about;
    o->parameters = about->parameters;
    o->multiply_adds = about->multiply_adds;
    o->total = about->total;
    if (!(o->hash = text_of(o, about->model_hash, err)) ||
        !(o->network = text_of(o, about->network, err)) ||
        !(o->views = text_of(o, about->views, err)) ||
        !(o->kernels = text_of(o, about->kernels, err)) ||
        !(o->preprocess = text_of(o, about->preprocess, err)) ||
        !(o->data_hash = text_of(o, about->data_hash, err)) ||
        !(o->caution = text_of(o, about->caution, err)))
        return -1;
    bool hashes = false;
    for (uint64_t i = 0; i < o->n && !hashes; i++)
        hashes = o->key_hash[i] != 0;
    if (!hashes) {
        free(o->key_hash);
        o->key_hash = NULL;
    }
    return 0;
}

static int read_any(struct outputs *o, const char *path, const struct outputs_options *options,
                    bool labels, struct error *err)
{
    char start[START] = { 0 };
    if (read_start(path, start, err) < 0)
        return -1;
    if (!memcmp(start, "\x93NUMPY", 6))
        return outputs_read_npy(o, path, options, labels, err);
    if (!memcmp(start, "PK\3\4", 4) || !memcmp(start, "PK\5\6", 4))
        return outputs_read_npz(o, path, options, labels, err);
    /* A safetensors file begins with a length of 8 bytes, of which the upper ones are 0, and a
     * brace; a text has no such byte. */
    if (start[7] == 0 && start[6] == 0 && start[5] == 0 && start[8] == '{')
        return read_own(o, path, err);
    return outputs_read_csv(o, path, options, labels, err);
}

static int check_votes(const struct outputs *o, const char *path, struct error *err)
{
    for (int v = 0; v < o->voters; v++)
        for (uint64_t i = 0; i < o->n; i++)
            if (o->votes[(size_t)v * (size_t)o->n + (size_t)i] < 0)
                return error_set(err, ERROR_DATA, path,
                                 "row %" PRIu64 " (from 0) votes for class %d; votes are 0 or more",
                                 i, o->votes[(size_t)v * (size_t)o->n + (size_t)i]);
    return 0;
}

static int check_labels(const struct outputs *o, const char *path, struct error *err)
{
    for (uint64_t i = 0; o->label && i < o->n; i++)
        if (o->label[i] < -1 || o->label[i] > INT32_MAX)
            return error_set(err, ERROR_DATA, path,
                             "row %" PRIu64 " (from 0) has label %" PRId64
                             "; labels are classes from 0 on, or -1 for unknown",
                             i, o->label[i]);
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* A sample that is there twice would count twice. */
static int check_ids(const struct outputs *o, const char *path, struct error *err)
{
    if (!o->id)
        return 0;
    int64_t *sorted = memory_array((size_t)o->n, sizeof(*sorted), err);
    if (!sorted)
        return -1;
    memcpy(sorted, o->id, (size_t)o->n * sizeof(*sorted));
    qsort(sorted, (size_t)o->n, sizeof(*sorted), compare_ids);
    int status = 0;
    for (uint64_t i = 1; i < o->n && status == 0; i++)
        if (sorted[i] == sorted[i - 1])
            status =
                error_set(err, ERROR_DATA, path, "sample %" PRId64 " is there twice", sorted[i]);
    free(sorted);
    return status;
}

static void start(struct outputs *o)
{
    *o = (struct outputs){ 0 };
    o->hash = o->network = o->views = o->kernels = o->data_hash = o->caution = "";
    o->preprocess = "";
}

int outputs_read(struct outputs *o, const char *path, const struct outputs_options *options,
                 struct error *err)
{
    start(o);
    if (read_any(o, path, options, false, err) == 0 && check_votes(o, path, err) == 0 &&
        check_labels(o, path, err) == 0 && check_ids(o, path, err) == 0) {
        if (o->n)
            return 0;
        error_set(err, ERROR_DATA, path, "holds no sample");
    }
    outputs_release(o);
    return -1;
}

int outputs_read_labels(struct outputs *o, const char *path, struct error *err)
{
    static const struct outputs_options options = { 0 };
    start(o);
    if (read_any(o, path, &options, true, err) == 0 && check_labels(o, path, err) == 0 &&
        check_ids(o, path, err) == 0) {
        if (o->label)
            return 0;
        error_set(err, ERROR_DATA, path, "holds no labels");
    }
    outputs_release(o);
    return -1;
}

void outputs_release(struct outputs *o)
{
    free(o->values);
    free(o->votes);
    free(o->label);
    free(o->id);
    free(o->key_hash);
    free(o->key);
    free(o->class_name);
    if (o->own.path)
        prediction_close(&o->own);
    arena_release(&o->arena);
    *o = (struct outputs){ 0 };
}
