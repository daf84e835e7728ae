/*
 * What happens to a batch: position i of the stream is mixed with position i xor 1 (the order is
 * already a random permutation), in place, by whoever finishes the pair.
 *
 *     mix:
 *       - mixup: {alpha: 0.8, lambda: batch}      # or pair
 *       - cutmix: {alpha: 1.0, switch_prob: 0.5}  # half of the batches get the second
 *
 * mixup: Zhang et al., arXiv:1710.09412; both images are blended. cutmix: Yun et al.,
 * arXiv:1905.04899; a rectangle of the partner replaces one's own. Names and defaults are timm's,
 * whose `prob` is `p` here. One or two mixings: the switch is drawn first, then the chosen one's
 * `p`, then its lambda.
 */
#ifndef TENFOLD_AUGMENT_MIX_H
#define TENFOLD_AUGMENT_MIX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "augment/render.h"
#include "base/config.h"
#include "base/param.h"

struct mix; /* opaque, read-only once open */

/* What a list of mixings may hold. */
struct mix_about {
    const char *name, *summary, *source;
    const struct param *params; /* as the second of a list has them; the first has no switch_prob */
};
/* The i-th; NULL behind the last. */
const struct mix_about *mix_about(size_t i);

/* `list` NULL or empty: *mix becomes NULL, nothing is mixed. */
int mix_open(struct mix **mix, const struct node *list, uint64_t augment_seed, struct error *err);

enum mix_kind { MIX_NONE, MIX_BLEND, MIX_CUT };

/* The decision about one pair. `lambda` is the share of one's own image, 1 for MIX_NONE; for
 * MIX_CUT it is that of the true area, `box` being cut at the border. */
struct mix_draw {
    enum mix_kind kind;
    double lambda;
    struct rect box; /* of MIX_CUT: what comes from the partner; may be empty */
};

/* The decision for the pair that holds stream position `position` of `epoch` in global batch
 * `batch`, images being width x height: a pure function, any thread. */
struct mix_draw mix_draw(const struct mix *mix, uint64_t batch, uint64_t position, uint32_t epoch,
                         int width, int height);

/* Mix two images in place: a' = lambda a + (1-lambda) b and b' = lambda b + (1-lambda) a, or their
 * boxes change places. F32, F16 and BF16 in float; U8 in 16-bit fixed point, rounded to
 * nearest. */
void mix_apply(const struct mix_draw *draw, const struct output_form *form, int width, int height,
               void *a, void *b);

/* The dense form of (label, label_b, lambda) with label smoothing, as timm's mixup_target: with off
 * = smoothing / k and on = 1 - smoothing + off, soft[j] = lambda (j = label ? on : off) + (1 -
 * lambda) (j = label_b ? on : off). All zeros where label is outside 0..k-1. */
void mix_soft_label(int64_t label, int64_t label_b, double lambda, double smoothing, int k,
                    float *soft);

json_t *mix_json(const struct mix *mix, struct error *err); /* [] for NULL */
void mix_close(struct mix *mix);

#endif
