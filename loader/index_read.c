/*
 * The bytes of samples: pread into the caller's buffer, never mapped, for a mapped file that
 * shrinks ends the process. Tars stay open as long as there are not too many; a folder's files are
 * opened for each read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/index_layout.h"

enum { OPEN_MAX_FILES = 512, PATH_BYTES = 8192 };
static const uint32_t SAMPLE_MAX = 1u << 30; /* bytes of one image file */

/* Half of what the process may have open. */
static size_t files_to_keep(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 > OPEN_MAX_FILES)
        return OPEN_MAX_FILES;
    return (size_t)(limit.rlim_cur / 2);
}

/* O_NONBLOCK: a named pipe among the files is refused, not waited for. */
static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

int shards_open(struct index *index, struct error *err)
{
    size_t count = index->meta.part_count, keep = files_to_keep();
    index->shards = memory_array(count, sizeof(*index->shards), err);
    if (!index->shards)
        return -1;
    for (size_t i = 0; i < count; i++)
        index->shards[i].fd = -1;
    for (size_t i = 0; i < count; i++) {
        struct shard *shard = &index->shards[i];
        size_t size = strlen(index->base) + strlen(index->meta.parts[i]) + 1;
        shard->path = memory_array(size, 1, err);
        if (!shard->path)
            return -1;
        snprintf(shard->path, size, "%s%s", index->base, index->meta.parts[i]);
        if (i >= keep)
            continue;
        shard->fd = open_file(shard->path);
        if (shard->fd < 0)
            return error_errno(err, shard->path, "cannot open");
    }
    return 0;
}

void shards_close(struct index *index)
{
    for (size_t i = 0; index->shards && i < index->meta.part_count; i++) {
        if (index->shards[i].fd >= 0)
            close(index->shards[i].fd);
        free(index->shards[i].path);
    }
    free(index->shards);
    index->shards = NULL;
}

/* Replace the place in an error by the sample's own. */
static int at_sample(const struct index *index, uint64_t id, struct error *err)
{
    index_place(index, id, err->place, sizeof(err->place));
    return -1;
}

static int read_member(const struct index *index, uint64_t id, const struct index_item *item,
                       struct buffer *b, struct error *err)
{
    const struct shard *shard = &index->shards[item->part];
    int fd = shard->fd >= 0 ? shard->fd : open_file(shard->path);
    if (fd < 0)
        return error_errno(err, shard->path, "cannot open");
    int rc = file_read_at(fd, b->data, item->size, item->offset, "", err);
    if (rc == 0)
        b->size = item->size;
    else
        at_sample(index, id, err);
    if (shard->fd < 0)
        close(fd);
    return rc;
}

/* All of an open file of `size` bytes, in one call that also sees its end. */
static int read_whole(int fd, size_t size, struct buffer *b, struct error *err)
{
    size_t done = 0;
    ssize_t got;
    do {
        got = pread(fd, b->data + done, size + 1 - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        done += got > 0 ? (size_t)got : 0;
    } while (got != 0 && done < size);
    if (got < 0)
        return error_errno(err, NULL, "cannot read at byte %zu", done);
    if (done != size)
        return error_set(err, ERROR_DATA, NULL, "changes while it is read: had %zu bytes, %s %zu",
                         size, done < size ? "ends at byte" : "goes on behind byte",
                         done < size ? done : size);
    b->size = size;
    return 0;
}

static int read_file(const struct index *index, uint64_t id, const struct index_item *item,
                     struct buffer *b, struct error *err)
{
    char path[PATH_BYTES];
    const char *key = layout_key(&index->layout, index_origin(index, id));
    int length = key ? snprintf(path, sizeof(path), "%s%s%s", index->base, key,
                                index->meta.parts[item->part])
                     : -1;
    if (length < 0 || (size_t)length >= sizeof(path))
        return error_set(err, ERROR_DATA, index->data, "the path of sample %llu is damaged",
                         (unsigned long long)id);
    int fd = open_file(path);
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    struct stat info;
    int rc = -1;
    if (fstat(fd, &info) < 0)
        error_errno(err, path, "cannot look up");
    else if (!S_ISREG(info.st_mode))
        error_set(err, ERROR_DATA, path, "is no ordinary file");
    else if (info.st_size > SAMPLE_MAX)
        error_set(err, ERROR_DATA, path, "has %lld bytes; at most 1 GB is accepted",
                  (long long)info.st_size);
    else if (item->size != 0 && info.st_size != item->size)
        error_set(err, ERROR_DATA, path,
                  "has %lld bytes, in the index %u: it has changed; make the index again with "
                  "nndata index",
                  (long long)info.st_size, item->size);
    else if (buffer_reserve(b, (size_t)info.st_size + 1, err) == 0) {
        rc = read_whole(fd, (size_t)info.st_size, b, err);
        if (rc < 0)
            at_sample(index, id, err);
    }
    close(fd);
    return rc;
}

int index_read(const struct index *index, uint64_t id, struct buffer *b, struct error *err)
{
    struct index_item item;
    b->size = 0;
    if (!layout_item(&index->layout, index_origin(index, id), &item))
        return error_set(err, ERROR_DATA, index->data,
                         "the index is damaged at sample %llu; make it again with nndata index",
                         (unsigned long long)id);
    if (item.size > SAMPLE_MAX) {
        error_set(err, ERROR_DATA, NULL, "has %u bytes; at most 1 GB is accepted", item.size);
        return at_sample(index, id, err);
    }
    if (buffer_reserve(b, item.size, err) < 0)
        return -1;
    int rc =
        index->shards ? read_member(index, id, &item, b, err) : read_file(index, id, &item, b, err);
    if (rc == 0)
        b->data[b->size] = '\0';
    return rc;
}

/* Is the byte at `offset` in the page cache? Where the file system cannot tell, it is not. */
static bool is_cached(int fd, uint64_t offset)
{
    char byte;
    struct iovec into = { &byte, 1 };
    return preadv2(fd, &into, 1, (off_t)offset, RWF_NOWAIT) >= 0;
}

/* The middle tells: a member's ends share pages with the tar's headers, which the scan has read. */
static bool advise(int fd, uint64_t offset, uint64_t size)
{
    if (is_cached(fd, offset + size / 2))
        return false;
    (void)posix_fadvise(fd, (off_t)offset, (off_t)size, POSIX_FADV_WILLNEED);
    return true;
}

bool index_advise(const struct index *index, uint64_t id)
{
    struct index_item item;
    char path[PATH_BYTES];
    if (!layout_item(&index->layout, index_origin(index, id), &item))
        return false;
    if (index->shards && index->shards[item.part].fd >= 0)
        return advise(index->shards[item.part].fd, item.offset, item.size);
    if (index->shards)
        snprintf(path, sizeof(path), "%s", index->shards[item.part].path);
    else
        index_place(index, id, path, sizeof(path));
    int fd = open_file(path);
    if (fd < 0)
        return false;
    bool cold = advise(fd, item.offset, item.size); /* 0: to the end */
    close(fd);
    return cold;
}
