/* How much memory this process may still take: the machine's, within the cgroups' limits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool read_bytes(const char *path, uint64_t *bytes)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    int found = fscanf(file, "%" SCNu64, bytes); /* "max" where there is no limit */
    fclose(file);
    return found == 1;
}

static uint64_t machine_free(void)
{
    char line[256];
    uint64_t kb = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kb) == 1)
            break;
    if (file)
        fclose(file);
    return kb * 1024;
}

/* Of a group's memory, files that nobody needs now: the kernel gives them up first. */
static uint64_t group_idle_files(const char *group)
{
    char path[4096], line[256];
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", group);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "inactive_file %" SCNu64, &bytes) == 1)
            break;
    if (file)
        fclose(file);
    return bytes;
}

/* What is left below the limit of one group; UINT64_MAX: it has none. */
static uint64_t group_free(const char *group, const char *limit_name, const char *used_name)
{
    char path[4096];
    uint64_t limit, used;
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", group, limit_name);
    if (!read_bytes(path, &limit))
        return UINT64_MAX;
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", group, used_name);
    if (!read_bytes(path, &used))
        used = 0;
    uint64_t idle = group_idle_files(group);
    used -= idle < used ? idle : used;
    return limit > used ? limit - used : 0;
}

/* A parent's limit binds its children: the least on the way up to the root. */
uint64_t memory_free(void)
{
    uint64_t least = machine_free();
    uint64_t old = group_free("/memory", "memory.limit_in_bytes", "memory.usage_in_bytes");
    least = old < least ? old : least;
    char line[2048], group[2048] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0)
            memcpy(group, line + 3, strlen(line + 3) + 1);
    }
    if (file)
        fclose(file);
    for (;;) {
        uint64_t left = group_free(group, "memory.max", "memory.current");
        least = left < least ? left : least;
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}
