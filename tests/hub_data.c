#include "tests/hub_data.h"

#include <check.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"
#include "base/progress.h"

const char hub_config[] = "augment:\n"
                          "  - scale_jitter: {min: 24, max: 40}\n"
                          "  - random_crop: {size: 20, padding: 2}\n"
                          "  - hflip\n"
                          "  - brightness: 0.4\n"
                          "  - pca_color\n"
                          "  - cutout: {size: 6}\n"
                          "  - normalize\n"
                          "data: {batch: 16, order_seed: 3, augment_seed: 5, max_bad: 1}\n";
const char hub_config_mix[] = "augment:\n"
                              "  - scale_jitter: {min: 24, max: 40}\n"
                              "  - random_crop: {size: 20, padding: 2}\n"
                              "  - hflip\n"
                              "  - brightness: 0.4\n"
                              "  - pca_color\n"
                              "  - cutout: {size: 6}\n"
                              "  - normalize\n"
                              "mix:\n"
                              "  - mixup: {alpha: 1, lambda: pair, p: 0.8}\n"
                              "  - cutmix: {lambda: pair}\n"
                              "data: {batch: 16, order_seed: 3, augment_seed: 5, max_bad: 1}\n";

struct hub *must_hub(int threads)
{
    struct hub *hub;
    struct error err = { 0 };
    struct hub_options o = { .threads = threads, .memory = 1 << 28 };
    ck_assert_msg(hub_open(&hub, &o, &err) == 0, "%s", err.message);
    return hub;
}

static void map_place(struct mapped_ring *r, const struct consumer_place *place)
{
    *r = (struct mapped_ring){ .place = *place, .until = UINT64_MAX };
    if (place->ring < 0)
        return;
    r->ring_bytes = place->header_bytes + (size_t)place->slots * place->slot_bytes;
    r->control_bytes = 64 + 8 * (size_t)place->slots;
    r->ring = mmap(NULL, r->ring_bytes, PROT_READ, MAP_SHARED, place->ring, 0);
    r->control =
        mmap(NULL, r->control_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, place->control, 0);
    ck_assert_ptr_ne(r->ring, MAP_FAILED);
    ck_assert_ptr_ne(r->control, MAP_FAILED);
    ck_assert_int_eq(memcmp(r->ring, "TENFRING", 8), 0);
    ck_assert_int_eq(memcmp(r->control, "TENFCTRL", 8), 0);
}

static void unmap(struct mapped_ring *r)
{
    if (!r->ring)
        return;
    munmap((void *)r->ring, r->ring_bytes);
    munmap(r->control, r->control_bytes);
    r->ring = NULL;
}

/* All of the old ring was taken and given back. */
static void leave_old(struct mapped *m)
{
    if (m->old.ring && m->next >= m->old.until && m->old.held == 0)
        unmap(&m->old);
}

static void serve_one(const struct hub_event *e)
{
    struct mapped *m = e->context;
    switch (e->kind) {
    case HUB_OPENED:
        m->opened = true;
        m->next = e->at;
        map_place(&m->now, consumer_place(m->consumer));
        m->ready = m->now.place.ready;
        m->freed = m->now.place.freed;
        break;
    case HUB_MOVED:
        leave_old(m);
        ck_assert_ptr_null(m->old.ring);
        m->moves++;
        m->old = m->now;
        m->old.until = e->at;
        map_place(&m->now, consumer_place(m->consumer));
        ck_assert_uint_eq(m->now.place.next, e->at);
        break;
    case HUB_ENDED:
        m->ended = true;
        break;
    case HUB_FAILED:
        m->failed = true;
        m->why = e->err;
        break;
    case HUB_READY:
        break;
    }
}

void hub_serve(struct hub *hub, int ms)
{
    struct hub_event event;
    struct pollfd p = { .fd = hub_fd(hub), .events = POLLIN };
    if (poll(&p, 1, ms) > 0)
        while (hub_event(hub, &event))
            serve_one(&event);
}

int mapped_try(struct mapped *m, struct hub *hub, const struct ask *ask, struct error *err)
{
    struct config *config;
    char data[200];
    const char *text = ask->config ? ask->config : hub_config;
    *m = (struct mapped){ .hub = hub };
    snprintf(data, sizeof(data), "data.train=%s", tiny.root);
    if (config_parse(&config, text, strlen(text), "test", err) < 0)
        return -1;
    int rc = config_set(config, data, err);
    for (int i = 0; i < ASK_SETTINGS && ask->settings[i] && rc == 0; i++)
        rc = config_set(config, ask->settings[i], err);
    struct hub_request request = {
        .config = config,
        .rank = ask->rank,
        .world = ask->world,
        .has_start = ask->has_start,
        .start = ask->start,
        .state = ask->state,
        .steps = ask->steps,
        .share = !ask->alone,
        .slow = ask->slow_private ? SLOW_PRIVATE : SLOW_HOLD,
        .local = ask->local,
        .context = m,
    };
    if (rc == 0)
        rc = hub_attach(hub, &request, &m->consumer, err);
    config_close(config);
    if (rc < 0)
        return -1;
    double start = clock_seconds();
    while (!m->opened && !m->failed && clock_seconds() - start < 20)
        hub_serve(hub, 100);
    if (m->opened)
        return 0;
    *err = m->why;
    hub_detach(m->consumer);
    m->consumer = NULL;
    return -1;
}

void mapped_open(struct mapped *m, struct hub *hub, const struct ask *ask)
{
    struct error err = { 0 };
    ck_assert_msg(mapped_try(m, hub, ask, &err) == 0, "%s: %s", err.place, err.message);
}

static uint64_t word(const void *memory, size_t at)
{
    return atomic_load_explicit((const _Atomic uint64_t *)((const uint8_t *)memory + at),
                                memory_order_acquire);
}

/* Which ring the next step lies in. */
static struct mapped_ring *ring_of(struct mapped *m)
{
    leave_old(m);
    return m->old.ring && m->next < m->old.until ? &m->old : &m->now;
}

bool mapped_has(const struct mapped *m)
{
    const struct mapped_ring *r = m->old.ring && m->next < m->old.until ? &m->old : &m->now;
    return word(r->ring, 32) > m->next;
}

/* A slot as its tensors say. */
static void read_slot(struct mapped_ring *r, uint64_t step, struct batch *batch)
{
    uint64_t first = word(r->ring, 24), slot = (step - first) % (uint64_t)r->place.slots;
    const uint8_t *memory = r->ring + r->place.header_bytes + slot * r->place.slot_bytes;
    *batch = (struct batch){ .header = (const struct slot_header *)memory,
                             .slot = (int)slot,
                             .height = r->place.height,
                             .width = r->place.width };
    for (int i = 0; i < r->place.tensors; i++) {
        const struct place_tensor *t = &r->place.tensor[i];
        const void *at = memory + t->offset;
        ck_assert_uint_eq(t->offset % 4096, 0);
        ck_assert_uint_le(t->offset + t->bytes, r->place.slot_bytes);
        if (strcmp(t->name, "images") == 0)
            batch->images = (void *)at;
        else if (strcmp(t->name, "label") == 0)
            batch->label = at;
        else if (strcmp(t->name, "id") == 0)
            batch->id = at;
        else if (strcmp(t->name, "weight") == 0)
            batch->weight = at;
        else if (strcmp(t->name, "label_b") == 0)
            batch->label_b = at;
        else if (strcmp(t->name, "lambda") == 0)
            batch->lambda = at;
        else if (strcmp(t->name, "soft") == 0)
            batch->soft = at;
    }
}

int mapped_next(struct mapped *m, struct batch *batch)
{
    double start = clock_seconds();
    while (clock_seconds() - start < 20) {
        struct mapped_ring *r = ring_of(m);
        if (word(r->ring, 32) > m->next) {
            read_slot(r, m->next, batch);
            ck_assert_uint_eq(batch->header->step, m->next);
            r->held++;
            m->next++;
            return 1;
        }
        if (m->failed && m->next >= word(r->ring, 40))
            return -1;
        if (m->ended && m->next >= word(r->ring, 40))
            return 0;
        struct pollfd p[] = { { .fd = m->ready, .events = POLLIN },
                              { .fd = hub_fd(m->hub), .events = POLLIN } };
        uint64_t count;
        if (poll(p, 2, 1000) > 0 && p[0].revents &&
            read(m->ready, &count, sizeof(count)) != sizeof(count))
            return -1;
        hub_serve(m->hub, 0);
    }
    return -1;
}

void mapped_release(struct mapped *m, const struct batch *batch)
{
    struct mapped_ring *r = &m->now;
    if (m->old.ring && (const uint8_t *)batch->header >= m->old.ring &&
        (const uint8_t *)batch->header < m->old.ring + m->old.ring_bytes)
        r = &m->old;
    atomic_store_explicit((_Atomic uint64_t *)(r->control + 64 + 8 * (size_t)batch->slot),
                          batch->header->step + 1, memory_order_release);
    r->held--;
    consumer_collect(m->consumer);
}

void mapped_close(struct mapped *m)
{
    unmap(&m->old);
    unmap(&m->now);
    hub_detach(m->consumer);
}

size_t mapped_sample_bytes(const struct mapped *m)
{
    const struct place_tensor *t = &m->now.place.tensor[0];
    return t->bytes / (size_t)t->shape[0];
}
