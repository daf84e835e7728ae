#include "loader/pack_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/pack_shard.h"

static const uint64_t KNOWN = 1ull << 32;

struct pack_check {
    const struct index *index; /* borrowed */
    uint64_t *crcs;            /* owned: by id; KNOWN and the CRC */
    uint64_t known;
    const char **seen; /* owned: tars that were looked at; borrowed from the index */
    size_t seen_count, seen_capacity;
};

/* False: no sample has the key. */
static bool find_key(const struct index *index, const char *key, uint64_t *id)
{
    uint64_t low = 0, high = index_count(index);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int order = strcmp(index_sample(index, middle).key, key);
        if (order == 0) {
            *id = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static int add_row(struct pack_check *check, const char *path, const char *tar,
                   const struct pack_row *row, struct error *err)
{
    uint64_t id;
    if (row->kind == PACK_SKIPPED)
        return 0;
    if (!find_key(check->index, row->key, &id))
        return error_set(err, ERROR_DATA, path, "names %s, which is not in the tar", row->key);
    struct sample sample = index_sample(check->index, id);
    if (strcmp(sample.file, tar) != 0 || sample.offset != row->offset || sample.size != row->size)
        return error_set(err, ERROR_DATA, path, "%s lies elsewhere in the tar: it is another one",
                         row->key);
    check->known += !(check->crcs[id] & KNOWN);
    check->crcs[id] = KNOWN | row->crc;
    return 0;
}

static int add_tar(struct pack_check *check, const char *tar, struct error *err)
{
    struct pack_shard shard;
    struct pack_row row;
    size_t length = strlen(tar);
    if (length < 4 || strcmp(tar + length - 4, ".tar") != 0)
        return 0;
    char *path = memory_text(tar, err);
    if (!path)
        return -1;
    memcpy(path + length - 4, ".idx", 4);
    int rc = pack_shard_is(path) ? pack_shard_open(&shard, path, err) : 1;
    if (rc == 0) {
        while ((rc = pack_shard_next(&shard, &row, err)) == 1)
            if (add_row(check, path, tar, &row, err) < 0) {
                rc = -1;
                break;
            }
        pack_shard_close(&shard);
    }
    free(path);
    return rc < 0 ? -1 : 0;
}

static bool was_seen(const struct pack_check *check, const char *tar)
{
    for (size_t i = check->seen_count; i-- > 0;) /* the last one first: samples mostly follow */
        if (check->seen[i] == tar)
            return true;
    return false;
}

static int add_all(struct pack_check *check, struct error *err)
{
    for (uint64_t id = 0; id < index_count(check->index); id++) {
        const char *tar = index_sample(check->index, id).file;
        if (was_seen(check, tar))
            continue;
        void *seen = check->seen;
        if (memory_grow(&seen, &check->seen_capacity, check->seen_count + 1, sizeof(*check->seen),
                        err) < 0)
            return -1;
        check->seen = seen;
        check->seen[check->seen_count++] = tar;
        if (add_tar(check, tar, err) < 0)
            return -1;
    }
    return 0;
}

int pack_check_open(struct pack_check **result, const struct index *index, struct error *err)
{
    struct pack_check *check = memory_array(1, sizeof(*check), err);
    if (!check)
        return -1;
    check->index = index;
    check->crcs = memory_array((size_t)index_count(index), sizeof(*check->crcs), err);
    if (!check->crcs || add_all(check, err) < 0) {
        pack_check_close(check);
        return -1;
    }
    *result = check;
    return 0;
}

bool pack_check_crc(const struct pack_check *check, uint64_t id, uint32_t *crc)
{
    *crc = (uint32_t)check->crcs[id];
    return (check->crcs[id] & KNOWN) != 0;
}

uint64_t pack_check_count(const struct pack_check *check)
{
    return check->known;
}

void pack_check_close(struct pack_check *check)
{
    if (!check)
        return;
    free(check->seen);
    free(check->crcs);
    free(check);
}
