/* Constants of the series, for plain and vector code alike. */
#ifndef TENFOLD_AUGMENT_NORMAL_NOISE_PRIVATE_H
#define TENFOLD_AUGMENT_NORMAL_NOISE_PRIVATE_H

#define NOISE_LN2 0.693147181f
#define NOISE_SQRT2 1.41421356f
#define NOISE_HALF_PI 1.57079633f
/* log((1 + s) / (1 - s)) = 2 s + s (2 z / 3 + 2 z^2 / 5 + ...), z = s^2 <= 0.0295 */
#define NOISE_LOG_1 (2.0f / 3)
#define NOISE_LOG_2 (2.0f / 5)
#define NOISE_LOG_3 (2.0f / 7)
#define NOISE_LOG_4 (2.0f / 9)
/* sin a = a + a z (S1 + z (S2 + z S3)), cos a = 1 + z (C1 + ...), z = a^2, |a| <= pi / 4 */
#define NOISE_SIN_1 (-1.0f / 6)
#define NOISE_SIN_2 (1.0f / 120)
#define NOISE_SIN_3 (-1.0f / 5040)
#define NOISE_COS_1 (-1.0f / 2)
#define NOISE_COS_2 (1.0f / 24)
#define NOISE_COS_3 (-1.0f / 720)
#define NOISE_COS_4 (1.0f / 40320)

#endif
