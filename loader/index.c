/*
 * The sources are scanned into one table of entries and one table of text; then the entries are
 * sorted by key, doubled keys refused, labels given, and the data set's hash computed. Afterwards
 * nothing changes any more, so that any thread may read.
 */
#include "loader/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "loader/index_private.h"

enum { OPEN_MAX_FILES = 512 }; /* tars kept open; further ones are opened for each read */
static const uint64_t SAMPLE_MAX = 1u << 30; /* bytes of one image file */

struct container {
    char *path; /* owned */
    int fd;     /* -1: not kept open */
};

struct index {
    char *data; /* owned: as given */
    bool folder;
    struct index_build build;
    struct container *containers; /* owned; tars only */
    size_t container_count, container_capacity;
    struct class_list classes;
    int64_t class_count;
    char hash[65];
};

int build_text(struct index_build *b, const char *text, size_t size, uint32_t *at,
               struct error *err)
{
    if (b->text.size + size + 1 > UINT32_MAX)
        return error_set(err, ERROR_DATA, NULL, "the keys of the data set take more than 4 GB");
    *at = (uint32_t)b->text.size;
    if (buffer_append(&b->text, text, size, err) < 0)
        return -1;
    return buffer_append(&b->text, "", 1, err);
}

int build_entry(struct index_build *b, const struct index_entry *entry, struct error *err)
{
    void *entries = b->entries;
    if (memory_grow(&entries, &b->capacity, b->count + 1, sizeof(*entry), err) < 0)
        return -1;
    b->entries = entries;
    b->entries[b->count++] = *entry;
    return 0;
}

int build_label(struct index_build *b, const struct index_label *label, struct error *err)
{
    void *labels = b->labels;
    if (memory_grow(&labels, &b->label_capacity, b->label_count + 1, sizeof(*label), err) < 0)
        return -1;
    b->labels = labels;
    b->labels[b->label_count++] = *label;
    return 0;
}

static int compare_entries(const void *a, const void *b, void *text)
{
    return strcmp((const char *)text + ((const struct index_entry *)a)->key,
                  (const char *)text + ((const struct index_entry *)b)->key);
}

static int compare_labels(const void *a, const void *b, void *text)
{
    return strcmp((const char *)text + ((const struct index_label *)a)->key,
                  (const char *)text + ((const struct index_label *)b)->key);
}

static int open_tar(struct index *index, const char *path, struct error *err)
{
    void *containers = index->containers;
    if (memory_grow(&containers, &index->container_capacity, index->container_count + 1,
                    sizeof(struct container), err) < 0)
        return -1;
    index->containers = containers;
    char *copy = memory_text(path, err);
    if (!copy)
        return -1;
    struct container *c = &index->containers[index->container_count];
    *c = (struct container){ .path = copy, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
    index->container_count++;
    if (c->fd < 0)
        return error_errno(err, path, "cannot open");
    int rc = scan_tar(&index->build, c->fd, path, (uint32_t)index->container_count - 1, err);
    if (index->container_count > OPEN_MAX_FILES) {
        close(c->fd);
        c->fd = -1;
    }
    return rc;
}

static bool is_tar_name(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".tar") == 0 && name[0] != '.';
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The tars in a folder, sorted, as full paths; none: not a folder of tars. */
static int list_tars(const char *folder, char ***paths, size_t *count, struct error *err)
{
    size_t capacity = 0;
    *paths = NULL;
    *count = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return error_errno(err, folder, "cannot open the folder");
    int rc = 0;
    for (struct dirent *item = readdir(dir); item && rc == 0; item = readdir(dir)) {
        if (!is_tar_name(item->d_name))
            continue;
        void *list = *paths;
        rc = memory_grow(&list, &capacity, *count + 1, sizeof(**paths), err);
        *paths = rc == 0 ? list : *paths;
        char *path = rc == 0 ? file_join(folder, item->d_name, err) : NULL;
        if (path)
            (*paths)[(*count)++] = path;
        else
            rc = -1;
    }
    closedir(dir);
    if (*count)
        qsort(*paths, *count, sizeof(**paths), compare_text);
    return rc;
}

static void free_paths(char **paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}

static int scan(struct index *index, struct error *err)
{
    char **paths = NULL;
    size_t count = 0;
    int rc;
    if (file_is_folder(index->data)) {
        rc = list_tars(index->data, &paths, &count, err);
        if (rc == 0 && count == 0) {
            index->folder = true;
            rc = scan_folder(&index->build, index->data, err);
        }
    } else if (file_exists(index->data)) /* a name with real braces in it */
        rc = open_tar(index, index->data, err);
    else
        rc = expand_pattern(index->data, &paths, &count, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = open_tar(index, paths[i], err);
    free_paths(paths, count);
    if (rc == 0 && index->build.count == 0)
        rc = error_set(err, ERROR_DATA, index->data,
                       "holds no image; a folder with a folder per class, a .tar or a folder of "
                       ".tar files is needed");
    return rc;
}

static int check_doubled(struct index *index, struct error *err)
{
    struct index_build *b = &index->build;
    qsort_r(b->entries, b->count, sizeof(*b->entries), compare_entries, b->text.data);
    if (b->label_count)
        qsort_r(b->labels, b->label_count, sizeof(*b->labels), compare_labels, b->text.data);
    for (size_t i = 1; i < b->count; i++) {
        if (strcmp(b->text.data + b->entries[i - 1].key, b->text.data + b->entries[i].key) != 0)
            continue;
        char first[400], second[400];
        index_place(index, i - 1, first, sizeof(first));
        index_place(index, i, second, sizeof(second));
        return error_set(err, ERROR_DATA, index->data, "two samples have the key %s: %s and %s",
                         b->text.data + b->entries[i].key, first, second);
    }
    return 0;
}

static int compute_hash(struct index *index, struct error *err)
{
    struct sha256 *sha;
    if (sha256_open(&sha, err) < 0)
        return -1;
    for (size_t i = 0; i < index->build.count; i++) {
        const struct index_entry *entry = &index->build.entries[i];
        const char *key = index->build.text.data + entry->key;
        char tail[32];
        int length = snprintf(tail, sizeof(tail), "\t%d\n", entry->label);
        sha256_add(sha, key, strlen(key));
        sha256_add(sha, tail, (size_t)length);
        if (entry->label >= index->class_count)
            index->class_count = entry->label + 1;
    }
    return sha256_close(sha, index->hash, err);
}

int index_open(struct index **result, const char *data, const struct index_options *options,
               struct error *err)
{
    static const struct index_options defaults = { 0 };
    if (!options)
        options = &defaults;
    struct index *index = memory_array(1, sizeof(*index), err);
    if (!index)
        return -1;
    index->data = memory_text(data, err);
    if (!index->data ||
        (options->classes && class_list_read(&index->classes, options->classes, err) < 0))
        goto fail;
    if (scan(index, err) < 0 || check_doubled(index, err) < 0)
        goto fail;
    if (label_entries(&index->build, &index->classes, options->classes != NULL,
                      options->allow_unlabeled, data, err) < 0)
        goto fail;
    index->class_count = index->classes.count;
    free(index->build.labels);
    index->build.labels = NULL;
    if (compute_hash(index, err) < 0)
        goto fail;
    *result = index;
    return 0;
fail:
    index_close(index);
    return -1;
}

uint64_t index_count(const struct index *index)
{
    return index->build.count;
}

uint64_t index_ignored(const struct index *index)
{
    return index->build.ignored;
}

struct sample index_sample(const struct index *index, uint64_t id)
{
    const struct index_entry *entry = &index->build.entries[id];
    return (struct sample){ .key = index->build.text.data + entry->key,
                            .label = entry->label,
                            .file = index->folder ? index->data
                                                  : index->containers[entry->container].path,
                            .offset = entry->offset,
                            .size = entry->size };
}

int64_t index_classes(const struct index *index)
{
    return index->class_count;
}

const char *index_class_name(const struct index *index, int64_t label)
{
    return label >= 0 && label < index->classes.count ? index->classes.names[label] : NULL;
}

const char *index_hash(const struct index *index)
{
    return index->hash;
}

void index_place(const struct index *index, uint64_t id, char *place, size_t size)
{
    const struct index_entry *entry = &index->build.entries[id];
    const char *key = index->build.text.data + entry->key;
    if (index->folder)
        snprintf(place, size, "%s/%s%s", index->data, key, key + strlen(key) + 1);
    else
        snprintf(place, size, "%s:%s", index->containers[entry->container].path, key);
}

int index_read(const struct index *index, uint64_t id, struct buffer *b, struct error *err)
{
    const struct index_entry *entry = &index->build.entries[id];
    char place[4600];
    index_place(index, id, place, sizeof(place));
    if (index->folder)
        return file_read(place, SAMPLE_MAX, b, err);
    const struct container *c = &index->containers[entry->container];
    int fd = c->fd >= 0 ? c->fd : open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, c->path, "cannot open");
    b->size = 0;
    int rc = entry->size > SAMPLE_MAX
                 ? error_set(err, ERROR_DATA, place, "has %u bytes; at most 1 GB is accepted",
                             entry->size)
                 : buffer_reserve(b, entry->size, err);
    if (rc == 0)
        rc = file_read_at(fd, b->data, entry->size, entry->offset, place, err);
    if (rc == 0) {
        b->size = entry->size;
        b->data[b->size] = '\0';
    }
    if (c->fd < 0)
        close(fd);
    return rc;
}

void index_close(struct index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->container_count; i++) {
        if (index->containers[i].fd >= 0)
            close(index->containers[i].fd);
        free(index->containers[i].path);
    }
    free(index->containers);
    class_list_release(&index->classes);
    free(index->build.labels);
    free(index->build.entries);
    buffer_release(&index->build.text);
    free(index->data);
    free(index);
}
