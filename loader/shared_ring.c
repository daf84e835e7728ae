#include "loader/shared_ring.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

enum { VERSION = 1, RELEASED = 64, TAKEN = 16, WAITED = 24 };
enum { HUGE_PAGE = 2 << 20, POPULATE_WRITE = 23, COLLAPSE = 25 }; /* of Linux 5.14 and 6.1 */

static_assert(sizeof(struct shared_header) == 48, "the header is as docs/protocol.md has it");

/* The sizes of header and slot in the memfd, and of all of it. */
static bool sizes(int slots, const struct slot_layout *at, size_t *header, size_t *slot,
                  size_t *bytes)
{
    size_t page = at->bytes >= HUGE_PAGE ? HUGE_PAGE : SLOT_PAGE;
    *header = page;
    return size_add(at->bytes, page - 1, slot) && (*slot = *slot / page * page, true) &&
           size_mul(*slot, (size_t)slots, bytes) && size_add(*bytes, page, bytes) &&
           *bytes <= INT64_MAX;
}

bool shared_ring_bytes(int slots, const struct slot_shape *shape, size_t *bytes)
{
    struct slot_layout at;
    size_t header, slot;
    return slot_lay_out(shape, &at) && sizes(slots, &at, &header, &slot, bytes);
}

/* `bytes` of the memfd at an address that huge pages can lie at. */
static void *map_aligned(int fd, size_t bytes)
{
    uint8_t *space = mmap(NULL, bytes + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (space == MAP_FAILED)
        return MAP_FAILED;
    size_t skip = (HUGE_PAGE - (uintptr_t)space % HUGE_PAGE) % HUGE_PAGE;
    void *memory = mmap(space + skip, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    size_t end = (skip + bytes + SLOT_PAGE - 1) / SLOT_PAGE * SLOT_PAGE;
    if (memory == MAP_FAILED)
        munmap(space, bytes + HUGE_PAGE);
    else {
        if (skip > 0)
            munmap(space, skip);
        munmap(space + end, bytes + HUGE_PAGE - end);
    }
    return memory;
}

/* A memfd of `bytes` zeros, mapped, that can no longer change its size. */
static void *open_memory(const char *name, size_t bytes, int *fd, struct error *err)
{
    *fd = memfd_create(name, MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (*fd < 0) {
        error_errno(err, NULL, "no shared memory for a stream (descriptors: ulimit -n)");
        return NULL;
    }
    void *memory = MAP_FAILED;
    if (ftruncate(*fd, (off_t)bytes) == 0)
        memory = bytes > HUGE_PAGE ? map_aligned(*fd, bytes)
                                   : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (memory == MAP_FAILED || fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
        error_errno(err, NULL, "no shared memory of %zu MiB for a stream", bytes >> 20);
        if (memory != MAP_FAILED)
            munmap(memory, bytes);
        close(*fd);
        *fd = -1;
        return NULL;
    }
    return memory;
}

static void fill_header(struct shared_ring *ring)
{
    struct shared_header *h = ring->header;
    memcpy(h->magic, "TENFRING", sizeof(h->magic));
    h->version = VERSION;
    h->slots = (uint32_t)ring->slots;
    h->slot_bytes = ring->slot_bytes;
    h->first = ring->first;
    atomic_init(&h->published, ring->first);
    atomic_init(&h->end, UINT64_MAX);
}

int shared_ring_open(struct shared_ring **result, int slots, const struct slot_shape *shape,
                     uint64_t first, struct error *err)
{
    struct shared_ring *ring = memory_array(1, sizeof(*ring), err);
    if (!ring)
        return -1;
    *ring = (struct shared_ring){ .fd = -1, .shape = *shape, .slots = slots, .first = first };
    ring->slot = memory_array((size_t)slots, sizeof(*ring->slot), err);
    ring->outcomes = ring->slot
                         ? memory_array((size_t)slots * shape->count, sizeof(*ring->outcomes), err)
                         : NULL;
    if (!ring->outcomes)
        goto fail;
    if (!slot_lay_out(shape, &ring->at) ||
        !sizes(slots, &ring->at, &ring->header_bytes, &ring->slot_bytes, &ring->bytes)) {
        error_set(err, ERROR_USAGE, NULL,
                  "a ring of %d batches of %u samples does not fit the address space", slots,
                  shape->count);
        goto fail;
    }
    ring->header = open_memory("tenfold-ring", ring->bytes, &ring->fd, err);
    if (!ring->header)
        goto fail;
    if (fcntl(ring->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0) {
        error_errno(err, NULL, "shared memory cannot be sealed against writing (Linux 5.1 can)");
        goto fail;
    }
    fill_header(ring);
    uint8_t *memory = (uint8_t *)ring->header + ring->header_bytes;
    for (int i = 0; i < slots; i++) {
        slot_init(&ring->slot[i].slot, i, memory + ring->slot_bytes * (size_t)i, &ring->at, shape);
        ring->slot[i].fresh = true;
    }
    *result = ring;
    return 0;
fail:
    shared_ring_close(ring);
    return -1;
}

struct shared_slot *shared_ring_slot(const struct shared_ring *ring, uint64_t step)
{
    return &ring->slot[(step - ring->first) % (uint64_t)ring->slots];
}

struct outcome *shared_ring_outcomes(const struct shared_ring *ring, const struct slot *slot)
{
    return ring->outcomes + (size_t)slot->number * ring->shape.count;
}

/* The kernel collapses what has a page at least. Where it can do neither, small pages will do. */
void shared_ring_back(const struct shared_ring *ring, const struct slot *slot)
{
    uint8_t *memory = (uint8_t *)slot->header;
    for (size_t at = 0; ring->slot_bytes >= HUGE_PAGE && at < ring->slot_bytes; at += HUGE_PAGE) {
        /* It fails for a moment while another thread faults one of the small pages in. */
        for (int tries = 0; tries < 3; tries++)
            if (madvise(memory + at, SLOT_PAGE, POPULATE_WRITE) == 0 &&
                madvise(memory + at, HUGE_PAGE, COLLAPSE) == 0)
                break;
    }
}

void shared_ring_publish(struct shared_ring *ring, uint64_t published)
{
    atomic_store_explicit(&ring->header->published, published, memory_order_release);
}

void shared_ring_end(struct shared_ring *ring, uint64_t end)
{
    atomic_store_explicit(&ring->header->end, end, memory_order_release);
}

void shared_ring_close(struct shared_ring *ring)
{
    if (!ring)
        return;
    if (ring->header)
        munmap(ring->header, ring->bytes);
    if (ring->fd >= 0)
        close(ring->fd);
    free(ring->outcomes);
    free(ring->slot);
    free(ring);
}

/* The daemon writes the page once, before it has a second reader. */
int control_open(struct control *control, int slots, struct error *err)
{
    uint32_t version = VERSION, count = (uint32_t)slots;
    control->bytes = RELEASED + sizeof(uint64_t) * (size_t)slots;
    uint8_t *memory = open_memory("tenfold-control", control->bytes, &control->fd, err);
    if (!memory)
        return -1;
    memcpy(memory, "TENFCTRL", 8);
    memcpy(memory + 8, &version, sizeof(version));
    memcpy(memory + 12, &count, sizeof(count));
    control->memory = memory;
    return 0;
}

static uint64_t word(const struct control *control, size_t at)
{
    return atomic_load_explicit((const _Atomic uint64_t *)(control->memory + at),
                                memory_order_acquire);
}

uint64_t control_released(const struct control *control, int i)
{
    return word(control, RELEASED + sizeof(uint64_t) * (size_t)i);
}

uint64_t control_taken(const struct control *control)
{
    return word(control, TAKEN);
}

uint64_t control_waited(const struct control *control)
{
    return word(control, WAITED);
}

void control_close(struct control *control)
{
    if (control->fd < 0)
        return;
    munmap((void *)control->memory, control->bytes);
    close(control->fd);
    control->fd = -1;
}
