/*
 * Is an index file still true? It notes of every folder and every tar when it was last changed; one
 * whose time is another (data sets are copied about) is read again and must give what the scan
 * found. A tar's size must be the same in any case. Not noticed: a tar changed in place with its
 * time set back; a file of a folder changed in place, which is noticed by its size when it is read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "loader/index_layout.h"

uint64_t shards_digest(char *const *paths, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(paths[i], '/');
        sum += hash64_text(slash ? slash + 1 : paths[i]);
    }
    return sum;
}

static int shards_found(const char *path, uint64_t *digest, struct error *err)
{
    char **paths;
    size_t count;
    int rc = list_shards(path, &paths, &count, err);
    *digest = shards_digest(paths, count);
    free_paths(paths, count);
    return rc;
}

int small_file_digest(const char *path, uint64_t *digest, struct error *err)
{
    struct buffer text = { 0 };
    *digest = 0;
    if (!file_exists(path))
        return 0;
    int rc = file_read(path, FILE_LIMIT, &text, err);
    if (rc == 0)
        *digest = hash64(text.data ? text.data : "", text.size);
    buffer_release(&text);
    return rc;
}

static int tar_found(const char *path, uint64_t *digest, struct error *err)
{
    struct index_build b = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    int rc = scan_tar(&b, fd, path, 0, err);
    *digest = build_digest(&b, 0, 0);
    close(fd);
    build_release(&b);
    return rc;
}

static int stale(const char *index, const char *path, const char *how, struct error *err)
{
    return error_set(err, ERROR_DATA, index,
                     "%s %s since the index was made; make it again with nndata index", path, how);
}

static int check_one(const struct index_watch *w, const char *path, const char *index,
                     struct error *err)
{
    struct stat info;
    uint64_t digest;
    if (w->kind == WATCH_NAMES) { /* may come and go */
        int rc = small_file_digest(path, &digest, err);
        return rc == 0 && digest != w->digest ? stale(index, path, "has changed", err) : rc;
    }
    if (stat(path, &info) < 0)
        return stale(index, path, "has gone", err);
    if (w->kind == WATCH_TAR && (uint64_t)info.st_size != w->size)
        return stale(index, path, "has another size", err);
    int64_t mtime = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    if (w->mtime != 0 && w->mtime == mtime)
        return 0;
    int rc = w->kind == WATCH_FOLDER   ? folder_digest(path, &digest, err)
             : w->kind == WATCH_SHARDS ? shards_found(path, &digest, err)
                                       : tar_found(path, &digest, err);
    if (rc == 0 && digest != w->digest)
        return stale(index, path, "has changed", err);
    return rc;
}

int watch_check(const struct index_meta *meta, const char *base, const char *index,
                struct error *err)
{
    char path[8192];
    for (size_t i = 0; i < meta->watch_count; i++) {
        const struct index_watch *w = &meta->watches[i];
        int length = snprintf(path, sizeof(path), "%s%s", base, meta->watch_text.data + w->path);
        if (length < 0 || (size_t)length >= sizeof(path))
            return error_set(err, ERROR_DATA, index, "names a path of %d bytes", length);
        if (check_one(w, path[0] ? path : ".", index, err) < 0)
            return -1;
    }
    return 0;
}
