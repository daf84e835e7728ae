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
 * Other sets of views are said in words, all of them optional but one of `scales` and `crops`:
 *
 *     scales=224,256,288 crops=center,corners flip=yes
 *
 * `scales`: short sides at base size 224, each once; without it the network's `resize`. `crops`:
 * center, corners, both (corners first), or dense, the whole image; center without it. `flip`: yes
 * adds, scale by scale, the same crops of the mirrored image; with center alone the mirror of the
 * crop itself, as `hflip`.
 *
 *     shift=1 flip=yes
 *
 * beside the center, which then counts twice: the same moved by so many pixels to the top left and
 * to the bottom right, with what lies beyond the picture reflected (Jordan, arXiv:2404.00498,
 * section 3.5). No corners, and not dense.
 *
 *     samples=16 seed=0
 *
 * is the other kind: no fixed views but draws, of what training would have shown (with a recipe,
 * else `1crop`), and of what the network's layers draw in training (dropout and its kin). Their
 * mean marginalizes over that noise (Gal and Ghahramani, "Dropout as a Bayesian Approximation",
 * ICML 2016).
 *
 * A mean image lies in the middle of the picture at the short side `resize`, is resized with the
 * picture where a policy takes another one (where a picture is longer its edge goes on), and is
 * mirrored with it. A whitening has one size: `dense` is refused for it.
 *
 * Views that coincide on an image are listed once with their count as weight.
 *
 *     struct view_policy policy;
 *     if (view_policy_read(&policy, "10crop", &err) < 0) ...
 *     if (view_list_make(&policy, &preprocess, width, height, &list, &err) < 0) ...
 */
#ifndef TENFOLD_AUGMENT_VIEW_H
#define TENFOLD_AUGMENT_VIEW_H

#include "augment/plan.h"
#include "augment/preprocess.h"
#include "augment/recipe.h"

enum { VIEW_MAX = 100, VIEW_SCALES = 10, VIEW_TEXT = 160 };

/* All zero is `1crop`. */
struct view_policy {
    int scales;             /* 0: the network's `resize` */
    int scale[VIEW_SCALES]; /* short sides at base size 224, rising */
    bool dense;             /* the whole image, and no crops */
    bool corners;
    bool center; /* beside the corners; without them it is what is cropped anyhow */
    bool flip;
    int shift; /* pixels; 0: no moved centers */
    int samples; /* draws instead; 0: views */
    uint64_t seed;
    const struct recipe *recipe; /* of the draws, borrowed; NULL: none, or not at hand */
    char recipe_hash[17];        /* 16 hex digits of its hash; "": none */
};

enum view_protocol { VIEWS_1CROP, VIEWS_HFLIP, VIEWS_10CROP, VIEWS_DENSE, VIEWS_5X10 };
extern const char *const view_protocol_names[];   /* by protocol; ends with NULL */
extern const struct view_policy view_protocols[]; /* by protocol */

/* `text` is a protocol's name or words as above. ERROR_USAGE says what was found and what is
 * accepted. */
int view_policy_read(struct view_policy *policy, const char *text, struct error *err);
/* The protocol's name where it is one, else the words: what view_policy_read understands, the same
 * text for the same views. */
void view_policy_print(const struct view_policy *policy, char text[VIEW_TEXT]);
/* Views of an image, coinciding ones counted each. */
int view_policy_count(const struct view_policy *policy);
int view_policy_per_scale(const struct view_policy *policy);
/* What view `number` is, for tables: "256 top left, mirrored". */
void view_policy_label(const struct view_policy *policy, int number, char text[VIEW_TEXT]);

struct view {
    int number; /* 0..count-1: all views of the first scale, then of the next */
    int weight; /* how many views it stands for */
    struct plan plan;
};

struct view_list {
    int count; /* distinct views */
    int total; /* sum of the weights */
    /* For every number the place in `view` of the view that shows it. */
    int shown_by[VIEW_MAX];
    struct view view[VIEW_MAX];
};

/* The draws of image `id`, one a sample; the recipe's epoch is the sample's number. Each counts,
 * even where two are alike. */
int view_list_draw(const struct view_policy *policy, const struct preprocess *preprocess,
                   uint64_t id, int width, int height, struct view_list *list, struct error *err);

/* All views of an image of width x height. `list` is close to a megabyte: not for the stack. */
int view_list_make(const struct view_policy *policy, const struct preprocess *preprocess, int width,
                   int height, struct view_list *list, struct error *err);

#endif
