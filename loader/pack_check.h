/*
 * The CRC-32 of each sample's bytes, where the sample lies in a packed shard with its index beside
 * it (pack.h).
 *
 *     struct pack_check *check;
 *     if (pack_check_open(&check, index, &err) < 0) ...
 *     if (pack_check_crc(check, id, &crc) && crc != crc32_of(bytes.data, bytes.size)) ...
 *     pack_check_close(check);
 */
#ifndef TENFOLD_LOADER_PACK_CHECK_H
#define TENFOLD_LOADER_PACK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/index.h"

struct pack_check;

/* ERROR_DATA when a shard's index does not fit its tar. Other tars and folders have no CRCs. */
int pack_check_open(struct pack_check **check, const struct index *index, struct error *err);
/* False: there is none for this sample. Any thread. */
bool pack_check_crc(const struct pack_check *check, uint64_t id, uint32_t *crc);
/* Samples that have one. */
uint64_t pack_check_count(const struct pack_check *check);
void pack_check_close(struct pack_check *check);

#endif
