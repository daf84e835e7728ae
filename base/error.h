/*
 * How every function that can fail says why: it returns -1 and fills the caller's `struct error`.
 * Nothing below a program's main prints or exits.
 *
 *     struct error err = { 0 };
 *     if (file_read("a.yaml", FILE_LIMIT, &text, &err) < 0) {
 *         error_print(&err, "nntrain");
 *         return error_status(&err);
 *     }
 */
#ifndef TENFOLD_BASE_ERROR_H
#define TENFOLD_BASE_ERROR_H

/* The kind is the program's exit status (0 done). */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_FAILED = 1,        /* the machine or the file system let us down, or our own limit */
    ERROR_USAGE = 2,         /* wrong command line or config */
    ERROR_DATA = 3,          /* data, weights or predictions refused */
    ERROR_REQUEUE = 75,      /* interrupted after saving state: run again to continue */
    ERROR_INTERRUPTED = 130, /* interrupted */
};

/* Plain data; fill with { 0 }. `place` is a file with a line, a key or an offset; it may be empty.
 */
struct error {
    enum error_kind kind;
    char place[512];
    char message[1024];
};

/* Fill `err` and return -1, so that `return error_set(...)` reads well. `place` may be NULL.
 * Control characters in the text (from hostile names) are replaced by '?'. `err` must not be NULL.
 */
int error_set(struct error *err, enum error_kind kind, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As error_set with ": <strerror(errno)>" appended; ENOENT and kin are ERROR_DATA, others
 * ERROR_FAILED. */
int error_errno(struct error *err, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line on standard error: "program: place: message". For a program's main only. */
void error_print(const struct error *err, const char *program);

/* The same of what ends nothing: "program: warning: place: message". */
void error_warn(const char *program, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Replace the control characters in `text` by '?': for what else a program prints of names that
 * come from elsewhere. */
void error_make_printable(char *text);

/* The exit status that belongs to `err`. */
int error_status(const struct error *err);

#endif
