#include "loader/slot.h"

#include <assert.h>

#include "base/memory.h"

enum { HEADER_VERSION = 1 };

static_assert(sizeof(struct slot_header) == 64, "the header of a slot has 64 bytes");

static bool add_tensor(size_t *total, size_t count, size_t size)
{
    size_t bytes;
    return size_mul(count, size, &bytes) && size_add(bytes, SLOT_PAGE - 1, &bytes) &&
           size_add(*total, bytes / SLOT_PAGE * SLOT_PAGE, total);
}

bool slot_lay_out(const struct slot_shape *shape, struct slot_layout *at)
{
    size_t total = SLOT_PAGE, n = shape->count;
    bool fits = true;
    at->images = total;
    fits &= add_tensor(&total, n, shape->sample_bytes);
    at->label = total;
    fits &= add_tensor(&total, n, sizeof(int64_t));
    at->id = total;
    fits &= add_tensor(&total, n, sizeof(int64_t));
    at->weight = total;
    fits &= add_tensor(&total, n, sizeof(float));
    at->label_b = total;
    fits &= !shape->mixing || add_tensor(&total, n, sizeof(int64_t));
    at->lambda = total;
    fits &= !shape->mixing || add_tensor(&total, n, sizeof(float));
    at->soft = total;
    fits &= add_tensor(&total, n, sizeof(float) * (size_t)shape->classes);
    at->bytes = total;
    return fits;
}

void slot_init(struct slot *slot, int number, uint8_t *memory, const struct slot_layout *at,
               const struct slot_shape *shape)
{
    slot->number = number;
    slot->header = (struct slot_header *)memory;
    slot->header->version = HEADER_VERSION;
    slot->images = memory + at->images;
    slot->label = (int64_t *)(memory + at->label);
    slot->id = (int64_t *)(memory + at->id);
    slot->weight = (float *)(memory + at->weight);
    if (shape->mixing) {
        slot->label_b = (int64_t *)(memory + at->label_b);
        slot->lambda = (float *)(memory + at->lambda);
    }
    if (shape->classes)
        slot->soft = (float *)(memory + at->soft);
}

struct batch slot_batch(const struct slot *slot, const struct slot_shape *shape, int width,
                        int height)
{
    return (struct batch){
        .header = slot->header,
        .images = slot->images,
        .label = slot->label,
        .label_b = slot->label_b,
        .lambda = slot->lambda,
        .soft = slot->soft,
        .classes = shape->classes,
        .id = slot->id,
        .weight = slot->weight,
        .height = height,
        .width = width,
        .slot = slot->number,
    };
}
