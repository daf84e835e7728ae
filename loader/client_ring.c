#include "loader/client_ring.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* Offsets of docs/protocol.md. */
enum {
    VERSION = 8,
    SLOTS = 12,
    SLOT_BYTES = 16,
    FIRST = 24,
    PUBLISHED = 32,
    END = 40,
    TAKEN = 16,
    WAITED = 24,
    GIVEN = 64,
    PAGE = 4096,
    SLOTS_MAX = 65536,
    PLACES_MAX = 1 << 24,
};

static const char ring_magic[8] = "TENFRING", control_magic[8] = "TENFCTRL";

static int refuse(struct error *err, const char *what)
{
    return error_set(err, ERROR_DATA, "daemon", "what it calls a ring is none: %s", what);
}

static uint64_t number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static const struct {
    const char *name;
    enum dtype dtype;
} dtypes[] = {
    { "float32", DTYPE_F32 }, { "float16", DTYPE_F16 }, { "bfloat16", DTYPE_BF16 },
    { "uint8", DTYPE_U8 },    { "int64", DTYPE_I64 },
};

static int read_dtype(const json_t *tensor, enum dtype *dtype)
{
    const char *name = json_string_value(json_object_get(tensor, "dtype"));
    for (size_t i = 0; name && i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (strcmp(dtypes[i].name, name) == 0) {
            *dtype = dtypes[i].dtype;
            return 0;
        }
    return -1;
}

/* A tensor of the slot's description as it must be to lie in the slot. */
static int read_tensor(const struct client_ring *r, const json_t *tensor, struct tensor *t,
                       size_t *offset, struct error *err)
{
    const json_t *shape = json_object_get(tensor, "shape");
    size_t bytes;
    *t = (struct tensor){ .rank = (int)json_array_size(shape) };
    if (t->rank < 1 || t->rank > 4 || read_dtype(tensor, &t->dtype) < 0)
        return refuse(err, "a tensor's type or rank");
    for (int d = 0; d < t->rank; d++) {
        t->shape[d] = json_integer_value(json_array_get(shape, (size_t)d));
        if (t->shape[d] < 1)
            return refuse(err, "a tensor's shape");
    }
    *offset = (size_t)number(tensor, "offset");
    if (!tensor_size(t, &bytes) || *offset < PAGE || *offset % PAGE || *offset > r->slot_bytes ||
        bytes > r->slot_bytes - *offset)
        return refuse(err, "a tensor beyond its slot");
    return 0;
}

static int read_images(struct client_ring *r, const struct tensor *t, struct error *err)
{
    bool planes =
        t->rank == 4 && t->shape[1] == 3 && t->shape[2] == r->height && t->shape[3] == r->width;
    bool pixels =
        t->rank == 4 && t->shape[3] == 3 && t->shape[1] == r->height && t->shape[2] == r->width;
    if ((!planes && !pixels) || t->dtype == DTYPE_I64 || t->shape[0] > PLACES_MAX)
        return refuse(err, "the images' tensor");
    r->count = (uint32_t)t->shape[0];
    r->form = (struct output_form){ t->dtype, planes ? LAYOUT_NCHW : LAYOUT_NHWC };
    return 0;
}

static int read_tensors(struct client_ring *r, const json_t *tensors, struct error *err)
{
    const struct {
        const char *name;
        enum dtype dtype;
        size_t *offset;
    } vectors[] = {
        { "label", DTYPE_I64, &r->label },   { "id", DTYPE_I64, &r->id },
        { "weight", DTYPE_F32, &r->weight }, { "label_b", DTYPE_I64, &r->label_b },
        { "lambda", DTYPE_F32, &r->lambda }, { "soft", DTYPE_F32, &r->soft },
    };
    size_t i;
    json_t *item;
    json_array_foreach(tensors, i, item)
    {
        struct tensor t;
        size_t offset = 0;
        const char *name = json_string_value(json_object_get(item, "name"));
        if (!name || read_tensor(r, item, &t, &offset, err) < 0)
            return name ? -1 : refuse(err, "a tensor without a name");
        if (strcmp(name, "images") == 0) {
            if (i != 0 || read_images(r, &t, err) < 0)
                return i ? refuse(err, "images must come first") : -1;
            r->images = offset;
            continue;
        }
        for (size_t v = 0; v < sizeof(vectors) / sizeof(vectors[0]); v++) {
            bool soft = vectors[v].offset == &r->soft;
            if (strcmp(vectors[v].name, name) != 0)
                continue;
            if (t.dtype != vectors[v].dtype || t.shape[0] != r->count || t.rank != 1 + soft ||
                (soft && t.shape[1] != r->soft_classes))
                return refuse(err, name);
            *vectors[v].offset = offset;
        }
    }
    return r->images && r->label && r->id && r->weight ? 0 : refuse(err, "a tensor is missing");
}

/* All of a memfd that cannot shrink below us. NULL with err filled. */
static void *map_sealed(int fd, int protection, size_t least, size_t *size, struct error *err)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0 || st.st_size < 0 ||
        (size_t)st.st_size < least) {
        refuse(err, "its memory could shrink, or is too small");
        return NULL;
    }
    *size = (size_t)st.st_size;
    void *memory = mmap(NULL, *size, protection, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        error_errno(err, NULL, "the daemon's memory cannot be mapped");
        return NULL;
    }
    return memory;
}

static uint32_t u32_at(const uint8_t *memory, size_t offset)
{
    uint32_t value;
    memcpy(&value, memory + offset, sizeof(value));
    return value;
}

static uint64_t u64_at(const uint8_t *memory, size_t offset)
{
    uint64_t value;
    memcpy(&value, memory + offset, sizeof(value));
    return value;
}

static _Atomic uint64_t *atomic_at(uint8_t *memory, size_t offset)
{
    return (_Atomic uint64_t *)(void *)(memory + offset);
}

static int map_both(struct client_ring *r, const int *fds, struct error *err)
{
    size_t all;
    if (r->slots < 1 || r->slots > SLOTS_MAX || r->header_bytes < 64 || r->slot_bytes % PAGE ||
        r->header_bytes % PAGE || !size_mul(r->slots, r->slot_bytes, &all) ||
        !size_add(all, r->header_bytes, &all))
        return refuse(err, "its sizes");
    r->memory = map_sealed(fds[0], PROT_READ, all, &r->size, err);
    if (!r->memory)
        return -1;
    r->control = map_sealed(fds[1], PROT_READ | PROT_WRITE, GIVEN + 8 * (size_t)r->slots,
                            &r->control_size, err);
    if (!r->control)
        return -1;
    if (memcmp(r->memory, ring_magic, 8) != 0 || u32_at(r->memory, VERSION) != 1 ||
        u32_at(r->memory, SLOTS) != r->slots || u64_at(r->memory, SLOT_BYTES) != r->slot_bytes ||
        memcmp(r->control, control_magic, 8) != 0 || u32_at(r->control, VERSION) != 1 ||
        u32_at(r->control, SLOTS) != r->slots)
        return refuse(err, "its header says otherwise");
    r->first = u64_at(r->memory, FIRST);
    return 0;
}

int client_ring_open(struct client_ring **ring, struct talk_message *m, const json_t *opened,
                     struct error *err)
{
    const json_t *given = json_object_get(m->object, "ring");
    if (m->count != MESSAGE_FDS)
        return refuse(err, "it has no descriptors");
    struct client_ring *r = memory_array(1, sizeof(*r), err);
    if (!r)
        return -1;
    r->ready = m->fds[2];
    r->freed = m->fds[3];
    m->fds[2] = m->fds[3] = -1;
    r->slots = number(given, "slots") <= SLOTS_MAX ? (uint32_t)number(given, "slots") : 0;
    r->slot_bytes = (size_t)number(given, "slot_bytes");
    r->header_bytes = (size_t)number(given, "header_bytes");
    r->height = (int)number(opened, "height");
    r->width = (int)number(opened, "width");
    r->soft_classes = (int)number(opened, "soft_classes");
    if (map_both(r, m->fds, err) < 0 ||
        read_tensors(r, json_object_get(given, "tensors"), err) < 0) {
        client_ring_close(r);
        return -1;
    }
    *ring = r;
    return 0;
}

uint64_t client_ring_published(const struct client_ring *r)
{
    return atomic_load_explicit(atomic_at(r->memory, PUBLISHED), memory_order_acquire);
}

uint64_t client_ring_end(const struct client_ring *r)
{
    return atomic_load_explicit(atomic_at(r->memory, END), memory_order_acquire);
}

int client_ring_batch(struct client_ring *r, uint64_t step, struct batch *batch, struct error *err)
{
    uint32_t slot = (uint32_t)((step - r->first) % r->slots);
    uint8_t *at = r->memory + r->header_bytes + slot * r->slot_bytes;
    const struct slot_header *h = (const void *)at;
    if (h->version != 1 || h->step != step || h->count != r->count || h->valid > h->count)
        return error_set(err, ERROR_DATA, "daemon", "the slot of step %llu holds something else",
                         (unsigned long long)step);
    *batch = (struct batch){
        .header = h,
        .images = at + r->images,
        .label = (const void *)(at + r->label),
        .label_b = r->label_b ? (const void *)(at + r->label_b) : NULL,
        .lambda = r->lambda ? (const void *)(at + r->lambda) : NULL,
        .soft = r->soft ? (const void *)(at + r->soft) : NULL,
        .classes = r->soft ? r->soft_classes : 0,
        .id = (const void *)(at + r->id),
        .weight = (const void *)(at + r->weight),
        .height = r->height,
        .width = r->width,
        .slot = (int)slot,
    };
    r->held++;
    return 0;
}

bool client_ring_has(const struct client_ring *r, const void *at)
{
    const uint8_t *byte = at;
    return byte >= r->memory && byte < r->memory + r->size;
}

void client_ring_give_back(struct client_ring *r, uint64_t step)
{
    size_t slot = (size_t)((step - r->first) % r->slots);
    uint64_t one = 1;
    atomic_store_explicit(atomic_at(r->control, GIVEN + 8 * slot), step + 1, memory_order_release);
    r->held -= r->held > 0;
    /* Full is as good as one: the daemon looks at all slots. */
    if (write(r->freed, &one, sizeof(one)) < 0)
        return;
}

void client_ring_coming(struct client_ring *r, uint64_t step, uint64_t waited_ns)
{
    atomic_store_explicit(atomic_at(r->control, TAKEN), step, memory_order_release);
    atomic_store_explicit(atomic_at(r->control, WAITED), waited_ns, memory_order_relaxed);
}

void client_ring_close(struct client_ring *r)
{
    while (r) {
        struct client_ring *older = r->older;
        if (r->memory)
            munmap(r->memory, r->size);
        if (r->control)
            munmap(r->control, r->control_size);
        close(r->ready);
        close(r->freed);
        free(r);
        r = older;
    }
}
