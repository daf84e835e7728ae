#include "eval/score_read.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "eval/names.h"
#include "eval/row.h"

enum { WARNINGS = 32 };

struct score_set {
    const struct score_request *request; /* borrowed while reading */
    struct outputs *outputs;             /* (count), owned, as all below */
    int count;
    struct score_file *file; /* (input.files): a file of votes may have several voters */
    char **names;            /* of the files */
    int64_t *label;          /* (n) */
    uint8_t *use;            /* (n) or NULL */
    float **probs;           /* (count) softmax of logits that are kept, or NULL */
    uint64_t *real_first;
    int32_t *real_label;
    struct score_set *selection; /* or NULL */
    struct score_input input;    /* of the above */
    const char *caution;
    const char *warning[WARNINGS];
    int warnings;
    struct arena arena;
};

static int warn(struct score_set *s, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int warn(struct score_set *s, struct error *err, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (s->warnings == WARNINGS)
        return 0;
    s->warning[s->warnings] = arena_text(&s->arena, text, strlen(text), err);
    return s->warning[s->warnings] ? (s->warnings++, 0) : -1;
}

static int read_files(struct score_set *s, const char *const *files, int count, struct error *err)
{
    s->outputs = memory_array((size_t)count, sizeof(*s->outputs), err);
    s->probs = s->outputs ? memory_array((size_t)count, sizeof(*s->probs), err) : NULL;
    if (!s->probs)
        return -1;
    for (; s->count < count; s->count++) {
        struct outputs *o = &s->outputs[s->count];
        if (outputs_read(o, files[s->count], &s->request->outputs, err) < 0)
            return -1;
        if (o->concluded && o->kind == SCORE_LOGITS &&
            warn(s, err, "%s: some values are negative, so they were taken for logits",
                 files[s->count]) < 0)
            return -1;
        if (*o->caution)
            s->caution = o->caution;
    }
    return 0;
}

/* Two columns of samples' identities, where both files have them. */
static int compare_columns(const char *path, const char *first, const char *what, const int64_t *a,
                           const int64_t *b, uint64_t n, struct error *err)
{
    for (uint64_t i = 0; a && b && i < n; i++)
        if (a[i] != b[i])
            return error_set(err, ERROR_DATA, path,
                             "row %" PRIu64 " (from 0) has another %s than in %s: the files are "
                             "about different samples, or in another order",
                             i, what, first);
    return 0;
}

static int compare_keys(const char *path, const char *first, const char **a, const char **b,
                        uint64_t n, struct error *err)
{
    for (uint64_t i = 0; a && b && i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return error_set(err, ERROR_DATA, path,
                             "row %" PRIu64 " (from 0) is %.80s and in %s %.80s: the files are "
                             "about different samples, or in another order",
                             i, b[i], first, a[i]);
    return 0;
}

static int compare_names(const char *path, const char *first, const struct outputs *a,
                         const struct outputs *b, struct error *err)
{
    for (int c = 0; a->class_name && b->class_name && c < a->k && c < b->k; c++)
        if (strcmp(a->class_name[c], b->class_name[c]) != 0)
            return error_set(err, ERROR_DATA, path,
                             "class %d is called %.60s and in %s %.60s: the classes are in another "
                             "order",
                             c, b->class_name[c], first, a->class_name[c]);
    return 0;
}

static int compare_labels(const char *path, const char *first, const int64_t *a, const int64_t *b,
                          uint64_t n, struct error *err)
{
    for (uint64_t i = 0; a && b && i < n; i++)
        if (a[i] >= 0 && b[i] >= 0 && a[i] != b[i])
            return error_set(err, ERROR_DATA, path,
                             "row %" PRIu64 " (from 0) has label %" PRId64 " and in %s %" PRId64
                             ": the samples or the classes are in another order",
                             i, b[i], first, a[i]);
    return 0;
}

static int compare_files(const struct score_set *s, const char *const *files, struct error *err)
{
    int with_classes = -1;
    for (int f = 0; f < s->count; f++) {
        const struct outputs *a = &s->outputs[0], *b = &s->outputs[f];
        if (b->n != a->n)
            return error_set(err, ERROR_DATA, files[f],
                             "has %" PRIu64 " samples and %s has %" PRIu64, b->n, files[0], a->n);
        if (b->k && with_classes >= 0 && b->k != s->outputs[with_classes].k)
            return error_set(err, ERROR_DATA, files[f], "has %d classes and %s has %d", b->k,
                             files[with_classes], s->outputs[with_classes].k);
        if (b->k && with_classes < 0)
            with_classes = f;
        for (int g = 0; g < f; g++) {
            a = &s->outputs[g];
            if (*a->data_hash && *b->data_hash && strcmp(a->data_hash, b->data_hash) != 0)
                return error_set(err, ERROR_DATA, files[f],
                                 "is about the data set %.12s... and %s about %.12s...",
                                 b->data_hash, files[g], a->data_hash);
            if (compare_columns(files[f], files[g], "id", a->id, b->id, a->n, err) < 0 ||
                compare_columns(files[f], files[g], "key", a->key_hash, b->key_hash, a->n, err) <
                    0 ||
                compare_keys(files[f], files[g], a->key, b->key, a->n, err) < 0 ||
                compare_labels(files[f], files[g], a->label, b->label, a->n, err) < 0 ||
                compare_names(files[f], files[g], a, b, err) < 0)
                return -1;
        }
    }
    return 0;
}

/* What identifies samples comes from the first file that has it. */
static void take_identity(struct score_set *s)
{
    struct score_input *in = &s->input;
    in->n = s->outputs[0].n;
    in->data_hash = "";
    for (int f = 0; f < s->count; f++) {
        const struct outputs *o = &s->outputs[f];
        in->id = in->id ? in->id : o->id;
        in->sample = in->sample ? in->sample : o->key;
        in->class_name = in->class_name ? in->class_name : o->class_name;
        in->k = in->k ? in->k : o->k;
        in->data_hash = *in->data_hash ? in->data_hash : o->data_hash;
    }
}

static int take_labels(struct score_set *s, const char *const *files, const char *path,
                       struct error *err)
{
    struct score_input *in = &s->input;
    s->label = memory_array((size_t)in->n, sizeof(*s->label), err);
    if (!s->label)
        return -1;
    bool any = false;
    for (uint64_t i = 0; i < in->n; i++) {
        s->label[i] = -1;
        for (int f = 0; f < s->count && s->label[i] < 0; f++)
            s->label[i] = s->outputs[f].label ? s->outputs[f].label[i] : -1;
        any |= s->label[i] >= 0;
    }
    in->label = s->label;
    in->labels = path ? path : "";
    if (!path)
        return any ? 0
                   : error_set(err, ERROR_USAGE, files[0],
                               "holds no labels; give them with --labels FILE (.npy, .npz, CSV, a "
                               "number a line, or a prediction file)");
    struct outputs given;
    if (outputs_read_labels(&given, path, err) < 0)
        return -1;
    int status = 0;
    if (given.n != in->n)
        status = error_set(err, ERROR_DATA, path, "has %" PRIu64 " labels for %" PRIu64 " samples",
                           given.n, in->n);
    if (status == 0)
        status = compare_labels(path, files[0], s->label, given.label, in->n, err);
    if (status == 0 && given.id)
        status = compare_columns(path, files[0], "id", in->id, given.id, in->n, err);
    if (status == 0 && given.key)
        status = compare_keys(path, files[0], (const char **)in->sample, given.key, in->n, err);
    if (status == 0)
        memcpy(s->label, given.label, (size_t)in->n * sizeof(*s->label));
    outputs_release(&given);
    return status;
}

/* Votes alone do not say how many classes there are. */
static void count_classes(struct score_set *s)
{
    struct score_input *in = &s->input;
    if (in->k)
        return;
    for (int f = 0; f < s->count; f++)
        for (size_t i = 0; i < (size_t)in->n * (size_t)s->outputs[f].voters; i++)
            if (s->outputs[f].votes[i] >= in->k)
                in->k = s->outputs[f].votes[i] + 1;
    for (uint64_t i = 0; i < in->n; i++)
        if (s->label[i] >= in->k && s->label[i] < 1 << 24)
            in->k = (int)s->label[i] + 1;
}

static int check_classes(const struct score_set *s, const char *const *files, struct error *err)
{
    const struct score_input *in = &s->input;
    if (in->k < 1 || in->k > 1 << 24)
        return error_set(err, ERROR_DATA, files[0], "has %d classes; accepted: 1..%d", in->k,
                         1 << 24);
    for (int f = 0; f < s->count; f++)
        for (size_t i = 0; i < (size_t)in->n * (size_t)s->outputs[f].voters; i++)
            if (s->outputs[f].votes[i] >= in->k)
                return error_set(err, ERROR_DATA, files[f],
                                 "votes for class %d; the other files have %d classes",
                                 s->outputs[f].votes[i], in->k);
    return 0;
}

/* Rows of logits become probabilities. */
struct softmax {
    const float *logits;
    float *probs;
    uint64_t n;
    int k;
    float *row; /* (threads, size) */
};

enum { CHUNK = 1024 };

static void softmax_turn(void *context, size_t chunk, int worker)
{
    struct softmax *s = context;
    size_t k = (size_t)s->k, size = row_padded(s->k);
    float *row = s->row + (size_t)worker * size;
    uint64_t first = (uint64_t)chunk * CHUNK, end = first + CHUNK < s->n ? first + CHUNK : s->n;
    for (uint64_t i = first; i < end; i++) {
        row_load(row, s->logits + (size_t)i * k, s->k, -1e30f);
        row_softmax(row, size);
        memcpy(s->probs + (size_t)i * k, row, k * sizeof(*row));
    }
}

static int make_probs(struct score_set *s, int f, struct error *err)
{
    struct outputs *o = &s->outputs[f];
    struct pool *pool = s->request->pool;
    struct softmax work = { o->values, o->values, o->n, o->k, NULL };
    if (s->request->keep_logits) {
        s->probs[f] = memory_array((size_t)o->n * (size_t)o->k, sizeof(float), err);
        if (!s->probs[f])
            return -1;
        work.probs = s->probs[f];
    }
    work.row = memory_aligned((size_t)pool_threads(pool) * row_padded(o->k), sizeof(float), err);
    if (!work.row)
        return -1;
    pool_run(pool, (size_t)((o->n + CHUNK - 1) / CHUNK), softmax_turn, &work);
    free(work.row);
    return 0;
}

static int list_votes(struct score_set *s, int f, const char *path, struct error *err)
{
    const struct outputs *o = &s->outputs[f];
    for (int v = 0; v < o->voters; v++) {
        char text[300];
        snprintf(text, sizeof(text), "%.200s#%d", s->names[f], v);
        const char *name = o->voters > 1 ? text : s->names[f];
        s->file[s->input.files] = (struct score_file){
            .name = arena_text(&s->arena, name, strlen(name), err),
            .file = path,
            .hash = "",
            .network = "",
            .views = "",
            .kernels = "",
            .kind = SCORE_VOTES,
            .votes = o->votes + (size_t)v * (size_t)o->n,
        };
        if (!s->file[s->input.files++].name)
            return -1;
    }
    return 0;
}

/* Short names, without the endings of formats. */
static int name_files(struct score_set *s, const char *const *files, struct error *err)
{
    static const char *const endings[] = { ".npy", ".npz", ".csv", ".txt", ".tsv" };
    const char **stems = arena_take(&s->arena, (size_t)s->count, sizeof(*stems), err);
    if (!stems)
        return -1;
    for (int f = 0; f < s->count; f++) {
        size_t length = strlen(files[f]);
        for (size_t e = 0; e < sizeof(endings) / sizeof(endings[0]); e++)
            if (length > 4 && !strcmp(files[f] + length - 4, endings[e])) {
                length -= 4;
                break;
            }
        stems[f] = arena_text(&s->arena, files[f], length, err);
        if (!stems[f])
            return -1;
    }
    s->names = names_make(stems, s->count, err);
    return s->names ? 0 : -1;
}

static int list_files(struct score_set *s, const char *const *files, struct error *err)
{
    size_t total = 0;
    for (int f = 0; f < s->count; f++)
        total += s->outputs[f].voters ? (size_t)s->outputs[f].voters : 1;
    if (name_files(s, files, err) < 0 || !(s->file = memory_array(total, sizeof(*s->file), err)))
        return -1;
    for (int f = 0; f < s->count; f++) {
        const struct outputs *o = &s->outputs[f];
        if (o->voters) {
            if (list_votes(s, f, files[f], err) < 0)
                return -1;
            continue;
        }
        bool logits = o->kind == SCORE_LOGITS;
        if (logits && make_probs(s, f, err) < 0)
            return -1;
        s->file[s->input.files++] =
            (struct score_file){ .name = s->names[f],
                                 .file = files[f],
                                 .hash = o->hash,
                                 .network = o->network,
                                 .views = o->views,
                                 .kernels = o->kernels,
                                 .kind = o->kind,
                                 .probs = s->probs[f] ? s->probs[f] : o->values,
                                 .logits = logits && s->request->keep_logits ? o->values : NULL };
    }
    s->input.file = s->file;
    return 0;
}

static int warn_trust(struct score_set *s, const char *const *files, struct error *err)
{
    for (int f = 0; f < s->count && s->count > 1; f++)
        if (!s->outputs[f].id && !s->outputs[f].key &&
            warn(s, err, "%s: names no samples; its order is taken on trust", files[f]) < 0)
            return -1;
    for (int f = 0; f < s->input.files; f++)
        for (int g = f + 1; g < s->input.files; g++)
            if (*s->file[f].hash && !strcmp(s->file[f].hash, s->file[g].hash) &&
                !strcmp(s->file[f].views, s->file[g].views) &&
                warn(s, err,
                     "%s and %s are the same network with the same views; an ensemble "
                     "counts it twice",
                     s->file[f].name, s->file[g].name) < 0)
                return -1;
    return 0;
}

/* Files, their samples and labels: what both the reported and the selection set need. */
static int read_set(struct score_set *s, const char *const *files, int count, const char *labels,
                    struct error *err)
{
    if (read_files(s, files, count, err) < 0 || compare_files(s, files, err) < 0)
        return -1;
    take_identity(s);
    if (take_labels(s, files, labels, err) < 0)
        return -1;
    count_classes(s);
    if (check_classes(s, files, err) < 0 || list_files(s, files, err) < 0)
        return -1;
    return warn_trust(s, files, err);
}

static int read_real(struct score_set *s, const char *path, struct error *err)
{
    uint64_t n = s->input.n, total = 0;
    json_t *root = json_read(path, err);
    if (!root)
        return -1;
    int status = -1;
    if (!json_is_array(root) || json_array_size(root) != n) {
        error_set(err, ERROR_DATA, path,
                  "is no list of %" PRIu64 " lists of labels, one for each sample", n);
        goto done;
    }
    for (uint64_t i = 0; i < n; i++)
        total += json_array_size(json_array_get(root, (size_t)i));
    if (!(s->real_first = memory_array((size_t)n + 1, sizeof(*s->real_first), err)) ||
        !(s->real_label = memory_array((size_t)total, sizeof(*s->real_label), err)))
        goto done;
    total = 0;
    for (uint64_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(root, (size_t)i);
        for (size_t j = 0; j < json_array_size(row); j++) {
            const json_t *label = json_array_get(row, j);
            if (!json_is_integer(label) || json_integer_value(label) < 0 ||
                json_integer_value(label) >= s->input.k) {
                error_set(err, ERROR_DATA, path,
                          "entry %" PRIu64 " (from 0) holds a label that is no class 0..%d", i,
                          s->input.k - 1);
                goto done;
            }
            s->real_label[total++] = (int32_t)json_integer_value(label);
        }
        if (!json_is_array(row)) {
            error_set(err, ERROR_DATA, path, "entry %" PRIu64 " (from 0) is no list of labels", i);
            goto done;
        }
        s->real_first[i + 1] = total;
    }
    s->input.real_first = s->real_first;
    s->input.real_label = s->real_label;
    status = 0;
done:
    json_decref(root);
    return status;
}

/* One name a line, or a CSV with columns `index` and `name`. */
static int read_class_names(struct score_set *s, const char *path, struct error *err)
{
    struct csv csv;
    const char **names = arena_take(&s->arena, (size_t)s->input.k, sizeof(*names), err);
    if (!names || csv_open(&csv, path, FILE_LIMIT, err) < 0)
        return -1;
    int status = 0, at = 0, more, column = 0;
    bool header = false;
    while (status == 0 && (more = csv_next(&csv, err)) != 0) {
        if (more < 0) {
            status = -1;
            break;
        }
        if (csv.line == 1 && csv.fields > 1) {
            for (size_t f = 0; f < csv.fields; f++)
                if (!strcmp(csv.field[f], "name")) {
                    column = (int)f;
                    header = true;
                }
            if (header)
                continue;
            status = error_set(err, ERROR_DATA, path, "has no column called name");
        } else if (at < s->input.k) {
            const char *name = csv.field[column];
            names[at] = arena_text(&s->arena, name, strlen(name), err);
            status = names[at++] ? 0 : -1;
        } else {
            at++;
        }
    }
    csv_close(&csv);
    if (status == 0 && at != s->input.k)
        status = error_set(err, ERROR_DATA, path, "names %d classes; the outputs have %d", at,
                           s->input.k);
    s->input.class_name = names;
    return status;
}

static int64_t id_of(const struct score_set *s, uint64_t i)
{
    return s->input.id ? s->input.id[i] : (int64_t)i;
}

static const char *say(struct score_set *s, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static const char *say(struct score_set *s, struct error *err, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return arena_text(&s->arena, text, strlen(text), err);
}

static int select_fold(struct score_set *s, int fold, int folds, struct error *err)
{
    s->use = memory_array((size_t)s->input.n, 1, err);
    if (!s->use)
        return -1;
    for (uint64_t i = 0; i < s->input.n; i++)
        if (id_of(s, i) % folds == fold)
            s->use[i] = SCORE_SELECTION;
    s->input.use = s->use;
    s->input.selection_how = say(s, err, "fold %d of %d by id", fold, folds);
    return s->input.selection_how ? 0 : -1;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int select_ids(struct score_set *s, const char *path, struct error *err)
{
    struct outputs ids; /* read as labels: whole numbers, one a line */
    if (outputs_read_labels(&ids, path, err) < 0)
        return -1;
    uint64_t found = 0;
    s->use = memory_array((size_t)s->input.n, 1, err);
    if (s->use)
        qsort(ids.label, (size_t)ids.n, sizeof(*ids.label), compare_ids);
    for (uint64_t i = 0; s->use && i < s->input.n; i++) {
        int64_t id = id_of(s, i);
        if (!bsearch(&id, ids.label, (size_t)ids.n, sizeof(id), compare_ids))
            continue;
        s->use[i] = SCORE_SELECTION;
        found++;
    }
    int status = s->use ? 0 : -1;
    if (status == 0 && found != ids.n)
        status = error_set(err, ERROR_DATA, path,
                           "names %" PRIu64 " ids of which %" PRIu64 " are among the samples",
                           ids.n, found);
    outputs_release(&ids);
    s->input.use = s->use;
    if (status == 0 && !(s->input.selection_how = say(s, err, "the ids in %s", path)))
        status = -1;
    return status;
}

static int select_other(struct score_set *s, const struct score_request *r, struct error *err)
{
    if (r->vals != r->count)
        return error_set(err, ERROR_USAGE, "--val",
                         "was given %d times for %d prediction files; give the validation "
                         "predictions of each, in the same order",
                         r->vals, r->count);
    s->selection = memory_array(1, sizeof(*s->selection), err);
    if (!s->selection)
        return -1;
    struct score_set *other = s->selection;
    other->request = r;
    other->caution = "";
    if (read_set(other, r->val, r->vals, r->val_labels, err) < 0)
        return -1;
    if (other->input.files != s->input.files || other->input.k != s->input.k)
        return error_set(err, ERROR_DATA, r->val[0], "has %d classes and %s has %d", other->input.k,
                         r->files[0], s->input.k);
    for (int f = 0; f < s->input.files; f++) {
        const struct score_file *a = &s->file[f], *b = &other->file[f];
        if (*a->hash && *b->hash && strcmp(a->hash, b->hash) != 0)
            return error_set(err, ERROR_DATA, b->file,
                             "is of another model than %s; --val takes the same models in the same "
                             "order",
                             a->file);
        if (!a->probs != !b->probs)
            return error_set(err, ERROR_DATA, b->file, "holds %s and %s holds %s",
                             score_kind_names[b->kind], a->file, score_kind_names[a->kind]);
    }
    s->input.selection = &other->input;
    s->input.selection_how = say(s, err, "%s%s", r->val[0], r->vals > 1 ? " and its kin" : "");
    if (*other->input.data_hash && !strcmp(other->input.data_hash, s->input.data_hash))
        return error_set(err, ERROR_DATA, r->val[0],
                         "is about the same data set as %s; declare a part of it with --val-fold "
                         "or --val-ids",
                         r->files[0]);
    return s->input.selection_how ? 0 : -1;
}

static int read_all(struct score_set *s, const struct score_request *r, struct error *err)
{
    int ways = (r->vals > 0) + (r->val_ids != NULL) + (r->folds > 0);
    if (ways > 1)
        return error_set(err, ERROR_USAGE, NULL,
                         "--val, --val-ids and --val-fold exclude each other");
    if (r->folds && (r->fold < 0 || r->fold >= r->folds || r->folds < 2))
        return error_set(err, ERROR_USAGE, "--val-fold",
                         "must be I/N with N from 2 and I from 0 to N - 1");
    if (read_set(s, r->files, r->count, r->labels, err) < 0)
        return -1;
    s->input.command = r->command;
    s->input.selection_how = "";
    if ((r->real && read_real(s, r->real, err) < 0) ||
        (r->classes && read_class_names(s, r->classes, err) < 0))
        return -1;
    if (r->vals)
        return select_other(s, r, err);
    if (r->val_ids)
        return select_ids(s, r->val_ids, err);
    return r->folds ? select_fold(s, r->fold, r->folds, err) : 0;
}

int score_set_read(struct score_set **set, const struct score_request *request, struct error *err)
{
    assert(request->count > 0);
    struct score_set *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    s->request = request;
    s->caution = "";
    if (read_all(s, request, err) < 0) {
        score_set_close(s);
        return -1;
    }
    s->input.warning = s->warning;
    s->input.warnings = s->warnings;
    s->input.caution = s->caution;
    *set = s;
    return 0;
}

const struct score_input *score_set_input(const struct score_set *s)
{
    return &s->input;
}

void score_set_close(struct score_set *s)
{
    if (!s)
        return;
    score_set_close(s->selection);
    for (int f = 0; f < s->count; f++)
        outputs_release(&s->outputs[f]);
    for (int f = 0; s->probs && f < s->count; f++)
        free(s->probs[f]);
    names_free(s->names, s->count);
    free(s->outputs);
    free(s->probs);
    free(s->file);
    free(s->label);
    free(s->use);
    free(s->real_first);
    free(s->real_label);
    arena_release(&s->arena);
    free(s);
}
