/* From a data set's name to a build: what it stands for, scanned, sorted and labeled. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/index_private.h"

bool is_tar_name(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".tar") == 0 && name[0] != '.';
}

/* A folder with its slash; of a tar or a pattern all up to the last slash that no brace stands
 * before. */
char *index_base(const char *data, struct error *err)
{
    bool folder = file_is_folder(data);
    size_t length = strlen(data);
    if (!folder) {
        if (!file_exists(data))
            length = strcspn(data, "{");
        while (length > 0 && data[length - 1] != '/')
            length--;
    }
    char *base = memory_array(length + 2, 1, err);
    if (!base)
        return NULL;
    memcpy(base, data, length);
    if (folder && length > 0 && base[length - 1] != '/')
        base[length] = '/';
    return base;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int list_shards(const char *folder, char ***paths, size_t *count, struct error *err)
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

void free_paths(char **paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}

/* `base` is what all paths of this data set begin with. */
static int add_tar(struct index_build *b, const char *path, const char *base, struct error *err)
{
    struct stat info;
    uint32_t part;
    size_t entries = b->count, labels = b->label_count;
    const char *name = path + strlen(base);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    int rc = build_part(b, name, &part, err);
    if (rc == 0 && fstat(fd, &info) < 0)
        rc = error_errno(err, path, "cannot look up");
    if (rc == 0)
        rc = scan_tar(b, fd, path, part, err);
    if (rc == 0 && b->record)
        rc = build_watch(b, WATCH_TAR, name, &info, build_digest(b, entries, labels), err);
    close(fd);
    return rc;
}

/* The names of a packed set's classes lie beside its shards. */
static int watch_names(struct index_build *b, const char *base, struct error *err)
{
    static const struct stat none;
    uint64_t digest;
    char *path = file_join(base, "pack.json", err);
    int rc = path ? small_file_digest(path, &digest, err) : -1;
    free(path);
    return rc == 0 ? build_watch(b, WATCH_NAMES, "pack.json", &none, digest, err) : -1;
}

static int scan_shards(struct index_build *b, const char *data, const char *base, struct error *err)
{
    char **paths = NULL;
    size_t count = 0;
    struct stat info = { 0 };
    bool folder = file_is_folder(data);
    int rc = 0;
    if (folder && stat(data, &info) < 0)
        return error_errno(err, data, "cannot look up");
    if (folder)
        rc = list_shards(base, &paths, &count, err);
    else
        rc = expand_pattern(data, &paths, &count, err);
    if (rc == 0 && folder && count == 0) {
        b->folder = true;
        rc = scan_folder(b, data, err);
    } else if (rc == 0 && folder && b->record)
        rc = build_watch(b, WATCH_SHARDS, "", &info, shards_digest(paths, count), err);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_tar(b, paths[i], base, err);
    free_paths(paths, count);
    return rc;
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

static void print_place(const struct index_build *b, const char *base, size_t i, char place[400])
{
    const struct index_entry *e = &b->entries[i];
    const char *key = b->text.data + e->key, *part = b->text.data + b->parts[e->part];
    if (b->folder)
        snprintf(place, 400, "%s%s%s", base, key, part);
    else
        snprintf(place, 400, "%s%s:%s", base, part, key);
}

static int sort(struct index_build *b, const char *data, const char *base, struct error *err)
{
    qsort_r(b->entries, b->count, sizeof(*b->entries), compare_entries, b->text.data);
    if (b->label_count)
        qsort_r(b->labels, b->label_count, sizeof(*b->labels), compare_labels, b->text.data);
    for (size_t i = 1; i < b->count; i++) {
        const char *key = b->text.data + b->entries[i].key;
        if (strcmp(b->text.data + b->entries[i - 1].key, key) != 0)
            continue;
        char first[400], second[400];
        print_place(b, base, i - 1, first);
        print_place(b, base, i, second);
        return error_set(err, ERROR_DATA, data, "two samples have the key %s: %s and %s", key,
                         first, second);
    }
    return 0;
}

int index_scan(struct index_build *b, struct class_list *classes, const char *data,
               const struct index_options *options, struct error *err)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    b->now = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    b->record = options->record;
    if (options->classes && class_list_read(classes, options->classes, err) < 0)
        return -1;
    char *base = index_base(data, err);
    if (!base)
        return -1;
    int rc;
    if (!file_is_folder(data) && file_exists(data)) /* a name with real braces in it, perhaps */
        rc = add_tar(b, data, base, err);
    else
        rc = scan_shards(b, data, base, err);
    if (rc == 0 && b->count == 0)
        rc = error_set(err, ERROR_DATA, data,
                       "holds no image; a folder with a folder per class, a .tar or a folder of "
                       ".tar files is needed");
    if (rc == 0 && b->record && !b->folder)
        rc = watch_names(b, base, err);
    if (rc == 0)
        rc = sort(b, data, base, err);
    if (rc == 0)
        rc = label_entries(b, classes, options->classes != NULL, options->allow_unlabeled, data,
                           err);
    free(base);
    return rc;
}
