/* What may be known beside outputs and labels. */
#include <inttypes.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "eval/score_set.h"

/* ReaL's file (Beyer et al., "Are we done with ImageNet?", 2020): [[1], [], [4, 7], ...]. */
int score_set_read_real(struct score_set *s, const char *path, struct error *err)
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
int score_set_read_classes(struct score_set *s, const char *path, struct error *err)
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
