#include "eval/prediction.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/safetensors.h"

int prediction_init(struct prediction *p, uint64_t n, int k, struct error *err)
{
    size_t count;
    *p = (struct prediction){ .n = n, .k = k };
    if (!size_mul((size_t)n, (size_t)k, &count))
        return error_set(err, ERROR_FAILED, NULL, "no memory for %" PRIu64 " samples", n);
    p->probs = memory_array(count, sizeof(*p->probs), err);
    p->label = p->probs ? memory_array((size_t)n, sizeof(*p->label), err) : NULL;
    p->id = p->label ? memory_array((size_t)n, sizeof(*p->id), err) : NULL;
    if (p->id)
        return 0;
    prediction_release(p);
    return -1;
}

static int write_tensors(const char *path, const struct prediction *p, int64_t *key_hash,
                         const json_t *metadata, struct error *err)
{
    int64_t n = (int64_t)p->n;
    struct safetensors_item items[] = {
        { "probs", { DTYPE_F32, 2, { n, p->k }, p->probs } },
        { "label", { DTYPE_I64, 1, { n }, p->label } },
        { "id", { DTYPE_I64, 1, { n }, p->id } },
        { "key_hash", { DTYPE_I64, 1, { n }, key_hash } },
    };
    json_t *all = json_copy((json_t *)metadata);
    if (!all || json_object_set_new(all, "kind", json_string("probs")) < 0) {
        json_decref(all);
        return error_set(err, ERROR_FAILED, path, "no memory for the metadata");
    }
    int status = safetensors_write(path, items, sizeof(items) / sizeof(items[0]), all, err);
    json_decref(all);
    return status;
}

int prediction_save(const char *path, const struct prediction *p, const struct index *index,
                    const json_t *metadata, struct error *err)
{
    int64_t *key_hash = memory_array((size_t)p->n, sizeof(*key_hash), err);
    if (!key_hash)
        return -1;
    for (uint64_t i = 0; i < p->n; i++) {
        uint64_t hash = hash64_text(index_sample(index, (uint64_t)p->id[i]).key);
        memcpy(&key_hash[i], &hash, sizeof(hash));
    }
    int status = write_tensors(path, p, key_hash, metadata, err);
    free(key_hash);
    return status;
}

void prediction_release(struct prediction *p)
{
    free(p->probs);
    free(p->label);
    free(p->id);
    *p = (struct prediction){ 0 };
}
