#include "train/board_steps.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "train/board_text.h"
#include "train/run_mark.h"

enum { BYTES = 1 << 20, FILES = 1000 };

static int is_verdict(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && dot && strcmp(dot, ".json") == 0;
}

/* 10-refine is behind 9-curves. */
static int compare_entries(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

/* Call for each verdict of the root. */
static int each(const char *root, int (*use)(void *context, const char *path, struct error *err),
                void *context, struct error *err)
{
    struct dirent **entries;
    char *folder = file_join(root, "steps", err);
    int rc = folder ? 0 : -1;
    int count = folder ? scandir(folder, &entries, is_verdict, compare_entries) : -1;
    for (int i = 0; i < count; i++) {
        char *path = rc == 0 && i < FILES ? file_join(folder, entries[i]->d_name, err) : NULL;
        if (path)
            rc = use(context, path, err);
        free(path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(folder);
    return rc;
}

static int add_mark(void *context, const char *path, struct error *err)
{
    uint64_t *sum = context;
    struct stat info;
    (void)err;
    if (stat(path, &info) == 0) {
        struct run_mark mark;
        memset(&mark, 0, sizeof(mark)); /* the bytes between the members as well */
        mark = run_mark_of(&info);
        *sum = *sum * 31 + hash64_text(path) + hash64(&mark, sizeof(mark));
    }
    return 0;
}

static int add_verdict(void *context, const char *path, struct error *err)
{
    struct buffer *text = context, file = { 0 };
    struct error ignored = { 0 };
    json_t *verdict = NULL;
    int rc = 0;
    if (file_read(path, BYTES, &file, &ignored) == 0)
        verdict = json_parse(file.data, file.size, path, &ignored);
    if (json_is_object(verdict) && text->size > 1)
        rc = buffer_append(text, ",", 1, err);
    if (json_is_object(verdict) && rc == 0)
        rc = board_text_json(text, verdict, err);
    json_decref(verdict);
    buffer_release(&file);
    return rc;
}

int board_steps_update(struct board_steps *steps, const char *const *roots, int count,
                       bool *changed, struct error *err)
{
    uint64_t sum = 0;
    int rc = 0;
    for (int i = 0; rc == 0 && i < count; i++)
        rc = each(roots[i], add_mark, &sum, err);
    *changed = rc == 0 && sum != steps->seen;
    if (!*changed && steps->text.size > 0)
        return rc;
    steps->text.size = 0;
    if (rc == 0)
        rc = buffer_append(&steps->text, "[", 1, err);
    for (int i = 0; rc == 0 && i < count; i++)
        rc = each(roots[i], add_verdict, &steps->text, err);
    if (rc == 0)
        rc = buffer_append(&steps->text, "]", 1, err);
    steps->seen = sum;
    return rc;
}

void board_steps_release(struct board_steps *steps)
{
    buffer_release(&steps->text);
}
