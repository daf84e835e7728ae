/*
 * log, exp, sine and cosine in double that give the same bits on every machine. libm's differ
 * between versions and processors, and a draw or a pixel must not. Built from +, -, *, / and exact
 * scaling only; compiled without contraction. Error below 2 units in the last place over the ranges
 * stated (tested against libm).
 */
#ifndef TENFOLD_BASE_REAL_H
#define TENFOLD_BASE_REAL_H

double real_log(double x);           /* x > 0, normal; -inf at 0, NaN below */
double real_exp(double x);           /* 0 below -745, inf above 709.78 */
double real_sin(double x);           /* |x| <= 1e5 */
double real_cos(double x);           /* |x| <= 1e5 */
double real_pow(double x, double y); /* exp(y log x), x > 0; 0 at x = 0 with y > 0 */

#endif
