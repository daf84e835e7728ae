#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

struct file_out {
    char *path;      /* owned: the final name */
    char *temporary; /* owned: the name while it is written */
    FILE *stream;    /* owned */
};

int file_read_at(int fd, void *data, size_t size, uint64_t offset, const char *path,
                 struct error *err)
{
    char *at = data;
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, at + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, path, "cannot read at byte %llu",
                               (unsigned long long)(offset + done));
        if (got == 0)
            return error_set(err, ERROR_DATA, path, "ends at byte %llu; %llu were expected",
                             (unsigned long long)(offset + done),
                             (unsigned long long)(offset + size));
        done += (size_t)got;
    }
    return 0;
}

int file_read(const char *path, uint64_t limit, struct buffer *b, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    int rc = -1;
    struct stat info;
    if (fstat(fd, &info) < 0)
        error_errno(err, path, "cannot look up");
    else if (S_ISDIR(info.st_mode))
        error_set(err, ERROR_DATA, path, "is a folder; a file is needed");
    else if (!S_ISREG(info.st_mode))
        error_set(err, ERROR_DATA, path, "is no ordinary file");
    else if ((uint64_t)info.st_size > limit)
        error_set(err, ERROR_DATA, path, "has %llu bytes; at most %llu are accepted",
                  (unsigned long long)info.st_size, (unsigned long long)limit);
    else {
        b->size = 0;
        rc = buffer_reserve(b, (size_t)info.st_size, err);
        if (rc == 0)
            rc = file_read_at(fd, b->data, (size_t)info.st_size, 0, path, err);
        if (rc == 0) {
            b->size = (size_t)info.st_size;
            b->data[b->size] = '\0';
        }
    }
    close(fd);
    return rc;
}

/* A rename is on disk only when its folder is. */
static int sync_folder(const char *path, struct error *err)
{
    char *folder = file_folder(path, err);
    if (!folder)
        return -1;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;
    /* Some file systems refuse to sync a folder (EINVAL): nothing more can be done there. */
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
        rc = error_errno(err, folder, "cannot sync the folder");
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

/* The file that `path` names, fresh: what a link leads to, else itself. */
static char *follow(const char *path, struct error *err)
{
    struct stat info;
    char *target = lstat(path, &info) == 0 && S_ISLNK(info.st_mode) ? realpath(path, NULL) : NULL;
    return target ? target : memory_text(path, err);
}

static int check_folder(const char *path, struct error *err)
{
    char *folder = file_folder(path, err);
    if (!folder)
        return -1;
    int rc = 0;
    if (!file_is_folder(folder))
        rc = error_set(err, ERROR_USAGE, path, "cannot be created: there is no folder %s", folder);
    else if (access(folder, W_OK | X_OK) < 0) {
        rc = error_errno(err, path, "cannot be created");
        err->kind = ERROR_FAILED;
    }
    free(folder);
    return rc;
}

int file_check_out(const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_set(err, ERROR_USAGE, path, "%s",
                         S_ISDIR(info.st_mode)
                             ? "is a folder; the name of a file is needed"
                             : "is no ordinary file and would be replaced by one; "
                               "give another name");
    char *target = follow(path, err);
    int rc = target ? check_folder(target, err) : -1;
    free(target);
    return rc;
}

int file_create(struct file_out **result, const char *path, struct error *err)
{
    if (file_check_out(path, err) < 0)
        return -1;
    struct file_out *out = memory_array(1, sizeof(*out), err);
    if (!out)
        return -1;
    out->path = follow(path, err);
    size_t size = (out->path ? strlen(out->path) : 0) + sizeof(".XXXXXX");
    out->temporary = out->path ? memory_array(size, 1, err) : NULL;
    if (!out->temporary)
        goto fail;
    snprintf(out->temporary, size, "%s.XXXXXX", out->path);
    int fd = mkostemp(out->temporary, O_CLOEXEC);
    if (fd < 0) {
        error_errno(err, path, "cannot be created");
        goto fail;
    }
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) == 0) /* mkostemp's 0600 would hide results from the group */
        out->stream = fdopen(fd, "wb");
    if (!out->stream) {
        error_errno(err, path, "cannot be created");
        unlink(out->temporary);
        close(fd);
        goto fail;
    }
    *result = out;
    return 0;
fail:
    free(out->temporary);
    free(out->path);
    free(out);
    return -1;
}

FILE *file_stream(struct file_out *out)
{
    return out->stream;
}

static void out_free(struct file_out *out)
{
    free(out->temporary);
    free(out->path);
    free(out);
}

int file_commit(struct file_out *out, struct error *err)
{
    int rc = 0;
    if (fflush(out->stream) != 0 || ferror(out->stream) || fsync(fileno(out->stream)) < 0)
        rc = error_errno(err, out->path, "cannot be written");
    if (fclose(out->stream) != 0 && rc == 0)
        rc = error_errno(err, out->path, "cannot be written");
    if (rc == 0 && rename(out->temporary, out->path) < 0)
        rc = error_errno(err, out->path, "cannot be put in place");
    if (rc == 0)
        rc = sync_folder(out->path, err);
    else
        unlink(out->temporary);
    out_free(out);
    return rc;
}

void file_abandon(struct file_out *out)
{
    if (!out)
        return;
    fclose(out->stream);
    unlink(out->temporary);
    out_free(out);
}

int file_write(const char *path, const void *data, size_t size, struct error *err)
{
    struct file_out *out;
    if (file_create(&out, path, err) < 0)
        return -1;
    if (size && fwrite(data, 1, size, out->stream) != size) {
        error_errno(err, path, "cannot be written");
        file_abandon(out);
        return -1;
    }
    return file_commit(out, err);
}

int file_check_printed(struct error *err)
{
    if (fflush(stdout) != 0)
        return error_errno(err, "standard output", "cannot be written");
    if (ferror(stdout)) /* a line before the last: what the reason was, nobody knows any more */
        return error_set(err, ERROR_FAILED, "standard output", "cannot be written");
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int file_make_folders(const char *path, struct error *err)
{
    char *copy = memory_text(path, err);
    if (!copy)
        return -1;
    int rc = 0;
    for (char *at = copy + 1; rc == 0; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(copy, 0777) < 0 && !(errno == EEXIST && file_is_folder(copy)))
            rc = errno == EEXIST
                     ? error_set(err, ERROR_USAGE, copy, "is no folder; the name of one is needed")
                     : error_errno(err, copy, "cannot make the folder");
        *at = end;
        if (end == '\0')
            break;
    }
    free(copy);
    return rc;
}

char *file_join(const char *folder, const char *name, struct error *err)
{
    if (!folder || !folder[0] || name[0] == '/')
        return memory_text(name, err);
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = memory_array(size, 1, err);
    if (path)
        snprintf(path, size, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    return path;
}

char *file_folder(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return memory_text(".", err);
    if (slash == path)
        return memory_text("/", err);
    char *folder = memory_text(path, err);
    if (folder)
        folder[slash - path] = '\0';
    return folder;
}
