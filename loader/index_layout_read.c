/*
 * What comes from a file is not trusted, but only its header and meta are looked at whole when it
 * is opened; what belongs to a sample is checked when that sample is asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/index_layout.h"

static int damaged(const char *path, const char *what, struct error *err)
{
    return error_set(err, ERROR_DATA, path,
                     "the index is damaged: %s; make it again with nndata index", what);
}

int layout_open(struct index_layout *v, const void *bytes, size_t size, const char *path,
                struct error *err)
{
    struct index_header *h = &v->header;
    size_t entries, total;
    if (size < sizeof(*h) || memcmp(bytes, INDEX_MAGIC, sizeof(h->magic)) != 0)
        return error_set(err, ERROR_DATA, path, "is no index file");
    memcpy(h, bytes, sizeof(*h));
    if (h->version != INDEX_VERSION)
        return error_set(err, ERROR_DATA, path,
                         "is an index of version %u; this program reads version %d", h->version,
                         INDEX_VERSION);
    if (h->header_hash != hash64(h, offsetof(struct index_header, header_hash)))
        return damaged(path, "the header's hash does not fit", err);
    if (h->count == 0 || !size_mul(h->count, 16, &entries) ||
        !size_add(entries, 8 * index_runs(h->count), &total) ||
        !size_add(total, sizeof(*h), &total) || !size_add(total, h->text_bytes, &total) ||
        !size_add(total, h->meta_bytes, &total) || total != size || h->meta_bytes == 0 ||
        h->text_bytes == 0)
        return damaged(path, "its sizes do not add up to the file's", err);
    if (h->class_count > INDEX_LABELS_MAX)
        return damaged(path, "it claims too many classes", err);
    v->bytes = bytes;
    v->size = size;
    v->entries = (const uint64_t *)((const char *)bytes + sizeof(*h));
    v->bases = v->entries + 2 * h->count;
    v->text = (const char *)(v->bases + index_runs(h->count));
    v->meta = v->text + h->text_bytes;
    v->part_count = 0;
    if (h->meta_hash != hash64(v->meta, h->meta_bytes))
        return damaged(path, "the hash of its last part does not fit", err);
    return 0;
}

/* A cursor in the meta part; `at` NULL once it ran over the end. */
struct cursor {
    const char *at, *end;
};

static const char *take_text(struct cursor *c)
{
    const char *text = c->at, *stop = text ? memchr(text, '\0', (size_t)(c->end - text)) : NULL;
    c->at = stop ? stop + 1 : NULL;
    return stop ? text : NULL;
}

static bool take(struct cursor *c, void *data, size_t size)
{
    if (!c->at || (size_t)(c->end - c->at) < size) {
        c->at = NULL;
        return false;
    }
    memcpy(data, c->at, size);
    c->at += size;
    return true;
}

static int take_classes(struct cursor *c, struct index_meta *meta, uint64_t count,
                        struct error *err)
{
    size_t capacity = 0;
    for (uint64_t i = 0; i < count; i++) {
        const char *name = take_text(c);
        if (!name)
            return 1;
        if (name[0] &&
            class_list_put(&meta->classes, &capacity, (int64_t)i, name, strlen(name), err) < 0)
            return -1;
    }
    return 0;
}

static int take_parts(struct cursor *c, struct index_meta *meta, uint64_t count, struct error *err)
{
    meta->parts = memory_array(count, sizeof(*meta->parts), err);
    if (!meta->parts)
        return -1;
    for (; meta->part_count < count; meta->part_count++) {
        const char *text = take_text(c);
        if (!text)
            return 1;
        meta->parts[meta->part_count] = memory_text(text, err);
        if (!meta->parts[meta->part_count])
            return -1;
    }
    return 0;
}

static int take_watches(struct cursor *c, struct index_meta *meta, uint64_t count,
                        struct error *err)
{
    meta->watches = memory_array(count, sizeof(*meta->watches), err);
    if (!meta->watches)
        return -1;
    for (; meta->watch_count < count; meta->watch_count++) {
        uint64_t record[4];
        const char *path = take(c, record, sizeof(record)) ? take_text(c) : NULL;
        if (!path || record[0] > WATCH_NAMES)
            return 1;
        meta->watches[meta->watch_count] = (struct index_watch){
            .kind = (enum watch_kind)record[0],
            .path = meta->watch_text.size,
            .mtime = (int64_t)record[1],
            .size = record[2],
            .digest = record[3],
        };
        if (buffer_append(&meta->watch_text, path, strlen(path) + 1, err) < 0)
            return -1;
    }
    return 0;
}

int layout_meta(struct index_layout *v, struct index_meta *meta, const char *path,
                struct error *err)
{
    struct cursor c = { v->meta, v->meta + v->header.meta_bytes };
    uint64_t counts[3];
    const char *base = take_text(&c);
    /* Each thing counted takes a byte at least. */
    if (!base || !take(&c, counts, sizeof(counts)) || counts[0] > v->header.class_count ||
        counts[1] == 0 || counts[1] > INDEX_PARTS_MAX || counts[1] > v->header.meta_bytes ||
        counts[2] > v->header.meta_bytes)
        return damaged(path, "its last part makes no sense", err);
    meta->base = memory_text(base, err);
    int rc = meta->base ? take_classes(&c, meta, counts[0], err) : -1;
    rc = rc == 0 ? take_parts(&c, meta, counts[1], err) : rc;
    rc = rc == 0 ? take_watches(&c, meta, counts[2], err) : rc;
    if (rc > 0 || (rc == 0 && c.at != c.end))
        return damaged(path, "its last part makes no sense", err);
    v->part_count = meta->part_count;
    return rc;
}

void meta_release(struct index_meta *meta)
{
    free(meta->base);
    class_list_release(&meta->classes);
    free_paths(meta->parts, meta->part_count);
    free(meta->watches);
    buffer_release(&meta->watch_text);
    *meta = (struct index_meta){ 0 };
}

bool layout_item(const struct index_layout *v, uint64_t id, struct index_item *item)
{
    uint64_t first = v->entries[2 * id], second = v->entries[2 * id + 1];
    uint64_t label = second >> INDEX_TEXT_BITS & INDEX_NO_LABEL;
    *item = (struct index_item){
        .label = label == INDEX_NO_LABEL ? -1 : (int64_t)label,
        .part = (uint32_t)(second >> (INDEX_LABEL_BITS + INDEX_TEXT_BITS)),
        .size = (uint32_t)first,
        .offset = (first >> 32) * INDEX_BLOCK,
    };
    return item->part < v->part_count && item->label < (int64_t)v->header.class_count;
}

static uint64_t key_start(const struct index_layout *v, uint64_t id)
{
    return v->bases[id / INDEX_RUN] + (v->entries[2 * id + 1] & ((1 << INDEX_TEXT_BITS) - 1));
}

const char *layout_key(const struct index_layout *v, uint64_t id)
{
    uint64_t size = v->header.text_bytes, start = key_start(v, id),
             end = id + 1 < v->header.count ? key_start(v, id + 1) : size;
    if (start >= end || end > size || end - start > INDEX_KEY_MAX || v->text[end - 1] != '\0')
        return NULL;
    return v->text + start;
}

int layout_check(const struct index_layout *v, const char *path, struct error *err)
{
    const struct index_header *h = &v->header;
    const char *table = (const char *)v->entries, *before = "";
    struct sha256 *sha;
    char hex[65];
    if (h->table_hash != hash64(table, (size_t)(v->meta - table)))
        return damaged(path, "the hash of its table does not fit", err);
    if (sha256_open(&sha, err) < 0)
        return -1;
    for (uint64_t id = 0; id < h->count; id++) {
        struct index_item item;
        const char *key = layout_key(v, id);
        if (!key || !layout_item(v, id, &item) || (id > 0 && strcmp(before, key) >= 0) ||
            (item.label < 0 && !(h->flags & INDEX_UNLABELED))) {
            sha256_abandon(sha);
            return damaged(path, "an entry makes no sense", err);
        }
        char tail[32];
        sha256_add(sha, key, strlen(key));
        sha256_add(sha, tail, (size_t)snprintf(tail, sizeof(tail), "\t%d\n", (int)item.label));
        before = key;
    }
    if (sha256_close(sha, hex, err) < 0)
        return -1;
    if (memcmp(hex, h->hash, sizeof(h->hash)) != 0)
        return damaged(path, "the data set's hash is not that of its samples", err);
    return 0;
}
