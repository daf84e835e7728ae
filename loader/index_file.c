/*
 * An index as a file: written beside its name and renamed, so that whoever has the old one mapped
 * keeps it; found again in the cache folder under a name made of what it is an index of.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "loader/index_layout.h"

bool is_index_file(const char *path)
{
    char start[8] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, start, sizeof(start), 0);
    close(fd);
    return got == (ssize_t)sizeof(start) && memcmp(start, INDEX_MAGIC, sizeof(start)) == 0;
}

static int map_file(struct index *index, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    struct stat info;
    void *map = MAP_FAILED;
    int rc = -1;
    if (fstat(fd, &info) < 0)
        error_errno(err, path, "cannot look up");
    else if (!S_ISREG(info.st_mode) || info.st_size <= 0)
        error_set(err, ERROR_DATA, path, "is no index file");
    else
        map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        index->map = map;
        index->map_size = (size_t)info.st_size;
        rc = 0;
    } else if (info.st_size > 0 && S_ISREG(info.st_mode))
        error_errno(err, path, "cannot be mapped");
    close(fd);
    return rc;
}

/* `path` without links and dots, a slash at its end; fresh. */
static char *real_folder(const char *path, struct error *err)
{
    char *found = realpath(path[0] ? path : ".", NULL);
    if (!found) {
        error_errno(err, path, "cannot be found");
        return NULL;
    }
    size_t length = strlen(found);
    char *folder = memory_array(length + 2, 1, err);
    if (folder) {
        memcpy(folder, found, length);
        if (length > 0 && folder[length - 1] != '/')
            folder[length] = '/';
    }
    free(found);
    return folder;
}

int index_save(const struct index *index, const char *path, struct error *err)
{
    if (!(index->layout.header.flags & INDEX_RECORDED))
        return error_set(err, ERROR_USAGE, path, "the index was opened without `record`");
    char *folder = file_folder(path, err);
    char *home = folder ? real_folder(folder, err) : NULL;
    char *base = home ? real_folder(index->base, err) : NULL;
    struct buffer bytes = { 0 };
    int rc = -1;
    if (base) {
        /* Data below the index's folder: both may be moved together. */
        size_t length = strlen(home);
        bool below = strncmp(base, home, length) == 0;
        rc = layout_rebase(&bytes, &index->layout, below ? base + length : base, err);
    }
    if (rc == 0)
        rc = file_write(path, bytes.data, bytes.size, err);
    buffer_release(&bytes);
    free(base);
    free(home);
    free(folder);
    return rc;
}

int classes_hash(const char *path, uint64_t *hash, struct error *err)
{
    *hash = 0;
    return path ? small_file_digest(path, hash, err) : 0;
}

char *index_cache_path(const char *data, const struct index_options *options, struct error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char folder[PATH_MAX], name[64];
    int length = -1;
    if (cache && cache[0] == '/')
        length = snprintf(folder, sizeof(folder), "%s/tenfold", cache);
    else if (home && home[0] == '/')
        length = snprintf(folder, sizeof(folder), "%s/.cache/tenfold", home);
    if (length < 0 || (size_t)length >= sizeof(folder)) {
        error_set(err, ERROR_USAGE, "XDG_CACHE_HOME",
                  "neither it nor HOME names a folder; say where the index goes with --out");
        return NULL;
    }
    uint64_t classes;
    char *base = index_base(data, err), *real = base ? real_folder(base, err) : NULL;
    char *path = NULL;
    if (real && classes_hash(options ? options->classes : NULL, &classes, err) == 0) {
        const char *rest = strlen(base) < strlen(data) ? data + strlen(base) : "";
        uint64_t parts[3] = { hash64_text(real), hash64_text(rest), classes };
        snprintf(name, sizeof(name), "%016" PRIx64 ".index", hash64(parts, sizeof(parts)));
        path = file_join(folder, name, err);
    }
    free(real);
    free(base);
    return path;
}

/* The base that an index file names: relative ones from the file's own folder. */
static char *named_base(const char *path, const char *base, struct error *err)
{
    if (base[0] == '/')
        return memory_text(base, err);
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0, size = length + strlen(base) + 1;
    char *joined = memory_array(size, 1, err);
    if (joined)
        snprintf(joined, size, "%.*s%s", (int)length, path, base);
    return joined;
}

static int fits(const struct index *index, const char *path, const struct index_options *options,
                struct error *err)
{
    uint64_t classes;
    if (classes_hash(options->classes, &classes, err) < 0)
        return -1;
    if (options->classes && classes != index->layout.header.classes_hash)
        return error_set(err, ERROR_DATA, path,
                         "was made with another classes file than %s; make it again with nndata "
                         "index --classes",
                         options->classes);
    if ((index->layout.header.flags & INDEX_UNLABELED) && !options->allow_unlabeled)
        return error_set(err, ERROR_DATA, path, "some of its samples have no class");
    return 0;
}

int index_map(struct index *index, const char *path, const char *base,
              const struct index_options *options, struct error *err)
{
    if (map_file(index, path, err) < 0 ||
        layout_open(&index->layout, index->map, index->map_size, path, err) < 0 ||
        layout_meta(&index->layout, &index->meta, path, err) < 0)
        return -1;
    index->base = base ? memory_text(base, err) : named_base(path, index->meta.base, err);
    if (!index->base || fits(index, path, options, err) < 0)
        return -1;
    if (base) { /* found by a hash of names: is it that data set? */
        char *named = named_base(path, index->meta.base, err), *real = real_folder(base, err);
        bool same = named && real && strcmp(named, real) == 0;
        free(named);
        free(real);
        if (!same)
            return error_set(err, ERROR_DATA, path, "is the index of another data set");
    }
    return watch_check(&index->meta, index->base, path, err);
}
