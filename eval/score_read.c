/*
 * Reading what `score` is given. Files are read whole; logits become probabilities where they lie,
 * so that five tables of 50,000 x 1,000 take 1 GB and no more.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/names.h"
#include "eval/row.h"
#include "eval/score_set.h"

const char *score_set_say(struct score_set *s, struct error *err, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return arena_text(&s->arena, text, strlen(text), err);
}

/* Beyond so many nobody reads on. */
static int warn(struct score_set *s, const char *text)
{
    if (!text)
        return -1;
    if (s->warnings < SCORE_SET_WARNINGS)
        s->warning[s->warnings++] = text;
    return 0;
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
            warn(s, score_set_say(s, err,
                                  "%s: some values are negative, so they were taken for logits",
                                  files[s->count])) < 0)
            return -1;
        if (*o->caution)
            s->caution = o->caution;
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
    int status = score_set_check_labels(s, files[0], path, &given, err);
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
            .preprocess = "",
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
    if (name_files(s, files, err) < 0 ||
        !(s->file = memory_array(total + (size_t)s->count, sizeof(*s->file), err)) ||
        !(s->at = memory_array((size_t)s->count, sizeof(*s->at), err)) ||
        !(s->learned = memory_array((size_t)s->count, sizeof(*s->learned), err)))
        return -1;
    for (int f = 0; f < s->count; f++) {
        const struct outputs *o = &s->outputs[f];
        s->at[f] = s->input.files;
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
                                 .preprocess = o->preprocess,
                                 .parameters = o->parameters,
                                 .multiply_adds = o->multiply_adds,
                                 .kind = o->kind,
                                 .probs = s->probs[f] ? s->probs[f] : o->values,
                                 .logits = logits && s->request->keep_logits ? o->values : NULL };
    }
    s->input.file = s->file;
    return 0;
}

static int warn_trust(struct score_set *s, const char *const *files, struct error *err)
{
    int nameless = 0, last = 0;
    for (int f = 0; f < s->count && s->count > 1; f++) {
        if (s->outputs[f].id || s->outputs[f].key)
            continue;
        nameless++;
        last = f;
    }
    if (nameless == 1 &&
        warn(s, score_set_say(s, err, "%s names no samples; its order is taken on trust",
                              files[last])) < 0)
        return -1;
    if (nameless > 1 &&
        warn(s, score_set_say(s, err, "%d files name no samples; their order is taken on trust",
                              nameless)) < 0)
        return -1;
    for (int f = 0; f < s->input.files; f++)
        for (int g = f + 1; g < s->input.files; g++)
            if (*s->file[f].hash && !strcmp(s->file[f].hash, s->file[g].hash) &&
                !strcmp(s->file[f].views, s->file[g].views) &&
                warn(s, score_set_say(
                            s, err,
                            "%s and %s are the same network with the same views; an ensemble "
                            "counts it twice",
                            s->file[f].name, s->file[g].name)) < 0)
                return -1;
    return 0;
}

/* A shard alone, whose numbers are easily taken for those of the whole. */
static int warn_parts(struct score_set *s, const char *const *files, struct error *err)
{
    for (int f = 0; f < s->count; f++) {
        const struct outputs *o = &s->outputs[f];
        if (o->total > o->n &&
            warn(s, score_set_say(s, err,
                                  "%s holds %" PRIu64 " of its data set's %" PRIu64
                                  " samples; `nneval merge` joins shards",
                                  files[f], o->n, o->total)) < 0)
            return -1;
    }
    return 0;
}

int score_set_fill(struct score_set *s, const char *const *files, int count, const char *labels,
                   struct error *err)
{
    if (read_files(s, files, count, err) < 0 || score_set_check_files(s, files, err) < 0)
        return -1;
    take_identity(s);
    if (take_labels(s, files, labels, err) < 0)
        return -1;
    count_classes(s);
    if (check_classes(s, files, err) < 0 || list_files(s, files, err) < 0)
        return -1;
    return warn_parts(s, files, err) < 0 ? -1 : warn_trust(s, files, err);
}

static int read_all(struct score_set *s, const struct score_request *r, struct error *err)
{
    if (score_set_fill(s, r->files, r->count, r->labels, err) < 0)
        return -1;
    s->input.command = r->command;
    s->input.selection_how = "";
    if ((r->real && score_set_read_real(s, r->real, err) < 0) ||
        (r->classes && score_set_read_classes(s, r->classes, err) < 0))
        return -1;
    if (score_set_select(s, r, err) < 0)
        return -1;
    return r->learn_views ? score_set_learn_views(s, r, err) : 0;
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
    for (int f = 0; s->learned && f < s->count; f++) {
        free(s->learned[f].weight);
        free(s->learned[f].probs);
    }
    names_free(s->names, s->count);
    free(s->at);
    free(s->learned);
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
