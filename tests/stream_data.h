/*
 * The data that the stream's tests read: 83 small images of three classes in a folder of their own,
 * a recipe with a bit of everything, two mixings.
 *
 *     tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
 */
#ifndef TENFOLD_TESTS_STREAM_DATA_H
#define TENFOLD_TESTS_STREAM_DATA_H

#include "loader/stream.h"
#include "tests/tiny.h"

enum { IMAGES = 83, BATCH = 16, STEPS = 12 }; /* 5 batches an epoch and 3 samples more */

extern struct tiny tiny;
extern struct index *data;
extern struct recipe *recipe;
extern struct mix *mix, *mix_or_cut; /* mixup alone; mixup or cutmix or none */

void stream_data_make(void);
void stream_data_remove(void);
/* Break three of the images. */
void break_some(void);

struct stream_options small_options(void);
struct stream *must_open(const struct stream_options *o, const struct mix *mixing);
/* Run `o`'s steps and add the sums of every step to sums[step]. */
void add_sums(const struct stream_options *o, const struct mix *mixing, struct batch_sums *sums);

#endif
