/* Slow cases run fewer times under the sanitizers: `make check-san` sets TENFOLD_TEST_SCALE to the
 * divisor. */
#ifndef TENFOLD_TESTS_SCALE_H
#define TENFOLD_TESTS_SCALE_H

/* n divided by the divisor, at least 1. */
int test_scaled(int n);

#endif
