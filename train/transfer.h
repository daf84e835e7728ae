/*
 * Beginning with weights that were trained on something else.
 *
 *     if (transfer_load(net, "resnet18.safetensors", node_get(train, "replace"), &err) < 0) ...
 */
#ifndef TENFOLD_TRAIN_TRANSFER_H
#define TENFOLD_TRAIN_TRANSFER_H

#include "base/config.h"
#include "model/net.h"

/* Give `net` the values of the file, by name; those that match one of the patterns in the list
 * `replace` (NULL: none) keep theirs, whatever the file has under their names. Everything else must
 * be there in the right shape, and be finite: ERROR_DATA names what is not, and how to replace it.
 * Weights of the file that the network does not have are of no interest. */
int transfer_load(struct net *net, const char *path, const struct node *replace, struct error *err);

#endif
