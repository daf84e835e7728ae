#include "model/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "model/weights_private.h"

enum { LISTED = 12 }; /* names of each kind in a message */

/* A list of names for a message: the first LISTED, then how many more. */
struct list {
    struct buffer text;
    int count;
};

static int list_add(struct list *list, struct error *err, const char *name, const char *detail)
{
    list->count++;
    if (list->count > LISTED)
        return 0;
    return buffer_print(&list->text, err, "%s%s%s", list->count > 1 ? ", " : "", name, detail);
}

static int list_print(const struct list *list, const char *title, struct buffer *to,
                      struct error *err)
{
    if (list->count == 0)
        return 0;
    if (buffer_print(to, err, "%s%d %s: %s", to->size ? "; " : "", list->count, title,
                     list->text.data) < 0)
        return -1;
    return list->count > LISTED ? buffer_print(to, err, " and %d more", list->count - LISTED) : 0;
}

/* PyTorch counts batches in a buffer that no computation reads. */
static bool is_passed_over(const char *name)
{
    static const char suffix[] = "num_batches_tracked";
    size_t length = strlen(name), tail = sizeof(suffix) - 1;
    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static void print_shape(const struct tensor *t, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s[", dtype_name(t->dtype));
    for (int i = 0; i < t->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? "," : "",
                                 (long long)t->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
}

static bool same_form(const struct tensor *a, const struct tensor *b)
{
    return a->dtype == b->dtype && a->rank == b->rank &&
           memcmp(a->shape, b->shape, (size_t)a->rank * sizeof(a->shape[0])) == 0;
}

static bool is_weight(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return true;
    return false;
}

static int compare(const struct net *net, const struct safetensors *file, struct list *missing,
                   struct list *misshaped, struct list *unexpected, struct error *err)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        const struct tensor *t = safetensors_find(file, w->name);
        if (!t) {
            if (list_add(missing, err, w->name, "") < 0)
                return -1;
        } else if (!same_form(t, &w->value)) {
            char found[128], wanted[128], detail[320];
            print_shape(t, found, sizeof(found));
            print_shape(&w->value, wanted, sizeof(wanted));
            snprintf(detail, sizeof(detail), " is %s, must be %s", found, wanted);
            if (list_add(misshaped, err, w->name, detail) < 0)
                return -1;
        }
    }
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const char *name = safetensors_item(file, i)->name;
        if (!is_passed_over(name) && !weights_is_table(name) && !is_weight(net, name) &&
            list_add(unexpected, err, name, "") < 0)
            return -1;
    }
    return 0;
}

const char *weights_not_finite(const struct net *net)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        const float *x = w->value.data;
        for (size_t j = 0; j < tensor_count(&w->value); j++)
            if (!isfinite(x[j]))
                return w->name;
    }
    return NULL;
}

int weights_load(struct net *net, const struct safetensors *file, const char *path,
                 struct error *err)
{
    struct list missing = { 0 }, misshaped = { 0 }, unexpected = { 0 };
    struct buffer text = { 0 };
    int rc = compare(net, file, &missing, &misshaped, &unexpected, err);
    if (rc == 0 && missing.count + misshaped.count + unexpected.count > 0) {
        rc = -1;
        if (list_print(&missing, "missing", &text, err) == 0 &&
            list_print(&unexpected, "unexpected", &text, err) == 0 &&
            list_print(&misshaped, "misshaped", &text, err) == 0)
            error_set(err, ERROR_DATA, path, "the weights do not fit network %s: %s", net_name(net),
                      text.data);
    }
    for (size_t i = 0; rc == 0 && i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        memcpy(w->value.data, safetensors_find(file, w->name)->data, tensor_bytes(&w->value));
    }
    const char *broken = rc == 0 ? weights_not_finite(net) : NULL;
    if (broken)
        rc = error_set(err, ERROR_DATA, path, "%s holds values that are not finite", broken);
    buffer_release(&text);
    buffer_release(&unexpected.text);
    buffer_release(&misshaped.text);
    buffer_release(&missing.text);
    return rc;
}

/* Put `value` as compact text under `key`. Takes the reference to `value`, which may be NULL (an
 * error is set). */
static int put_json(json_t *metadata, const char *key, json_t *value, struct error *err)
{
    char *text = value ? json_canonical(value, err) : NULL;
    json_decref(value);
    if (!text)
        return -1;
    int rc = json_object_set_new(metadata, key, json_string(text));
    free(text);
    return rc < 0 ? error_set(err, ERROR_FAILED, NULL, "no memory for the metadata") : 0;
}

int weights_save(const char *path, const struct net *net, const struct preprocess *preprocess,
                 const json_t *more, struct error *err)
{
    size_t count = net_weights(net);
    struct safetensors_item *items = memory_array(count + WEIGHTS_TABLES, sizeof(*items), err);
    json_t *metadata = more ? json_deep_copy(more) : json_object();
    int rc = items && metadata ? 0 : -1;
    if (rc == 0)
        rc = put_json(metadata, "network", net_json(net, err), err);
    if (rc == 0)
        rc = put_json(metadata, "preprocess", preprocess_json(preprocess, err), err);
    if (rc == 0 &&
        json_object_set_new(metadata, "tenfold_version", json_string(TENFOLD_VERSION)) < 0)
        rc = error_set(err, ERROR_FAILED, path, "no memory for the metadata");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        items[i].name = net_weight(net, i)->name;
        items[i].tensor = net_weight(net, i)->value;
    }
    if (rc == 0)
        rc = safetensors_write(path, items, count + weights_tables(preprocess, items + count),
                               metadata, err);
    json_decref(metadata);
    free(items);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct weight *const *)a)->name,
                  (*(const struct weight *const *)b)->name);
}

int model_hash(const struct net *net, char hex[65], struct error *err)
{
    size_t count = net_weights(net);
    const struct weight **sorted = memory_array(count, sizeof(*sorted), err);
    json_t *description = sorted ? net_json(net, err) : NULL;
    char *text = description ? json_canonical(description, err) : NULL;
    struct sha256 *sha = NULL;
    int rc = text ? sha256_open(&sha, err) : -1;
    if (rc == 0) {
        for (size_t i = 0; i < count; i++)
            sorted[i] = net_weight(net, i);
        qsort(sorted, count, sizeof(*sorted), by_name);
        sha256_add(sha, text, strlen(text) + 1);
        for (size_t i = 0; i < count; i++) {
            const struct tensor *t = &sorted[i]->value;
            sha256_add(sha, sorted[i]->name, strlen(sorted[i]->name) + 1);
            sha256_add(sha, t->shape, (size_t)t->rank * sizeof(t->shape[0]));
            sha256_add(sha, t->data, tensor_bytes(t));
        }
        rc = sha256_close(sha, hex, err);
    }
    free(text);
    json_decref(description);
    free(sorted);
    return rc;
}
