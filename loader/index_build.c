/* The growing tables that a scan fills. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/index_private.h"

/* A file system's clock may step this much at a time: a folder that changed so shortly before it
 * was listed may change again without a new time. */
static const int64_t CLOCK_STEP = 2000000000;

int build_text(struct index_build *b, const char *text, size_t size, uint64_t *at,
               struct error *err)
{
    *at = b->text.size;
    if (buffer_append(&b->text, text, size, err) < 0)
        return -1;
    return buffer_append(&b->text, "", 1, err);
}

int build_entry(struct index_build *b, const struct index_entry *entry, struct error *err)
{
    void *entries = b->entries;
    if (memory_grow(&entries, &b->capacity, b->count + 1, sizeof(*entry), err) < 0)
        return -1;
    b->entries = entries;
    b->entries[b->count++] = *entry;
    return 0;
}

int build_label(struct index_build *b, const struct index_label *label, struct error *err)
{
    void *labels = b->labels;
    if (memory_grow(&labels, &b->label_capacity, b->label_count + 1, sizeof(*label), err) < 0)
        return -1;
    b->labels = labels;
    b->labels[b->label_count++] = *label;
    return 0;
}

int build_part(struct index_build *b, const char *text, uint32_t *part, struct error *err)
{
    void *parts = b->parts;
    uint64_t at;
    if (b->part_count == INDEX_PARTS_MAX)
        return error_set(err, ERROR_DATA, text, "is one too many: at most %d are accepted",
                         INDEX_PARTS_MAX);
    if (build_text(b, text, strlen(text), &at, err) < 0 ||
        memory_grow(&parts, &b->part_capacity, b->part_count + 1, sizeof(*b->parts), err) < 0)
        return -1;
    b->parts = parts;
    *part = (uint32_t)b->part_count;
    b->parts[b->part_count++] = at;
    return 0;
}

int build_watch(struct index_build *b, enum watch_kind kind, const char *path,
                const struct stat *info, uint64_t digest, struct error *err)
{
    void *watches = b->watches;
    struct index_watch watch = {
        .kind = kind,
        .mtime = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec,
        .size = kind == WATCH_TAR ? (uint64_t)info->st_size : 0,
        .digest = digest,
    };
    if (watch.mtime > b->now - CLOCK_STEP)
        watch.mtime = 0;
    if (build_text(b, path, strlen(path), &watch.path, err) < 0 ||
        memory_grow(&watches, &b->watch_capacity, b->watch_count + 1, sizeof(watch), err) < 0)
        return -1;
    b->watches = watches;
    b->watches[b->watch_count++] = watch;
    return 0;
}

uint64_t build_digest(const struct index_build *b, size_t entry, size_t label)
{
    const char *text = b->text.data;
    uint64_t sum = 0;
    for (; entry < b->count; entry++) {
        const struct index_entry *e = &b->entries[entry];
        uint64_t record[3] = { hash64_text(text + e->key), e->block, e->size };
        sum += hash64(record, sizeof(record));
    }
    for (; label < b->label_count; label++)
        sum += hash64_pair(text + b->labels[label].key, text + b->labels[label].text);
    return sum;
}

void build_release(struct index_build *b)
{
    free(b->watches);
    free(b->parts);
    free(b->labels);
    free(b->entries);
    buffer_release(&b->text);
    *b = (struct index_build){ 0 };
}
