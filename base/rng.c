#include "base/rng.h"

#include "base/hash.h"
#include "base/real.h"

/* Salmon et al., SC 2011, table 2: multipliers; the Weyl constants are the golden ratio and sqrt(3)
 * - 1. */
static const uint32_t MULTIPLIER_0 = 0xD2511F53, MULTIPLIER_1 = 0xCD9E8D57;
static const uint32_t WEYL_0 = 0x9E3779B9, WEYL_1 = 0xBB67AE85;
enum { ROUNDS = 10 };

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

struct rng_key rng_derive(uint64_t seed, const char *domain, const char *name, uint32_t occurrence)
{
    uint64_t use = hash64_pair(domain, name);
    uint32_t counter[4] = { (uint32_t)use, (uint32_t)(use >> 32), occurrence, 0 };
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    uint32_t out[4];
    philox4x32(counter, key, out);
    return (struct rng_key){ { out[0], out[1] } };
}

struct rng rng_start(struct rng_key key, uint64_t id, uint32_t epoch)
{
    return (struct rng){
        .key = key,
        .counter = { (uint32_t)id, (uint32_t)(id >> 32), epoch, 0 },
        .used = 4,
    };
}

uint32_t rng_u32(struct rng *rng)
{
    if (rng->used == 4) {
        philox4x32(rng->counter, rng->key.word, rng->block);
        rng->counter[3]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t low = rng_u32(rng);
    return low | (uint64_t)rng_u32(rng) << 32;
}

double rng_uniform(struct rng *rng)
{
    return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

/* Lemire, "Fast Random Integer Generation in an Interval", TOMACS 2019: the high word of a 128-bit
 * product; a low word under 2^64 mod n would favor some results and is drawn again. */
uint64_t rng_below(struct rng *rng, uint64_t n)
{
    uint64_t refused = -n % n;
    for (;;) {
        unsigned __int128 product = (unsigned __int128)rng_u64(rng) * n;
        if ((uint64_t)product >= refused)
            return (uint64_t)(product >> 64);
    }
}

int64_t rng_integer(struct rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(rng, (uint64_t)(high - low) + 1);
}

double rng_range(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_uniform(rng);
}

double rng_normal(struct rng *rng)
{
    double u = 1 - rng_uniform(rng); /* (0, 1]: its logarithm is finite */
    double v = rng_uniform(rng);
    return __builtin_sqrt(-2 * real_log(u)) * real_cos(6.283185307179586 * v);
}

double rng_gamma(struct rng *rng, double shape)
{
    if (shape < 1) { /* Marsaglia and Tsang, section 6: Gamma(a) = Gamma(a + 1) * U^(1/a) */
        double g = rng_gamma(rng, shape + 1);
        return g * real_pow(1 - rng_uniform(rng), 1 / shape);
    }
    double d = shape - 1.0 / 3, c = 1 / __builtin_sqrt(9 * d);
    for (;;) {
        double x = rng_normal(rng), v = 1 + c * x;
        double u = 1 - rng_uniform(rng);
        if (v <= 0)
            continue;
        v = v * v * v;
        if (real_log(u) < 0.5 * x * x + d - d * v + d * real_log(v))
            return d * v;
    }
}

double rng_beta(struct rng *rng, double a, double b)
{
    double x = rng_gamma(rng, a), y = rng_gamma(rng, b);
    return x + y > 0 ? x / (x + y) : 0.5; /* both may vanish when a and b are tiny */
}
