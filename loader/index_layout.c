/*
 * The layout of an index: header, two words a sample, text, meta. A sample's words:
 *
 *     first   where its bytes begin in the tar, in blocks of 512 (32 bits) | their number (32)
 *     second  part (20) | label, all ones: none (20) | where its text begins (24)
 *
 * Keys lie in the text in order of id, each with its NUL, so that one key ends where the next
 * begins. A start is counted from the base of its run of 4096 samples: 4096 keys of at most 4096
 * bytes stay below 2^24.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/index_layout.h"

static int put(struct buffer *b, const void *data, size_t size, struct error *err)
{
    return buffer_append(b, data, size, err);
}

static int put_text(struct buffer *b, const char *text, struct error *err)
{
    return buffer_append(b, text, strlen(text) + 1, err);
}

static int put_meta(struct buffer *bytes, const struct index_build *b,
                    const struct class_list *classes, const char *base, struct error *err)
{
    uint64_t counts[3] = { (uint64_t)classes->count, b->part_count, b->watch_count };
    int rc = put_text(bytes, base, err);
    rc = rc == 0 ? put(bytes, counts, sizeof(counts), err) : rc;
    for (int64_t i = 0; i < classes->count && rc == 0; i++)
        rc = put_text(bytes, classes->names[i] ? classes->names[i] : "", err);
    for (size_t i = 0; i < b->part_count && rc == 0; i++)
        rc = put_text(bytes, b->text.data + b->parts[i], err);
    for (size_t i = 0; i < b->watch_count && rc == 0; i++) {
        const struct index_watch *w = &b->watches[i];
        uint64_t record[4] = { w->kind, (uint64_t)w->mtime, w->size, w->digest };
        rc = put(bytes, record, sizeof(record), err);
        rc = rc == 0 ? put_text(bytes, b->text.data + w->path, err) : rc;
    }
    return rc;
}

static void finish_header(struct index_header *h, const struct buffer *bytes)
{
    size_t table = bytes->size - sizeof(*h) - h->meta_bytes;
    h->meta_hash = hash64(bytes->data + sizeof(*h) + table, h->meta_bytes);
    h->header_hash = hash64(h, offsetof(struct index_header, header_hash));
    memcpy(bytes->data, h, sizeof(*h));
}

/* The data set's hash, and what else depends on every entry. */
static int fill_header(struct index_header *h, const struct index_build *b,
                       const struct class_list *classes, struct error *err)
{
    struct sha256 *sha;
    char hex[65];
    if (sha256_open(&sha, err) < 0)
        return -1;
    memcpy(h->magic, INDEX_MAGIC, sizeof(h->magic));
    h->version = INDEX_VERSION;
    h->flags = (b->folder ? INDEX_FOLDER : 0) | (b->record ? INDEX_RECORDED : 0);
    h->count = b->count;
    h->ignored = b->ignored;
    h->class_count = (uint64_t)classes->count;
    for (size_t i = 0; i < b->count; i++) {
        const struct index_entry *entry = &b->entries[i];
        const char *key = b->text.data + entry->key;
        size_t length = strlen(key);
        char tail[32];
        sha256_add(sha, key, length);
        sha256_add(sha, tail, (size_t)snprintf(tail, sizeof(tail), "\t%d\n", entry->label));
        h->text_bytes += length + 1;
        if (entry->label < 0)
            h->flags |= INDEX_UNLABELED;
        else if ((uint64_t)entry->label >= h->class_count)
            h->class_count = (uint64_t)entry->label + 1;
    }
    if (sha256_close(sha, hex, err) < 0)
        return -1;
    memcpy(h->hash, hex, sizeof(h->hash));
    return 0;
}

static void fill_table(uint8_t *at, const struct index_build *b)
{
    uint64_t *entries = (uint64_t *)at, *bases = entries + 2 * b->count;
    char *text = (char *)(bases + index_runs(b->count));
    uint64_t start = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct index_entry *e = &b->entries[i];
        const char *key = b->text.data + e->key;
        size_t size = strlen(key) + 1;
        if (i % INDEX_RUN == 0)
            bases[i / INDEX_RUN] = start;
        uint64_t label = e->label < 0 ? INDEX_NO_LABEL : (uint64_t)e->label;
        entries[2 * i] = (uint64_t)e->block << 32 | e->size;
        entries[2 * i + 1] = (uint64_t)e->part << (INDEX_LABEL_BITS + INDEX_TEXT_BITS) |
                             label << INDEX_TEXT_BITS | (start - bases[i / INDEX_RUN]);
        memcpy(text + start, key, size);
        start += size;
    }
}

int layout_make(struct buffer *bytes, const struct index_build *b, const struct class_list *classes,
                const char *base, uint64_t classes_hash, struct error *err)
{
    struct index_header h = { .classes_hash = classes_hash };
    if (fill_header(&h, b, classes, err) < 0)
        return -1;
    size_t table = 16 * b->count + 8 * index_runs(b->count) + h.text_bytes;
    bytes->size = 0;
    if (buffer_reserve(bytes, sizeof(h) + table, err) < 0)
        return -1;
    fill_table((uint8_t *)bytes->data + sizeof(h), b);
    bytes->size = sizeof(h) + table;
    h.table_hash = hash64(bytes->data + sizeof(h), table);
    if (put_meta(bytes, b, classes, base, err) < 0)
        return -1;
    h.meta_bytes = bytes->size - sizeof(h) - table;
    finish_header(&h, bytes);
    return 0;
}

int layout_rebase(struct buffer *copy, const struct index_layout *v, const char *base,
                  struct error *err)
{
    struct index_header h = v->header;
    size_t old = strlen(v->meta) + 1;
    copy->size = 0;
    if (put(copy, v->bytes, v->size - h.meta_bytes, err) < 0 || put_text(copy, base, err) < 0 ||
        put(copy, v->meta + old, h.meta_bytes - old, err) < 0)
        return -1;
    h.meta_bytes += strlen(base) + 1 - old;
    finish_header(&h, copy);
    return 0;
}
