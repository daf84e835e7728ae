#include "eval/predict_part.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"

/* The file's first bytes. */
struct start {
    char magic[16];
    char identity[64];
    char kernels[64];
    uint64_t payload;
    uint64_t hash; /* of the bytes before it */
};

/* Before each payload. */
struct frame {
    uint64_t group;
    uint64_t hash; /* of the payload, xor hash64 of the group's number */
};

static const char magic[16] = "tenfold part 1\n";
static const double SYNC_SECONDS = 5; /* work that a crash of the machine may cost */

struct part {
    struct part_head head;
    char *path; /* owned, as the next three */
    int fd;
    bool *had;    /* (groups) when it was opened */
    uint64_t *at; /* (groups) where the payload is; 0: nowhere */
    uint64_t count, end;
    double synced;
};

static struct start make_start(const struct part_head *head)
{
    struct start start = { .payload = head->payload };
    memcpy(start.magic, magic, sizeof(magic));
    memcpy(start.identity, head->identity, sizeof(start.identity));
    memcpy(start.kernels, head->kernels, sizeof(start.kernels));
    start.hash = hash64(&start, offsetof(struct start, hash));
    return start;
}

static uint64_t frame_hash(uint64_t group, const void *payload, uint64_t size)
{
    return hash64(payload, (size_t)size) ^ hash64(&group, sizeof(group));
}

static int write_at(const struct part *part, const void *data, size_t size, uint64_t offset,
                    struct error *err)
{
    const char *at = data;
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(part->fd, at + done, size - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return error_errno(err, part->path, "cannot be written");
        done += (size_t)put;
    }
    return 0;
}

static int cut(struct part *part, uint64_t size, struct error *err)
{
    part->end = size;
    return ftruncate(part->fd, (off_t)size) == 0
               ? 0
               : error_errno(err, part->path, "cannot be cut to %" PRIu64 " bytes", size);
}

static int begin(struct part *part, struct error *err)
{
    struct start start = make_start(&part->head);
    if (cut(part, 0, err) < 0 || write_at(part, &start, sizeof(start), 0, err) < 0)
        return -1;
    part->end = sizeof(start);
    return 0;
}

static void note(struct part *part, uint64_t group, uint64_t at)
{
    uint64_t *place = &part->at[group - part->head.first_group];
    part->count += *place == 0;
    *place = at;
}

/* Frames one after the other, up to the first that is not whole. */
static int read_frames(struct part *part, uint64_t size, struct error *err)
{
    const struct part_head *head = &part->head;
    char *payload = memory_array((size_t)head->payload, 1, err);
    if (!payload)
        return -1;
    struct frame frame;
    uint64_t step = sizeof(frame) + head->payload, at = sizeof(struct start);
    int status = 0;
    for (; size - at >= step; at += step) {
        status = file_read_at(part->fd, &frame, sizeof(frame), at, part->path, err);
        if (status == 0)
            status = file_read_at(part->fd, payload, (size_t)head->payload, at + sizeof(frame),
                                  part->path, err);
        if (status < 0 || frame.group < head->first_group ||
            frame.group - head->first_group >= head->groups ||
            frame.hash != frame_hash(frame.group, payload, head->payload))
            break;
        note(part, frame.group, at + sizeof(frame));
        part->had[frame.group - head->first_group] = true;
    }
    free(payload);
    return status < 0 ? -1 : cut(part, at, err);
}

static int read_part(struct part *part, bool *begun_anew, struct error *err)
{
    struct stat info;
    struct start found, mine = make_start(&part->head);
    if (fstat(part->fd, &info) < 0)
        return error_errno(err, part->path, "cannot look up");
    if (!S_ISREG(info.st_mode))
        return error_set(err, ERROR_DATA, part->path, "is no ordinary file");
    uint64_t size = (uint64_t)info.st_size;
    if (size < sizeof(found)) /* killed before it had begun */
        return begin(part, err);
    if (file_read_at(part->fd, &found, sizeof(found), 0, part->path, err) < 0)
        return -1;
    if (memcmp(found.magic, magic, sizeof(magic)) != 0)
        return error_set(err, ERROR_DATA, part->path,
                         "is no checkpoint of nneval; move it away or give another --out");
    if (found.hash != hash64(&found, offsetof(struct start, hash)))
        return begin(part, err);
    if (memcmp(found.identity, mine.identity, sizeof(mine.identity)) != 0 ||
        found.payload != mine.payload)
        return error_set(err, ERROR_USAGE, part->path,
                         "holds results of other models, data, views or options; remove it, or "
                         "give another --out");
    if (memcmp(found.kernels, mine.kernels, sizeof(mine.kernels)) != 0) {
        *begun_anew = true;
        return begin(part, err);
    }
    return read_frames(part, size, err);
}

int part_open(struct part **result, const char *path, const struct part_head *head,
              bool *begun_anew, struct error *err)
{
    struct part *part = memory_array(1, sizeof(*part), err);
    if (!part)
        return -1;
    *begun_anew = false;
    part->head = *head;
    part->fd = -1;
    part->path = memory_text(path, err);
    part->had = part->path ? memory_array((size_t)head->groups, sizeof(*part->had), err) : NULL;
    part->at = part->had ? memory_array((size_t)head->groups, sizeof(*part->at), err) : NULL;
    if (!part->at)
        goto undo;
    part->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (part->fd < 0) {
        error_errno(err, path, "cannot be opened for writing");
        goto undo;
    }
    if (flock(part->fd, LOCK_EX | LOCK_NB) < 0) {
        error_set(err, ERROR_FAILED, path, "another process is at work on this shard");
        goto undo;
    }
    if (read_part(part, begun_anew, err) < 0)
        goto undo;
    part->synced = clock_seconds();
    *result = part;
    return 0;
undo:
    part_close(part);
    return -1;
}

bool part_has(const struct part *part, uint64_t group)
{
    assert(group - part->head.first_group < part->head.groups);
    return part->had[group - part->head.first_group];
}

uint64_t part_count(const struct part *part)
{
    return part->count;
}

int part_append(struct part *part, uint64_t group, const void *payload, struct error *err)
{
    struct frame frame = { group, frame_hash(group, payload, part->head.payload) };
    if (write_at(part, &frame, sizeof(frame), part->end, err) < 0 ||
        write_at(part, payload, (size_t)part->head.payload, part->end + sizeof(frame), err) < 0)
        return -1;
    note(part, group, part->end + sizeof(frame));
    part->end += sizeof(frame) + part->head.payload;
    return clock_seconds() - part->synced > SYNC_SECONDS ? part_sync(part, err) : 0;
}

int part_sync(struct part *part, struct error *err)
{
    if (fdatasync(part->fd) < 0)
        return error_errno(err, part->path, "cannot be synced");
    part->synced = clock_seconds();
    return 0;
}

int part_read(const struct part *part, uint64_t group, uint64_t offset, size_t size, void *data,
              struct error *err)
{
    uint64_t at = part->at[group - part->head.first_group];
    assert(at && offset <= part->head.payload && size <= part->head.payload - offset);
    return file_read_at(part->fd, data, size, at + offset, part->path, err);
}

void part_close(struct part *part)
{
    if (!part)
        return;
    if (part->fd >= 0)
        close(part->fd);
    free(part->path);
    free(part->had);
    free(part->at);
    free(part);
}
