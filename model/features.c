/*
 * A hash table by the image's XXH64, open addressing, no removal: with 64 bits two images of ten
 * thousand are taken for one with a chance of 3e-12. Features lie in chunks, so that memory is
 * taken as images come and never moved.
 */
#include "model/features.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "model/net_private.h"

enum { CHUNK = 32, SLOTS_MIN = 64 }; /* images; slots are a power of two */

struct slot {
    uint64_t key;
    uint32_t number; /* of the features, from 1 on; 0: the slot is free */
};

struct features {
    const struct net *net; /* borrowed */
    int nodes;
    int *read; /* owned: nodes of the beginning that are read behind it */
    int reads;
    size_t size;        /* floats of an image's features */
    size_t most;        /* images */
    float **chunk;      /* owned list and chunks */
    struct slot *slots; /* owned; at most half are taken */
    size_t slot_count, count;
    float *fresh;     /* owned: the batch's unknown images */
    uint64_t *key;    /* owned: of each image of the batch */
    uint32_t *number; /* owned: of each image of the batch; 0: unknown */
};

/* The nodes before the first that learns or draws. */
static int beginning(const struct net *net)
{
    int j = 0;
    while (j < net->count && !net->nodes[j].learns && !net->nodes[j].layer.kind->draws)
        j++;
    return j;
}

static void list_reads(struct features *f)
{
    for (int j = f->nodes; j < f->net->count; j++)
        for (int i = 0; i < f->net->nodes[j].layer.inputs; i++) {
            int from = f->net->nodes[j].input[i], known = 0;
            if (from != NET_INPUT)
                from = net_root(f->net, from);
            if (from == NET_INPUT || from >= f->nodes)
                continue;
            while (known < f->reads && f->read[known] != from)
                known++;
            if (known < f->reads)
                continue;
            f->read[f->reads++] = from;
            f->size += shape_count(f->net->nodes[from].out);
        }
}

static int allocate(struct features *f, int batch, struct error *err)
{
    size_t b = (size_t)batch;
    f->slot_count = SLOTS_MIN;
    while (f->slot_count < 2 * f->most)
        f->slot_count *= 2;
    f->chunk = memory_array((f->most + CHUNK - 1) / CHUNK, sizeof(*f->chunk), err);
    f->slots = f->chunk ? memory_array(f->slot_count, sizeof(*f->slots), err) : NULL;
    f->fresh = f->slots ? memory_aligned(b * shape_count(f->net->input), sizeof(float), err) : NULL;
    f->key = f->fresh ? memory_array(b, sizeof(*f->key), err) : NULL;
    f->number = f->key ? memory_array(b, sizeof(*f->number), err) : NULL;
    return f->number ? 0 : -1;
}

int features_open(struct features **result, const struct net *net, int batch, size_t bytes,
                  struct error *err)
{
    *result = NULL;
    int nodes = beginning(net);
    if (nodes == 0 || nodes == net->count)
        return 0;
    struct features *f = memory_array(1, sizeof(*f), err);
    if (!f)
        return -1;
    f->net = net;
    f->nodes = nodes;
    f->read = memory_array((size_t)nodes, sizeof(*f->read), err);
    if (f->read)
        list_reads(f);
    f->most = f->size > 0 ? bytes / (f->size * sizeof(float)) : 0;
    if (f->most > UINT32_MAX / 4)
        f->most = UINT32_MAX / 4;
    int rc = !f->read ? -1 : f->most > 0 ? allocate(f, batch, err) : 0;
    if (rc < 0 || f->most == 0) {
        features_close(f);
        return rc;
    }
    *result = f;
    return 0;
}

int features_nodes(const struct features *f)
{
    return f->nodes;
}

/* The slot that has the key, or the free one where it belongs. */
static struct slot *find(const struct features *f, uint64_t key)
{
    size_t i = (size_t)key & (f->slot_count - 1);
    while (f->slots[i].number != 0 && f->slots[i].key != key)
        i = (i + 1) & (f->slot_count - 1);
    return &f->slots[i];
}

static float *kept(const struct features *f, uint32_t number)
{
    return f->chunk[(number - 1) / CHUNK] + (number - 1) % CHUNK * f->size;
}

int features_look(struct features *f, const float *x, int b, const float **fresh)
{
    size_t image = shape_count(f->net->input);
    int unknown = 0;
    for (int i = 0; i < b; i++) {
        const float *from = x + (size_t)i * image;
        f->key[i] = hash64(from, image * sizeof(*from));
        f->number[i] = find(f, f->key[i])->number;
        if (f->number[i] == 0)
            memcpy(f->fresh + (size_t)unknown++ * image, from, image * sizeof(*from));
    }
    *fresh = f->fresh;
    return unknown;
}

/* From the batch's outputs to the features of one image, or back. */
static void copy(const struct features *f, float *const *output, int place, float *features,
                 bool keep)
{
    for (int r = 0; r < f->reads; r++) {
        size_t n = shape_count(f->net->nodes[f->read[r]].out);
        float *at = output[f->read[r]] + (size_t)place * n;
        memcpy(keep ? features : at, keep ? at : features, n * sizeof(*at));
        features += n;
    }
}

static void move(const struct features *f, float *const *output, int from, int to)
{
    for (int r = 0; r < f->reads && from != to; r++) {
        size_t n = shape_count(f->net->nodes[f->read[r]].out);
        float *at = output[f->read[r]];
        memcpy(at + (size_t)to * n, at + (size_t)from * n, n * sizeof(*at));
    }
}

/* Keep what lies in that place of the outputs, if there is room. */
static void keep(struct features *f, float *const *output, int place, uint64_t key)
{
    struct slot *slot = find(f, key);
    struct error none = { 0 };
    size_t chunk = f->count / CHUNK;
    if (slot->number != 0 || f->count == f->most)
        return;
    if (!f->chunk[chunk] &&
        !(f->chunk[chunk] = memory_aligned(CHUNK * f->size, sizeof(float), &none)))
        return;
    *slot = (struct slot){ key, (uint32_t)++f->count };
    copy(f, output, place, kept(f, slot->number), true);
}

void features_place(struct features *f, float *const *output, int b)
{
    int unknown = 0;
    for (int i = 0; i < b; i++)
        unknown += f->number[i] == 0;
    /* Backwards, since an image's place is never before the one it was run in. */
    for (int i = b; i-- > 0;)
        if (f->number[i] == 0)
            move(f, output, --unknown, i);
    for (int i = 0; i < b; i++)
        if (f->number[i] == 0)
            keep(f, output, i, f->key[i]);
        else
            copy(f, output, i, kept(f, f->number[i]), false);
}

void features_close(struct features *f)
{
    if (!f)
        return;
    for (size_t i = 0; f->chunk && i * CHUNK < f->most; i++)
        free(f->chunk[i]);
    free(f->number);
    free(f->key);
    free(f->fresh);
    free(f->slots);
    free(f->chunk);
    free(f->read);
    free(f);
}
