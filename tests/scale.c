#include "tests/scale.h"

#include <stdlib.h>

int test_scaled(int n)
{
    const char *text = getenv("TENFOLD_TEST_SCALE");
    long divisor = text ? strtol(text, NULL, 10) : 1;
    if (divisor < 1)
        divisor = 1;
    return n / divisor > 0 ? (int)(n / divisor) : 1;
}
