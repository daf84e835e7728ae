#include "train/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/run_line.h"
#include "train/run_mark.h"

enum { TAIL = 64 };

struct run_log {
    char *path;           /* owned */
    struct run_mark seen; /* when it was read last */
    uint64_t read;        /* bytes that were taken in: whole lines, unless `skipping` */
    char tail[TAIL];      /* the last of them */
    size_t tail_size;
    bool skipping; /* the line at hand is too long and passed over */
    bool rewound;  /* the points are gone; what is read next is read from the beginning */
    bool full;
};

struct run_log *run_log_open(const char *folder, struct error *err)
{
    struct run_log *log = memory_array(1, sizeof(*log), err);
    if (log && !(log->path = file_join(folder, "log.jsonl", err))) {
        free(log);
        log = NULL;
    }
    return log;
}

bool run_log_full(const struct run_log *log)
{
    return log->full;
}

void run_log_rewind(struct run_log *log)
{
    log->rewound = true;
}

void run_log_close(struct run_log *log)
{
    if (!log)
        return;
    free(log->path);
    free(log);
}

static void begin_anew(struct run_log *log, struct run_record *run)
{
    log->read = log->tail_size = 0;
    log->skipping = log->rewound = log->full = false;
    run->points.count = 0;
    run->skipped_lines = 0;
    run->state = RUN_RUNNING;
    run->reason[0] = '\0';
}

static int grow(struct run_points *p, struct error *err)
{
    size_t capacity = p->capacity ? 2 * p->capacity : 256;
    void *step = realloc(p->step, capacity * sizeof(*p->step));
    if (step)
        p->step = step;
    double **columns[] = { &p->epoch, &p->loss, &p->lr, &p->images_per_second };
    bool all = step != NULL;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        void *column = realloc(*columns[i], capacity * sizeof(double));
        if (column)
            *columns[i] = column;
        all = all && column;
    }
    if (!all)
        return error_set(err, ERROR_FAILED, NULL, "no memory for %zu points of a run", capacity);
    p->capacity = capacity;
    return 0;
}

/* Points with a step above `step` were made by a training that went back to before them. */
static void drop_above(struct run_points *p, uint64_t step)
{
    while (p->count > 0 && p->step[p->count - 1] > step)
        p->count--;
}

static int add_point(struct run_log *log, struct run_points *p, const struct run_line *line,
                     struct error *err)
{
    if (line->step > 0)
        drop_above(p, line->step - 1);
    else
        p->count = 0;
    if (p->count == RUN_LOG_POINTS) {
        log->full = true;
        return 0;
    }
    if (p->count == p->capacity && grow(p, err) < 0)
        return -1;
    size_t i = p->count++;
    p->step[i] = line->step;
    p->epoch[i] = line->epoch;
    p->loss[i] = line->loss;
    p->lr[i] = line->lr;
    p->images_per_second[i] = line->images_per_second;
    return 0;
}

static int take_line(struct run_log *log, struct run_record *run, const char *text, size_t size,
                     struct error *err)
{
    struct run_line line;
    run_line_read(text, size, &line);
    if (line.kind == LINE_FOREIGN) {
        run->skipped_lines++;
        return 0;
    }
    bool ended = line.kind == LINE_ENDED;
    run->state = ended ? line.state : RUN_RUNNING;
    memcpy(run->reason, ended ? line.reason : "", ended ? sizeof(run->reason) : 1);
    if (line.kind == LINE_RESUMED)
        drop_above(&run->points, line.step);
    return line.kind == LINE_POINT ? add_point(log, &run->points, &line, err) : 0;
}

/* Take in the whole lines of a piece. How many bytes that were. */
static int take_piece(struct run_log *log, struct run_record *run, const char *piece, size_t size,
                      size_t *taken, struct error *err)
{
    const char *at = piece, *end = piece + size, *feed;
    while (!log->full && at < end && (feed = memchr(at, '\n', (size_t)(end - at)))) {
        if (log->skipping)
            log->skipping = false;
        else if (feed > at && take_line(log, run, at, (size_t)(feed - at), err) < 0)
            return -1;
        at = feed + 1;
    }
    if (at == piece && size == RUN_LOG_LINE) { /* no end in sight */
        run->skipped_lines += !log->skipping;
        log->skipping = true;
        at = end;
    }
    *taken = (size_t)(at - piece);
    return 0;
}

/* As much as there is, up to `size`; 0 at the end and where it cannot be read. */
static size_t read_some(int fd, char *to, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, to + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

static void keep_tail(struct run_log *log, const char *piece, size_t taken)
{
    if (taken == 0)
        return;
    log->tail_size = taken < TAIL ? taken : TAIL;
    memcpy(log->tail, piece + taken - log->tail_size, log->tail_size);
}

static int take_in(struct run_log *log, struct run_record *run, int fd, struct error *err)
{
    char *piece = memory_array(RUN_LOG_LINE, 1, err);
    int rc = piece ? 0 : -1;
    size_t size = 1, taken = 1;
    while (rc == 0 && taken > 0 && size > 0 && !log->full) {
        size = read_some(fd, piece, RUN_LOG_LINE, log->read);
        rc = take_piece(log, run, piece, size, &taken, err);
        if (rc < 0)
            break;
        keep_tail(log, piece, taken);
        log->read += taken;
        log->full = log->full || log->read >= RUN_LOG_BYTES;
    }
    free(piece);
    return rc;
}

/* Does the file go on from where the reading stands? */
static bool goes_on(const struct run_log *log, int fd, const struct run_mark *now)
{
    char there[TAIL];
    if (log->rewound || (uint64_t)now->size < log->read ||
        (log->read > 0 && (now->inode != log->seen.inode || now->device != log->seen.device)))
        return false;
    return read_some(fd, there, log->tail_size, log->read - log->tail_size) == log->tail_size &&
           memcmp(there, log->tail, log->tail_size) == 0;
}

int run_log_follow(struct run_log *log, struct run_record *run, bool *changed, struct error *err)
{
    bool must = log->rewound && *changed;
    if (!must && run->state != RUN_RUNNING && run_mark_holds(&log->seen, log->path))
        return 0;
    /* Opened, not looked up: a network file system then asks its server how long the file is. */
    int fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    int rc = 0;
    if (fd < 0)
        return 0;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        struct run_mark now = run_mark_of(&info);
        if (must || !run_mark_same(&now, &log->seen)) {
            *changed = true;
            if (!goes_on(log, fd, &now))
                begin_anew(log, run);
            rc = take_in(log, run, fd, err);
            log->seen = now;
        }
    }
    close(fd);
    return rc;
}
