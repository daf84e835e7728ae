#include "eval/members.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/names.h"
#include "model/weights.h"

static int check_classes(const struct members *m, const char *const *models, struct error *err)
{
    for (int i = 1; i < m->count; i++)
        if (net_classes(m->nets[i]) != net_classes(m->nets[0]))
            return error_set(err, ERROR_DATA, models[i],
                             "the network has %d classes and %s has %d; networks must agree to be "
                             "compared and averaged",
                             net_classes(m->nets[i]), models[0], net_classes(m->nets[0]));
    return 0;
}

int members_open(struct members *m, const char *const *models, int count, struct error *err)
{
    assert(count > 0);
    size_t n = (size_t)count;
    struct members opened = { .count = count };
    if (!(opened.nets = memory_array(n, sizeof(*opened.nets), err)) ||
        !(opened.preprocesses = memory_array(n, sizeof(*opened.preprocesses), err)) ||
        !(opened.digits = memory_array(n, sizeof(*opened.digits), err)) ||
        !(opened.hashes = memory_array(n, sizeof(*opened.hashes), err)) ||
        !(opened.names = names_make(models, count, err)))
        goto undo;
    for (int i = 0; i < count; i++) {
        if (model_open(&opened.nets[i], &opened.preprocesses[i], models[i], err) < 0 ||
            model_hash(opened.nets[i], opened.digits[i], err) < 0)
            goto undo;
        opened.hashes[i] = opened.digits[i];
    }
    if (check_classes(&opened, models, err) < 0)
        goto undo;
    *m = opened;
    return 0;
undo:
    members_close(&opened);
    return -1;
}

const char *const members_conv_names[] = { "exact", "fast", NULL };

void members_set_fast(struct members *m, bool fast)
{
    for (int i = 0; i < m->count; i++)
        net_set_fast(m->nets[i], fast);
}

uint64_t members_parameters(const struct members *m, int member)
{
    const struct net *net = m->nets[member];
    uint64_t count = 0;
    for (size_t i = 0; i < net_weights(net); i++)
        if (net_weight(net, i)->trained)
            count += tensor_count(&net_weight(net, i)->value);
    return count;
}

int members_fit(const struct members *m, const struct index *index, const char *data,
                const char *file, struct error *err)
{
    int64_t outputs = net_classes(m->nets[0]), classes = index_classes(index);
    bool named = index_class_name(index, 0) != NULL;
    /* A file may name only the classes that are there. */
    if (named && !file ? classes == outputs : classes <= outputs)
        return 0;
    if (file)
        return error_set(err, ERROR_DATA, file,
                         "numbers %" PRId64 " classes, and the network %s has %" PRId64 " outputs",
                         classes, m->names[0], outputs);
    if (!named)
        return error_set(err, ERROR_DATA, data,
                         "labels reach %" PRId64 " and the network %s has outputs 0..%" PRId64,
                         classes - 1, m->names[0], outputs - 1);
    return error_set(err, ERROR_DATA, data,
                     "%" PRId64 " classes, and the network %s has %" PRId64
                     " outputs; --classes FILE (CSV with columns index and folder name) says which "
                     "output each class is",
                     classes, m->names[0], outputs);
}

void members_close(struct members *m)
{
    for (int i = 0; m->nets && i < m->count; i++)
        net_close(m->nets[i]);
    for (int i = 0; m->preprocesses && i < m->count; i++)
        preprocess_release(&m->preprocesses[i]);
    names_free(m->names, m->count);
    free(m->nets);
    free(m->preprocesses);
    free(m->digits);
    free(m->hashes);
    *m = (struct members){ 0 };
}
