/*
 * Files are opened one after the other, and of each only the values stay in memory, at their final
 * place. Views are copied from file to file when the result is written, in the order of the ids, so
 * that each file is opened once more where shards are ranges.
 */
#include "eval/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "eval/coverage.h"

struct joined {
    const struct merge_request *request;
    struct prediction_file first; /* whose metadata counts */
    struct prediction p;          /* the result */
    struct coverage coverage;
    uint64_t *row; /* (total) of a sample in its file; owned */
    /* The file whose views are being copied. */
    struct prediction_file open;
    int open_file; /* its number, -1: none */
    float *views;  /* (v,k) of one sample; owned */
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int check_text(const struct prediction_file *a, const struct prediction_file *b,
                      const char *what, const char *x, const char *y, struct error *err)
{
    if (same_text(x, y))
        return 0;
    return error_set(err, ERROR_DATA, b->path,
                     "%s is %.100s, and that of %s is %.100s; they are "
                     "not parts of one prediction",
                     what, y ? y : "unknown", a->path, x ? x : "unknown");
}

static int check_number(const struct prediction_file *a, const struct prediction_file *b,
                        const char *what, long long x, long long y, struct error *err)
{
    if (x == y)
        return 0;
    return error_set(err, ERROR_DATA, b->path,
                     "%s is %lld, and that of %s is %lld; they are not parts of one prediction",
                     what, y, a->path, x);
}

static int check_alike(const struct prediction_file *a, const struct prediction_file *b,
                       struct error *err)
{
    const struct prediction_about *x = &a->about, *y = &b->about;
    if (check_text(a, b, "model hash", x->model_hash, y->model_hash, err) < 0 ||
        check_text(a, b, "network", x->network, y->network, err) < 0 ||
        check_text(a, b, "preprocessing", x->preprocess, y->preprocess, err) < 0 ||
        check_text(a, b, "views", x->views, y->views, err) < 0 ||
        check_text(a, b, "caution", x->caution, y->caution, err) < 0 ||
        check_text(a, b, "kind", prediction_kind_names[a->prediction.kind],
                   prediction_kind_names[b->prediction.kind], err) < 0 ||
        check_text(a, b, "version", x->version, y->version, err) < 0 ||
        check_number(a, b, "number of classes", a->prediction.k, b->prediction.k, err) < 0 ||
        check_number(a, b, "group", x->group, y->group, err) < 0 ||
        check_number(a, b, "number of views kept", a->views.v, b->views.v, err) < 0)
        return -1;
    if (!a->views.v)
        return 0;
    if (a->views.dtype != b->views.dtype)
        return check_text(a, b, "type of the views kept", dtype_name(a->views.dtype),
                          dtype_name(b->views.dtype), err);
    if (memcmp(a->views.weight, b->views.weight, (size_t)a->views.v * sizeof(float)) != 0)
        return error_set(err, ERROR_DATA, b->path, "views have other weights than those of %s",
                         a->path);
    return 0;
}

static int add_kernels(struct merge_result *result, const struct prediction_file *f,
                       struct error *err)
{
    const char *kernels = f->about.kernels ? f->about.kernels : "unknown";
    size_t used = strlen(result->kernels), size = strlen(kernels);
    for (const char *at = result->kernels; (at = strstr(at, kernels)) != NULL; at++)
        if ((at == result->kernels || at[-1] == ' ') && (at[size] == ',' || at[size] == '\0'))
            return 0;
    if (used + size + 3 > sizeof(result->kernels))
        return error_set(err, ERROR_DATA, f->path, "more kernel sets than can be named: %.200s",
                         result->kernels);
    result->mixed = used > 0;
    snprintf(result->kernels + used, sizeof(result->kernels) - used, "%s%s", used ? ", " : "",
             kernels);
    return 0;
}

/* Which samples there are to be. */
static int begin(struct joined *j, struct error *err)
{
    const struct merge_request *r = j->request;
    const struct prediction_file *f = &j->first;
    uint64_t total = r->index ? index_count(r->index) : r->total ? r->total : f->about.total;
    const char *hash = r->index       ? index_hash(r->index)
                       : r->data_hash ? r->data_hash
                                      : f->about.data_hash;
    if (!hash || !total)
        return error_set(err, ERROR_DATA, f->path,
                         "does not say of which data set it is, nor how many samples that has; "
                         "only files of `nneval predict` can be merged");
    if (r->model_hash && !same_text(f->about.model_hash, r->model_hash))
        return error_set(err, ERROR_DATA, f->path,
                         "is of the model %.64s; %.64s was predicted here",
                         f->about.model_hash ? f->about.model_hash : "unknown", r->model_hash);
    if (coverage_open(&j->coverage, total, hash, r->index, err) < 0 ||
        prediction_init(&j->p, total, f->prediction.k, err) < 0)
        return -1;
    j->p.kind = f->prediction.kind;
    j->row = memory_array((size_t)total, sizeof(*j->row), err);
    return j->row ? 0 : -1;
}

static void take_rows(struct joined *j, const struct prediction *from, int file)
{
    size_t k = (size_t)j->p.k;
    for (uint64_t row = 0; row < from->n; row++) {
        uint64_t id = (uint64_t)from->id[row];
        if (id >= j->coverage.total || j->coverage.owner[id] != file)
            continue;
        memcpy(j->p.values + id * k, from->values + row * k, k * sizeof(*from->values));
        j->p.label[id] = from->label[row];
        j->p.id[id] = from->id[row];
        j->p.key_hash[id] = from->key_hash[row];
        j->row[id] = row;
    }
}

static int add_file(struct joined *j, int i, struct merge_result *result, struct error *err)
{
    struct prediction_file f;
    if (prediction_open(&f, j->request->paths[i], err) < 0)
        return -1;
    int status = 0;
    if (i == 0) {
        j->first = f;
        status = begin(j, err);
    } else {
        status = check_alike(&j->first, &f, err);
    }
    if (status == 0)
        status = add_kernels(result, &f, err);
    if (status == 0)
        status = coverage_add(&j->coverage, &f, err);
    if (status == 0)
        take_rows(j, &f.prediction, i);
    if (i > 0) {
        prediction_close(&f);
        return status;
    }
    prediction_release(&j->first.prediction);
    j->first.prediction = (struct prediction){ .kind = j->p.kind, .k = j->p.k };
    return status;
}

/* The views of one sample, from the file that owns it. */
static int load_views(struct joined *j, uint64_t id, struct error *err)
{
    int file = j->coverage.owner[id];
    if (j->open_file != file) {
        prediction_close(&j->open);
        j->open_file = -1;
        if (prediction_open(&j->open, j->request->paths[file], err) < 0)
            return -1;
        j->open_file = file;
    }
    if (j->row[id] >= j->open.prediction.n || j->open.views.v != j->first.views.v ||
        j->open.prediction.k != j->p.k)
        return error_set(err, ERROR_DATA, j->request->paths[file],
                         "has changed while it was being merged");
    return prediction_read_views(&j->open, j->row[id], 1, j->views, err);
}

static int fill_views(void *context, uint64_t first, size_t count, void *out, struct error *err)
{
    struct joined *j = context;
    bool half = j->first.views.dtype == DTYPE_F16;
    size_t row = (size_t)j->first.views.v * (size_t)j->p.k;
    for (size_t done = 0; done < count;) {
        uint64_t id = (first + done) / row, within = (first + done) % row;
        size_t run = row - within < count - done ? (size_t)(row - within) : count - done;
        if (load_views(j, id, err) < 0)
            return -1;
        if (half)
            half_from_floats(j->views + within, run, (uint16_t *)out + done);
        else
            memcpy((float *)out + done, j->views + within, run * sizeof(float));
        done += run;
    }
    return 0;
}

static int write_out(struct joined *j, const struct merge_result *result, struct error *err)
{
    struct prediction_about about = j->first.about;
    struct prediction_views views = j->first.views;
    about.first = 0;
    about.count = j->p.n;
    about.total = j->p.n;
    about.kernels = result->kernels;
    views.fill = fill_views;
    views.context = j;
    if (views.v) {
        j->views = memory_array((size_t)views.v * (size_t)j->p.k, sizeof(*j->views), err);
        if (!j->views)
            return -1;
    }
    return prediction_save(j->request->out, &j->p, &about, views.v ? &views : NULL, NULL, err);
}

static int join(struct joined *j, struct merge_result *result, struct error *err)
{
    for (int i = 0; i < j->request->count; i++)
        if (add_file(j, i, result, err) < 0)
            return -1;
    struct coverage *c = &j->coverage;
    if (coverage_close_gaps(c, err) < 0 ||
        buffer_append(&result->lines, c->lines.data, c->lines.size, err) < 0)
        return -1;
    result->n = c->total;
    if (c->missing || c->doubled || c->foreign)
        return error_set(err, ERROR_DATA, j->request->out,
                         "not written: of %" PRIu64 " samples %" PRIu64 " are missing, %" PRIu64
                         " doubled and %" PRIu64 " foreign",
                         c->total, c->missing, c->doubled, c->foreign);
    return write_out(j, result, err);
}

int merge(const struct merge_request *request, struct merge_result *result, struct error *err)
{
    struct joined j = { .request = request, .open_file = -1 };
    *result = (struct merge_result){ 0 };
    int status = buffer_print(&result->lines, err, "%s", "");
    if (status == 0)
        status = join(&j, result, err);
    prediction_close(&j.open);
    prediction_close(&j.first);
    prediction_release(&j.p);
    coverage_release(&j.coverage);
    free(j.row);
    free(j.views);
    return status;
}

void merge_release(struct merge_result *result)
{
    buffer_release(&result->lines);
}
