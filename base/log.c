/*
 * A line goes out in one write to a file opened for appending, so that a reader of the growing file
 * sees whole lines, and lines of several processes do not mix. A run that was killed, or a disk
 * that was full, may have left the start of a line: it is cut off when the log is opened again.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct log {
    char *path; /* owned */
    int fd;
    pthread_mutex_t lock; /* one line at a time; of `torn` as well */
    bool torn;            /* the file may end in half a line: the disk was full */
    bool remote;          /* on NFS */
};

/* How far back the last line may begin. */
enum { TAIL = 1 << 20 };

/* Make the file end with a whole line: a last one without its line feed gets it if it is JSON, and
 * goes if it is the start of a record. Any other is no log of ours, and nothing is done to it. */
static int mend_line(struct log *log, const char *line, size_t size, uint64_t start,
                     struct error *err)
{
    if (size == 0)
        return 0;
    if (line[0] != '{')
        return error_set(err, ERROR_DATA, log->path,
                         "is no log of JSON lines: byte %llu begins none",
                         (unsigned long long)start);
    json_t *value = json_loadb(line, size, 0, NULL);
    int rc = 0;
    if (value ? write(log->fd, "\n", 1) != 1 : ftruncate(log->fd, (off_t)start) < 0)
        rc = error_errno(err, log->path, "cannot be mended");
    json_decref(value);
    return rc;
}

static int mend(struct log *log, uint64_t size, struct error *err)
{
    size_t count = size < TAIL ? (size_t)size : TAIL;
    if (count == 0)
        return 0;
    char *tail = memory_array(count, 1, err);
    if (!tail)
        return -1;
    int rc = file_read_at(log->fd, tail, count, size - count, log->path, err);
    if (rc == 0) {
        const char *feed = memrchr(tail, '\n', count);
        size_t at = feed ? (size_t)(feed - tail) + 1 : 0;
        rc = mend_line(log, tail + at, count - at, size - count + at, err);
    }
    free(tail);
    return rc;
}

int log_open(struct log **result, const char *path, bool append, struct error *err)
{
    struct log *log = memory_array(1, sizeof(*log), err);
    if (!log)
        return -1;
    log->fd = -1;
    log->path = memory_text(path, err);
    if (!log->path)
        goto fail;
    log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    struct stat info;
    if (log->fd < 0 || fstat(log->fd, &info) < 0) {
        error_errno(err, path, "cannot be opened for writing");
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        error_set(err, ERROR_DATA, path, "is no ordinary file");
        goto fail;
    }
    if (!append && ftruncate(log->fd, 0) < 0) {
        error_errno(err, path, "cannot be emptied");
        goto fail;
    }
    if (append && mend(log, (uint64_t)info.st_size, err) < 0)
        goto fail;
    struct statfs system;
    log->remote = fstatfs(log->fd, &system) == 0 && system.f_type == NFS_SUPER_MAGIC;
    pthread_mutex_init(&log->lock, NULL);
    *result = log;
    return 0;
fail:
    if (log->fd >= 0)
        close(log->fd);
    free(log->path);
    free(log);
    return -1;
}

static int write_whole(struct log *log, const char *line, size_t size, struct error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = write(log->fd, line + done, size - done);
        if (count < 0 && errno != EINTR)
            return error_errno(err, log->path, "cannot be written");
        if (count > 0)
            done += (size_t)count;
    }
    return 0;
}

int log_write(struct log *log, json_t *record, struct error *err)
{
    char *line = record ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(record);
    if (!line)
        return error_set(err, ERROR_FAILED, log->path, "no memory for a line");
    size_t size = strlen(line);
    line[size] = '\n'; /* in the place of the NUL */
    pthread_mutex_lock(&log->lock);
    int rc = log->torn ? write_whole(log, "\n", 1, err) : 0;
    if (rc == 0)
        rc = write_whole(log, line, size + 1, err);
    log->torn = rc < 0;
    /* NFS keeps what is written in this machine's memory for half a minute, and tells only now that
     * a disk is full. */
    if (rc == 0 && log->remote && fdatasync(log->fd) < 0)
        rc = error_errno(err, log->path, "cannot be written");
    pthread_mutex_unlock(&log->lock);
    free(line);
    return rc;
}

int log_close(struct log *log, struct error *err)
{
    if (!log)
        return 0;
    int rc = 0;
    if (close(log->fd) < 0)
        rc = error_errno(err, log->path, "cannot be closed");
    pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log);
    return rc;
}
