/*
 * Opening a data set: milliseconds, and resident memory (all of the process, the part that is the
 * program's own) right after. The median of seven openings. Usage: bench_index DATA
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/stat.h"
#include "loader/index.h"

enum { ROUNDS = 7 };

/* A line of /proc/self/status, in MB. */
static double status(const char *key)
{
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0)
            kb = strtod(line + strlen(key), NULL);
    if (file)
        fclose(file);
    return kb / 1024;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_index DATA\n");
        return 2;
    }
    double ms[ROUNDS], resident = 0, own = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct error err = { 0 };
        struct index *index;
        double start = clock_seconds();
        if (index_open(&index, argv[1], NULL, &err) < 0) {
            error_print(&err, "bench_index");
            return 1;
        }
        ms[i] = 1000 * (clock_seconds() - start);
        if (i == 0) {
            resident = status("VmRSS:");
            own = status("RssAnon:");
            printf("%llu samples, %s; data set %.16s\n", (unsigned long long)index_count(index),
                   index_is_mapped(index) ? "mapped" : "scanned", index_hash(index));
        }
        index_close(index);
    }
    printf("opened in %.1f ms (first %.1f); %.1f MB resident, %.1f MB its own\n",
           stat_quantile(ms, ROUNDS, 0.5), ms[0], resident, own);
    return 0;
}
