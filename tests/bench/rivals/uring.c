/*
 * uring.c - reading many files in a random order: with pread, with pread behind posix_fadvise that
 * goes 256 files ahead (what `data.read_ahead` does), and with io_uring, each file an open, a read
 * and a close in one chain, 32 files in flight. Wall and CPU time a file, not in the page cache and
 * in it; three rounds, interleaved. Needs liburing-dev:
 *
 *     gcc -O2 -o /tmp/uring tests/bench/rivals/uring.c -luring && /tmp/uring FOLDER/...
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { IN_FLIGHT = 32, AHEAD = 256, FILE_MAX = 1 << 20, ROUNDS = 3 };
enum step { OPEN, READ, CLOSE, STEPS };

static char **files;
static int count;
static char buffers[IN_FLIGHT][FILE_MAX];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void advise(int i, int advice)
{
    int fd = open(files[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || posix_fadvise(fd, 0, 0, advice) != 0)
        fail(files[i]);
    close(fd);
}

static long read_file(int i)
{
    struct stat info;
    int fd = open(files[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0)
        fail(files[i]);
    ssize_t got = pread(fd, buffers[0], FILE_MAX, 0);
    close(fd);
    return got;
}

static long by_pread(void)
{
    long bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += read_file(i);
    return bytes;
}

static long by_pread_behind_advice(void)
{
    long bytes = 0;
    for (int i = 0; i < AHEAD && i < count; i++)
        advise(i, POSIX_FADV_WILLNEED);
    for (int i = 0; i < count; i++) {
        if (i + AHEAD < count)
            advise(i + AHEAD, POSIX_FADV_WILLNEED);
        bytes += read_file(i);
    }
    return bytes;
}

static void submit(struct io_uring *ring, int place, const char *path)
{
    struct io_uring_sqe *s[STEPS];
    for (int step = OPEN; step < STEPS; step++)
        s[step] = io_uring_get_sqe(ring);
    io_uring_prep_openat_direct(s[OPEN], AT_FDCWD, path, O_RDONLY, 0, (unsigned)place);
    s[OPEN]->flags |= IOSQE_IO_LINK;
    io_uring_prep_read(s[READ], place, buffers[place], FILE_MAX, 0);
    s[READ]->flags |= IOSQE_FIXED_FILE | IOSQE_IO_HARDLINK;
    io_uring_prep_close_direct(s[CLOSE], (unsigned)place);
    for (int step = OPEN; step < STEPS; step++)
        s[step]->user_data = (unsigned)(place * STEPS + step);
}

static long by_uring(void)
{
    struct io_uring ring;
    int free_places[IN_FLIGHT], free_count = IN_FLIGHT, left[IN_FLIGHT] = { 0 };
    long bytes = 0;
    if (io_uring_queue_init(IN_FLIGHT * STEPS, &ring, 0) < 0 ||
        io_uring_register_files_sparse(&ring, IN_FLIGHT) < 0)
        fail("io_uring");
    for (int i = 0; i < IN_FLIGHT; i++)
        free_places[i] = i;
    for (int next = 0, done = 0; done < count;) {
        for (; free_count > 0 && next < count; next++) {
            int place = free_places[--free_count];
            submit(&ring, place, files[next]);
            left[place] = STEPS;
        }
        io_uring_submit_and_wait(&ring, 1);
        struct io_uring_cqe *c;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&ring, head, c)
        {
            int place = (int)(c->user_data / STEPS);
            if (c->user_data % STEPS == READ && c->res > 0)
                bytes += c->res;
            if (--left[place] == 0) {
                free_places[free_count++] = place;
                done++;
            }
            seen++;
        }
        io_uring_cq_advance(&ring, seen);
    }
    io_uring_queue_exit(&ring);
    return bytes;
}

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static const struct {
    const char *name;
    long (*run)(void);
} ways[] = {
    { "pread", by_pread },
    { "pread behind fadvise", by_pread_behind_advice },
    { "io_uring", by_uring },
};

int main(int argc, char **argv)
{
    files = argv + 1;
    count = argc - 1;
    if (count < 1) {
        fprintf(stderr, "usage: uring FILE...\n");
        return 2;
    }
    uint64_t state = 1;
    for (int i = count - 1; i > 0; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
        int j = (int)((state >> 33) % (uint64_t)(i + 1));
        char *file = files[i];
        files[i] = files[j];
        files[j] = file;
    }
    long expected = by_pread();
    for (int cached = 0; cached < 2; cached++)
        for (int round = 0; round < ROUNDS; round++)
            for (int w = 0; w < 3; w++) {
                for (int i = 0; !cached && i < count; i++)
                    advise(i, POSIX_FADV_DONTNEED);
                double wall = wall_seconds(), cpu = cpu_seconds();
                long bytes = ways[w].run();
                wall = wall_seconds() - wall;
                cpu = cpu_seconds() - cpu;
                if (bytes != expected) {
                    fprintf(stderr, "%s: %ld bytes, not %ld\n", ways[w].name, bytes, expected);
                    return 1;
                }
                printf("%-10s %-22s %6.1f us a file, %5.1f us CPU\n",
                       cached ? "cached" : "not cached", ways[w].name, 1e6 * wall / count,
                       1e6 * cpu / count);
            }
    return 0;
}
