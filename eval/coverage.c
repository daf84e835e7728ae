#include "eval/coverage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { LINES_MAX = 1000 };

int coverage_open(struct coverage *c, uint64_t total, const char *data_hash,
                  const struct index *index, struct error *err)
{
    *c = (struct coverage){
        .total = total, .data_hash = data_hash, .index = index, .lines_left = LINES_MAX
    };
    c->owner = memory_array((size_t)total, sizeof(*c->owner), err);
    if (!c->owner || buffer_print(&c->lines, err, "%s", "") < 0) {
        coverage_release(c);
        return -1;
    }
    for (uint64_t i = 0; i < total; i++)
        c->owner[i] = -1;
    return 0;
}

/* What is wrong with a run of samples; told when the run ends. */
struct finding {
    const char *what; /* "missing", "doubled", "foreign"; NULL: nothing */
    const char *why;  /* follows the count */
    int other;        /* file that has them, too; -1: none */
};

static bool same(const struct finding *a, const struct finding *b)
{
    return a->what == b->what && a->why == b->why && a->other == b->other;
}

static int tell(struct coverage *c, const struct finding *f, uint64_t first, uint64_t last,
                const char *path, struct error *err)
{
    if (!f->what || c->lines_left == 0)
        return 0;
    if (--c->lines_left == 0)
        return buffer_print(&c->lines, err, "... and more\n");
    if (buffer_print(&c->lines, err, "%s %" PRIu64 "..%" PRIu64 ": %" PRIu64 " samples%s%s",
                     f->what, first, last, last - first + 1, path ? " in " : "",
                     path ? path : "") < 0 ||
        (f->other >= 0 && buffer_print(&c->lines, err, " and in %s", c->paths[f->other]) < 0) ||
        (f->why && buffer_print(&c->lines, err, ": %s", f->why) < 0))
        return -1;
    return buffer_print(&c->lines, err, "\n");
}

static bool is_of_index(const struct index *index, const struct prediction *p, uint64_t row)
{
    struct sample sample = index_sample(index, (uint64_t)p->id[row]);
    uint64_t hash = hash64_text(sample.key);
    return memcmp(&hash, &p->key_hash[row], sizeof(hash)) == 0 && sample.label == p->label[row];
}

/* Also takes the sample for `file`, if nothing is wrong. */
static struct finding look_at(struct coverage *c, const struct prediction_file *file, uint64_t row)
{
    const struct prediction *p = &file->prediction;
    uint64_t id = (uint64_t)p->id[row];
    struct finding fine = { NULL, NULL, -1 };
    if (!file->about.data_hash || strcmp(file->about.data_hash, c->data_hash) != 0)
        return (struct finding){ "foreign", "the file is of another data set", -1 };
    if (id >= c->total)
        return (struct finding){ "foreign", "beyond the data set", -1 };
    if (c->index && !is_of_index(c->index, p, row))
        return (struct finding){ "foreign", "another key or label than the data set has", -1 };
    if (c->owner[id] >= 0)
        return (struct finding){ "doubled", NULL, c->owner[id] };
    c->owner[id] = c->files;
    return fine;
}

int coverage_add(struct coverage *c, const struct prediction_file *file, struct error *err)
{
    const struct prediction *p = &file->prediction;
    if (memory_grow((void **)&c->paths, &c->paths_capacity, (size_t)c->files + 1, sizeof(*c->paths),
                    err) < 0 ||
        !(c->paths[c->files] = memory_text(file->path, err)))
        return -1;
    struct finding run = { NULL, NULL, -1 };
    uint64_t first = 0, last = 0;
    for (uint64_t row = 0; row < p->n; row++) {
        struct finding f = look_at(c, file, row);
        uint64_t id = (uint64_t)p->id[row];
        c->foreign += f.what && f.what[0] == 'f';
        c->doubled += f.what && f.what[0] == 'd';
        if (row > 0 && same(&f, &run) && id == last + 1) {
            last = id;
            continue;
        }
        if (row > 0 && tell(c, &run, first, last, file->path, err) < 0)
            return -1;
        run = f;
        first = last = id;
    }
    c->files++;
    return tell(c, &run, first, last, file->path, err);
}

int coverage_close_gaps(struct coverage *c, struct error *err)
{
    const struct finding gap = { "missing", NULL, -1 };
    for (uint64_t i = 0; i < c->total; i++) {
        uint64_t first = i;
        while (i < c->total && c->owner[i] < 0)
            i++;
        c->missing += i - first;
        if (i > first && tell(c, &gap, first, i - 1, NULL, err) < 0)
            return -1;
    }
    return 0;
}

void coverage_release(struct coverage *c)
{
    for (int i = 0; c->paths && i < c->files; i++)
        free(c->paths[i]);
    free(c->paths);
    free(c->owner);
    buffer_release(&c->lines);
    *c = (struct coverage){ 0 };
}
