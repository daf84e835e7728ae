/*
 * What is known of a data set lies in one run of bytes (index_layout.h): scanned from the source
 * into memory, or mapped from a file. Afterwards nothing changes any more, so that any thread may
 * read.
 */
#include "loader/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/index_layout.h"

static int open_scanned(struct index *index, const struct index_options *options, struct error *err)
{
    struct index_build build = { 0 };
    struct class_list classes = { 0 };
    uint64_t hash = 0;
    int rc = index_scan(&build, &classes, index->data, options, err);
    if (rc == 0)
        rc = classes_hash(options->classes, &hash, err);
    index->base = rc == 0 ? index_base(index->data, err) : NULL;
    rc = index->base ? layout_make(&index->memory, &build, &classes, index->base, hash, err) : -1;
    build_release(&build);
    class_list_release(&classes);
    if (rc < 0 ||
        layout_open(&index->layout, index->memory.data, index->memory.size, index->data, err) < 0)
        return -1;
    return layout_meta(&index->layout, &index->meta, index->data, err);
}

static void release(struct index *index)
{
    shards_close(index);
    meta_release(&index->meta);
    buffer_release(&index->memory);
    if (index->map)
        munmap((void *)index->map, index->map_size);
    index->map = NULL;
    free(index->base);
    index->base = NULL;
}

/* From the cache folder, where there is a file for it: 0; 1: there is none, or it is not true. */
static int open_cached(struct index *index, const struct index_options *options)
{
    struct error why = { 0 };
    char *path = index_cache_path(index->data, options, &why);
    if (!path || access(path, F_OK) < 0) {
        free(path);
        return 1;
    }
    char *base = index_base(index->data, &why);
    int rc = base ? index_map(index, path, base, options, &why) : -1;
    if (rc < 0) {
        release(index);
        snprintf(index->note, sizeof(index->note), "%.100s: %.290s", why.place, why.message);
    }
    free(base);
    free(path);
    return rc < 0 ? 1 : 0;
}

int index_open(struct index **result, const char *data, const struct index_options *options,
               struct error *err)
{
    static const struct index_options defaults = { 0 };
    if (!options)
        options = &defaults;
    struct index *index = memory_array(1, sizeof(*index), err);
    if (!index)
        return -1;
    index->data = memory_text(data, err);
    int rc = index->data ? 0 : -1;
    if (rc == 0 && is_index_file(data))
        rc = options->record ? error_set(err, ERROR_USAGE, data, "is an index already")
                             : index_map(index, data, NULL, options, err);
    else if (rc == 0 && (options->record || open_cached(index, options) == 1))
        rc = open_scanned(index, options, err);
    if (rc == 0 && !(index->layout.header.flags & INDEX_FOLDER))
        rc = shards_open(index, err);
    if (rc < 0) {
        index_close(index);
        return -1;
    }
    memcpy(index->hash, index->layout.header.hash, sizeof(index->hash) - 1);
    if (options->fold.folds > 0 && index_keep_fold(index, &options->fold, err) < 0) {
        index_close(index);
        return -1;
    }
    *result = index;
    return 0;
}

void index_close(struct index *index)
{
    if (!index)
        return;
    release(index);
    free(index->kept);
    free(index->data);
    free(index);
}

uint64_t index_count(const struct index *index)
{
    return index->kept ? index->kept_count : index->layout.header.count;
}

uint64_t index_ignored(const struct index *index)
{
    return index->layout.header.ignored;
}

struct sample index_sample(const struct index *index, uint64_t id)
{
    struct index_item item;
    id = index_origin(index, id);
    const char *key = layout_key(&index->layout, id);
    if (!key || !layout_item(&index->layout, id, &item))
        return (struct sample){ .key = "", .label = -1, .file = index->data };
    return (struct sample){ .key = key,
                            .label = item.label,
                            .file = index->shards ? index->shards[item.part].path : index->base,
                            .offset = item.offset,
                            .size = item.size };
}

int64_t index_label(const struct index *index, uint64_t id)
{
    struct index_item item;
    return layout_item(&index->layout, index_origin(index, id), &item) ? item.label : -1;
}

int64_t index_classes(const struct index *index)
{
    return (int64_t)index->layout.header.class_count;
}

const char *index_class_name(const struct index *index, int64_t label)
{
    const struct class_list *classes = &index->meta.classes;
    return label >= 0 && label < classes->count ? classes->names[label] : NULL;
}

const char *index_hash(const struct index *index)
{
    return index->hash;
}

const char *index_note(const struct index *index)
{
    return index->note[0] ? index->note : NULL;
}

bool index_is_mapped(const struct index *index)
{
    return index->map != NULL;
}

int index_check(const struct index *index, struct error *err)
{
    return layout_check(&index->layout, index->data, err);
}

void index_place(const struct index *index, uint64_t id, char *place, size_t size)
{
    struct index_item item;
    id = index_origin(index, id);
    const char *key = layout_key(&index->layout, id);
    if (!key || !layout_item(&index->layout, id, &item))
        snprintf(place, size, "%s: sample %llu", index->data, (unsigned long long)id);
    else if (index->shards)
        snprintf(place, size, "%s:%s", index->shards[item.part].path, key);
    else
        snprintf(place, size, "%s%s%s", index->base, key, index->meta.parts[item.part]);
}

int index_blame(const struct index *index, uint64_t id, struct error *err)
{
    struct error said = *err;
    char place[sizeof(err->place)];
    index_place(index, id, place, sizeof(place));
    return error_set(err, said.kind, place, "%s%s%s", said.place, said.place[0] ? ": " : "",
                     said.message);
}
