/*
 * What becomes of one image file when it is packed. A JPEG is rewritten without loss
 * (pack_jpeg.h), and then decoded to see that its pixels are the same; a PNG stays as it is, and so
 * does everything that cannot be rewritten, with the reason. On request larger images are shrunk.
 *
 *     struct packer *p;                                   // one a thread
 *     struct packed packed = { 0 };                       // its memory is reused
 *     if (packer_open(&p, &(struct pack_form){ .restart = 64 }, &err) < 0 ||
 *         packer_run(p, &file, &packed, &err) < 0) ...
 *     packed_release(&packed);
 *     packer_close(p);
 */
#ifndef TENFOLD_LOADER_PACK_IMAGE_H
#define TENFOLD_LOADER_PACK_IMAGE_H

#include "base/buffer.h"
#include "base/error.h"

/* What an image is in its shard. */
enum pack_kind {
    PACK_REWRITTEN,  /* JPEG, the same coefficients and pixels */
    PACK_PNG,        /* as it was */
    PACK_SHRUNK,     /* other pixels, on request */
    PACK_DAMAGED,    /* as it was: decodes, with a warning */
    PACK_UNUSUAL,    /* as it was: sound, but cannot be rewritten without loss */
    PACK_UNREADABLE, /* as it was: does not decode */
    PACK_SKIPPED,    /* does not decode, and was left out */
    PACK_KINDS
};

/* "rewritten", "png", ... */
const char *pack_kind_name(enum pack_kind kind);
/* PACK_KINDS: no such name. */
enum pack_kind pack_kind_find(const char *name);

struct pack_form {
    int restart;   /* pixels of a row between two restart markers, about; 0: no markers */
    int max_short; /* images whose short side is longer are shrunk to it; 0: none is */
    int quality;   /* JPEG quality of those, 1..100 */
};

struct packed {
    enum pack_kind kind;
    struct buffer bytes; /* owned */
    char reason[256];    /* what is to be said of it; empty: nothing */
};

struct packer;

int packer_open(struct packer **packer, const struct pack_form *form, struct error *err);
/* Fails only where the machine does: whatever `file` holds, there is a result. */
int packer_run(struct packer *packer, const struct buffer *file, struct packed *packed,
               struct error *err);
void packer_close(struct packer *packer);

void packed_release(struct packed *packed);

#endif
