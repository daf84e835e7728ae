/*
 * Networks whose beginnings tests look at.
 *
 *     struct net *net = init_nets_open("{name: n, ...}");
 *     ck_assert_double_eq_tol(init_nets_deviation(init_nets_weight(net, "linear.weight")), 0.01,
 * 1e-3); net_close(net);
 */
#ifndef TENFOLD_TESTS_INIT_NETS_H
#define TENFOLD_TESTS_INIT_NETS_H

#include "model/net.h"

struct net *init_nets_open(const char *text);
/* A network of configs/models. */
struct net *init_nets_file(const char *path);
const struct weight *init_nets_weight(const struct net *net, const char *name);
/* Of its values around 0. */
double init_nets_deviation(const struct weight *w);

#endif
