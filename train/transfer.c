#include "train/transfer.h"

#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/safetensors.h"

static bool is_replaced(const struct node *replace, const char *name)
{
    for (size_t i = 0; !node_is_null(replace) && i < replace->count; i++)
        if (fnmatch(replace->items[i]->text, name, 0) == 0)
            return true;
    return false;
}

/* Every pattern must stand for something: a typing error would train what was meant to be new. */
static int check_patterns(const struct net *net, const struct node *replace, struct error *err)
{
    for (size_t i = 0; !node_is_null(replace) && i < replace->count; i++) {
        size_t matches = 0;
        for (size_t j = 0; j < net_weights(net); j++)
            matches += fnmatch(replace->items[i]->text, net_weight(net, j)->name, 0) == 0;
        if (matches == 0)
            return node_error(replace->items[i], err, "no weight of %s matches %s", net_name(net),
                              replace->items[i]->text);
    }
    return 0;
}

static void print_shape(const struct tensor *t, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < t->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? "x" : "",
                                 (long long)t->shape[i]);
}

static bool is_finite(const struct tensor *t)
{
    const float *x = t->data;
    size_t n = tensor_count(t), i = 0;
    while (i < n && isfinite(x[i]))
        i++;
    return i == n;
}

/* What the file has for this weight. */
static const struct tensor *find(const struct safetensors *file, const char *path,
                                 const struct weight *w, struct error *err)
{
    const struct tensor *t = safetensors_find(file, w->name);
    char found[96], wanted[96];
    if (!t) {
        error_set(err, ERROR_DATA, path,
                  "has no %s; if it is to be new, name it in train.replace, as in [%s]", w->name,
                  w->name);
        return NULL;
    }
    if (t->dtype != DTYPE_F32 || t->rank != w->value.rank ||
        memcmp(t->shape, w->value.shape, (size_t)t->rank * sizeof(t->shape[0])) != 0) {
        print_shape(t, found, sizeof(found));
        print_shape(&w->value, wanted, sizeof(wanted));
        error_set(err, ERROR_DATA, path,
                  "%s is %s of %s there, F32 of %s here; if it is to be new, name it in "
                  "train.replace, as in [%s]",
                  w->name, dtype_name(t->dtype), found, wanted, w->name);
        return NULL;
    }
    if (!is_finite(t)) {
        error_set(err, ERROR_DATA, path, "%s holds values that are not finite", w->name);
        return NULL;
    }
    return t;
}

int transfer_load(struct net *net, const char *path, const struct node *replace, struct error *err)
{
    struct safetensors *file;
    if (check_patterns(net, replace, err) < 0 || safetensors_open(&file, path, err) < 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (is_replaced(replace, w->name))
            continue;
        const struct tensor *t = find(file, path, w, err);
        if (t)
            memcpy(w->value.data, t->data, tensor_bytes(t));
        rc = t ? 0 : -1;
    }
    safetensors_close(file);
    return rc;
}
