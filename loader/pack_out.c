#include "loader/pack_out.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

int shard_out_open(struct shard_out *o, const char *out, const char *prefix, uint64_t s,
                   struct error *err)
{
    pack_path(o->path, out, prefix, s, "tar");
    pack_path(o->index_path, out, prefix, s, "idx");
    if (file_create(&o->file, o->path, err) < 0)
        return -1;
    o->shard = s;
    o->tar.stream = file_stream(o->file);
    o->tar.path = o->path;
    o->tar.at = 0;
    o->rows.size = 0;
    return 0;
}

bool shard_out_is_open(const struct shard_out *o)
{
    return o->file != NULL;
}

/* The kind is told by the first bytes, never by the name. */
static const char *extension_of(const struct buffer *bytes)
{
    bool png = bytes->size >= 4 && memcmp(bytes->data, "\x89PNG", 4) == 0;
    return png ? "png" : "jpg";
}

int shard_out_add(struct shard_out *o, struct pack_row *row, const struct buffer *bytes,
                  struct error *err)
{
    if (row->kind != PACK_SKIPPED) {
        char label[24];
        int digits = snprintf(label, sizeof(label), "%" PRId64, row->label);
        if (tar_put(&o->tar, row->key, extension_of(bytes), bytes->data, bytes->size, &row->offset,
                    err) < 0)
            return -1;
        if (row->label >= 0 &&
            tar_put(&o->tar, row->key, "cls", label, (size_t)digits, NULL, err) < 0)
            return -1;
    }
    return pack_shard_add(&o->rows, row, err);
}

static int write_index(const struct shard_out *o, const struct pack_plan *plan, struct error *err)
{
    uint64_t s = o->shard, first = plan->first[s];
    struct buffer text = { 0 };
    json_t *head = json_pack(
        "{s:O, s:I, s:I, s:I, s:I, s:I}", "pack", plan->identity, "shard", (json_int_t)s, "first",
        (json_int_t)first, "samples", (json_int_t)(plan->first[s + 1] - first), "source_bytes",
        (json_int_t)pack_plan_bytes(plan, s), "tar_bytes", (json_int_t)o->tar.at);
    int rc = pack_shard_begin(&text, head, err);
    if (rc == 0)
        rc = buffer_append(&text, o->rows.data, o->rows.size, err);
    if (rc == 0)
        rc = file_write(o->index_path, text.data, text.size, err);
    buffer_release(&text);
    return rc;
}

/* The index comes first: a tar without one is somebody else's. */
int shard_out_close(struct shard_out *o, const struct pack_plan *plan, struct error *err)
{
    if (tar_end(&o->tar, err) < 0 || write_index(o, plan, err) < 0)
        return -1;
    int rc = file_commit(o->file, err);
    o->file = NULL;
    if (rc < 0)
        unlink(o->index_path);
    return rc;
}

void shard_out_release(struct shard_out *o)
{
    file_abandon(o->file);
    o->file = NULL;
    tar_release(&o->tar);
    buffer_release(&o->rows);
}
