/*
 * Signals that ask a program to end, as a flag, for work that has something to put in order first:
 * SIGINT, SIGTERM (the scheduler's, or preemption) and SIGUSR1 (Slurm's warning before the time is
 * up: --signal=B:USR1@60).
 *
 *     const volatile sig_atomic_t *stop = interrupt_catch();
 *     while (!interrupt_asked(stop)) ...
 *     return interrupt_error(interrupt_asked(stop), true, err, folder, "interrupted in epoch %d", epoch);
 */
#ifndef TENFOLD_BASE_INTERRUPT_H
#define TENFOLD_BASE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

/* From now on the first of these signals sets the flag that is returned to its number, for the
 * whole process; a second one of the same kind ends the program at once. For a program's main. */
const volatile sig_atomic_t *interrupt_catch(void);

/* The flag's number, 0 while nobody has asked, also for a flag that is NULL; and asking from within, as a thread
 * that watches the time does: the first number stays. Any thread. */
int interrupt_asked(const volatile sig_atomic_t *flag);
void interrupt_ask(volatile sig_atomic_t *flag, int number);

/* ERROR_REQUEUE when the state was `saved` and it was not a person at the terminal (SIGINT) who
 * asked; else ERROR_INTERRUPTED. Returns -1. */
int interrupt_error(int signal, bool saved, struct error *err, const char *place,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
