#include "eval/evaluation_score.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/memory.h"
#include "eval/score_ablation.h"

/* As its prediction file would carry it. */
static const char *say_preprocess(const struct evaluation *e, int member, struct arena *arena,
                                  struct error *err)
{
    json_t *json = preprocess_json(&e->members.preprocesses[member], err);
    char *text = json ? json_canonical(json, err) : NULL;
    const char *kept = text ? arena_text(arena, text, strlen(text), err) : NULL;
    free(text);
    json_decref(json);
    return kept;
}

static int list_members(const struct evaluation *e, struct arena *arena, struct score_file *files,
                        struct error *err)
{
    const struct members *m = &e->members;
    for (int i = 0; i < m->count; i++) {
        const struct prediction *p = &e->predictions[i];
        if (p->kind != PREDICTION_PROBS)
            return error_set(err, ERROR_FAILED, e->report.files[i],
                             "was predicted as logits; scores are made of probabilities");
        files[i] = (struct score_file){ .name = m->names[i],
                                        .file = e->report.files[i],
                                        .hash = m->hashes[i],
                                        .network = net_name(m->nets[i]),
                                        .views = e->report.views,
                                        .kernels = e->report.kernels,
                                        .preprocess = say_preprocess(e, i, arena, err),
                                        .kind = SCORE_PROBS,
                                        .probs = p->values,
                                        .parameters = members_parameters(m, i),
                                        .multiply_adds = net_multiply_adds(m->nets[i]) };
        if (!files[i].preprocess)
            return -1;
    }
    return 0;
}

/* Names of all classes, or none where one has no name. */
static int name_classes(const struct evaluation *e, int k, struct arena *arena,
                        const char *const **names, struct error *err)
{
    const char **list = arena_take(arena, (size_t)k, sizeof(*list), err);
    if (!list)
        return -1;
    *names = NULL;
    for (int c = 0; c < k; c++)
        if (!(list[c] = index_class_name(e->index, c)))
            return 0;
    *names = list;
    return 0;
}

static int name_samples(const struct evaluation *e, const struct prediction *p, struct arena *arena,
                        const char *const **keys, struct error *err)
{
    const char **list = arena_take(arena, (size_t)p->n, sizeof(*list), err);
    if (!list)
        return -1;
    for (uint64_t i = 0; i < p->n; i++)
        list[i] = index_sample(e->index, (uint64_t)p->id[i]).key;
    *keys = list;
    return 0;
}

static int make(const struct evaluation *e, const struct score_options *options,
                struct arena *arena, struct score_result **result, struct error *err)
{
    static const struct score_wish mean = { .rule = SCORE_RULE_PROB };
    const struct prediction *first = &e->predictions[0];
    size_t count = (size_t)e->members.count;
    struct score_options o = *options;
    struct score_file *files = arena_take(arena, count, sizeof(*files), err);
    struct score_input in = { .n = first->n,
                              .k = first->k,
                              .files = e->members.count,
                              .file = files,
                              .label = first->label,
                              .id = first->id,
                              .data = e->report.data,
                              .data_hash = e->report.data_hash };
    if (!files || list_members(e, arena, files, err) < 0 ||
        name_classes(e, first->k, arena, &in.class_name, err) < 0 ||
        name_samples(e, first, arena, &in.sample, err) < 0)
        return -1;
    if (!o.wishes && count > 1) {
        o.wish = &mean;
        o.wishes = 1;
    }
    return score_make(&in, &o, result, err);
}

/* What was kept of each view, as a file of it would be read. */
static int add_views(const struct evaluation *e, struct pool *pool, struct score_result *r,
                     struct error *err)
{
    int v = view_policy_count(&e->views);
    float *weight = memory_array((size_t)v, sizeof(*weight), err);
    int status = weight ? 0 : -1;
    for (int i = 0; i < v && status == 0; i++)
        weight[i] = 1 / (float)v;
    for (int m = 0; m < e->members.count && status == 0; m++) {
        struct prediction_file file = { .path = e->members.names[m],
                                        .prediction = e->predictions[m],
                                        .about = { .views = e->report.views },
                                        .views = { .v = v, .dtype = DTYPE_F32, .weight = weight },
                                        .kept = e->kept[m] };
        status = score_add_views(r, m, &file, NULL, pool, err);
    }
    free(weight);
    return status;
}

int evaluation_score(const struct evaluation *e, const struct score_options *options,
                     struct score_result **result, struct error *err)
{
    struct arena arena = { 0 };
    struct score_result *r = NULL;
    int status = make(e, options, &arena, &r, err);
    if (status == 0 && e->kept)
        status = add_views(e, options->pool, r, err);
    arena_release(&arena);
    if (status == 0)
        *result = r;
    else
        score_close(r);
    return status;
}
