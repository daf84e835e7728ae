/* Random networks for gradcheck_net.c: as text, so that they are opened as any other. */
#include "model/gradcheck_net_cases.h"

#include <stdio.h>

#include "model/gradcheck_net.h"

enum { TEXT = GRADCHECK_NET_TEXT };

static int between(struct rng *rng, int low, int high)
{
    return (int)rng_integer(rng, low, high);
}

static void write_plain(struct rng *rng, int c, char *text)
{
    snprintf(text, TEXT,
             "{conv: {out: %d, kernel: %d, padding: 1, bias: yes}}, relu, "
             "{conv: {out: %d, kernel: 3, stride: 2, groups: %d, bias: yes}}, relu, "
             "{avgpool: {kernel: 2, stride: 2}}, {linear: {out: 9}}, relu, {linear: {out: 5}}",
             4 * between(rng, 1, 4), between(rng, 1, 5), 4 * between(rng, 1, 4), c % 2 ? 1 : 2);
}

static void write_normalized(struct rng *rng, int c, char *text)
{
    (void)c;
    snprintf(text, TEXT,
             "{conv: {out: %d, kernel: 3, padding: 1}}, batchnorm, relu, {conv: {out: %d, kernel: "
             "3, padding: %d}}, batchnorm, relu, {conv: {out: %d, kernel: 3, stride: 2, padding: "
             "1}}, batchnorm, relu, global_avgpool, {linear: {out: 5}}",
             between(rng, 5, 8), between(rng, 8, 12), between(rng, 0, 1), between(rng, 3, 6));
}

static void write_residual(struct rng *rng, int c, char *text)
{
    int out = c + 2 * between(rng, 0, 4);
    snprintf(text, TEXT,
             "{conv: {name: a, out: %d, kernel: 3, stride: 2, padding: 1}}, batchnorm, relu, "
             "{conv: {out: %d, kernel: 3, padding: 1}}, {batchnorm: {name: b}}, {shortcut: {name: "
             "s, in: input, out: %d, stride: 2}}, {add: {in: [b, s]}}, {relu: {name: r}}, {conv: "
             "{out: %d, kernel: 1}}, {batchnorm: {name: d}}, {add: {in: [r, d]}}, relu, "
             "global_avgpool, {linear: {out: 5}}",
             out, out, out, out);
}

static void write_inverted(struct rng *rng, int c, char *text)
{
    int hidden = c * between(rng, 1, 3);
    snprintf(text, TEXT,
             "{conv: {out: %d, kernel: 1}}, batchnorm, relu6, {conv: {out: %d, kernel: 3, padding: "
             "1, groups: %d}}, batchnorm, relu6, {conv: {out: %d, kernel: 1}}, {batchnorm: {name: "
             "d}}, {add: {in: [d, input]}}, {conv: {out: %d, kernel: 3, stride: 2, padding: 1, "
             "groups: %d}}, batchnorm, relu6, global_avgpool, {linear: {out: 5}}",
             hidden, hidden, hidden, c, c, c);
}

static void write_joined(struct rng *rng, int c, char *text)
{
    (void)c;
    snprintf(
        text, TEXT,
        "{conv: {name: q, out: %d, kernel: 1, bias: yes}}, {relu: {name: s}}, {conv: {name: l, "
        "out: %d, kernel: 1, bias: yes}}, {relu: {name: x}}, {conv: {in: s, out: %d, kernel: "
        "3, padding: 1, bias: yes}}, {relu: {name: y}}, {concat: {name: z, in: [x, y]}}, "
        "{global_avgpool: {in: z}}, {linear: {out: 8}}, {sigmoid: {name: g}}, {conv: {name: k, "
        "in: z, out: 8, kernel: 3}}, {multiply: {in: [k, g]}}, global_avgpool, {linear: {out: "
        "5}}",
        between(rng, 2, 9), between(rng, 3, 9), between(rng, 8, 12));
}

const struct gradcheck_net_kind gradcheck_net_kinds[] = {
    { "plain", write_plain, false },
    { "normalized", write_normalized, false },
    { "normalized 4x4", write_normalized, true },
    { "residual", write_residual, false },
    { "residual 4x4", write_residual, true },
    { "inverted", write_inverted, false },
    { "joined", write_joined, false },
};
const int gradcheck_nets = sizeof(gradcheck_net_kinds) / sizeof(gradcheck_net_kinds[0]);
