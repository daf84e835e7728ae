/* Are files about the same samples, in the same order, with the same classes? Whatever two of them
 * both tell is compared: data sets, ids, keys, labels, names of classes. */
#include <inttypes.h>
#include <string.h>

#include "eval/score_set.h"

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

int score_set_check_files(const struct score_set *s, const char *const *files, struct error *err)
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

int score_set_check_labels(const struct score_set *s, const char *first, const char *path,
                           const struct outputs *labels, struct error *err)
{
    const struct score_input *in = &s->input;
    if (labels->n != in->n)
        return error_set(err, ERROR_DATA, path, "has %" PRIu64 " labels for %" PRIu64 " samples",
                         labels->n, in->n);
    if (compare_columns(path, first, "id", in->id, labels->id, in->n, err) < 0 ||
        compare_keys(path, first, (const char **)in->sample, labels->key, in->n, err) < 0)
        return -1;
    return compare_labels(path, first, s->label, labels->label, in->n, err);
}
