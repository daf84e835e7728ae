#include "loader/pack_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/plan.h"
#include "augment/resample.h"
#include "base/memory.h"
#include "loader/decode.h"
#include "loader/encode.h"
#include "loader/pack_jpeg.h"

static const char *const kinds[PACK_KINDS] = {
    [PACK_REWRITTEN] = "rewritten", [PACK_PNG] = "png",         [PACK_SHRUNK] = "shrunk",
    [PACK_DAMAGED] = "damaged",     [PACK_UNUSUAL] = "unusual", [PACK_UNREADABLE] = "unreadable",
    [PACK_SKIPPED] = "skipped",
};

struct packer {
    struct pack_form form;
    struct decoder *source, *check; /* owned, as all below */
    struct transcoder *transcoder;
    struct resampler *resampler;
    uint8_t *pixels; /* of a shrunk image */
    size_t pixels_capacity;
    struct buffer encoded, metadata;
};

const char *pack_kind_name(enum pack_kind kind)
{
    return kinds[kind];
}

enum pack_kind pack_kind_find(const char *name)
{
    int kind = 0;
    while (kind < PACK_KINDS && strcmp(kinds[kind], name) != 0)
        kind++;
    return (enum pack_kind)kind;
}

int packer_open(struct packer **result, const struct pack_form *form, struct error *err)
{
    struct packer *p = memory_array(1, sizeof(*p), err);
    if (!p)
        return -1;
    p->form = *form;
    if (decoder_open(&p->source, NULL, err) < 0 || decoder_open(&p->check, NULL, err) < 0 ||
        transcoder_open(&p->transcoder, err) < 0 || resampler_open(&p->resampler, err) < 0) {
        packer_close(p);
        return -1;
    }
    *result = p;
    return 0;
}

void packer_close(struct packer *p)
{
    if (!p)
        return;
    resampler_close(p->resampler);
    transcoder_close(p->transcoder);
    decoder_close(p->check);
    decoder_close(p->source);
    free(p->pixels);
    buffer_release(&p->encoded);
    buffer_release(&p->metadata);
    free(p);
}

void packed_release(struct packed *packed)
{
    buffer_release(&packed->bytes);
}

static int decode(struct decoder *decoder, const struct buffer *file, struct decode_info *info,
                  struct image *image, struct error *err)
{
    int x, y;
    if (decode_header(decoder, file->data, file->size, info, err) < 0)
        return -1;
    struct rect all = { 0, 0, info->width, info->height };
    return decode_pixels(decoder, all, image, &x, &y, err);
}

/* The file as it is. */
static int keep(const struct buffer *file, enum pack_kind kind, const char *reason,
                struct packed *packed, struct error *err)
{
    packed->kind = kind;
    snprintf(packed->reason, sizeof(packed->reason), "%.255s", reason);
    packed->bytes.size = 0;
    return buffer_append(&packed->bytes, file->data, file->size, err);
}

static bool same_pixels(const struct image *a, const struct image *b)
{
    if (a->width != b->width || a->height != b->height)
        return false;
    for (int y = 0; y < a->height; y++)
        if (memcmp(a->pixels + (size_t)y * a->stride, b->pixels + (size_t)y * b->stride,
                   3 * (size_t)a->width) != 0)
            return false;
    return true;
}

static int rewrite(struct packer *p, const struct buffer *file, const struct image *image,
                   struct packed *packed, struct error *err)
{
    struct decode_info info;
    struct image again;
    struct error why = { 0 };
    int rc =
        transcode(p->transcoder, file->data, file->size, p->form.restart, &packed->bytes, &why);
    if (rc == 0)
        rc = decode(p->check, &packed->bytes, &info, &again, &why);
    if (rc == 0 && !same_pixels(image, &again))
        rc = error_set(&why, ERROR_DATA, NULL, "JPEG: its pixels would not be the same");
    if (rc < 0 && why.kind != ERROR_DATA) {
        *err = why;
        return -1;
    }
    if (rc < 0)
        return keep(file, PACK_UNUSUAL, why.message, packed, err);
    packed->kind = PACK_REWRITTEN;
    packed->reason[0] = '\0';
    return 0;
}

/* JFIF's and Adobe's say how the old pixels were coded. */
static int outlives_encoding(int marker)
{
    enum { APP0 = 0xe0, APP14 = 0xee };
    return marker != APP0 && marker != APP14;
}

static bool is_gray(const struct decode_info *info)
{
    return strchr("L1I", info->mode[0]) != NULL;
}

static int resample(struct packer *p, const struct image *image, struct image *small,
                    struct error *err)
{
    struct plan plan;
    void *pixels = p->pixels;
    plan_start(&plan, image->width, image->height);
    if (plan_resize_short(&plan, p->form.max_short, err) < 0)
        return -1;
    struct rect window = { 0, 0, image->width, image->height };
    struct rect all = { 0, 0, plan.width, plan.height };
    *small = (struct image){ .width = all.width, .height = all.height };
    small->stride = 3 * (size_t)all.width;
    if (memory_grow(&pixels, &p->pixels_capacity, small->stride * (size_t)all.height, 1, err) < 0)
        return -1;
    small->pixels = p->pixels = pixels;
    return resampler_run(p->resampler, RESAMPLER_EXACT, FILTER_BILINEAR, image, 0, 0, window,
                         all.width, all.height, all, small, err);
}

/* Put the source's metadata (EXIF, color profile, comments) behind the encoder's JFIF segment. A
 * profile of inks does not describe RGB. */
static int insert_metadata(struct packer *p, const struct buffer *file,
                           const struct decode_info *info, struct error *err)
{
    p->metadata.size = 0;
    if (info->kind != DECODE_JPEG || decode_warnings(p->source) || strcmp(info->mode, "CMYK") == 0)
        return 0;
    if (transcode_metadata(file->data, file->size, outlives_encoding, &p->metadata, err) < 0)
        return -1;
    if (p->metadata.size == 0)
        return 0;
    struct buffer *encoded = &p->encoded;
    const uint8_t *head = (const uint8_t *)encoded->data;
    size_t at = 4 + ((size_t)head[4] << 8 | head[5]); /* SOI, APP0, its length and content */
    size_t size = encoded->size, room = p->metadata.size;
    if (buffer_append(encoded, p->metadata.data, room, err) < 0)
        return -1;
    memmove(encoded->data + at + room, encoded->data + at, size - at);
    memcpy(encoded->data + at, p->metadata.data, room);
    return 0;
}

static int shrink(struct packer *p, const struct buffer *file, const struct decode_info *info,
                  const struct image *image, struct packed *packed, struct error *err)
{
    struct encode_form form = { .kind = ENCODE_JPEG,
                                .quality = p->form.quality,
                                .chroma = is_gray(info) ? CHROMA_GRAY : CHROMA_420 };
    struct image small;
    if (resample(p, image, &small, err) < 0 || encode_image(&small, &form, &p->encoded, err) < 0 ||
        insert_metadata(p, file, info, err) < 0)
        return -1;
    packed->kind = PACK_SHRUNK;
    packed->reason[0] = '\0';
    return transcode(p->transcoder, p->encoded.data, p->encoded.size, p->form.restart,
                     &packed->bytes, err);
}

int packer_run(struct packer *p, const struct buffer *file, struct packed *packed,
               struct error *err)
{
    struct decode_info info;
    struct image image;
    struct error why = { 0 };
    if (decode(p->source, file, &info, &image, &why) < 0) {
        if (why.kind == ERROR_DATA)
            return keep(file, PACK_UNREADABLE, why.message, packed, err);
        *err = why;
        return -1;
    }
    int short_side = info.width < info.height ? info.width : info.height;
    bool turned = info.kind == DECODE_PNG && info.orientation != 1; /* JPEG has no eXIf chunk */
    if (p->form.max_short > 0 && short_side > p->form.max_short && !turned)
        return shrink(p, file, &info, &image, packed, err);
    const char *warnings = decode_warnings(p->source);
    if (info.kind == DECODE_PNG)
        return keep(file, PACK_PNG, warnings ? warnings : "", packed, err);
    if (warnings)
        return keep(file, PACK_DAMAGED, warnings, packed, err);
    return rewrite(p, file, &image, packed, err);
}
