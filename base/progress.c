#include "base/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double REDRAW_SECONDS = 0.1; /* on a terminal */
static const double LINE_SECONDS = 30;    /* elsewhere: a log should stay short */
enum { BAR = 24 };

struct progress {
    char label[64], unit[16];
    uint64_t total;
    bool terminal;
    double started;
    pthread_mutex_t lock;
    /* Under lock. */
    uint64_t done;
    double drawn;
    char note[96];
};

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct progress *progress_open(const char *label, uint64_t total, const char *unit, bool quiet)
{
    struct progress *p = quiet ? NULL : calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    snprintf(p->label, sizeof(p->label), "%s", label);
    snprintf(p->unit, sizeof(p->unit), "%s", unit);
    p->total = total;
    p->terminal = isatty(STDERR_FILENO) == 1;
    p->started = p->drawn = clock_seconds();
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void print_time(char *text, size_t size, double seconds)
{
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
}

static void draw(struct progress *p, double now, bool last)
{
    double elapsed = now - p->started, rate = elapsed > 0 ? (double)p->done / elapsed : 0;
    char line[512], bar[BAR + 1], clock[32];
    size_t used = 0;
    if (p->total) {
        double share = (double)p->done / (double)p->total;
        int full = share >= 1 ? BAR : (int)(share * BAR);
        memset(bar, '.', BAR);
        memset(bar, '=', (size_t)full);
        bar[BAR] = '\0';
        double left = last ? elapsed : rate > 0 ? (double)(p->total - p->done) / rate : 0;
        print_time(clock, sizeof(clock), left);
        used = (size_t)snprintf(line, sizeof(line), "%s [%s] %3.0f%% %llu/%llu  %.0f %s/s  %s %s",
                                p->label, bar, 100 * share, (unsigned long long)p->done,
                                (unsigned long long)p->total, rate, p->unit, clock,
                                last ? "in all" : "left");
    } else {
        print_time(clock, sizeof(clock), elapsed);
        used = (size_t)snprintf(line, sizeof(line), "%s %llu  %.0f %s/s  %s", p->label,
                                (unsigned long long)p->done, rate, p->unit, clock);
    }
    if (p->note[0] && used < sizeof(line))
        snprintf(line + used, sizeof(line) - used, "  %s", p->note);
    if (p->terminal)
        fprintf(stderr, "\r\033[K%s%s", line, last ? "\n" : "");
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    p->drawn = now;
}

void progress_update(struct progress *p, uint64_t done, const char *note)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    if (done > p->done)
        p->done = p->total && done > p->total ? p->total : done;
    if (note)
        snprintf(p->note, sizeof(p->note), "%s", note);
    double now = clock_seconds();
    if (now - p->drawn >= (p->terminal ? REDRAW_SECONDS : LINE_SECONDS))
        draw(p, now, false);
    pthread_mutex_unlock(&p->lock);
}

void progress_close(struct progress *p)
{
    if (!p)
        return;
    draw(p, clock_seconds(), true);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
