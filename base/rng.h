/*
 * Random numbers that belong to what they are for, not to who asks: Philox4x32-10 (Salmon et al.,
 * "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011). A use of chance (one augmentation in a
 * recipe, the order, a layer's initial weights) has its own 64-bit key; the counter is (id, epoch,
 * block). So the draws of one op never shift those of another, and a sample's draws are the same
 * whichever thread, rank or machine makes them.
 *
 *     struct rng_key key = rng_derive(seed, "sample", "hflip", 0);
 *     struct rng rng = rng_start(key, sample_id, epoch);
 *     bool mirror = rng_uniform(&rng) < 0.5;
 *
 * Everything here is a pure function of its arguments; all threads may call it. docs/formats.md has
 * known answers.
 */
#ifndef TENFOLD_BASE_RNG_H
#define TENFOLD_BASE_RNG_H

#include <stdint.h>

struct rng_key {
    uint32_t word[2];
};

struct rng {
    struct rng_key key;
    uint32_t counter[4]; /* id low, id high, epoch, number of the next block */
    uint32_t block[4];   /* words of the current block */
    int used;            /* how many of them are used; 4: none left */
};

/* The bijection itself: 10 rounds on `counter` under `key`. */
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The key of one use: Philox under `seed` of (hash64(domain "/" name), occurrence, 0), its first
 * two words. `domain` is "sample", "batch", "order", "init" or "dropout"; `occurrence` counts equal
 * names in one recipe. */
struct rng_key rng_derive(uint64_t seed, const char *domain, const char *name, uint32_t occurrence);

/* The stream of draws of `key` for one id (sample, batch, weight tensor) in one epoch. */
struct rng rng_start(struct rng_key key, uint64_t id, uint32_t epoch);

uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng); /* low word drawn first */

/* Uniform in [0, 1) with 53 bits. */
double rng_uniform(struct rng *rng);

/* Uniform over the integers 0..n-1, without bias (Lemire's method, by rejection); n >= 1. */
uint64_t rng_below(struct rng *rng, uint64_t n);

/* Uniform over the integers low..high, both included. */
int64_t rng_integer(struct rng *rng, int64_t low, int64_t high);

/* Uniform in [low, high). */
double rng_range(struct rng *rng, double low, double high);

/* Standard normal (Box-Muller, one value a call, two uniforms used). */
double rng_normal(struct rng *rng);

/* Gamma(shape, 1), shape > 0 (Marsaglia and Tsang, "A Simple Method for Generating Gamma
 * Variables", TOMS 2000). */
double rng_gamma(struct rng *rng, double shape);

/* Beta(a, b) from two gammas; a, b > 0. */
double rng_beta(struct rng *rng, double a, double b);

#endif
