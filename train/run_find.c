/*
 * Folders are visited in order of their names, each once, whatever links lead to it: which path a
 * run is found by does not depend on the order that the file system gives.
 */
#include "train/run_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* A tree of images given by mistake ends here, not in an hour. */
enum { FOLDERS = 100000, DEPTH = 16 };

struct visit {
    dev_t device;
    ino_t inode;
};

struct search {
    struct run_list *list;
    size_t known;          /* of the list's paths, sorted; those behind are new */
    struct visit *visited; /* owned; open addressing, a power of two, inode 0: free */
    size_t count, capacity;
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_text(struct run_list *list, const char *text, struct error *err)
{
    void *array = list->path;
    if (memory_grow(&array, &list->capacity, list->count + 1, sizeof(*list->path), err) < 0)
        return -1;
    list->path = array;
    char *copy = memory_text(text, err);
    if (!copy)
        return -1;
    list->path[list->count++] = copy;
    return 0;
}

void run_list_release(struct run_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->path[i]);
    free(list->path);
    *list = (struct run_list){ 0 };
}

static bool place_visit(struct visit *table, size_t capacity, struct visit v)
{
    size_t at = ((size_t)v.inode * 0x9e3779b97f4a7c15u ^ (size_t)v.device) & (capacity - 1);
    for (; table[at].inode; at = (at + 1) & (capacity - 1))
        if (table[at].inode == v.inode && table[at].device == v.device)
            return false;
    table[at] = v;
    return true;
}

/* 1: for the first time, 0: not, -1. */
static int visit(struct search *s, const struct stat *info, const char *path, struct error *err)
{
    if (2 * s->count >= s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 256;
        struct visit *table = memory_array(capacity, sizeof(*table), err);
        if (!table)
            return -1;
        for (size_t i = 0; i < s->capacity; i++)
            if (s->visited[i].inode)
                place_visit(table, capacity, s->visited[i]);
        free(s->visited);
        s->visited = table;
        s->capacity = capacity;
    }
    if (!place_visit(s->visited, s->capacity, (struct visit){ info->st_dev, info->st_ino }))
        return 0;
    if (++s->count > FOLDERS)
        return error_set(err, ERROR_FAILED, path,
                         "more than %d folders were looked into for runs; name a folder nearer to "
                         "them",
                         FOLDERS);
    return 1;
}

static bool known(const struct search *s, const char *path)
{
    return s->known > 0 && bsearch(&path, s->list->path, s->known, sizeof(path), compare_texts);
}

/* Whether the folder holds a run; the folders in it into `below`. */
static int list_folder(DIR *folder, struct run_list *below, bool *is_run, struct error *err)
{
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        const char *name = entry->d_name;
        if (strcmp(name, "log.jsonl") == 0 || strcmp(name, "summary.csv") == 0)
            *is_run = true;
        bool may_be =
            entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
        if (may_be && name[0] != '.' && add_text(below, name, err) < 0)
            return -1;
    }
    if (below->count > 0)
        qsort(below->path, below->count, sizeof(*below->path), compare_texts);
    return 0;
}

static int search(struct search *s, const char *path, int depth, struct error *err);

static int search_below(struct search *s, const char *path, const struct run_list *below, int depth,
                        struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < below->count; i++) {
        char *inner = file_join(path, below->path[i], err);
        rc = inner ? 0 : -1;
        if (inner && !known(s, inner))
            rc = search(s, inner, depth + 1, err);
        free(inner);
    }
    return rc;
}

static int search(struct search *s, const char *path, int depth, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct stat info;
    struct run_list below = { 0 };
    bool is_run = false;
    int rc = 0;
    if (folder && fstat(fd, &info) == 0)
        rc = visit(s, &info, path, err);
    if (rc == 1) {
        rc = list_folder(folder, &below, &is_run, err);
        if (rc == 0 && is_run && !known(s, path))
            rc = add_text(s->list, path, err);
    }
    if (folder)
        closedir(folder);
    else if (fd >= 0)
        close(fd);
    if (rc == 0 && depth < DEPTH && (!is_run || depth == 0))
        rc = search_below(s, path, &below, depth, err);
    run_list_release(&below);
    return rc;
}

int run_find(struct run_list *list, const char *folder, struct error *err)
{
    if (!file_is_folder(folder))
        return error_set(err, ERROR_DATA, folder, "is no folder; one with runs is needed");
    struct search s = { .list = list, .known = list->count };
    int rc = search(&s, folder, 0, err);
    free(s.visited);
    if (list->count > s.known)
        qsort(list->path, list->count, sizeof(*list->path), compare_texts);
    return rc;
}
