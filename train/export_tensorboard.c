/*
 * A TFRecord is the length (8 bytes), its checksum, the data, its checksum; all little-endian;
 * checksums are CRC-32C, masked because files hold files. Of a protocol buffer here are needed:
 * a tag (field number, kind), varints, and fixed fields of 4 and 8 bytes:
 *
 *     Event    { 1: double wall_time, 2: int64 step, 3: string file_version, 5: Summary summary }
 *     Summary  { 1: repeated Value value }       Value { 1: string tag, 2: float simple_value }
 */
#include "train/export_tensorboard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

enum wire { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

enum { EVENT = 256 }; /* room for the largest: five values with tags of 16 bytes */

struct message {
    unsigned char byte[EVENT];
    size_t size;
};

static void put_varint(struct message *m, uint64_t x)
{
    for (; x >= 0x80; x >>= 7)
        m->byte[m->size++] = (unsigned char)(x | 0x80);
    m->byte[m->size++] = (unsigned char)x;
}

static void put_tag(struct message *m, unsigned field, enum wire wire)
{
    put_varint(m, field << 3 | (unsigned)wire);
}

static void put_little(struct message *m, uint64_t x, int bytes)
{
    for (int i = 0; i < bytes; i++)
        m->byte[m->size++] = (unsigned char)(x >> 8 * i);
}

static void put_bytes(struct message *m, unsigned field, const void *bytes, size_t size)
{
    put_tag(m, field, BYTES);
    put_varint(m, size);
    memcpy(m->byte + m->size, bytes, size);
    m->size += size;
}

static void put_double(struct message *m, unsigned field, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    put_tag(m, field, FIXED64);
    put_little(m, bits, 8);
}

static void put_float(struct message *m, unsigned field, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    put_tag(m, field, FIXED32);
    put_little(m, bits, 4);
}

static uint32_t masked_crc(const void *data, size_t size)
{
    uint32_t crc = crc32c_of(data, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* What cannot be written is found by file_commit. */
static void write_record(FILE *out, const struct message *m)
{
    struct message head = { .size = 0 }, tail = { .size = 0 };
    put_little(&head, m->size, 8);
    put_little(&head, masked_crc(head.byte, 8), 4);
    put_little(&tail, masked_crc(m->byte, m->size), 4);
    fwrite(head.byte, 1, head.size, out);
    fwrite(m->byte, 1, m->size, out);
    fwrite(tail.byte, 1, tail.size, out);
}

static void write_version(FILE *out)
{
    static const char version[] = "brain.Event:2";
    struct message event = { .size = 0 };
    put_double(&event, 1, 0);
    put_bytes(&event, 3, version, strlen(version));
    write_record(out, &event);
}

struct scalar {
    const char *tag;
    double value;
};

static void write_scalars(FILE *out, double seconds, uint64_t step, const struct scalar *scalar,
                          int count)
{
    struct message event = { .size = 0 };
    put_double(&event, 1, seconds);
    put_tag(&event, 2, VARINT);
    put_varint(&event, step);
    struct message summary = { .size = 0 };
    for (int i = 0; i < count; i++) {
        struct message value = { .size = 0 };
        if (!isfinite(scalar[i].value))
            continue;
        put_bytes(&value, 1, scalar[i].tag, strlen(scalar[i].tag));
        put_float(&value, 2, (float)scalar[i].value);
        put_bytes(&summary, 1, value.byte, value.size);
    }
    if (summary.size == 0)
        return;
    put_bytes(&event, 5, summary.byte, summary.size);
    write_record(out, &event);
}

/* Seconds of training up to an epoch and its fraction, asked for in rising order. */
struct elapsed {
    const struct run_rows *rows;
    size_t row;
    double before; /* of the rows in front of it */
};

static double seconds_of(const struct elapsed *e)
{
    double x = e->row < e->rows->count ? e->rows->seconds[e->row] : 0;
    return isfinite(x) ? x : 0;
}

static double seconds_at(struct elapsed *e, double epoch)
{
    while (e->row < e->rows->count && e->rows->epoch[e->row] <= epoch) {
        e->before += seconds_of(e);
        e->row++;
    }
    return isfinite(epoch) ? e->before + (epoch - floor(epoch)) * seconds_of(e) : e->before;
}

static void write_points(FILE *out, const struct run_record *run)
{
    const struct run_points *p = &run->points;
    struct elapsed elapsed = { .rows = &run->rows };
    for (size_t i = 0; i < p->count; i++) {
        const struct scalar scalar[] = { { "train/loss", p->loss[i] }, { "train/lr", p->lr[i] } };
        write_scalars(out, seconds_at(&elapsed, p->epoch[i]), p->step[i], scalar, 2);
    }
}

static void write_rows(FILE *out, const struct run_record *run)
{
    const struct run_rows *r = &run->rows;
    struct elapsed elapsed = { .rows = r };
    uint64_t steps = run->steps_per_epoch ? run->steps_per_epoch : 1;
    for (size_t i = 0; i < r->count; i++) {
        const struct scalar scalar[] = {
            { "epoch/train_loss", r->train_loss[i] }, { "epoch/train_top1", r->train_top1[i] },
            { "epoch/eval_loss", r->eval_loss[i] },   { "epoch/eval_top1", r->eval_top1[i] },
            { "epoch/eval_top5", r->eval_top5[i] },
        };
        write_scalars(out, seconds_at(&elapsed, r->epoch[i]), (uint64_t)r->epoch[i] * steps, scalar,
                      5);
    }
}

int export_events(const struct run_record *run, const char *path, struct error *err)
{
    struct file_out *out;
    if (file_create(&out, path, err) < 0)
        return -1;
    write_version(file_stream(out));
    write_points(file_stream(out), run);
    write_rows(file_stream(out), run);
    return file_commit(out, err);
}

/* A run's name as a path that leads nowhere but below `folder`; fresh. */
static char *folder_of(const char *folder, const char *name, struct error *err)
{
    struct buffer path = { 0 };
    int rc = buffer_print(&path, err, "%s/", folder);
    while (rc == 0 && *name) {
        size_t size = strcspn(name, "/");
        bool up = size == 2 && strncmp(name, "..", 2) == 0;
        rc = buffer_print(&path, err, "%.*s/", (int)size, up ? "__" : name);
        name += size + (name[size] == '/');
    }
    if (rc == 0)
        return path.data;
    buffer_release(&path);
    return NULL;
}

static int export_run(const struct board_run *run, const char *folder, struct error *err)
{
    /* TensorBoard knows the files by this name; the number is where it expects a time. */
    static const char name[] = "events.out.tfevents.0000000000.tenfold";
    struct run_record *record = NULL;
    char *inner = folder_of(folder, run->name, err);
    char *path = inner ? file_join(inner, name, err) : NULL;
    int rc = path ? run_read(&record, run->path, err) : -1;
    if (rc == 0)
        rc = file_make_folders(inner, err);
    if (rc == 0)
        rc = export_events(record, path, err);
    run_close(record);
    free(path);
    free(inner);
    return rc;
}

int export_tensorboard(const struct board *board, const char *folder, struct error *err)
{
    for (size_t i = 0; i < board_runs(board); i++)
        if (board_run(board, i)->record && export_run(board_run(board, i), folder, err) < 0)
            return -1;
    return 0;
}
