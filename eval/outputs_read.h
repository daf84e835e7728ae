/* Inside outputs: one reader a format. `labels`: only labels are wanted. Others include outputs.h.
 */
#ifndef TENFOLD_EVAL_OUTPUTS_READ_H
#define TENFOLD_EVAL_OUTPUTS_READ_H

#include "eval/outputs.h"

int outputs_read_npy(struct outputs *o, const char *path, const struct outputs_options *options,
                     bool labels, struct error *err);
int outputs_read_npz(struct outputs *o, const char *path, const struct outputs_options *options,
                     bool labels, struct error *err);
int outputs_read_csv(struct outputs *o, const char *path, const struct outputs_options *options,
                     bool labels, struct error *err);

#endif
