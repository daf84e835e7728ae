/* Which samples weights are fitted and members selected on. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/score_set.h"

static int64_t id_of(const struct score_set *s, uint64_t i)
{
    return s->input.id ? s->input.id[i] : (int64_t)i;
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
    s->input.selection_how = score_set_say(s, err, "fold %d of %d by id", fold, folds);
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
    if (status == 0 && !(s->input.selection_how = score_set_say(s, err, "the ids in %s", path)))
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
    if (score_set_fill(other, r->val, r->vals, r->val_labels, err) < 0)
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
    s->input.selection_how =
        score_set_say(s, err, "%s%s", r->val[0], r->vals > 1 ? " and its kin" : "");
    if (*other->input.data_hash && !strcmp(other->input.data_hash, s->input.data_hash))
        return error_set(err, ERROR_DATA, r->val[0],
                         "is about the same data set as %s; declare a part of it with --val-fold "
                         "or --val-ids",
                         r->files[0]);
    return s->input.selection_how ? 0 : -1;
}

int score_set_select(struct score_set *s, const struct score_request *r, struct error *err)
{
    int ways = (r->vals > 0) + (r->val_ids != NULL) + (r->folds > 0);
    if (ways > 1)
        return error_set(err, ERROR_USAGE, NULL,
                         "--val, --val-ids and --val-fold exclude each other");
    if (r->vals)
        return select_other(s, r, err);
    if (r->val_ids)
        return select_ids(s, r->val_ids, err);
    return r->folds ? select_fold(s, r->fold, r->folds, err) : 0;
}
