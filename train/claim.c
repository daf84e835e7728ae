#include "train/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

/* A number that no other process has. */
static uint64_t nonce(void)
{
    static uint64_t calls;
    uint64_t x = 0;
    if (getrandom(&x, sizeof(x), 0) != (ssize_t)sizeof(x))
        x = (uint64_t)getpid() << 32;
    return x + __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
}

/* folder/name.<number>, fresh. */
static char *numbered(const char *folder, const char *name, int number, struct error *err)
{
    char text[64];
    snprintf(text, sizeof(text), "%s.%d", name, number);
    return file_join(folder, text, err);
}

/* A hidden name beside `name` that is this call's alone, fresh. */
static char *own_name(const char *folder, const char *name, struct error *err)
{
    char text[128];
    snprintf(text, sizeof(text), ".%.64s.%016llx", name, (unsigned long long)nonce());
    return file_join(folder, text, err);
}

static int write_synced(int fd, const char *text, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = write(fd, text + done, size - done);
        if (count < 0 && errno != EINTR)
            return -1;
        done += count > 0 ? (size_t)count : 0;
    }
    return fsync(fd);
}

/* A link whose answer got lost on the way, and was asked for again, is there all the same. */
static bool is_linked(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_nlink == 2;
}

static int link_whole(const char *own, const char *path, const char *text, bool *won,
                      struct error *err)
{
    int fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno(err, path, "cannot be created");
    int rc = 0;
    if (write_synced(fd, text, strlen(text)) < 0)
        rc = error_errno(err, path, "cannot be written");
    else if (link(own, path) == 0 || is_linked(fd))
        *won = true;
    else if (errno != EEXIST)
        rc = error_errno(err, path,
                         "cannot be linked to its name; a sweep needs a file system "
                         "with hard links");
    close(fd);
    unlink(own);
    return rc;
}

int claim_write(const char *folder, const char *name, const json_t *content, bool *won,
                struct error *err)
{
    *won = false;
    char *path = file_join(folder, name, err), *own = own_name(folder, name, err);
    char *text = content ? json_dumps(content, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    int rc = path && own ? 0 : -1;
    if (rc == 0 && !text)
        rc = error_set(err, ERROR_FAILED, path, "no memory for its content");
    if (rc == 0)
        rc = link_whole(own, path, text, won, err);
    free(text);
    free(own);
    free(path);
    return rc;
}

static bool is_claimed(const char *folder, int attempt)
{
    struct error ignored = { 0 };
    char *path = numbered(folder, "claim", attempt, &ignored);
    bool there = path && file_exists(path);
    free(path);
    return there;
}

int claim_last(const char *folder, int from)
{
    int attempt = from;
    while (is_claimed(folder, attempt))
        attempt++;
    return attempt - 1;
}

int claim_take(const char *folder, int attempt, bool *won, struct error *err)
{
    char name[32], host[256] = "", random[20];
    snprintf(name, sizeof(name), "claim.%d", attempt);
    snprintf(random, sizeof(random), "%016llx", (unsigned long long)nonce());
    gethostname(host, sizeof(host) - 1);
    json_t *content = json_pack("{s:o, s:i, s:s}", "host", json_bytes(host), "pid", (int)getpid(),
                                "nonce", random);
    int rc = claim_write(folder, name, content, won, err);
    json_decref(content);
    return rc;
}

/* By creating and removing a file. Where that fails (a full disk), what is remembered has to do. */
void claim_look(const char *folder)
{
    struct error ignored = { 0 };
    char *own = own_name(folder, "look", &ignored);
    int fd = own ? open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (fd >= 0) {
        close(fd);
        unlink(own);
    }
    free(own);
}

bool claim_held(const char *folder, int attempt)
{
    claim_look(folder);
    return !is_claimed(folder, attempt + 1);
}
