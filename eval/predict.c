/* A whole range in memory. */
#include "eval/predict.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

int predict_group(const struct view_policy *views)
{
    return views && views->dense ? 1 : PREDICT_GROUP;
}

void predict_identify(const struct index *index, uint64_t id, struct prediction *p, uint64_t row)
{
    struct sample sample = index_sample(index, id);
    uint64_t hash = hash64_text(sample.key);
    p->label[row] = sample.label;
    p->id[row] = (int64_t)id;
    memcpy(&p->key_hash[row], &hash, sizeof(hash));
}

struct memory {
    const struct index *index;
    struct prediction *p; /* (models) */
    float *const *views;  /* (models), or NULL */
    size_t v;
    int models;
    uint64_t first;
};

static int keep(void *context, const struct predict_rows *rows, struct error *err)
{
    (void)err;
    const struct memory *memory = context;
    uint64_t row = rows->first - memory->first;
    for (int m = 0; m < memory->models; m++) {
        struct prediction *p = &memory->p[m];
        size_t k = (size_t)p->k;
        memcpy(p->values + row * k, rows->values[m], (size_t)rows->n * k * sizeof(*p->values));
        if (memory->views)
            memcpy(memory->views[m] + row * memory->v * k, rows->views[m],
                   (size_t)rows->n * memory->v * k * sizeof(float));
        for (int i = 0; i < rows->n; i++)
            predict_identify(memory->index, rows->first + (uint64_t)i, p, row + (uint64_t)i);
    }
    return 0;
}

int predict(const struct index *index, const struct net *const *nets,
            const struct preprocess *preprocesses, int models,
            const struct predict_options *options, struct prediction *out, struct error *err)
{
    uint64_t all = index_count(index);
    uint64_t n = options->count ? options->count : all - options->first;
    /* What is outside the data set is refused before memory is taken for it. */
    bool sound = options->first < all && n <= all - options->first;
    struct prediction *p = memory_array((size_t)models, sizeof(*p), err);
    struct memory memory = { .index = index,
                             .p = p,
                             .views = options->views_out,
                             .models = models,
                             .first = options->first };
    if (memory.views && options->views)
        memory.v = (size_t)view_policy_count(options->views);
    struct predict_sink sink = { .views = memory.views != NULL,
                                 .deliver = keep,
                                 .context = &memory };
    int status = p ? 0 : -1;
    for (int m = 0; m < models && sound && status == 0; m++) {
        status = prediction_init(&p[m], n, net_classes(nets[m]), err);
        p[m].kind = options->kind;
    }
    if (status == 0)
        status = predict_groups(index, nets, preprocesses, models, options, &sink, err);
    if (status == 0)
        memcpy(out, p, (size_t)models * sizeof(*out));
    for (int m = 0; p && status < 0 && m < models; m++)
        prediction_release(&p[m]);
    free(p);
    return status;
}
