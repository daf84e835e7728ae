/*
 * A small data set for tests: an ImageFolder of PNG files in a folder of its own below /tmp.
 *
 *     struct tiny tiny;
 *     tiny_make(&tiny, &(struct tiny_shape){ 3, 30, 40, 32, 0 });
 *     index_open(&index, tiny.root, ...);
 *     tiny_remove(&tiny);
 *
 * Image i is class i % classes and lies at tiny_path(i): "<root>/<a, b, c ...>/NNN.png". Pixels
 * are noise around a pattern that tells the class, so that a small network can learn them.
 */
#ifndef TENFOLD_TESTS_TINY_H
#define TENFOLD_TESTS_TINY_H

#include <stddef.h>

struct tiny_shape {
    int classes, images;
    int width, height; /* of every image; where `varied`, up to 8 pixels more */
    int varied;
};

struct tiny {
    char root[64];
    struct tiny_shape shape;
};

/* Fails the test that calls it when a file cannot be written. */
void tiny_make(struct tiny *tiny, const struct tiny_shape *shape);
void tiny_path(const struct tiny *tiny, int i, char path[128]);
/* Cut the file of image i off in the middle. */
void tiny_break(const struct tiny *tiny, int i);
void tiny_remove(struct tiny *tiny);

#endif
