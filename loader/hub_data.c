/*
 * Data sets of the hub. Scanning one can take long (a million files), so each is opened by a thread
 * of its own, once, whoever asks for it meanwhile; streams of the same data share index and caches.
 * As long as anybody reads a data set, whoever names the same path gets what was opened, unless the
 * path itself is another file or folder, or was changed since.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "loader/hub_private.h"

static void *open_main(void *argument)
{
    struct hub_data *data = argument;
    struct index_options options = { .classes = data->classes, .fold = data->fold };
    struct index *index = NULL;
    struct error why = { 0 };
    int rc = index_open(&index, data->path, &options, &why);
    pthread_mutex_lock(&data->hub->lock);
    data->index = rc == 0 ? index : NULL;
    data->why = why;
    data->state = rc == 0 ? DATA_READY : DATA_FAILED;
    hub_attend(data->hub);
    pthread_mutex_unlock(&data->hub->lock);
    return NULL;
}

void hub_data_stamp(const char *path, int64_t stamp[HUB_STAMP])
{
    struct stat info;
    memset(stamp, 0, HUB_STAMP * sizeof(*stamp));
    if (stat(path, &info) < 0) /* a pattern of tars, or what opening will say is not there */
        return;
    stamp[0] = (int64_t)info.st_dev;
    stamp[1] = (int64_t)info.st_ino;
    stamp[2] = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void free_data(struct hub_data *data)
{
    free(data->path);
    free(data->classes);
    free(data);
}

static bool same_fold(const struct index_fold *a, const struct index_fold *b)
{
    return a->folds == b->folds && a->fold == b->fold && a->seed == b->seed;
}

struct hub_data *hub_data_find(struct hub *hub, const struct data_config *config,
                               const int64_t stamp[HUB_STAMP], struct error *err)
{
    const char *path = config->train, *classes = config->classes;
    for (struct hub_data *d = hub->data; d; d = d->next)
        if (d->state != DATA_FAILED && same_text(d->path, path) && same_text(d->classes, classes) &&
            same_fold(&d->fold, &config->fold) && memcmp(d->stamp, stamp, sizeof(d->stamp)) == 0) {
            d->users++;
            return d;
        }
    struct hub_data *data = memory_array(1, sizeof(*data), err);
    if (!data)
        return NULL;
    data->hub = hub;
    data->users = 1;
    data->fold = config->fold;
    data->number = hub->numbers++;
    memcpy(data->stamp, stamp, sizeof(data->stamp));
    data->path = memory_text(path, err);
    data->classes = classes ? memory_text(classes, err) : NULL;
    if (!data->path || (classes && !data->classes)) {
        free_data(data);
        return NULL;
    }
    int rc = pthread_create(&data->thread, NULL, open_main, data);
    if (rc != 0) {
        error_set(err, ERROR_FAILED, path, "no thread can be started to open it: %s", strerror(rc));
        free_data(data);
        return NULL;
    }
    data->next = hub->data;
    hub->data = data;
    return data;
}

void hub_data_drop(struct hub_data *data)
{
    data->users--;
    hub_attend(data->hub);
}

static void close_data(struct hub *hub, struct hub_data *data)
{
    uint64_t freed = 0;
    pthread_mutex_unlock(&hub->lock);
    pthread_join(data->thread, NULL);
    for (int i = 0; i < HUB_CACHES; i++) {
        freed += cache_budget(data->caches[i]);
        cache_close(data->caches[i]);
    }
    index_close(data->index);
    free_data(data);
    pthread_mutex_lock(&hub->lock);
    hub->memory -= freed;
}

void hub_data_sweep(struct hub *hub, bool all)
{
    for (struct hub_data **at = &hub->data; *at;) {
        struct hub_data *data = *at;
        if (data->users > 0 || (data->state == DATA_OPENING && !all)) {
            at = &data->next;
            continue;
        }
        *at = data->next;
        close_data(hub, data);
        at = &hub->data; /* it may have changed meanwhile */
    }
}

int hub_data_cache(struct hub_data *data, const struct stream_options *options,
                   struct cache **cache, struct error *err)
{
    struct hub *hub = data->hub;
    *cache = NULL;
    if (options->cache == CACHE_NONE)
        return 0;
    int i = options->cache == CACHE_BYTES ? 0 : 1 + options->exif_apply;
    if (!data->caches[i]) {
        uint64_t left = hub->options.memory - hub->memory;
        uint64_t budget = options->cache_memory ? options->cache_memory : left / 2;
        if (budget > left)
            return error_set(err, ERROR_FAILED, "data.cache_memory",
                             "%llu MiB are asked for, and of the daemon's memory (%llu MiB) %llu "
                             "MiB are left; ask for less, or give it more (--memory)",
                             (unsigned long long)(budget >> 20),
                             (unsigned long long)(hub->options.memory >> 20),
                             (unsigned long long)(left >> 20));
        if (cache_open(&data->caches[i], options->cache, index_count(data->index), budget, err) < 0)
            return -1;
        hub->memory += cache_budget(data->caches[i]);
    }
    *cache = data->caches[i];
    return 0;
}
