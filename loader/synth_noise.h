/*
 * Inside the generated data set: smooth random functions of the plane, for textures, wobbling
 * outlines and grain. Only +, -, *, / and square roots, so that every machine gives the same
 * values. Pure; any thread.
 *
 *     float cloud = noise_clouds(4 * x, 4 * y, 3, seed);
 */
#ifndef TENFOLD_LOADER_SYNTH_NOISE_H
#define TENFOLD_LOADER_SYNTH_NOISE_H

#include <stdint.h>

/* A 32-bit hash of a lattice point; all bits are good. */
uint32_t noise_hash(int x, int y, uint32_t seed);
/* Value noise in [0, 1): random values at integer points, smooth between them. */
float noise_value(float x, float y, uint32_t seed);
/* `octaves` of value noise, each of half the size and half the weight of the one before; [0, 1). */
float noise_clouds(float x, float y, int octaves, uint32_t seed);
/* Distance to the nearest of the spots' centers, one at a random place of every unit cell. */
float noise_spots(float x, float y, uint32_t seed);
/* The direction of (x, y) as a share of a full turn, -0.5..0.5, from the positive x axis towards
 * positive y. Error below 1e-4. */
float noise_turn(float x, float y);

#endif
