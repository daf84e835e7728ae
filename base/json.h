/*
 * JSON from outside through jansson: sizes bounded, doubled keys refused, the file's name and line
 * in the error; and out to files whole. Build values with jansson itself.
 */
#ifndef TENFOLD_BASE_JSON_H
#define TENFOLD_BASE_JSON_H

#include <jansson.h>

#include "base/error.h"

/* The caller owns the result (json_decref). NULL with err filled (ERROR_DATA). */
json_t *json_read(const char *path, struct error *err);
json_t *json_parse(const char *text, size_t size, const char *name, struct error *err);
/* Write indented, keys in order of insertion, numbers with 17 significant digits, through
 * file_write. */
int json_write(const char *path, const json_t *value, struct error *err);
/* A string of any bytes (names of files): what is no UTF-8 is taken for Latin-1. NULL: no memory.
 */
json_t *json_bytes(const char *bytes);
/* Compact text with sorted keys: what hashes are made of. Fresh, free(); NULL when there is no
 * memory. */
char *json_canonical(const json_t *value, struct error *err);

#endif
