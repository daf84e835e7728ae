/*
 * Networks of three classes for tests of evaluation, as weights: "slow", which takes long enough to
 * be killed in the middle, "other", of another size and filter, and "noisy", with dropout.
 *
 *     shard_models_make(home);                    // home/slow.safetensors and the others
 */
#ifndef TENFOLD_TESTS_SHARD_MODELS_H
#define TENFOLD_TESTS_SHARD_MODELS_H

enum { SHARD_MODELS_CLASSES = 3 };

void shard_models_make(const char *folder);

#endif
