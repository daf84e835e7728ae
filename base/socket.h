/*
 * Listening and connecting, on this machine and over TCP.
 *
 *     struct unix_listener l;
 *     if (unix_listen(&l, "/run/user/1000/tenfold/nnprepd.sock", 0600, &err) < 0) ...
 *     ... poll l.fd, accept4(l.fd, ...) ...
 *     unix_unlisten(&l);                       // removes the socket if it is still this one
 *
 * All descriptors are close-on-exec; those of listeners and accepted connections do not block.
 */
#ifndef TENFOLD_BASE_SOCKET_H
#define TENFOLD_BASE_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct unix_listener {
    int fd;
    char path[108];
    dev_t device; /* of the socket's inode, to know it again; 0 with inode 0: not ours to remove */
    ino_t inode;
};

/* A socket that a dead process has left is replaced; ERROR_FAILED when somebody answers there. Two
 * that start at once exclude each other by a lock on the folder, which is held no longer than this
 * call and leaves no file. */
int unix_listen(struct unix_listener *l, const char *path, mode_t mode, struct error *err);
void unix_unlisten(struct unix_listener *l);

/* A connected socket, which blocks; ERROR_DATA when nobody answers there. */
int unix_connect(const char *path, struct error *err);

/* Who is at the other end of a connected Unix socket. */
struct peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
int unix_peer(int fd, struct peer *peer, struct error *err);
/* Whether `group` is among the groups of the process at the other end. */
bool unix_peer_in_group(int fd, const struct peer *peer, gid_t group);

/* "HOST:PORT", "[::1]:PORT". `port` (may be NULL) gets the one that 0 has become. */
int tcp_listen(const char *address, int *port, struct error *err);
/* Blocks for at most `wait_ms`. */
int tcp_connect(const char *address, int wait_ms, struct error *err);

/* The folder of the user's own sockets, made if need be: $XDG_RUNTIME_DIR/tenfold, else
 * /tmp/tenfold-UID; refused unless it is a folder of the user's that nobody else may enter. Fresh,
 * free(). */
char *socket_folder(struct error *err);

#endif
