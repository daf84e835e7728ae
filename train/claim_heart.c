/*
 * The file is rewritten in place: that takes no room on a full disk, and a reader that opens it
 * anew sees what was there when it was last closed, also over NFS.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "base/progress.h"
#include "train/claim.h"

static const double RELAY = 0.05; /* seconds within which a stop is passed on */
enum { BEAT_BYTES = 20 };

struct heart {
    char *path; /* owned */
    struct heart_options options;
    uint64_t beats;             /* the thread's */
    volatile sig_atomic_t stop; /* atomic */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended; /* signalled when `end` is set */
    bool end;             /* under lock */
};

static char *heart_path(const char *folder, int attempt, struct error *err)
{
    char name[40];
    snprintf(name, sizeof(name), "heartbeat.%d", attempt);
    return file_join(folder, name, err);
}

/* Always as many bytes. */
static int write_beat(const char *path, const char *text, struct error *err)
{
    char line[BEAT_BYTES + 1];
    snprintf(line, sizeof(line), "%*s\n", BEAT_BYTES - 1, text);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno(err, path, "cannot be created");
    int rc = 0;
    if (pwrite(fd, line, BEAT_BYTES, 0) != BEAT_BYTES)
        rc = error_errno(err, path, "cannot be written");
    if (close(fd) < 0 && rc == 0)
        rc = error_errno(err, path, "cannot be written");
    return rc;
}

/* A beat that cannot be written is a silence: others will take over, and claim_held says so. */
static void beat(struct heart *heart)
{
    struct error ignored = { 0 };
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)++heart->beats);
    (void)write_beat(heart->path, text, &ignored);
}

static void relay(struct heart *heart, double now)
{
    const struct heart_options *o = &heart->options;
    if (interrupt_asked(o->stop))
        interrupt_ask(&heart->stop, interrupt_asked(o->stop));
    else if (o->deadline > 0 && now >= o->deadline)
        interrupt_ask(&heart->stop, SIGALRM);
}

static void *heart_main(void *argument)
{
    struct heart *heart = argument;
    double last = clock_seconds();
    pthread_mutex_lock(&heart->lock);
    while (!heart->end) {
        struct timespec soon;
        clock_gettime(CLOCK_MONOTONIC, &soon);
        soon.tv_nsec += (long)(RELAY * 1e9);
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&heart->ended, &heart->lock, &soon);
        if (heart->end)
            break;
        pthread_mutex_unlock(&heart->lock);
        double now = clock_seconds();
        relay(heart, now);
        if (now - last >= heart->options.beat) {
            beat(heart);
            last = now;
        }
        pthread_mutex_lock(&heart->lock);
    }
    pthread_mutex_unlock(&heart->lock);
    return NULL;
}

int heart_open(struct heart **result, const char *folder, int attempt,
               const struct heart_options *options, struct error *err)
{
    struct heart *heart = memory_array(1, sizeof(*heart), err);
    if (!heart)
        return -1;
    heart->options = *options;
    heart->path = heart_path(folder, attempt, err);
    if (!heart->path || write_beat(heart->path, "0", err) < 0)
        goto fail;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&heart->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&heart->lock, NULL);
    int rc = pthread_create(&heart->thread, NULL, heart_main, heart);
    if (rc == 0) {
        *result = heart;
        return 0;
    }
    error_set(err, ERROR_FAILED, folder, "no thread can be started for the heartbeat: %s",
              strerror(rc));
    pthread_mutex_destroy(&heart->lock);
    pthread_cond_destroy(&heart->ended);
fail:
    free(heart->path);
    free(heart);
    return -1;
}

const volatile sig_atomic_t *heart_stop(const struct heart *heart)
{
    return &heart->stop;
}

void heart_close(struct heart *heart, bool left)
{
    if (!heart)
        return;
    struct error ignored = { 0 }; /* then its silence says it */
    pthread_mutex_lock(&heart->lock);
    heart->end = true;
    pthread_cond_signal(&heart->ended);
    pthread_mutex_unlock(&heart->lock);
    pthread_join(heart->thread, NULL);
    if (left)
        (void)write_beat(heart->path, "left", &ignored);
    pthread_mutex_destroy(&heart->lock);
    pthread_cond_destroy(&heart->ended);
    free(heart->path);
    free(heart);
}

/* What the heart's file holds; nothing where it cannot be read. */
static void read_beat(const char *folder, int attempt, char text[BEAT_BYTES + 1])
{
    struct error ignored = { 0 };
    char *path = heart_path(folder, attempt, &ignored);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    ssize_t size = fd >= 0 ? read(fd, text, BEAT_BYTES) : 0;
    text[size > 0 ? size : 0] = '\0';
    if (fd >= 0)
        close(fd);
    free(path);
}

bool pulse_dead(struct pulse *pulse, const char *folder, int attempt, double patience)
{
    char text[BEAT_BYTES + 1];
    read_beat(folder, attempt, text);
    if (strstr(text, "left"))
        return true;
    double now = clock_seconds();
    if (pulse->looked == 0 || pulse->attempt != attempt || strcmp(pulse->text, text) != 0) {
        *pulse = (struct pulse){ .attempt = attempt, .looked = now };
        memcpy(pulse->text, text, sizeof(text));
        return false;
    }
    double passed = now - pulse->looked;
    pulse->silence += passed < patience / 4 ? passed : patience / 4;
    pulse->looked = now;
    return pulse->silence >= patience;
}
