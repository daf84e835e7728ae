/*
 * Test-time views: plans without chance. A protocol names them at base size s (224 for photographs;
 * a scale L becomes round(L * s / 224)):
 *
 *     1crop   short side 256 (the network's `resize`), center s
 *     hflip   that and its mirror
 *     10crop  short side 256: corners top left, top right, bottom left, bottom right, center,
 *             then the same of the mirrored image (torchvision's TenCrop: where half a margin is
 *             left over, its centers are one pixel apart)
 *     5x10    ten crops at each of the short sides 224, 256, 384, 480, 640 (the lecture's)
 *     dense   the whole image and its mirror at each of those (ResNet paper's best protocol;
 *             fully convolutional)
 *
 * A mean image lies in the middle of the picture at the short side `resize`, is resized with the
 * picture where a protocol takes another one (where a picture is longer its edge goes on), and is
 * mirrored with it. A whitening has one size: `dense` is refused for it.
 *
 * Views that coincide on an image are listed once with their count as weight.
 *
 *     struct view_list views;
 *     view_list_make(VIEWS_10CROP, &preprocess, width, height, &views, &err);
 */
#ifndef TENFOLD_AUGMENT_VIEW_H
#define TENFOLD_AUGMENT_VIEW_H

#include "augment/plan.h"
#include "augment/preprocess.h"

enum view_protocol { VIEWS_1CROP, VIEWS_HFLIP, VIEWS_10CROP, VIEWS_DENSE, VIEWS_5X10 };
extern const char *const view_protocol_names[]; /* by protocol; ends with NULL */

enum { VIEW_MAX = 50 };

struct view {
    int number; /* of the protocol's listing, 0..count-1: 10 crops at the first scale, then the next
                 */
    int weight; /* how many views of the protocol it stands for */
    struct plan plan;
};

struct view_list {
    int count; /* distinct views */
    int total; /* sum of the weights */
    struct view view[VIEW_MAX];
};

/* All views of an image of width x height. `list` is about 300 KB: not for the stack of a thread.
 */
int view_list_make(enum view_protocol protocol, const struct preprocess *preprocess, int width,
                   int height, struct view_list *list, struct error *err);

#endif
