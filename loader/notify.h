/*
 * What a service manager is told, and the sockets it hands over: systemd, where it was built with
 * libsystemd; elsewhere nothing happens.
 */
#ifndef TENFOLD_LOADER_NOTIFY_H
#define TENFOLD_LOADER_NOTIFY_H

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* Sockets that listen already: descriptors NOTIFY_FIRST and so many. */
enum { NOTIFY_FIRST = 3 };
int notify_sockets(void);

#endif
