/*
 * Claim: real data sets, packed, are the same data sets to the pixel: photographs, CIFAR-10 as JPEG
 * and as PNG, pictures of all sizes with dots in their names, and 1,903 odd and broken files.
 * Photographs grow by less than 1 %, small files with tables of their own shrink.
 */
#include <stdio.h>
#include <stdlib.h>

#include "loader/pack.h"
#include "tests/same_data.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static const struct {
    const char *data;
    double shard_bytes;
    uint64_t images, rewritten, unreadable;
    double least, most; /* bytes of the packed images, as a share of the source's */
} sets[] = {
    { "photos", 5e6, 200, 200, 0, 1.0, 1.01 },
    { "hymenoptera/val", 5e6, 153, 153, 0, 1.0, 1.01 },
    { "cifar10/shards/cifar10-jpeg75-test-{0000..0001}.tar", 4e6, 10000, 10000, 0, 0.6, 0.7 },
    { "cifar10/shards/cifar10-lossless-test-0000.tar", 1e6, 1017, 0, 0, 1.0, 1.0 },
    { "hostile", 8e6, 1903, 50, 1616, 1.0, 1.05 },
};

START_TEST(same_pixels)
{
    const char *root = getenv("TENFOLD_DATA");
    ck_assert_msg(root != NULL, "TENFOLD_DATA must name the folder of the real data");
    char data[600];
    struct pack_options o = pack_defaults();
    struct pack_result r;
    struct error err = { 0 };
    struct index_options any = { .allow_unlabeled = true };
    snprintf(data, sizeof(data), "%s/%s", root, sets[_i].data);
    o.quiet = true;
    o.shard_bytes = (uint64_t)sets[_i].shard_bytes;
    struct index *index = same_data_open(data, &any);
    ck_assert_msg(pack_run(index, "packed", &o, &r, &err) == 0, "%s: %s", err.place, err.message);
    index_close(index);
    ck_assert(r.complete && r.shards > 1);
    ck_assert_uint_eq(r.images, sets[_i].images);
    ck_assert_uint_eq(r.kinds[PACK_REWRITTEN], sets[_i].rewritten);
    ck_assert_uint_eq(r.kinds[PACK_UNREADABLE], sets[_i].unreadable);
    double share = (double)r.bytes / (double)r.source_bytes;
    printf("%s: %.4f of the bytes\n", sets[_i].data, share);
    ck_assert(share >= sets[_i].least && share <= sets[_i].most);
    same_data_check(data, "packed", &any);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_pack");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_loop_test(cases, same_pixels, 0, sizeof(sets) / sizeof(sets[0]));
    return suite_run();
}
