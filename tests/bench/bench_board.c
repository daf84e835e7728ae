/*
 * The board's data: runs are found and read, and the JSON of the page is made of them. Usage:
 * bench_board FOLDER [RUNS] [POINTS] [JSON]; the runs are made in FOLDER where there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/progress.h"
#include "tests/made_runs.h"
#include "train/board_data.h"

enum { RUNS = 1000, POINTS = 10000, EPOCHS = 100, IDLE = 10 };

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

/* What a machine that is shared does not change much. */
static void print_use(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("processor time %.2f s, of it %.2f s of the system; %.0f MB at most\n",
           seconds_of(&use.ru_utime) + seconds_of(&use.ru_stime), seconds_of(&use.ru_stime),
           (double)use.ru_maxrss / 1024);
}

static int run(const char *folder, const struct made_shape *shape, const char *out,
               struct error *err)
{
    struct board *board;
    struct buffer json = { 0 };
    bool changed = false;
    if (!file_is_folder(folder) && made_runs(folder, shape, err) < 0)
        return -1;
    double start = clock_seconds();
    if (board_open(&board, &(struct board_options){ .roots = &folder, .count = 1 }, err) < 0)
        return -1;
    double read = clock_seconds();
    int rc = board_json(board, 0, &json, err);
    double made = clock_seconds();
    for (int i = 0; rc == 0 && i < IDLE; i++)
        rc = board_update(board, &changed, err);
    double idle = clock_seconds();
    if (rc == 0 && out)
        rc = file_write(out, json.data, json.size, err);
    printf("%zu runs: %.2f s to read, %.2f s to write, %.1f MB; %.1f ms to look again%s\n",
           board_runs(board), read - start, made - read, (double)json.size / 1e6,
           1000 * (idle - made) / IDLE, changed ? " (something has changed)" : "");
    print_use();
    board_close(board);
    buffer_release(&json);
    return rc;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct made_shape shape = { RUNS, POINTS, EPOCHS };
    if (argc < 2) {
        fprintf(stderr, "usage: bench_board FOLDER [RUNS] [POINTS] [JSON]\n");
        return 2;
    }
    if (argc > 2)
        shape.runs = (int)strtol(argv[2], NULL, 10);
    if (argc > 3)
        shape.points = (int)strtol(argv[3], NULL, 10);
    if (run(argv[1], &shape, argc > 4 ? argv[4] : NULL, &err) == 0)
        return 0;
    error_print(&err, "bench_board");
    return error_status(&err);
}
