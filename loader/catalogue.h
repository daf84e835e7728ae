/*
 * The catalogue: a page with a strip for every augmentation, and the strips as PNG files beside it.
 *
 *     if (catalogue_write("docs/catalogue", &image, &err) < 0) ...
 *
 * Files: index.html (self-contained), README.md (what a forge shows of the folder) and <name>.png.
 */
#ifndef TENFOLD_LOADER_CATALOGUE_H
#define TENFOLD_LOADER_CATALOGUE_H

#include "base/error.h"
#include "base/image.h"

/* `image`, a thumbnail of strip.h, is what all strips show; `folder` is made where it is not there.
 */
int catalogue_write(const char *folder, const struct image *image, struct error *err);

#endif
